"""BitMEX on the wire: tables, and what changes in them.

https://www.bitmex.com/app/wsAPI
https://blog.bitmex.com/api_announcement/changes-to-order-book-level-2-data/
https://blog.bitmex.com/site_announcement/potentially-breaking-api-update-to-id-generation-on-websocket-orderbook-feeds

| table                 | role                    | yields       | dated by            |
|-----------------------|-------------------------|--------------|---------------------|
| `trade` partial       | old trades              | nothing      |                     |
| `trade` insert        | every trade             | Trade        | `timestamp`         |
| `quote`               | best bid and ask        | Top          | `timestamp`; if     |
| `orderBookL2` partial | the book                | BookSnapshot | long ago, the       |
| and others            | changes of it           | BookDelta    | line's clock        |
| the same, before 2022 | ids of levels, and no   | nothing      |                     |
|                       | price where one changes |              |                     |
| others, replies       | not used                | nothing      |                     |

A book is not counted: a change that is missing cannot be seen, and books of several
lines are not merged. Until July 2023 a change of a level stated its id alone; its price
had to be remembered from the insert, or computed from the id and a tick that the frame
does not tell, and no parser here remembers. Until February 2022 no row was dated, and
by that the whole table of then is known, and left out. Of the time between, a change
without a price is an error, and the books are not to be relied on. Quotes come some at
a time, and several may be of one millisecond.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Literal

import msgspec

from connectors.venues.kraken import dated
from connectors.venues.numbers import Name, Number, Quantity
from connectors.venues.origin import Origin
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError, Side
from operators.records.frame import Frame, FrameKind
from operators.records.market import BookDelta, BookSnapshot, Level, Top, Trade
from operators.records.rfc3339 import ns_of

# As the venue spells them.
# ruff: noqa: N815

_PONGS: Final = frozenset({"pong", b"pong"})
_UNUSED: Final = {
    **dict.fromkeys(("orderBook10", "orderBookL2_25"), "limited book"),
    **dict.fromkeys(("quoteBin1m", "quoteBin5m", "quoteBin1h", "quoteBin1d"), "bins"),
    **dict.fromkeys(("tradeBin1m", "tradeBin5m", "tradeBin1h", "tradeBin1d"), "bins"),
    **{name: name for name in ("instrument", "funding", "liquidation", "insurance")},
}
_SIDES: Final = {"Buy": Side.BUY, "Sell": Side.SELL}
_REST: Final = FrameKind.REST

_Taker = Literal["Buy", "Sell"]


class _Filter(msgspec.Struct, gc=False):
    symbol: str = ""


class _Envelope(msgspec.Struct):
    table: str = ""
    action: Literal["partial", "insert", "update", "delete", ""] = ""
    data: msgspec.Raw = msgspec.Raw()
    filter: _Filter = msgspec.field(default_factory=_Filter)
    info: str = ""
    success: bool | None = None
    error: str = ""


class _Trade(msgspec.Struct, gc=False):
    timestamp: str
    symbol: str
    side: _Taker
    size: Quantity
    price: Number
    trdMatchID: Name


class _Quote(msgspec.Struct, gc=False):
    timestamp: str
    symbol: str
    bidSize: Quantity | None = None
    bidPrice: Number | None = None
    askPrice: Number | None = None
    askSize: Quantity | None = None


class _Row(msgspec.Struct, gc=False):
    symbol: str
    side: _Taker
    size: Quantity | None = None
    price: Number | None = None
    timestamp: str = ""


_envelope = msgspec.json.Decoder(_Envelope)
_trades = msgspec.json.Decoder(tuple[_Trade, ...])
_quotes = msgspec.json.Decoder(tuple[_Quote, ...])
_rows = msgspec.json.Decoder(tuple[_Row, ...])


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
    if frame.payload in _PONGS:
        return Parsed(ignored="pong")
    envelope = _envelope.decode(frame.payload)
    read = _READERS.get(envelope.table)
    if read is None:
        return Parsed(ignored=_reason(envelope))
    if not envelope.action:
        raise NotARecordError("a table without an action - at `$.action`")
    return read(envelope, Origin(frame, line, venue, canonical))


def _reason(envelope: _Envelope) -> str:
    """Return why a frame is ignored."""
    if table := envelope.table:
        if table in _UNUSED:
            return _UNUSED[table]
        raise NotARecordError(f"unknown table `{table[:40]}` - at `$.table`")
    if envelope.error or envelope.success is False:
        return "error reply"
    if envelope.success or envelope.info:
        return "acknowledgement" if envelope.success else "info"
    raise NotARecordError("neither a table (`$.table`) nor a reply (`$.success`)")


def _traded(envelope: _Envelope, origin: Origin) -> Parsed:
    if envelope.action != "insert":
        return Parsed(ignored="old trades")
    trades = [
        Trade(
            venue=origin.venue,
            symbol=origin.canonical(each.symbol),
            event_ns=ns_of(each.timestamp),
            received_ns=origin.frame.received_ns,
            trade_id=each.trdMatchID,
            price=each.price,
            quantity=each.size,
            side=_SIDES[each.side],
        )
        for each in _trades.decode(envelope.data)
    ]
    newest_ns = max((trade.event_ns for trade in trades), default=None)
    return Parsed(trades, newest_ns, "" if trades else "no trades")


def _quoted(envelope: _Envelope, origin: Origin) -> Parsed:
    tops: list[Top] = []
    newest_ns: int | None = None
    for each in _quotes.decode(envelope.data):
        event_ns, venue_ns = dated(ns_of(each.timestamp), origin.frame, origin.line)
        if venue_ns is not None:
            newest_ns = max(newest_ns or 0, venue_ns)
        if not (each.bidPrice and each.bidSize and each.askPrice and each.askSize):
            continue
        top = Top(
            venue=origin.venue,
            symbol=origin.canonical(each.symbol),
            event_ns=event_ns,
            received_ns=origin.frame.received_ns,
            bid=each.bidPrice,
            bid_quantity=each.bidSize,
            ask=each.askPrice,
            ask_quantity=each.askSize,
        )
        tops.append(top)
    return Parsed(tops, newest_ns, "" if tops else "one-sided quotes")


def _booked(envelope: _Envelope, origin: Origin) -> Parsed:
    rows = _rows.decode(envelope.data)
    if rows and not all(row.timestamp for row in rows):
        return Parsed(ignored="book of before 2022")
    told: dict[str, list[_Row]] = {}
    if envelope.filter.symbol and envelope.action == "partial":
        told[envelope.filter.symbol] = []
    for row in rows:
        told.setdefault(row.symbol, []).append(row)
    if not told:
        return Parsed(ignored="no levels")
    return _said(told, envelope.action, origin)


def _said(told: dict[str, list[_Row]], action: str, origin: Origin) -> Parsed:
    events: list[BookSnapshot | BookDelta] = []
    newest_ns: int | None = None
    for name, rows in told.items():
        stated_ns = max((ns_of(row.timestamp) for row in rows), default=0)
        event_ns, venue_ns = dated(stated_ns, origin.frame, origin.line)
        if venue_ns is not None:
            newest_ns = max(newest_ns or 0, venue_ns)
        events.append(_event(name, rows, action, event_ns, origin))
    return Parsed(events, newest_ns)


def _event(
    name: str, rows: Sequence[_Row], action: str, event_ns: int, origin: Origin
) -> BookSnapshot | BookDelta:
    symbol, received_ns = origin.canonical(name), origin.frame.received_ns
    kind = BookSnapshot if action == "partial" else BookDelta
    return kind(
        venue=origin.venue,
        symbol=symbol,
        event_ns=event_ns,
        received_ns=received_ns,
        bids=tuple(_levels(rows, "Buy", action)),
        asks=tuple(_levels(rows, "Sell", action)),
    )


def _levels(rows: Iterable[_Row], side: _Taker, action: str) -> Iterator[Level]:
    for row in rows:
        size = 0.0 if action == "delete" else row.size
        if row.price is None or size is None:
            raise NotARecordError("a level without a price or a size - at `$.data`")
        if row.side == side:
            yield row.price, size


_READERS: Final = {"trade": _traded, "quote": _quoted, "orderBookL2": _booked}
