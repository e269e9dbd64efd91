"""Kraken's derivatives on the wire, WebSocket v1.

https://docs.kraken.com/exchange/api-reference/futures-websocket/book
https://docs.kraken.com/exchange/api-reference/futures-websocket/trade
https://docs.kraken.com/exchange/api-reference/futures-websocket/ticker

| feed             | role                    | yields       | dated by             |
|------------------|-------------------------|--------------|----------------------|
| `trade`          | every fill and          | Trade        | `time`               |
|                  | liquidation             |              |                      |
| `trade` of other | not made in the book    | nothing      |                      |
| types            |                         |              |                      |
| `trade_snapshot` | old trades              | nothing      |                      |
| `book_snapshot`  | the book                | BookSnapshot | `timestamp`; if long |
|                  |                         |              | ago, line's clock    |
| `book`           | change of one level     | BookDelta    | `timestamp`          |
| `ticker`         | mark, index, funding,   | Mark, Top    | `time`               |
|                  | open interest; the best |              |                      |
|                  | bid and ask             |              |                      |
| `ticker_lite`    | best prices, but not    | nothing      |                      |
|                  | how much                |              |                      |
| `heartbeat`      | the venue's clock       | nothing      | `time`               |
| events, others   | not used                | nothing      |                      |

`seq` of a product's book rises by one with each change, and so does, apart from it,
`seq` of its trades. A ticker comes once a second at most. Its `funding_rate` is in coin
or quote per contract; the fraction is `relative_funding_rate`, and is absent where it
is 0. `next_funding_rate_time` is documented as a duration and shown as a time: a time.
"""

from collections.abc import Callable
from typing import Final, Literal

import msgspec

from connectors.venues.kraken import dated
from connectors.venues.numbers import Id, Millis, Name, Number, Quantity
from connectors.venues.origin import Origin
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError, Side
from operators.records.frame import Frame, FrameKind
from operators.records.market import BookDelta, BookSnapshot, Mark, Top, Trade
from operators.records.time import MS

# As the venue spells them.
# ruff: noqa: N815

_UNUSED: Final = {
    "trade_snapshot": "old trades",
    "ticker_lite": "ticker without sizes",
}
_EVENTS: Final = {
    "info": "info",
    "alert": "alert",
    "error": "error reply",
    "subscribed_failed": "error reply",
    "unsubscribed_failed": "error reply",
    "subscribed": "acknowledgement",
    "unsubscribed": "acknowledgement",
}
_TAKEN: Final = frozenset({"fill", "liquidation"})
_SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
_REST: Final = FrameKind.REST

_Taker = Literal["buy", "sell"]
_Kind = Literal["fill", "liquidation", "assignment", "termination", "block"]


class _Envelope(msgspec.Struct, gc=False):
    feed: str = ""
    event: str = ""
    time: Millis | None = None


class _Trade(msgspec.Struct, gc=False):
    product_id: str
    uid: Name
    side: _Taker
    type: _Kind
    seq: Id
    time: Millis
    qty: Quantity
    price: Number


class _Level(msgspec.Struct, gc=False):
    price: Number
    qty: Quantity


class _Book(msgspec.Struct):
    product_id: str
    timestamp: Millis
    seq: Id
    bids: tuple[_Level, ...]
    asks: tuple[_Level, ...]


class _Change(msgspec.Struct, gc=False):
    product_id: str
    side: _Taker
    seq: Id
    price: Number
    qty: Quantity
    timestamp: Millis


class _Ticker(msgspec.Struct, gc=False):
    product_id: str
    time: Millis
    bid: Number | None = None
    bid_size: Quantity | None = None
    ask: Number | None = None
    ask_size: Quantity | None = None
    markPrice: Number | None = None
    index: Number | None = None
    openInterest: Quantity | None = None
    relative_funding_rate: Number | None = None
    next_funding_rate_time: Millis | None = None


