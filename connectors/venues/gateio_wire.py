"""Gate's spot market on the wire, WebSocket v4.

https://www.gate.com/docs/developers/apiv4/ws/en/#public-trades-channel
https://www.gate.com/docs/developers/apiv4/ws/en/#changed-order-book-levels
https://www.gate.com/announcements/article/44678 (`full`)

| channel                  | role                  | yields       | dated by         |
|--------------------------|-----------------------|--------------|------------------|
| `spot.trades`            | every trade           | Trade        | `create_time_ms` |
| `spot.book_ticker`       | best bid and ask      | Top          | `t`              |
| `spot.order_book_update` | changes of the book   | BookDelta    | `t`              |
| with `full`              | the book again        | BookSnapshot | `t`              |
| REST `order_book`        | its best 100 levels   | BookSnapshot | `current`, else  |
|                          |                       |              | the line's clock |
| `spot.tickers`           | best prices, but not  | nothing      |                  |
|                          | how much              |              |                  |
| others, replies          | not used              | nothing      |                  |

A change follows on the one whose `u` is just below its `U`; amount 0 removes a level.
In 2021 the first change after subscribing was the whole book without saying so, under
a number that the fetched one has too: it is read as the change that it claims to be,
and adds nothing to the book that was fetched. A book is kept at 100 levels a side: what
falls out is said. Trades have ids of all symbols, which tell nothing of one missing.
"""

import re
from collections.abc import Callable
from typing import Final, Literal
from urllib.parse import parse_qs, urlsplit

import msgspec

from connectors.venues.kraken import dated
from connectors.venues.numbers import Id, Millis, Number, Quantity
from connectors.venues.origin import Origin
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError, Side
from operators.records.frame import Frame, FrameKind
from operators.records.market import BookDelta, BookSnapshot, Top, Trade
from operators.records.time import MS

BOOK_PATH: Final = "/api/v4/spot/order_book"

_TIME: Final = re.compile(r"([0-8]?[0-9]{1,12})(?:\.([0-9]{1,20}))?")
_UPDATE: Final = "update"
_UNUSED: Final = {
    "spot.tickers": "ticker without sizes",
    "spot.candlesticks": "candles",
    "spot.order_book": "limited book",
    "spot.obu": "limited book",
    "spot.pong": "pong",
}
_SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
_REST: Final = FrameKind.REST
_ABSENT: Final = msgspec.Raw()


class _Envelope(msgspec.Struct):
    channel: str = ""
    event: str = ""
    result: msgspec.Raw = _ABSENT
    error: msgspec.Raw = _ABSENT


class _Trade(msgspec.Struct, gc=False):
    id: Id
    create_time_ms: str
    side: Literal["buy", "sell"]
    currency_pair: str
    amount: Quantity
    price: Number


class _Top(msgspec.Struct, gc=False):
    t: Millis
    u: Id
    s: str
    b: Number | Literal[""]
    B: Quantity | Literal[""]
    a: Number | Literal[""]
    A: Quantity | Literal[""]


class _Delta(msgspec.Struct):
    t: Millis
    s: str
    u: Id
    U: Id | None = None
    b: tuple[tuple[Number, Quantity], ...] | None = None
    a: tuple[tuple[Number, Quantity], ...] | None = None
    full: bool = False


class _Book(msgspec.Struct):
    id: Id
    asks: tuple[tuple[Number, Quantity], ...]
    bids: tuple[tuple[Number, Quantity], ...]
    current: Millis | None = None


_envelope = msgspec.json.Decoder(_Envelope)
_trade = msgspec.json.Decoder(_Trade, strict=False)
_top = msgspec.json.Decoder(_Top, strict=False)
_delta = msgspec.json.Decoder(_Delta, strict=False)
_book = msgspec.json.Decoder(_Book, strict=False)


def parse(
    frame: Frame, line: Line, venue: str, canonical: Callable[[str], str]
) -> Parsed:
    """Return what a frame says.

    Raises:
        NotARecordError: If the frame is not what the venue documents; likewise any of
            ``UNREADABLE``.
    """
    origin = Origin(frame, line, venue, canonical)
    if frame.kind is _REST:
        return _fetched(origin)
    envelope = _envelope.decode(frame.payload)
    read = _READERS.get(envelope.channel)
    if read is None or envelope.event != _UPDATE:
        return Parsed(ignored=_reason(envelope, known=read is not None))
    return read(envelope.result, origin)


