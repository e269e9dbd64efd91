"""HitBTC on the wire: its API v3, and v2.

https://api.hitbtc.com/#socket-market-data
https://api.hitbtc.com/v2#socket-market-data

| channel (v2)             | role               | yields        | dated by           |
|--------------------------|--------------------|---------------|--------------------|
| `trades` (`*Trades`)     | old trades         | nothing       |                    |
| snapshot                 |                    |               |                    |
| `trades` update          | every trade        | Trade         | `t` (`timestamp`)  |
| `orderbook/top`          | best bid and ask   | Top           | `t` (`timestamp`); |
| `orderbook/full`         | the book, then its | BookSnapshot, | if long ago, the   |
| (`*Orderbook`)           | changes            | BookDelta     | line's clock       |
| (`ticker`)               | best prices, but   | nothing       |                    |
|                          | not how much       |               |                    |
| others, replies          | not used           | nothing       |                    |

The sequence of a book rises by one with each change, which may be of nothing but of it.
A book that is subscribed to bears the time of its last change. A frame of v3 may tell
of several symbols.
"""

from collections.abc import Callable
from typing import Annotated, Final

import msgspec

from connectors.venues import hitbtc_v2
from connectors.venues.hitbtc_records import (
    Deal,
    Id,
    Levels,
    Number,
    Quantity,
    Taker,
    Told,
)
from connectors.venues.kraken import dated
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError
from operators.records.frame import Frame, FrameKind
from operators.records.market import BookDelta, BookSnapshot, Top
from operators.records.time import MS

_TOP: Final = "orderbook/top/"
_UNUSED: Final = (
    "ticker/",
    "candles/",
    "converted/",
    "price/",
    "orderbook/D",
    "futures/",
)
_REST: Final = FrameKind.REST
_ABSENT: Final = msgspec.Raw()
_Millis = Annotated[int, msgspec.Meta(ge=0, le=9 * 10**12)]


class _Frame(msgspec.Struct):
    ch: str = ""
    snapshot: msgspec.Raw = _ABSENT
    update: msgspec.Raw = _ABSENT
    data: msgspec.Raw = _ABSENT
    method: str = ""
    params: msgspec.Raw = _ABSENT
    result: msgspec.Raw = _ABSENT
    error: msgspec.Raw = _ABSENT


class _Trade(msgspec.Struct, gc=False):
    t: _Millis
    i: Id
    p: Number
    q: Quantity
    s: Taker


class _Top(msgspec.Struct, gc=False):
    t: _Millis
    a: Number | None = None
    A: Quantity | None = None
    b: Number | None = None
    B: Quantity | None = None


class _Book(msgspec.Struct):
    t: _Millis
    s: Id
    a: tuple[tuple[Number, Quantity], ...]
    b: tuple[tuple[Number, Quantity], ...]


_frame = msgspec.json.Decoder(_Frame)
_trades = msgspec.json.Decoder(dict[str, tuple[_Trade, ...]], strict=False)
_tops = msgspec.json.Decoder(dict[str, _Top], strict=False)
_books = msgspec.json.Decoder(dict[str, _Book], strict=False)


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
    wire = _frame.decode(frame.payload)
    origin = Told(frame, line, venue, canonical)
    if wire.method:
        return hitbtc_v2.told(wire.method, wire.params, origin)
    read = _READERS.get(wire.ch)
    if read is None and wire.ch.startswith(_TOP):
        read = _topped
    return Parsed(ignored=_reason(wire)) if read is None else read(wire, origin)


def _reason(wire: _Frame) -> str:
    """Return why a frame is ignored."""
    if wire.ch.startswith(_UNUSED):
        return wire.ch[:40]
    if wire.ch:
        raise NotARecordError(f"unknown channel `{wire.ch[:40]}` - at `$.ch`")
    if wire.error:
        return "error reply"
    if wire.result:
        return "acknowledgement"
    raise NotARecordError("neither a channel (`$.ch`) nor a reply (`$.result`)")


def _booked(wire: _Frame, origin: Told) -> Parsed:
    events: list[BookSnapshot | BookDelta] = []
    stated: list[int] = []
    for raw, whole in ((wire.snapshot, True), (wire.update, False)):
        for name, book in _books.decode(raw or b"{}").items():
            levels = Levels(book.s, book.t * MS, book.b, book.a)
            event, venue_ns = origin.book(name, levels, whole=whole)
            events.append(event)
            if venue_ns is not None:
                stated.append(venue_ns)
    return Parsed(events, max(stated, default=None), "" if events else "no books")


def _traded(wire: _Frame, origin: Told) -> Parsed:
    if wire.snapshot:
        return Parsed(ignored="old trades")
    trades = [
        origin.trade(name, Deal(each.i, each.t * MS, each.p, each.q, each.s))
        for name, deals in _trades.decode(wire.update or b"{}").items()
        for each in deals
    ]
    newest_ns = max((trade.event_ns for trade in trades), default=None)
    return Parsed(trades, newest_ns, "" if trades else "no trades")


def _topped(wire: _Frame, origin: Told) -> Parsed:
    tops: list[Top] = []
    stated: list[int] = []
    for name, top in _tops.decode(wire.data or b"{}").items():
        event_ns, venue_ns = dated(top.t * MS, origin.frame, origin.line)
        if venue_ns is not None:
            stated.append(venue_ns)
        if not (top.b and top.B and top.a and top.A):
            continue
        record = Top(
            venue=origin.venue,
            symbol=origin.canonical(name),
            event_ns=event_ns,
            received_ns=origin.frame.received_ns,
            bid=top.b,
            bid_quantity=top.B,
            ask=top.a,
            ask_quantity=top.A,
        )
        tops.append(record)
    newest_ns = max(stated, default=None)
    return Parsed(tops, newest_ns, "" if tops else "one-sided top")


_READERS: Final = {
    "trades": _traded,
    "orderbook/full": _booked,
}