_envelope = msgspec.json.Decoder(_Envelope)
_trade = msgspec.json.Decoder(_Trade)
_book = msgspec.json.Decoder(_Book)
_change = msgspec.json.Decoder(_Change)
_ticker = msgspec.json.Decoder(_Ticker)


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
    read = _READERS.get(envelope.feed)
    if envelope.event or read is None:
        return _unused(envelope)
    return read(frame.payload, Origin(frame, line, venue, canonical))


def _unused(envelope: _Envelope) -> Parsed:
    feed, event = envelope.feed, envelope.event
    if event:
        reason = _EVENTS.get(event)
        if reason is None:
            raise NotARecordError(f"unknown event `{event[:40]}` - at `$.event`")
        return Parsed(ignored=reason)
    if feed == "heartbeat":
        time = envelope.time
        return Parsed((), None if time is None else time * MS, feed)
    reason = _UNUSED.get(feed)
    if reason is None:
        raise NotARecordError(f"unknown feed `{feed[:40]}` - at `$.feed`")
    return Parsed(ignored=reason)


def _traded(raw: str | bytes, origin: Origin) -> Parsed:
    wire = _trade.decode(raw)
    event_ns = wire.time * MS
    if wire.type not in _TAKEN:
        return Parsed((), event_ns, f"{wire.type} trade")
    trade = Trade(
        venue=origin.venue,
        symbol=origin.canonical(wire.product_id),
        event_ns=event_ns,
        received_ns=origin.frame.received_ns,
        trade_id=wire.uid,
        price=wire.price,
        quantity=wire.qty,
        side=_SIDES[wire.side],
        sequence=wire.seq,
    )
    return Parsed((trade,), event_ns)


def _booked(raw: str | bytes, origin: Origin) -> Parsed:
    wire = _book.decode(raw)
    event_ns, venue_ns = dated(wire.timestamp * MS, origin.frame, origin.line)
    snapshot = BookSnapshot(
        venue=origin.venue,
        symbol=origin.canonical(wire.product_id),
        event_ns=event_ns,
        received_ns=origin.frame.received_ns,
        sequence=wire.seq,
        bids=tuple([(each.price, each.qty) for each in wire.bids]),
        asks=tuple([(each.price, each.qty) for each in wire.asks]),
    )
    return Parsed((snapshot,), venue_ns)


def _changed(raw: str | bytes, origin: Origin) -> Parsed:
    wire = _change.decode(raw)
    level = ((wire.price, wire.qty),)
    is_bid = wire.side == "buy"
    event_ns = wire.timestamp * MS
    delta = BookDelta(
        venue=origin.venue,
        symbol=origin.canonical(wire.product_id),
        event_ns=event_ns,
        received_ns=origin.frame.received_ns,
        first_sequence=wire.seq,
        sequence=wire.seq,
        previous=wire.seq - 1,
        bids=level if is_bid else (),
        asks=() if is_bid else level,
    )
    return Parsed((delta,), event_ns)


def _marked(raw: str | bytes, origin: Origin) -> Parsed:
    wire = _ticker.decode(raw)
    event_ns, venue_ns = dated(wire.time * MS, origin.frame, origin.line)
    symbol, received_ns = origin.canonical(wire.product_id), origin.frame.received_ns
    next_ms = wire.next_funding_rate_time
    mark = Mark(
        venue=origin.venue,
        symbol=symbol,
        event_ns=event_ns,
        received_ns=received_ns,
        mark=wire.markPrice,
        index=wire.index,
        funding_rate=wire.relative_funding_rate,
        next_funding_ns=next_ms * MS if next_ms else None,
        open_interest=wire.openInterest,
    )
    if not (wire.bid and wire.bid_size and wire.ask and wire.ask_size):
        return Parsed((mark,), venue_ns)
    top = Top(
        venue=origin.venue,
        symbol=symbol,
        event_ns=event_ns,
        received_ns=received_ns,
        bid=wire.bid,
        bid_quantity=wire.bid_size,
        ask=wire.ask,
        ask_quantity=wire.ask_size,
    )
    return Parsed((mark, top), venue_ns)


_READERS: Final = {
    "trade": _traded,
    "book_snapshot": _booked,
    "book": _changed,
    "ticker": _marked,
}
