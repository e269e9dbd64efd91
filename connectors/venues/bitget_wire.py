"""Bitget on the wire: its API v2, and the v1 of before 2024.

https://www.bitget.com/api-doc/spot/websocket/public/Depth-Channel
https://www.bitget.com/api-doc/spot/websocket/public/Trades-Channel
https://www.bitget.com/api-doc/contract/websocket/public/Tickers-Channel

| channel          | role                       | yields        | dated by           |
|------------------|----------------------------|---------------|--------------------|
| `trade` snapshot | old trades                 | nothing       |                    |
| `trade` update   | every trade                | Trade         | its own time       |
| `books1`         | best bid and ask           | Top           | `ts` of the data;  |
| `books`          | the book, then its changes | BookSnapshot, | if long ago, the   |
|                  |                            | BookDelta     | line's clock       |
| `ticker`         | of contracts: mark, index, | Mark          | likewise; once     |
|                  | funding, open interest     |               | `systemTime`       |
|                  | of spot: no mark           | nothing       |                    |
| others, replies  | not used                   | nothing       |                    |

Each frame of `books` bears the checksum of the 25 best levels, of their texts; 0 is
none. `seq` rises, but what an update follows on is told by `pseq` alone, where there is
one: without it a book is not numbered here. Sizes are in base. In v1 frames do not say
when they were sent, a trade has no id (ours is made of all that the venue says of it,
and of its place among the equal ones of its frame), and a spot ticker rounds its best
prices until they are equal.
"""

from collections import Counter
from collections.abc import Callable
from typing import Final, Literal

import msgspec

from connectors.venues.bitget_books import (
    Arg,
    Digits,
    Millis,
    Number,
    Origin,
    Push,
    Quantity,
    booked,
    topped,
)
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError, Side
from operators.records.frame import Frame, FrameKind
from operators.records.market import Mark, Trade
from operators.records.time import MS

# As the venue spells them.
# ruff: noqa: N815

_CHANNEL: Final = '"channel":"'
_NEAR: Final = 120
_EVENTS: Final = {
    "subscribe": "acknowledgement",
    "unsubscribe": "acknowledgement",
    "login": "acknowledgement",
    "error": "error reply",
}
_UNUSED: Final = frozenset({"books5", "books15", "auction"})
# An enumeration's members are slow to look up, and this is done for every frame.
_REST: Final = FrameKind.REST
_BUY: Final = Side.BUY
_SELL: Final = Side.SELL


class _Envelope(msgspec.Struct):
    arg: Arg = msgspec.field(default_factory=Arg)
    event: str = ""


class _Trade(msgspec.Struct, frozen=True, gc=False):
    ts: Millis
    price: Number
    size: Quantity
    side: Literal["buy", "sell"]
    tradeId: Digits


_OldTrade = tuple[Millis, Number, Quantity, Literal["buy", "sell"]]


class _Ticker(msgspec.Struct, gc=False):
    ts: Millis = 0
    systemTime: Millis = 0
    markPrice: Number | Literal[""] = ""
    indexPrice: Number | Literal[""] = ""
    fundingRate: Number | Literal[""] = ""
    capitalRate: Number | Literal[""] = ""
    nextFundingTime: Millis | Literal[""] = ""
    nextSettleTime: Millis | Literal[""] = ""
    holdingAmount: Quantity | Literal[""] = ""
    holding: Quantity | Literal[""] = ""


_envelope = msgspec.json.Decoder(_Envelope)
_trades = msgspec.json.Decoder(Push[_Trade | _OldTrade], strict=False)
_tickers = msgspec.json.Decoder(Push[_Ticker], strict=False)


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
    if text == "pong":
        return Parsed(ignored="pong")
    # Nearly every frame names its channel near its start: its type is known then.
    start = text.find(_CHANNEL, 0, _NEAR) + len(_CHANNEL)
    channel = text[start : text.find('"', start, start + _NEAR)]
    if channel not in _READERS or text.startswith('{"event"'):
        envelope = _envelope.decode(text)
        channel = envelope.arg.channel
        if envelope.event or channel not in _READERS:
            return Parsed(ignored=_reason(envelope))
    return _READERS[channel](text, Origin(frame, line, venue, channel, canonical))


def _reason(envelope: _Envelope) -> str:
    """Return why a frame is ignored."""
    if envelope.event:
        reason = _EVENTS.get(envelope.event)
        if reason is None:
            name = envelope.event[:40]
            raise NotARecordError(f"unknown event `{name}` - at `$.event`")
        return reason
    channel = envelope.arg.channel
    if channel in _UNUSED or channel.startswith("candle"):
        return channel[:40]
    raise NotARecordError(f"unknown channel `{channel[:40]}` - at `$.arg.channel`")


def _traded(text: str, origin: Origin) -> Parsed:
    wire = _trades.decode(text)
    symbol = origin.symbol(wire.arg)
    sent_ns = wire.ts * MS or None
    if wire.action == "snapshot":
        return Parsed((), sent_ns, "old trades")
    trades: list[Trade] = []
    seen: Counter[_OldTrade] = Counter()
    for each in wire.data:
        if isinstance(each, tuple):
            ts, price, size, side = each
            earlier = f"-{seen[each]}" if seen[each] else ""
            seen[each] += 1
            trade_id = f"{ts}-{side}-{price}-{size}{earlier}"
        else:
            ts, price, size, side = each.ts, each.price, each.size, each.side
            trade_id = each.tradeId
        trade = Trade(
            venue=origin.venue,
            symbol=symbol,
            event_ns=ts * MS,
            received_ns=origin.frame.received_ns,
            trade_id=trade_id,
            price=price,
            quantity=size,
            side=_BUY if side == "buy" else _SELL,
        )
        trades.append(trade)
    newest_ns = max((trade.event_ns for trade in trades), default=None)
    return Parsed(trades, sent_ns or newest_ns, "" if trades else "no trades")


def _marked(text: str, origin: Origin) -> Parsed:
    wire = _tickers.decode(text)
    symbol = origin.symbol(wire.arg)
    marks: list[Mark] = []
    for ticker in wire.data:
        if ticker.markPrice == "":
            continue
        next_ms = _stated(ticker.nextFundingTime, ticker.nextSettleTime)
        mark = Mark(
            venue=origin.venue,
            symbol=symbol,
            event_ns=origin.event_ns(ticker.ts or ticker.systemTime or wire.ts),
            received_ns=origin.frame.received_ns,
            mark=ticker.markPrice,
            index=_stated(ticker.indexPrice),
            funding_rate=_stated(ticker.fundingRate, ticker.capitalRate),
            next_funding_ns=int(next_ms or 0) * MS or None,
            open_interest=_stated(ticker.holdingAmount, ticker.holding),
        )
        marks.append(mark)
    told_ms = [each.ts or each.systemTime for each in wire.data]
    reason = "" if marks else "ticker without a mark"
    return Parsed(marks, origin.venue_ns(wire.ts, told_ms), reason)


def _stated(*numbers: float | Literal[""]) -> float | None:
    """Return the first number that is stated, or None."""
    return next((number for number in numbers if number != ""), None)


_READERS: Final = {
    "trade": _traded,
    "books1": topped,
    "books": booked,
    "ticker": _marked,
}
