"""Kraken, spot, version 1: frames are arrays.

https://docs.kraken.com/exchange/api-reference/spot-websocket-v1
https://docs.kraken.com/exchange/guides/websockets/book-checksum-v1

| channel           | role                  | yields        | dated by                |
|-------------------|-----------------------|---------------|-------------------------|
| `trade`           | every trade           | Trade         | its own time            |
| `spread`          | best bid and ask      | Top           | its own time            |
| `ticker`          | best bid and ask      | Top           | the line's clock        |
| `book-N`, as, bs  | the best N levels     | BookSnapshot  | the line's clock        |
| `book-N`, a, b    | change of them        | BookDelta     | its newest level        |
| `ohlc-N`, events  | not used              | nothing       |                         |

A frame is ``[channelID, payload, channelName, pair]``; a change of both sides of a book
has two payloads. The last payload bears the checksum ``c``, made as in version 2 of the
levels' texts; snapshots have none. A fourth element ``r`` says that a level is
republished: it is back within the depth, and bears the time of its last change.

A trade has no id: ours is made of all that the venue says of it, and of its place among
the trades of its frame that are equal in all of that.

XBT is BTC and XDG is DOGE to everyone else, and in canonical names.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

import msgspec

from connectors.venues import kraken
from connectors.venues.kraken import DEPTHS, dated, plain
from connectors.venues.venue import Ping
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError, Side
from operators.records.frame import Frame, FrameKind
from operators.records.instrument import Instrument
from operators.records.market import BookDelta, BookSnapshot, Level, Top, Trade
from operators.records.time import SECOND

VENUE: Final = "kraken_v1"
URL: Final = "wss://ws.kraken.com"
REST_URL: Final = kraken.REST_URL
CHANNELS: Final = ("trade", "spread", "book-100")
LIMITS: Final = kraken.LIMITS
PING: Final = Ping('{"event":"ping"}', 30)
IDLE: Final = kraken.IDLE
PAIRS_PER_MESSAGE: Final = kraken.SYMBOLS_PER_MESSAGE

_OLD_NAMES: Final = {"BTC": "XBT", "DOGE": "XDG"}
_BOOKS: Final = {f"book-{depth}": depth for depth in DEPTHS}
_REPLIES: Final = {
    "heartbeat": "heartbeat",
    "systemStatus": "status",
    "subscriptionStatus": "acknowledgement",
    "pong": "pong",
    "error": "error reply",
}
_LAST_SECOND: Final = 2**63 // SECOND
_SIDES: Final = {"b": Side.BUY, "s": Side.SELL}

_Number = Annotated[float, msgspec.Meta(ge=-1e150, le=1e150)]
_Quantity = Annotated[float, msgspec.Meta(ge=0, le=1e150)]
_Crc = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
_Word = Annotated[str, msgspec.Meta(max_length=20)]
_ABSENT: Final = msgspec.Raw()


class _Event(msgspec.Struct, gc=False):
    event: str = ""
    status: str = ""
    error: msgspec.Raw = msgspec.field(default=_ABSENT, name="Error")


class _Trade(msgspec.Struct, array_like=True, frozen=True, gc=False):
    price: str
    volume: str
    time: str
    side: Literal["b", "s"]
    order_type: _Word = ""
    misc: _Word = ""


class _Spread(msgspec.Struct, array_like=True, gc=False):
    bid: _Number
    ask: _Number
    timestamp: str
    bid_volume: _Quantity
    ask_volume: _Quantity


class _Best(msgspec.Struct, array_like=True, gc=False):
    price: _Number
    whole_lots: msgspec.Raw
    volume: _Quantity


class _Ticker(msgspec.Struct, gc=False):
    a: _Best
    b: _Best


class _Level(msgspec.Struct, array_like=True, gc=False):
    price: str
    volume: str
    timestamp: str
    republished: str = ""


_Levels = tuple[_Level, ...]


class _Book(msgspec.Struct, rename={"asks": "as", "bids": "bs"}):
    asks: _Levels | None = None
    bids: _Levels | None = None
    a: _Levels | None = None
    b: _Levels | None = None
    c: _Crc | None = None


_frame = msgspec.json.Decoder(tuple[msgspec.Raw, ...] | _Event)
_text = msgspec.json.Decoder(str)
_trades = msgspec.json.Decoder(tuple[_Trade, ...])
_spread = msgspec.json.Decoder(_Spread, strict=False)
_ticker = msgspec.json.Decoder(_Ticker, strict=False)
_book = msgspec.json.Decoder(_Book, strict=False)

canonical = kraken.canonical


@lru_cache(maxsize=10_000)
def native(symbol: str) -> str:
    """Return the venue's name of a canonical symbol: ``BTC-USD`` is ``XBT/USD``."""
    return "/".join(_OLD_NAMES.get(each, each) for each in symbol.split("-"))


