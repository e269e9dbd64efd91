"""Deribit's API v2 on the wire.

https://docs.deribit.com/subscriptions/orderbook/bookinstrument_nameinterval
https://docs.deribit.com/subscriptions/trades/tradesinstrument_nameinterval
https://docs.deribit.com/subscriptions/market-data/tickerinstrument_nameinterval (quote)
https://docs.deribit.com/api-reference/session-management/public-set_heartbeat

| channel             | role                        | yields        | dated by         |
|---------------------|-----------------------------|---------------|------------------|
| `trades.*`          | trades, of one instrument   | Trade         | `timestamp`      |
|                     | or of a kind and currency   |               |                  |
| `book.I.INTERVAL`   | the book, then its changes  | BookSnapshot, | `timestamp`;     |
|                     |                             | BookDelta     | if long ago, the |
| `ticker.I.INTERVAL` | mark, index, open interest; | Mark, Top     | line's clock     |
|                     | best bid and ask            |               |                  |
| `quote.I`           | best bid and ask            | Top           |                  |
| other books         | grouped, without a chain    | nothing       |                  |
| others, replies     | not used                    | nothing       |                  |

A change follows on the frame whose `change_id` is its `prev_change_id`. Books of
options are often one-sided or empty, and their first frame bears the time of the last
change, maybe of days ago. A ticker with no bid, or no ask, says so with a price of 0 or
null, and yields its Mark alone. Its `current_funding` is a rate that accrues all the
time, and not what is paid at a next funding: it stays unmapped. `trade_seq` counts the
trades of an instrument one by one.
"""

from collections.abc import Callable
from typing import Annotated, Final, Literal

import msgspec

from connectors.venues.deribit_books import (
    Id,
    Millis,
    Number,
    Origin,
    Push,
    Quantity,
    booked,
)
from connectors.venues.kraken import dated
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError, Side
from operators.records.frame import Frame, FrameKind
from operators.records.market import Mark, Top, Trade
from operators.records.time import MS

_HEAD: Final = '{"jsonrpc":"2.0","method":"subscription","params":{"channel":"'
_LONGEST_CHANNEL: Final = 100
_UNUSED: Final = frozenset(
    (
        *("incremental_ticker", "perpetual", "markprice", "chart", "instrument"),
        *("deribit_price_index", "deribit_price_ranking", "deribit_price_statistics"),
        *("deribit_volatility_index", "estimated_expiration_price", "announcements"),
        *("platform_state", "rfq", "block_rfq", "block_trade_confirmations"),
        "grouped book",
    )
)
_DOTS: Final = 2
"""How many the channel of a book has that is not grouped."""

_REST: Final = FrameKind.REST
_BUY: Final = Side.BUY
_SELL: Final = Side.SELL

_Name = Annotated[str, msgspec.Meta(max_length=64)]
_ABSENT: Final = msgspec.Raw()


class _Channel(msgspec.Struct, gc=False):
    channel: str = ""


class _Envelope(msgspec.Struct):
    method: str = ""
    params: _Channel = msgspec.field(default_factory=_Channel)
    id: int | str | None = None
    error: msgspec.Raw = _ABSENT


class _Trade(msgspec.Struct, gc=False):
    trade_id: _Name
    trade_seq: Id
    timestamp: Millis
    instrument_name: str
    price: Number
    amount: Quantity
    direction: Literal["buy", "sell"]


class _Best(msgspec.Struct, gc=False):
    instrument_name: str
    timestamp: Millis
    best_bid_price: Number | None
    best_bid_amount: Quantity | None
    best_ask_price: Number | None
    best_ask_amount: Quantity | None


class _Ticker(_Best, gc=False):
    mark_price: Number | None
    index_price: Number | None
    open_interest: Quantity | None = None


_envelope = msgspec.json.Decoder(_Envelope)
_trades = msgspec.json.Decoder(Push[tuple[_Trade, ...]])
_best = msgspec.json.Decoder(Push[_Best])
_ticker = msgspec.json.Decoder(Push[_Ticker])


