"""OKX v5 on the wire.

https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-order-book-channel
https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-trades-channel
https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-tickers-channel
https://www.okx.com/docs-v5/en/#public-data-websocket-mark-price-channel
https://www.okx.com/docs-v5/en/#public-data-websocket-funding-rate-channel
https://www.okx.com/docs-v5/en/#overview-websocket-notification (and other events)

| channel           | role                       | yields        | dated by            |
|-------------------|----------------------------|---------------|---------------------|
| `trades`          | trades of a taker's order  | Trade         | `ts`, fill          |
|                   | at a price                 |               |                     |
| `bbo-tbt`         | best bid and ask           | Top           | `ts`                |
| `tickers`         | the same, at most 10 a s   | Top           | `ts`                |
| `books`,          | 400 levels a side (50 of   | BookSnapshot, | `ts`                |
| `books-l2-tbt`,   | the last), then changes    | BookDelta     |                     |
| `books50-l2-tbt`  |                            |               |                     |
| `mark-price`      | mark price                 | Mark          | `ts`                |
| `funding-rate`    | the rate, due at           | Mark          | `ts`, else the      |
|                   | `fundingTime`              |               | line's clock        |
| `open-interest`   | open contracts             | Mark          | `ts`                |
| others, acks      | not used                   | nothing       |                     |

Subscribe to one channel of tops and to one of books: the others tell of the same. An
update follows on the frame whose `seqId` is its `prevSeqId`; it is empty where nothing
has changed for a minute. The venue may begin to count anew, with a `seqId` below its
`prevSeqId`. The checksum is deprecated and now 0, which is none; frames recorded before
have one, and no `seqId`.
"""

from collections.abc import Callable, Mapping
from typing import Final, Literal

import msgspec

from connectors.venues.okx_books import (
    DEPTHS,
    Arg,
    Id,
    Millis,
    Number,
    PriceLevel,
    Push,
    Quantity,
    booked,
    symbol_of,
)
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError, Side
from operators.records.frame import Frame, FrameKind
from operators.records.market import Mark, Top, Trade
from operators.records.time import MS

# As the venue spells them.
# ruff: noqa: N815

_HEAD: Final = '{"arg":{"channel":"'
_LONGEST_CHANNEL: Final = 60
_UNUSED: Final = frozenset(
    (
        *("books5", "books-elp", "books-rpi", "trades-all", "option-trades", "status"),
        *("call-auction-details", "index-tickers", "instruments", "price-limit"),
        *("estimated-price", "opt-summary", "liquidation-orders", "adl-warning"),
        *("economic-calendar", "event-contract-markets"),
        *("public-block-trades", "public-struc-block-trades", "block-tickers"),
    )
)
_BARS: Final = ("candle", "mark-price-candle", "index-candle")
_EVENTS: Final = {
    "subscribe": "acknowledgement",
    "unsubscribe": "acknowledgement",
    "login": "acknowledgement",
    "error": "error reply",
    "notice": "notice",
    "channel-conn-count": "connection count",
    "channel-conn-count-error": "connection count",
}
# An enumeration's members are slow to look up, and this is done for every frame.
_REST: Final = FrameKind.REST
_BUY: Final = Side.BUY
_SELL: Final = Side.SELL


class _Envelope(msgspec.Struct, gc=False):
    arg: Arg = msgspec.field(default_factory=Arg)
    event: str = ""


class _Row(msgspec.Struct, gc=False):
    """One thing that a frame tells."""

    ts: Millis

    def says(
        self, venue: str, symbol: str, received_ns: int, now_ns: int
    ) -> Top | Trade | Mark | None:
        """Return it as a record, or None where it does not make one."""
        raise NotImplementedError


class _Trade(_Row, gc=False):
    tradeId: Id
    px: Number
    sz: Quantity
    side: Literal["buy", "sell"]

    def says(self, venue: str, symbol: str, received_ns: int, now_ns: int) -> Trade:
        return Trade(
            venue=venue,
            symbol=symbol,
            event_ns=self.ts * MS,
            received_ns=received_ns,
            trade_id=str(self.tradeId),
            sequence=self.tradeId,
            price=self.px,
            quantity=self.sz,
            side=_BUY if self.side == "buy" else _SELL,
        )


class _Best(_Row):
    asks: tuple[PriceLevel, ...]
    bids: tuple[PriceLevel, ...]
    seqId: Id | None = None

    def says(
        self, venue: str, symbol: str, received_ns: int, now_ns: int
    ) -> Top | None:
        if not (self.bids and self.asks):
            return None
        bid, ask = self.bids[0], self.asks[0]
        return Top(
            venue=venue,
            symbol=symbol,
            event_ns=self.ts * MS,
            received_ns=received_ns,
            sequence=self.seqId,
            bid=bid.price,
            bid_quantity=bid.size,
            ask=ask.price,
            ask_quantity=ask.size,
        )


