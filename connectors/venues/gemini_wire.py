"""Gemini on the wire, market data v2.

https://developer.gemini.com/websocket/archived/v2

| type                   | role                     | yields       | dated by         |
|------------------------|--------------------------|--------------|------------------|
| `trade`                | every trade              | Trade        | `timestamp`      |
| `l2_updates`           | the book, and old trades | BookSnapshot | the line's clock |
| with `trades`          | that are left out        |              |                  |
| `l2_updates`           | changes of the book      | BookDelta    | the line's clock |
| `heartbeat`            | the venue's clock, 5 s   | nothing      | `timestamp`      |
| others                 | not used                 | nothing      |                  |

A book is neither counted nor dated: a change that is missing cannot be seen, and books
of several lines are not merged. The line's clock moves with trades and heartbeats. An
`event_id` is of one fill.
"""

from collections.abc import Callable
from typing import Final, Literal

import msgspec

from connectors.venues.numbers import Id, Millis, Number, Quantity
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError, Side
from operators.records.frame import Frame, FrameKind
from operators.records.market import BookDelta, BookSnapshot, Level, Trade
from operators.records.time import MS

_UNUSED: Final = {
    "block_trade": "block trade",
    "auction_open": "auction",
    "auction_indicative_price": "auction",
    "auction_indicative": "auction",
    "auction_result": "auction",
    "auction_outcome": "auction",
    "mark_price_updates": "mark price",
    "funding_amount_updates": "funding",
    "subscription_ack": "acknowledgement",
}
_SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
_REST: Final = FrameKind.REST

_Taker = Literal["buy", "sell"]


class _Envelope(msgspec.Struct, gc=False):
    type: str = ""
    result: str = ""
    timestamp: Millis | None = None


class _Trade(msgspec.Struct, gc=False):
    symbol: str
    event_id: Id
    timestamp: Millis
    price: Number
    quantity: Quantity
    side: _Taker


class _Book(msgspec.Struct):
    symbol: str
    changes: tuple[tuple[_Taker, Number, Quantity], ...]
    trades: msgspec.Raw = msgspec.Raw()


_envelope = msgspec.json.Decoder(_Envelope)
_trade = msgspec.json.Decoder(_Trade, strict=False)
_book = msgspec.json.Decoder(_Book, strict=False)


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
    envelope = _envelope.decode(frame.payload)
    if envelope.type == "l2_updates":
        return _booked(frame, line, venue, canonical)
    if envelope.type == "trade":
        return _traded(frame, venue, canonical)
    if envelope.type == "heartbeat":
        stated = envelope.timestamp
        return Parsed((), None if stated is None else stated * MS, "heartbeat")
    return Parsed(ignored=_reason(envelope))


def _reason(envelope: _Envelope) -> str:
    """Return why a frame is ignored."""
    kind = envelope.type
    if kind.startswith("candles_") and kind.endswith("_updates"):
        return "candles"
    if not kind and envelope.result == "error":
        return "error reply"
    reason = _UNUSED.get(kind)
    if reason is None:
        raise NotARecordError(f"unknown type `{kind[:40]}` - at `$.type`")
    return reason


def _traded(frame: Frame, venue: str, canonical: Callable[[str], str]) -> Parsed:
    wire = _trade.decode(frame.payload)
    event_ns = wire.timestamp * MS
    trade = Trade(
        venue=venue,
        symbol=canonical(wire.symbol),
        event_ns=event_ns,
        received_ns=frame.received_ns,
        trade_id=str(wire.event_id),
        price=wire.price,
        quantity=wire.quantity,
        side=_SIDES[wire.side],
    )
    return Parsed((trade,), event_ns)


def _booked(
    frame: Frame, line: Line, venue: str, canonical: Callable[[str], str]
) -> Parsed:
    wire = _book.decode(frame.payload)
    whole = bytes(wire.trades) not in {b"", b"null"}
    kind = BookSnapshot if whole else BookDelta
    book = kind(
        venue=venue,
        symbol=canonical(wire.symbol),
        event_ns=line.now_ns(frame.received_ns),
        received_ns=frame.received_ns,
        bids=_levels(wire, "buy"),
        asks=_levels(wire, "sell"),
    )
    return Parsed((book,))


def _levels(wire: _Book, side: _Taker) -> tuple[Level, ...]:
    return tuple(
        [(price, quantity) for of, price, quantity in wire.changes if of == side]
    )
