"""Bybit v5, public: what its spot and its linear market have in common.

https://bybit-exchange.github.io/docs/v5/websocket/public/orderbook (trade, ticker)
https://bybit-exchange.github.io/docs/v5/ws/connect (replies)

| channel       | role                       | yields        | dated by          |
|---------------|----------------------------|---------------|-------------------|
| `publicTrade` | trades, up to 1,024        | Trade         | `T`, trade time   |
| `orderbook.1` | best bid and ask           | Top           | `cts`, else `ts`  |
| `orderbook.N` | the book, or its changes   | BookSnapshot, | `cts`, else `ts`  |
|               |                            | BookDelta     |                   |
| `tickers`     | linear: mark and funding   | Mark          | `ts`, when sent   |
|               | spot: neither, nor a quote | nothing       |                   |
| others, acks  | not used                   | nothing       |                   |

`u` counts the changes of one depth of a book, one by one; 1 is a restart of the venue's
service, and a whole book. `seq` tells which of two books, of whatever depths, is newer,
and survives a restart: it is a Top's sequence. Trades share it: it is none of theirs.
`orderbook.1` has been snapshots only since 2025-03-20; an older change of it does not
tell the best bid and ask by itself. A delta of a ticker leaves out what is as it was,
and so does its Mark.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Final, Literal, NamedTuple

import msgspec

from operators.market.decode import Parsed
from operators.records.base import NotARecordError, Side
from operators.records.frame import Frame, FrameKind
from operators.records.market import BookDelta, BookSnapshot, Mark, Top, Trade
from operators.records.time import MS

_HEAD: Final = '{"topic":"'
_LONGEST_TOPIC: Final = 80
_UNUSED: Final = frozenset(
    {
        *("kline", "allLiquidation", "liquidation", "adlAlert", "insurance"),
        *("priceLimit", "orderbook.rpi", "orderbook.full", "system", "kline_lt"),
        *("tickers_lt", "lt"),
    }
)
# An enumeration's members are slow to look up, and this is done for every frame.
_REST: Final = FrameKind.REST
_BUY: Final = Side.BUY
_SELL: Final = Side.SELL

# A number that a float or a 64-bit column can hold: no NaN, no infinity, no overflow,
# neither of it nor of a price times a quantity.
_Number = Annotated[float, msgspec.Meta(ge=-1e150, le=1e150)]
_Quantity = Annotated[float, msgspec.Meta(ge=0, le=1e150)]
_Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Millis = Annotated[int, msgspec.Meta(ge=0, le=9 * 10**12)]
_Name = Annotated[str, msgspec.Meta(max_length=64)]
_Level = tuple[_Number, _Quantity]
Canonical = Callable[[str], str]


class _Envelope(msgspec.Struct, gc=False):
    topic: str = ""
    op: str = ""
    type: str = ""
    success: bool | None = None


class _Deal(msgspec.Struct, gc=False):
    T: _Millis
    S: Literal["Buy", "Sell"]
    v: _Quantity
    p: _Number
    i: _Name


class _Trades(msgspec.Struct):
    topic: str
    ts: _Millis
    data: tuple[_Deal, ...]


class _Levels(msgspec.Struct):
    b: tuple[_Level, ...]
    a: tuple[_Level, ...]
    u: _Id
    seq: _Id | None = None


class _Book(msgspec.Struct):
    topic: str
    type: Literal["snapshot", "delta"]
    ts: _Millis
    data: _Levels
    cts: _Millis | None = None


class _Linear(msgspec.Struct, gc=False):
    markPrice: _Number | Literal[""] = ""  # noqa: N815 - as the venue spells it
    indexPrice: _Number | Literal[""] = ""  # noqa: N815
    fundingRate: _Number | Literal[""] = ""  # noqa: N815
    nextFundingTime: _Millis | Literal[""] = ""  # noqa: N815
    openInterest: _Quantity | Literal[""] = ""  # noqa: N815


class _Ticker(msgspec.Struct, gc=False):
    topic: str
    ts: _Millis
    data: _Linear


_envelope = msgspec.json.Decoder(_Envelope)
_trades = msgspec.json.Decoder(_Trades, strict=False)
_book = msgspec.json.Decoder(_Book, strict=False)
_ticker = msgspec.json.Decoder(_Ticker, strict=False)


class _Topic(NamedTuple):
    """What a topic's text says; the symbol only where the channel is used."""

    text: str
    channel: str
    depth: int
    symbol: str


@lru_cache(maxsize=10_000)
def _topic(text: str, canonical: Canonical) -> _Topic:
    channel, _, rest = text.partition(".")
    depth = ""
    if channel == "orderbook":
        depth, _, rest = rest.partition(".")
        if not (depth.isascii() and depth.isdigit() and len(depth) < 5):
            channel, depth = f"orderbook.{depth}", ""
    if channel in _UNUSED:
        if len(text) > _LONGEST_TOPIC:  # it is remembered
            raise NotARecordError(f"no topic is so long: `{text[:40]}` - at `$.topic`")
        return _Topic(text, channel, 0, "")
    if channel in {"publicTrade", "orderbook", "tickers"}:
        return _Topic(text, channel, int(depth or 0), canonical(rest))
    raise NotARecordError(f"unknown channel `{channel[:40]}` - at `$.topic`")