def address(channel: str) -> str:
    """Return the WebSocket address that a channel comes on: there is one."""
    return URL


def subscribe(symbols: Iterable[str], channels: Sequence[str]) -> list[str]:
    """Return the messages that subscribe to channels of symbols."""
    pairs = [native(symbol) for symbol in symbols]
    return [
        _message("subscribe", channel, pairs[start : start + PAIRS_PER_MESSAGE])
        for channel in channels
        for start in range(0, len(pairs), PAIRS_PER_MESSAGE)
    ]


def resync(symbol: str) -> list[str]:
    """Return the messages after which the venue sends the symbol's book anew."""
    pairs = [native(symbol)]
    return [
        _message(each, CHANNELS[-1], pairs) for each in ("unsubscribe", "subscribe")
    ]


def snapshot_path(symbol: str) -> str | None:
    """Return None: the book comes on the socket."""
    return None


def instruments_path() -> str:
    """Return the path, below the REST address, of the list of instruments."""
    return kraken.instruments_path()


def instruments(body: bytes) -> list[Instrument]:
    """Return the instruments in an answer.

    Raises:
        NotARecordError: If it is not the documented list.
    """
    return kraken.listed(body, VENUE, native)


def parse(frame: Frame, line: Line) -> Parsed:
    """Return what a frame says.

    Raises:
        NotARecordError: If the frame is not what the venue documents.
    """
    if frame.kind is FrameKind.REST:
        return kraken.fetched(frame)
    parts = _frame.decode(frame.payload)
    if isinstance(parts, _Event):
        return _replied(parts)
    if len(parts) < 4:
        raise NotARecordError(f"a frame of {len(parts)} parts")
    channel = _text.decode(parts[-2])
    if channel.startswith("ohlc-"):
        return Parsed(ignored="ohlc")
    symbol = canonical(_text.decode(parts[-1]))
    payloads = parts[1:-2]
    depth = _BOOKS.get(channel)
    if depth is not None:
        return _booked(frame, line, symbol, payloads, depth)
    if len(payloads) > 1:
        raise NotARecordError(f"{len(payloads)} payloads on `{channel[:40]}`")
    return _said(frame, line, channel, symbol, payloads[0])


def _said(
    frame: Frame, line: Line, channel: str, symbol: str, raw: msgspec.Raw
) -> Parsed:
    if channel == "trade":
        return _traded(frame, symbol, raw)
    if channel == "spread":
        return _spreaded(frame, line, symbol, raw)
    if channel == "ticker":
        return _topped(frame, line, symbol, raw)
    raise NotARecordError(f"unknown channel `{channel[:40]}` - at `$[-2]`")


def _message(verb: str, channel: str, pairs: list[str]) -> str:
    kind, _, depth = channel.partition("-")
    subscription: dict[str, Any] = {"name": kind}
    if depth:
        subscription["depth"] = int(depth)
    return msgspec.json.encode(
        {"event": verb, "pair": pairs, "subscription": subscription}
    ).decode()


def _replied(wire: _Event) -> Parsed:
    if wire.error or wire.status == "error":
        return Parsed(ignored="error reply")
    reply = _REPLIES.get(wire.event)
    if reply is None:
        raise NotARecordError(f"unknown event `{wire.event[:40]}` - at `$.event`")
    return Parsed(ignored=reply)


def _ns(text: str) -> int:
    whole, _, fraction = text.partition(".")
    digits = whole + fraction
    sound = digits.isdigit() and digits.isascii() and len(fraction) <= 9
    if not (sound and 0 < len(whole) <= 10 and int(whole) < _LAST_SECOND):
        raise NotARecordError(f"no time `{text[:40]}`")
    return int(whole) * SECOND + int(fraction.ljust(9, "0"))


