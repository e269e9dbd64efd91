"""Bitstamp on the wire, WebSocket v2.

https://www.bitstamp.net/websocket/v2/
https://www.bitstamp.net/api/#tag/Order-book/operation/GetOrderBook

| channel             | role                       | yields       | dated by         |
|---------------------|----------------------------|--------------|------------------|
| `live_trades_S`     | every trade                | Trade        | `microtimestamp` |
| `diff_order_book_S` | changes of the book        | BookDelta    | `microtimestamp` |
| REST `order_book/S` | the book                   | BookSnapshot | `microtimestamp` |
| others, `bts:`      | not used                   | nothing      |                  |

A book is not counted but dated: its changes belong to it that are later than it is.
That date is the sequence here. It rises with each change of a symbol, but tells nothing
of one that is missing: there is no chain. Bids and asks that are changed state what is
left, 0 removes. The buyer was the aggressor of a trade of `type` 0.
"""

from collections.abc import Callable
from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec

from connectors.venues.numbers import Id, Micros, Number, Quantity
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError, Side
from operators.records.frame import Frame, FrameKind
from operators.records.market import BookDelta, BookSnapshot, Trade
from operators.records.time import US

BOOK_PATH: Final = "/api/v2/order_book/"

_TRADES: Final = "live_trades_"
_BOOK: Final = "diff_order_book_"
_UNUSED: Final = {
    "live_orders_": "orders",
    "order_book_": "limited book",
    "detail_order_book_": "limited book",
    "funding_rate_": "funding rate",
}
_EVENTS: Final = {
    "bts:subscription_succeeded": "acknowledgement",
    "bts:unsubscription_succeeded": "acknowledgement",
    "bts:heartbeat": "heartbeat",
    "bts:request_reconnect": "asks to reconnect",
    "bts:error": "error reply",
}
_REST: Final = FrameKind.REST


class _Envelope(msgspec.Struct):
    event: str = ""
    channel: str = ""
    data: msgspec.Raw = msgspec.Raw()


class _Trade(msgspec.Struct, gc=False):
    id: Id
    amount: Quantity
    price: Number
    type: Literal[0, 1]
    microtimestamp: Micros


class _Book(msgspec.Struct):
    microtimestamp: Micros
    bids: tuple[tuple[Number, Quantity], ...]
    asks: tuple[tuple[Number, Quantity], ...]


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
        return _fetched(frame, venue, canonical)
    envelope = _envelope.decode(frame.payload)
    event, channel = envelope.event, envelope.channel
    if event == "data" and channel.startswith(_BOOK):
        symbol = canonical(channel.removeprefix(_BOOK))
        return _changed(envelope.data, frame, venue, symbol)
    if event == "trade" and channel.startswith(_TRADES):
        symbol = canonical(channel.removeprefix(_TRADES))
        return _traded(envelope.data, frame, venue, symbol)
    return Parsed(ignored=_reason(event, channel))


def _reason(event: str, channel: str) -> str:
    """Return why a frame is ignored."""
    if event in _EVENTS:
        return _EVENTS[event]
    for start, reason in _UNUSED.items():
        if channel.startswith(start):
            return reason
    if channel.startswith((_BOOK, _TRADES)):
        raise NotARecordError(f"unknown event `{event[:40]}` - at `$.event`")
    raise NotARecordError(f"unknown channel `{channel[:40]}` - at `$.channel`")


def _traded(raw: msgspec.Raw, frame: Frame, venue: str, symbol: str) -> Parsed:
    wire = _trade.decode(raw)
    event_ns = wire.microtimestamp * US
    trade = Trade(
        venue=venue,
        symbol=symbol,
        event_ns=event_ns,
        received_ns=frame.received_ns,
        trade_id=str(wire.id),
        price=wire.price,
        quantity=wire.amount,
        side=Side.SELL if wire.type else Side.BUY,
    )
    return Parsed((trade,), event_ns)


def _changed(raw: msgspec.Raw, frame: Frame, venue: str, symbol: str) -> Parsed:
    wire = _book.decode(raw)
    event_ns = wire.microtimestamp * US
    delta = BookDelta(
        venue=venue,
        symbol=symbol,
        event_ns=event_ns,
        received_ns=frame.received_ns,
        sequence=wire.microtimestamp,
        bids=wire.bids,
        asks=wire.asks,
    )
    return Parsed((delta,), event_ns)


def _fetched(frame: Frame, venue: str, canonical: Callable[[str], str]) -> Parsed:
    try:
        path = urlsplit(frame.url).path
    except ValueError as error:
        raise NotARecordError(f"{error} - at `url`") from error
    if not path.startswith(BOOK_PATH):
        return Parsed(ignored="fetched")
    wire = _book.decode(frame.payload)
    snapshot = BookSnapshot(
        venue=venue,
        symbol=canonical(path.removeprefix(BOOK_PATH).rstrip("/")),
        event_ns=wire.microtimestamp * US,
        received_ns=frame.received_ns,
        sequence=wire.microtimestamp,
        bids=wire.bids,
        asks=wire.asks,
        fetched=True,
    )
    return Parsed((snapshot,))