def parse(frame: Frame, venue: str, canonical: Canonical) -> Parsed:
    """Return what a frame of one of the markets says.

    Raises:
        NotARecordError: If the frame is not what the venue documents.
    """
    if frame.kind is _REST:
        return Parsed(ignored="fetched")
    raw = frame.data
    if raw is None:
        raw = (frame.b64 or b"").decode()
    # Nearly every frame begins with its topic: its type is known, one pass reads it.
    end = raw.find('"', len(_HEAD), _LONGEST_TOPIC) if raw.startswith(_HEAD) else -1
    if end >= 0:
        topic = _topic(raw[len(_HEAD) : end], canonical)
    else:
        envelope = _envelope.decode(raw)
        if not envelope.topic:
            return _control(envelope)
        topic = _topic(envelope.topic, canonical)
    if topic.channel == "orderbook":
        return _levels(frame, raw, topic, venue)
    if topic.channel == "publicTrade":
        return _traded(frame, raw, topic, venue)
    if topic.channel == "tickers":
        return _marked(frame, raw, topic, venue)
    _same(topic, _envelope.decode(raw).topic)
    return Parsed(ignored=topic.channel)


def _same(topic: _Topic, stated: str) -> None:
    """Refuse a frame that goes on to state another topic than it began with."""
    if stated != topic.text:
        raise NotARecordError(f"topic stated twice, also `{stated[:40]}`")


def _control(envelope: _Envelope) -> Parsed:
    if envelope.success is False:
        return Parsed(ignored="error reply")
    if envelope.op in {"ping", "pong"}:
        return Parsed(ignored="pong")
    if envelope.op in {"subscribe", "unsubscribe", "auth"}:
        return Parsed(ignored="acknowledgement")
    if envelope.type == "COMMAND_RESP":
        return Parsed(ignored="acknowledgement")
    raise NotARecordError("neither a topic (`$.topic`) nor a reply (`$.op`)")


def _traded(frame: Frame, raw: str, topic: _Topic, venue: str) -> Parsed:
    wire = _trades.decode(raw)
    _same(topic, wire.topic)
    trades = [
        Trade(
            venue=venue,
            symbol=topic.symbol,
            event_ns=deal.T * MS,
            received_ns=frame.received_ns,
            trade_id=deal.i,
            price=deal.p,
            quantity=deal.v,
            side=_BUY if deal.S == "Buy" else _SELL,
        )
        for deal in wire.data
    ]
    return Parsed(trades, wire.ts * MS)


def _levels(frame: Frame, raw: str, topic: _Topic, venue: str) -> Parsed:
    wire = _book.decode(raw)
    _same(topic, wire.topic)
    book, venue_ns = wire.data, wire.ts * MS
    event_ns = venue_ns if wire.cts is None else wire.cts * MS
    whole = wire.type == "snapshot" or book.u == 1
    if topic.depth == 1:
        if not whole:
            return Parsed((), venue_ns, ignored="change of the top")
        if not (book.b and book.a):
            return Parsed((), venue_ns, ignored="one-sided top")
        return Parsed((_top(frame, book, topic, venue, event_ns),), venue_ns)
    if whole:
        snapshot = BookSnapshot(
            venue=venue,
            symbol=topic.symbol,
            event_ns=event_ns,
            received_ns=frame.received_ns,
            sequence=book.u,
            bids=book.b,
            asks=book.a,
            depth=topic.depth,
        )
        return Parsed((snapshot,), venue_ns)
    delta = BookDelta(
        venue=venue,
        symbol=topic.symbol,
        event_ns=event_ns,
        received_ns=frame.received_ns,
        first_sequence=book.u,
        sequence=book.u,
        previous=book.u - 1,
        bids=book.b,
        asks=book.a,
    )
    return Parsed((delta,), venue_ns)


def _top(frame: Frame, book: _Levels, topic: _Topic, venue: str, event_ns: int) -> Top:
    (bid, bid_quantity), (ask, ask_quantity) = book.b[0], book.a[0]
    return Top(
        venue=venue,
        symbol=topic.symbol,
        event_ns=event_ns,
        received_ns=frame.received_ns,
        sequence=book.seq,
        bid=bid,
        bid_quantity=bid_quantity,
        ask=ask,
        ask_quantity=ask_quantity,
    )


def _marked(frame: Frame, raw: str, topic: _Topic, venue: str) -> Parsed:
    wire = _ticker.decode(raw)
    _same(topic, wire.topic)
    ticker = wire.data
    if ticker == _Linear():
        return Parsed((), wire.ts * MS, ignored="ticker without a mark")
    mark = Mark(
        venue=venue,
        symbol=topic.symbol,
        event_ns=wire.ts * MS,
        received_ns=frame.received_ns,
        mark=_stated(ticker.markPrice),
        index=_stated(ticker.indexPrice),
        funding_rate=_stated(ticker.fundingRate),
        next_funding_ns=(ticker.nextFundingTime or 0) * MS or None,
        open_interest=_stated(ticker.openInterest),
    )
    return Parsed((mark,), wire.ts * MS)


def _stated(number: float | Literal[""]) -> float | None:
    return None if number == "" else number