def parse(
    frame: Frame, line: Line, venue: str, canonical: Callable[[str], str]
) -> Parsed:
    """Return what a frame says.

    Raises:
        NotARecordError: If the frame is not what the venue documents; likewise any of
            ``UNREADABLE``.
    """
    if frame.kind is _REST:
        return Parsed(ignored="fetched")
    text = frame.data
    if text is None:
        text = (frame.b64 or b"").decode()
    # Nearly every frame begins with its channel: its type is known, one pass does.
    start = len(_HEAD)
    is_usual = text.startswith(_HEAD)
    end = text.find('"', start, start + _LONGEST_CHANNEL) if is_usual else -1
    channel = text[start:end] if end >= 0 else ""
    read = _READERS.get(_kind(channel))
    if read is None:
        envelope = _envelope.decode(text)
        channel = envelope.params.channel
        read = _READERS.get(_kind(channel))
        if envelope.method != "subscription" or read is None:
            return Parsed(ignored=_reason(envelope))
    return read(text, Origin(frame, line, venue, channel, canonical))


def _kind(channel: str) -> str:
    kind = channel.partition(".")[0]
    return "grouped book" if kind == "book" and channel.count(".") > _DOTS else kind


def _reason(envelope: _Envelope) -> str:
    """Return why a frame is ignored."""
    method = envelope.method
    if method == "heartbeat":
        return method
    if method == "subscription":
        kind = _kind(envelope.params.channel)
        if kind in _UNUSED:
            return kind
        name = kind[:40]
        raise NotARecordError(f"unknown channel `{name}` - at `$.params.channel`")
    if method:
        raise NotARecordError(f"unknown method `{method[:40]}` - at `$.method`")
    if envelope.error:
        return "error reply"
    if envelope.id is None:
        raise NotARecordError("neither a notification nor a reply (`$.id`)")
    return "acknowledgement"


def _traded(text: str, origin: Origin) -> Parsed:
    wire = _trades.decode(text).params
    origin.check(wire.channel)
    trades = [
        Trade(
            venue=origin.venue,
            symbol=origin.canonical(each.instrument_name),
            event_ns=each.timestamp * MS,
            received_ns=origin.frame.received_ns,
            trade_id=each.trade_id,
            sequence=each.trade_seq,
            price=each.price,
            quantity=each.amount,
            side=_BUY if each.direction == "buy" else _SELL,
        )
        for each in wire.data
    ]
    newest_ns = max((trade.event_ns for trade in trades), default=None)
    return Parsed(trades, newest_ns, "" if trades else "no trades")


def _quoted(text: str, origin: Origin) -> Parsed:
    wire = _best.decode(text).params
    symbol = origin.symbol(wire.channel, wire.data.instrument_name)
    event_ns, venue_ns = dated(wire.data.timestamp * MS, origin.frame, origin.line)
    top = _top(wire.data, origin, symbol, event_ns)
    return Parsed(top, venue_ns, "" if top else "one-sided quote")


def _marked(text: str, origin: Origin) -> Parsed:
    wire = _ticker.decode(text).params
    ticker = wire.data
    symbol = origin.symbol(wire.channel, ticker.instrument_name)
    event_ns, venue_ns = dated(ticker.timestamp * MS, origin.frame, origin.line)
    mark = Mark(
        venue=origin.venue,
        symbol=symbol,
        event_ns=event_ns,
        received_ns=origin.frame.received_ns,
        mark=ticker.mark_price,
        index=ticker.index_price,
        open_interest=ticker.open_interest,
    )
    return Parsed((mark, *_top(ticker, origin, symbol, event_ns)), venue_ns)


def _top(best: _Best, origin: Origin, symbol: str, event_ns: int) -> tuple[Top, ...]:
    """Return the best bid and ask, if there are both."""
    bid, bid_quantity = best.best_bid_price, best.best_bid_amount
    ask, ask_quantity = best.best_ask_price, best.best_ask_amount
    if not (bid and bid_quantity and ask and ask_quantity):
        return ()
    top = Top(
        venue=origin.venue,
        symbol=symbol,
        event_ns=event_ns,
        received_ns=origin.frame.received_ns,
        bid=bid,
        bid_quantity=bid_quantity,
        ask=ask,
        ask_quantity=ask_quantity,
    )
    return (top,)


_READERS: Final = {
    "trades": _traded,
    "book": booked,
    "ticker": _marked,
    "quote": _quoted,
}