def _reason(envelope: _Envelope, *, known: bool) -> str:
    """Return why a frame is ignored."""
    if bytes(envelope.error) not in {b"", b"null"}:
        return "error reply"
    channel, event = envelope.channel, envelope.event
    if not known and channel not in _UNUSED:
        raise NotARecordError(f"unknown channel `{channel[:40]}` - at `$.channel`")
    if event in {"subscribe", "unsubscribe"}:
        return "acknowledgement"
    if known:
        raise NotARecordError(f"unknown event `{event[:40]}` - at `$.event`")
    return _UNUSED[channel]


def _ns_of(text: str) -> int:
    """Return the time that milliseconds with a fraction state [ns UTC]."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise NotARecordError(f"no time `{text[:40]}` - at `$.result.create_time_ms`")
    return int(match[1]) * MS + int((match[2] or "")[:6].ljust(6, "0"))


def _traded(raw: msgspec.Raw, origin: Origin) -> Parsed:
    wire = _trade.decode(raw)
    event_ns = _ns_of(wire.create_time_ms)
    trade = Trade(
        venue=origin.venue,
        symbol=origin.canonical(wire.currency_pair),
        event_ns=event_ns,
        received_ns=origin.frame.received_ns,
        trade_id=str(wire.id),
        price=wire.price,
        quantity=wire.amount,
        side=_SIDES[wire.side],
    )
    return Parsed((trade,), event_ns)


def _topped(raw: msgspec.Raw, origin: Origin) -> Parsed:
    wire = _top.decode(raw)
    event_ns, venue_ns = dated(wire.t * MS, origin.frame, origin.line)
    if not (wire.b and wire.B and wire.a and wire.A):
        return Parsed((), venue_ns, "one-sided ticker")
    top = Top(
        venue=origin.venue,
        symbol=origin.canonical(wire.s),
        event_ns=event_ns,
        received_ns=origin.frame.received_ns,
        sequence=wire.u,
        bid=wire.b,
        bid_quantity=wire.B,
        ask=wire.a,
        ask_quantity=wire.A,
    )
    return Parsed((top,), venue_ns)


def _changed(raw: msgspec.Raw, origin: Origin) -> Parsed:
    wire = _delta.decode(raw)
    event_ns, venue_ns = dated(wire.t * MS, origin.frame, origin.line)
    symbol, received_ns = origin.canonical(wire.s), origin.frame.received_ns
    bids, asks = wire.b or (), wire.a or ()
    if wire.full:
        snapshot = BookSnapshot(
            venue=origin.venue,
            symbol=symbol,
            event_ns=event_ns,
            received_ns=received_ns,
            sequence=wire.u,
            bids=bids,
            asks=asks,
        )
        return Parsed((snapshot,), venue_ns)
    if wire.U is None or wire.u < wire.U:
        raise NotARecordError("`U` is missing, or after `u` - at `$.result`")
    delta = BookDelta(
        venue=origin.venue,
        symbol=symbol,
        event_ns=event_ns,
        received_ns=received_ns,
        first_sequence=wire.U,
        sequence=wire.u,
        previous=wire.U - 1,
        bids=bids,
        asks=asks,
    )
    return Parsed((delta,), venue_ns)


def _fetched(origin: Origin) -> Parsed:
    frame = origin.frame
    try:
        address = urlsplit(frame.url)
        query = parse_qs(address.query)
    except ValueError as error:
        raise NotARecordError(f"{error} - at `url`") from error
    if address.path != BOOK_PATH:
        return Parsed(ignored="fetched")
    wire = _book.decode(frame.payload)
    now_ns = origin.line.now_ns(frame.received_ns)
    snapshot = BookSnapshot(
        venue=origin.venue,
        symbol=origin.canonical(query.get("currency_pair", [""])[0]),
        event_ns=now_ns if wire.current is None else wire.current * MS,
        received_ns=frame.received_ns,
        sequence=wire.id,
        bids=wire.bids,
        asks=wire.asks,
        fetched=True,
    )
    return Parsed((snapshot,))


_READERS: Final = {
    "spot.trades": _traded,
    "spot.book_ticker": _topped,
    "spot.order_book_update": _changed,
}