def _traded(frame: Frame, symbol: str, raw: msgspec.Raw) -> Parsed:
    seen: Counter[_Trade] = Counter()
    trades: list[Trade] = []
    for wire in _trades.decode(raw):
        earlier = seen[wire]
        seen[wire] += 1
        what = f"{wire.side}{wire.order_type}{wire.misc}"
        trade_id = f"{wire.time}-{what}-{wire.price}-{wire.volume}"
        trades.append(
            Trade(
                venue=VENUE,
                symbol=symbol,
                event_ns=_ns(wire.time),
                received_ns=frame.received_ns,
                trade_id=f"{trade_id}-{earlier}" if earlier else trade_id,
                price=plain(wire.price)[0],
                quantity=plain(wire.volume)[0],
                side=_SIDES[wire.side],
            )
        )
    newest_ns = max((trade.event_ns for trade in trades), default=None)
    return Parsed(tuple(trades), newest_ns, "" if trades else "no trades")


def _spreaded(frame: Frame, line: Line, symbol: str, raw: msgspec.Raw) -> Parsed:
    wire = _spread.decode(raw)
    event_ns, venue_ns = dated(_ns(wire.timestamp), frame, line)
    top = Top(
        venue=VENUE,
        symbol=symbol,
        event_ns=event_ns,
        received_ns=frame.received_ns,
        bid=wire.bid,
        bid_quantity=wire.bid_volume,
        ask=wire.ask,
        ask_quantity=wire.ask_volume,
    )
    return Parsed((top,), venue_ns)


def _topped(frame: Frame, line: Line, symbol: str, raw: msgspec.Raw) -> Parsed:
    wire = _ticker.decode(raw)
    top = Top(
        venue=VENUE,
        symbol=symbol,
        event_ns=line.now_ns(frame.received_ns),
        received_ns=frame.received_ns,
        bid=wire.b.price,
        bid_quantity=wire.b.volume,
        ask=wire.a.price,
        ask_quantity=wire.a.volume,
    )
    return Parsed((top,))


def _booked(
    frame: Frame, line: Line, symbol: str, raws: tuple[msgspec.Raw, ...], depth: int
) -> Parsed:
    if len(raws) > 2:
        raise NotARecordError(f"{len(raws)} payloads of one book")
    wire = _book.decode(raws[0])
    for raw in raws[1:]:
        wire = _merged(wire, _book.decode(raw))
    if wire.asks is None and wire.bids is None:
        return _changed(frame, line, symbol, wire)
    if wire.a is not None or wire.b is not None:
        raise NotARecordError("both a snapshot and a change of a book")
    bids, bid_texts = _levels(wire.bids or ())
    asks, ask_texts = _levels(wire.asks or ())
    snapshot = BookSnapshot(
        venue=VENUE,
        symbol=symbol,
        event_ns=line.now_ns(frame.received_ns),
        received_ns=frame.received_ns,
        bids=bids,
        asks=asks,
        depth=depth,
        bid_texts=bid_texts,
        ask_texts=ask_texts,
    )
    return Parsed((snapshot,))


def _merged(first: _Book, second: _Book) -> _Book:
    return _Book(
        asks=_joined(first.asks, second.asks),
        bids=_joined(first.bids, second.bids),
        a=_joined(first.a, second.a),
        b=_joined(first.b, second.b),
        c=first.c if second.c is None else second.c,
    )


def _joined(first: _Levels | None, second: _Levels | None) -> _Levels | None:
    return first if second is None else second if first is None else first + second


def _changed(frame: Frame, line: Line, symbol: str, wire: _Book) -> Parsed:
    if wire.a is None and wire.b is None:
        raise NotARecordError("neither a snapshot nor a change of a book")
    wire_bids, wire_asks = wire.b or (), wire.a or ()
    newest_ns = 0
    for level in wire_bids + wire_asks:
        if level.republished != "r":
            newest_ns = max(newest_ns, _ns(level.timestamp))
    event_ns, venue_ns = dated(newest_ns, frame, line)
    bids, bid_texts = _levels(wire_bids)
    asks, ask_texts = _levels(wire_asks)
    delta = BookDelta(
        venue=VENUE,
        symbol=symbol,
        event_ns=event_ns,
        received_ns=frame.received_ns,
        bids=bids,
        asks=asks,
        checksum=wire.c,
        bid_texts=bid_texts,
        ask_texts=ask_texts,
    )
    return Parsed((delta,), venue_ns)


def _levels(wire: _Levels) -> tuple[tuple[Level, ...], tuple[str, ...]]:
    levels: list[Level] = []
    texts: list[str] = []
    for each in wire:
        price, price_text = plain(each.price)
        volume, volume_text = plain(each.volume)
        levels.append((price, volume))
        texts.append(price_text + volume_text)
    return tuple(levels), tuple(texts)