class _Ticker(_Row, gc=False):
    askPx: Number | Literal[""]
    askSz: Quantity | Literal[""]
    bidPx: Number | Literal[""]
    bidSz: Quantity | Literal[""]

    def says(
        self, venue: str, symbol: str, received_ns: int, now_ns: int
    ) -> Top | None:
        bid, bid_quantity = self.bidPx, self.bidSz
        ask, ask_quantity = self.askPx, self.askSz
        if bid == "" or bid_quantity == "" or ask == "" or ask_quantity == "":
            return None
        return Top(
            venue=venue,
            symbol=symbol,
            event_ns=self.ts * MS,
            received_ns=received_ns,
            bid=bid,
            bid_quantity=bid_quantity,
            ask=ask,
            ask_quantity=ask_quantity,
        )


class _MarkPrice(_Row, gc=False):
    markPx: Number

    def says(self, venue: str, symbol: str, received_ns: int, now_ns: int) -> Mark:
        return Mark(
            venue=venue,
            symbol=symbol,
            event_ns=self.ts * MS,
            received_ns=received_ns,
            mark=self.markPx,
        )


class _Funding(_Row, kw_only=True, gc=False):
    fundingRate: Number | Literal[""]
    fundingTime: Millis | Literal[""]
    ts: Millis = 0

    def says(self, venue: str, symbol: str, received_ns: int, now_ns: int) -> Mark:
        return Mark(
            venue=venue,
            symbol=symbol,
            event_ns=self.ts * MS or now_ns,
            received_ns=received_ns,
            funding_rate=None if self.fundingRate == "" else self.fundingRate,
            next_funding_ns=(self.fundingTime or 0) * MS or None,
        )


class _OpenInterest(_Row, gc=False):
    oi: Quantity

    def says(self, venue: str, symbol: str, received_ns: int, now_ns: int) -> Mark:
        return Mark(
            venue=venue,
            symbol=symbol,
            event_ns=self.ts * MS,
            received_ns=received_ns,
            open_interest=self.oi,
        )


_Decoder = msgspec.json.Decoder
_envelope = _Decoder(_Envelope)
_DECODERS: Final[Mapping[str, _Decoder[Push[_Row]]]] = {
    "trades": _Decoder(Push[_Trade], strict=False),
    "bbo-tbt": _Decoder(Push[_Best], strict=False),
    "tickers": _Decoder(Push[_Ticker], strict=False),
    "mark-price": _Decoder(Push[_MarkPrice], strict=False),
    "funding-rate": _Decoder(Push[_Funding], strict=False),
    "open-interest": _Decoder(Push[_OpenInterest], strict=False),
}
_USED: Final = frozenset({*_DECODERS, *DEPTHS})


class Reader:
    """The parser of the venue; it keeps nothing but what it was made with."""

    def __init__(self, venue: str, canonical: Callable[[str], str]) -> None:
        """Take the venue and its names."""
        self._venue = venue
        self._canonical = canonical

    def parse(self, frame: Frame, line: Line) -> Parsed:
        """Return what a frame says.

        Raises:
            NotARecordError: If the frame is not what the venue documents; likewise any
                of ``UNREADABLE``.
        """
        if frame.kind is _REST:
            return Parsed(ignored="fetched")
        text = frame.data
        if text is None:
            text = (frame.b64 or b"").decode()
        if text == "pong":
            return Parsed(ignored="pong")
        # Nearly every frame begins with its channel: its type is known, one pass does.
        start = len(_HEAD)
        end = text.find('"', start, _LONGEST_CHANNEL) if text.startswith(_HEAD) else -1
        channel = text[start:end] if end >= 0 else ""
        if channel in _USED:
            try:
                return self._read(frame, text, line, channel)
            except msgspec.ValidationError:
                if not _envelope.decode(text).event:
                    raise
        envelope = _envelope.decode(text)
        channel = envelope.arg.channel
        if envelope.event or channel not in _USED:
            return Parsed(ignored=_reason(envelope))
        return self._read(frame, text, line, channel)

    def _read(self, frame: Frame, text: str, line: Line, channel: str) -> Parsed:
        if channel in DEPTHS:
            return booked(frame, text, channel, self._venue, self._canonical)
        wire = _DECODERS[channel].decode(text)
        symbol = symbol_of(wire.arg, channel, self._canonical)
        now_ns = line.now_ns(frame.received_ns)
        events, stated_ms = [], 0
        for row in wire.data:
            said = row.says(self._venue, symbol, frame.received_ns, now_ns)
            if said is not None:
                events.append(said)
            stated_ms = max(stated_ms, row.ts)
        reason = "" if events else f"empty {channel}"
        return Parsed(events, stated_ms * MS or None, reason)


def _reason(envelope: _Envelope) -> str:
    """Return why a frame is ignored."""
    if envelope.event:
        reason = _EVENTS.get(envelope.event)
        if reason is None:
            raise NotARecordError(
                f"unknown event `{envelope.event[:40]}` - at `$.event`"
            )
        return reason
    channel = envelope.arg.channel
    if channel in _UNUSED or channel.startswith(_BARS):
        return channel[:40]
    raise NotARecordError(f"unknown channel `{channel[:40]}` - at `$.arg.channel`")
