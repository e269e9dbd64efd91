"""Kraken, spot, version 2.

https://docs.kraken.com/exchange/api-reference/spot-websocket
https://docs.kraken.com/exchange/guides/websockets/book-checksum-v2

| channel           | role                  | yields        | dated by                |
|-------------------|-----------------------|---------------|-------------------------|
| `trade` update    | every trade           | Trade         | `timestamp`             |
| `trade` snapshot  | old trades            | nothing       |                         |
| `book` snapshot   | the best levels       | BookSnapshot  | the line's clock        |
| `book` update     | change of them        | BookDelta     | `timestamp`             |
| `ticker`          | best bid and ask      | Top           | `timestamp`, if stated  |
| `pong`, acks      | not used              | nothing       | `time_out`              |
| others            | not used              | nothing       |                         |

The checksum is the CRC-32 of the best ten asks, then the best ten bids, each of them
its price and its quantity without the dot and leading zeros. It needs all the decimals
of the pair (`price_precision` and `qty_precision` of the `instrument` channel). The
venue sends them all: its guide says to keep the numbers as text, trailing zeros
included. So a level's text is taken from the wire as it stands, and no precision has to
be known. A recording whose numbers have been read and written again has lost the zeros;
its checksums cannot be verified.

A book is as deep as its subscription, which its frames do not state (the reply to the
subscription does). A snapshot's ``depth`` is therefore the number of its levels where
that is a depth that the venue offers, else None: a market with fewer levels than were
asked for has none to lose. A channel is spelt here as in version 1, with its depth:
``book-100``. A ``trade_id`` rises by one with each trade of the symbol.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import msgspec

from connectors.venues.venue import Limits, Ping
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError, Side
from operators.records.frame import Frame, FrameKind
from operators.records.instrument import Instrument, Status
from operators.records.market import BookDelta, BookSnapshot, Level, Top, Trade
from operators.records.rfc3339 import ns_of
from operators.records.time import MINUTE

VENUE: Final = "kraken"
URL: Final = "wss://ws.kraken.com/v2"
REST_URL: Final = "https://api.kraken.com"
CHANNELS: Final = ("trade", "ticker", "book-100")
DEPTHS: Final = (10, 25, 100, 500, 1000)
# The venue lets an address connect about 150 times in 10 minutes, and documents neither
# how many messages it takes (it answers "Exceeded msg rate"; 16 at once were too many)
# nor how many streams, except 200 symbols of level3 a connection.
LIMITS: Final = Limits(streams=600, messages_per_s=1, connects_per_minute=15)
PING: Final = Ping('{"method":"ping"}', 30)
IDLE: Final = ('"heartbeat"', '"pong"')
SYMBOLS_PER_MESSAGE: Final = 100
STALE_NS: Final = 60 * MINUTE
"""A time further before its frame's arrival says when something last changed."""

_SYMBOL: Final = re.compile(r"([A-Za-z0-9.]{1,20})/([A-Za-z0-9.]{1,20})", re.ASCII)
_EXPONENT: Final = re.compile(r"\d{1,20}(\.\d{1,20})?[eE][+-]?\d{1,2}", re.ASCII)
_MAX_FIGURES: Final = 40
_IGNORED: Final = ("heartbeat", "status", "instrument", "ohlc", "level3")
_REPLIES: Final = {
    "pong": "pong",
    "subscribe": "acknowledgement",
    "unsubscribe": "acknowledgement",
}
# Names of the older version, still those of the REST list, and of everyone else.
_OLD_NAMES: Final = {"XBT": "BTC", "XDG": "DOGE"}

_Number = Annotated[float, msgspec.Meta(ge=-1e150, le=1e150)]
_Quantity = Annotated[float, msgspec.Meta(ge=0, le=1e150)]
_Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Crc = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
_ABSENT: Final = msgspec.Raw()


class _Envelope(msgspec.Struct, gc=False):
    channel: str = ""
    type: str = ""
    data: msgspec.Raw = _ABSENT
    method: str = ""
    success: bool = True
    error: str = ""
    time_out: str = ""


class _Trade(msgspec.Struct, gc=False):
    symbol: str
    side: Side
    price: _Number
    qty: _Quantity
    trade_id: _Id
    timestamp: str


class _Level(msgspec.Struct, gc=False):
    price: msgspec.Raw
    qty: msgspec.Raw


class _Book(msgspec.Struct):
    symbol: str
    bids: tuple[_Level, ...]
    asks: tuple[_Level, ...]
    checksum: _Crc | None = None
    timestamp: str = ""


class _Ticker(msgspec.Struct, gc=False):
    symbol: str
    bid: _Number
    bid_qty: _Quantity
    ask: _Number
    ask_qty: _Quantity
    timestamp: str = ""


class _Pair(msgspec.Struct):
    pair_decimals: Annotated[int, msgspec.Meta(ge=0, le=40)]
    lot_decimals: Annotated[int, msgspec.Meta(ge=0, le=40)]
    wsname: str = ""
    tick_size: Decimal | None = None
    ordermin: Decimal | None = None
    costmin: Decimal | None = None
    status: str = "online"


class _Pairs(msgspec.Struct):
    result: dict[str, _Pair]


_envelope = msgspec.json.Decoder(_Envelope)
_trades = msgspec.json.Decoder(tuple[_Trade, ...])
_books = msgspec.json.Decoder(tuple[_Book, ...])
_tickers = msgspec.json.Decoder(tuple[_Ticker, ...])
_pairs = msgspec.json.Decoder(_Pairs)


@lru_cache(maxsize=10_000)
def canonical(symbol: str) -> str:
    """Return the canonical name of the venue's symbol: ``BTC/USD`` is ``BTC-USD``.

    Raises:
        NotARecordError: If it is not of that form.
    """
    match = _SYMBOL.fullmatch(symbol)
    if match is None:
        raise NotARecordError(f"unknown symbol `{symbol[:40]}`")
    base, quote = match.groups()
    return f"{_OLD_NAMES.get(base, base)}-{_OLD_NAMES.get(quote, quote)}"


def native(symbol: str) -> str:
    """Return the venue's name of a canonical symbol: ``BTC-USD`` is ``BTC/USD``."""
    return symbol.replace("-", "/")


def address(channel: str) -> str:
    """Return the WebSocket address that a channel comes on: there is one."""
    return URL


def subscribe(symbols: Iterable[str], channels: Sequence[str]) -> list[str]:
    """Return the messages that subscribe to channels of symbols."""
    names = [native(symbol) for symbol in symbols]
    return [
        _message("subscribe", channel, names[start : start + SYMBOLS_PER_MESSAGE])
        for channel in channels
        for start in range(0, len(names), SYMBOLS_PER_MESSAGE)
    ]


def resync(symbol: str) -> list[str]:
    """Return the messages after which the venue sends the symbol's book anew."""
    names = [native(symbol)]
    return [
        _message(each, CHANNELS[-1], names) for each in ("unsubscribe", "subscribe")
    ]


def snapshot_path(symbol: str) -> str | None:
    """Return None: the book comes on the socket."""
    return None


def instruments_path() -> str:
    """Return the path, below the REST address, of the list of instruments."""
    return "/0/public/AssetPairs"


def instruments(body: bytes) -> list[Instrument]:
    """Return the instruments in an answer.

    Raises:
        NotARecordError: If it is not the documented list.
    """
    return listed(body, VENUE, native)


def parse(frame: Frame, line: Line) -> Parsed:
    """Return what a frame says.

    Raises:
        NotARecordError: If the frame is not what the venue documents.
    """
    if frame.kind is FrameKind.REST:
        return fetched(frame)
    envelope = _envelope.decode(frame.payload)
    channel = envelope.channel
    if not channel:
        return _replied(envelope)
    if channel == "book":
        return _booked(frame, line, envelope)
    if channel == "trade":
        return _traded(frame, envelope)
    if channel == "ticker":
        return _topped(frame, line, envelope)
    return _unused(channel)


def fetched(frame: Frame) -> Parsed:
    """Return nothing, by the name of what was fetched."""
    try:
        return Parsed(ignored=urlsplit(frame.url).path[:80] or "fetched")
    except ValueError as error:
        raise NotARecordError(f"{error} - at `url`") from error


def dated(stated_ns: int, frame: Frame, line: Line) -> tuple[int, int | None]:
    """Return a time for the event, and the venue's clock if the stated time is that.

    What answers a subscription bears the time of its last change, maybe of days ago:
    it is true now, by the line's clock.
    """
    if frame.received_ns - stated_ns > STALE_NS:
        return line.now_ns(frame.received_ns), None
    return stated_ns, stated_ns


def plain(text: str) -> tuple[float, str]:
    """Return a number, and what its text contributes to a checksum.

    >>> plain("0.00100000")
    (0.001, '100000')

    Raises:
        NotARecordError: If it is anything but digits, at most 40, with at most one dot;
            an exponent is written out.
    """
    figures = text.replace(".", "", 1)
    if figures.isdigit() and figures.isascii() and len(figures) <= _MAX_FIGURES:
        return float(text), figures.lstrip("0")
    if _EXPONENT.fullmatch(text):
        return plain(format(Decimal(text), "f"))
    raise NotARecordError(f"no plain number `{text[:_MAX_FIGURES]}`")


def listed(body: bytes, venue: str, name: Callable[[str], str]) -> list[Instrument]:
    """Return the instruments of either version in an answer.

    Raises:
        NotARecordError: If it is not the documented list.
    """
    return [
        _instrument(pair, venue, name)
        for pair in _pairs.decode(body).result.values()
        if _SYMBOL.fullmatch(pair.wsname)
    ]


def _instrument(pair: _Pair, venue: str, name: Callable[[str], str]) -> Instrument:
    symbol = canonical(pair.wsname)
    base, quote = symbol.split("-")
    for size in (pair.tick_size, pair.ordermin, pair.costmin):
        if size is not None and not (size.is_finite() and size >= 0):
            raise NotARecordError(f"a size of {pair.wsname} is no number >= 0")
    takes_orders = pair.status in {"online", "post_only", "limit_only", "reduce_only"}
    return Instrument(
        venue=venue,
        symbol=symbol,
        native=name(symbol),
        base=base,
        quote=quote,
        tick_size=pair.tick_size or Decimal(1).scaleb(-pair.pair_decimals),
        lot_size=Decimal(1).scaleb(-pair.lot_decimals),
        min_quantity=pair.ordermin or None,
        min_notional=pair.costmin or None,
        status=Status.TRADING if takes_orders else Status.HALTED,
    )


def _unused(channel: str) -> Parsed:
    if channel not in _IGNORED:
        raise NotARecordError(f"unknown channel `{channel[:40]}` - at `$.channel`")
    return Parsed(ignored=channel)


def _replied(envelope: _Envelope) -> Parsed:
    venue_ns = ns_of(envelope.time_out) if envelope.time_out else None
    if envelope.error or not envelope.success:
        return Parsed(venue_ns=venue_ns, ignored="error reply")
    reply = _REPLIES.get(envelope.method)
    if reply is None:
        raise NotARecordError("neither a channel (`$.channel`) nor a known reply")
    return Parsed(venue_ns=venue_ns, ignored=reply)


def _message(verb: str, channel: str, names: list[str]) -> str:
    kind, _, depth = channel.partition("-")
    params: dict[str, Any] = {"channel": kind, "symbol": names}
    if depth:
        params["depth"] = int(depth)
    if kind == "ticker":
        params["event_trigger"] = "bbo"
    return msgspec.json.encode({"method": verb, "params": params}).decode()


def _traded(frame: Frame, envelope: _Envelope) -> Parsed:
    wire = _trades.decode(envelope.data)
    if _kind(envelope) == "snapshot":
        return Parsed(ignored="old trades")
    trades = [
        Trade(
            venue=VENUE,
            symbol=canonical(each.symbol),
            event_ns=ns_of(each.timestamp),
            received_ns=frame.received_ns,
            trade_id=str(each.trade_id),
            sequence=each.trade_id,
            price=each.price,
            quantity=each.qty,
            side=each.side,
        )
        for each in wire
    ]
    newest_ns = max((trade.event_ns for trade in trades), default=None)
    return Parsed(tuple(trades), newest_ns, "" if trades else "no trades")


def _topped(frame: Frame, line: Line, envelope: _Envelope) -> Parsed:
    _kind(envelope)
    now_ns = line.now_ns(frame.received_ns)
    tops: list[Top] = []
    newest_ns: int | None = None
    for each in _tickers.decode(envelope.data):
        event_ns, stated_ns = now_ns, None
        if each.timestamp:
            event_ns, stated_ns = dated(ns_of(each.timestamp), frame, line)
        if stated_ns is not None:
            newest_ns = max(newest_ns or 0, stated_ns)
        tops.append(
            Top(
                venue=VENUE,
                symbol=canonical(each.symbol),
                event_ns=event_ns,
                received_ns=frame.received_ns,
                bid=each.bid,
                bid_quantity=each.bid_qty,
                ask=each.ask,
                ask_quantity=each.ask_qty,
            )
        )
    return Parsed(tuple(tops), newest_ns, "" if tops else "no tickers")


def _booked(frame: Frame, line: Line, envelope: _Envelope) -> Parsed:
    whole = _kind(envelope) == "snapshot"
    books: list[BookDelta | BookSnapshot] = []
    venue_ns: int | None = None
    for wire in _books.decode(envelope.data):
        if whole:
            books.append(_whole(frame, line, wire))
        else:
            delta, venue_ns = _changed(frame, line, wire)
            books.append(delta)
    return Parsed(tuple(books), venue_ns, "" if books else "no books")


def _whole(frame: Frame, line: Line, wire: _Book) -> BookSnapshot:
    bids, bid_texts = _levels(wire.bids)
    asks, ask_texts = _levels(wire.asks)
    longest = max(len(bids), len(asks))
    return BookSnapshot(
        venue=VENUE,
        symbol=canonical(wire.symbol),
        event_ns=line.now_ns(frame.received_ns),
        received_ns=frame.received_ns,
        bids=bids,
        asks=asks,
        depth=longest if longest in DEPTHS else None,
        checksum=wire.checksum,
        bid_texts=bid_texts,
        ask_texts=ask_texts,
    )


def _changed(frame: Frame, line: Line, wire: _Book) -> tuple[BookDelta, int | None]:
    event_ns, venue_ns = line.now_ns(frame.received_ns), None
    if wire.timestamp:
        event_ns, venue_ns = dated(ns_of(wire.timestamp), frame, line)
    bids, bid_texts = _levels(wire.bids)
    asks, ask_texts = _levels(wire.asks)
    delta = BookDelta(
        venue=VENUE,
        symbol=canonical(wire.symbol),
        event_ns=event_ns,
        received_ns=frame.received_ns,
        bids=bids,
        asks=asks,
        checksum=wire.checksum,
        bid_texts=bid_texts,
        ask_texts=ask_texts,
    )
    return delta, venue_ns


def _levels(wire: tuple[_Level, ...]) -> tuple[tuple[Level, ...], tuple[str, ...]]:
    levels: list[Level] = []
    texts: list[str] = []
    for each in wire:
        price, price_text = plain(str(each.price, "ascii"))
        quantity, quantity_text = plain(str(each.qty, "ascii"))
        levels.append((price, quantity))
        texts.append(price_text + quantity_text)
    return tuple(levels), tuple(texts)


def _kind(envelope: _Envelope) -> str:
    kind = envelope.type
    if kind not in {"snapshot", "update"}:
        raise NotARecordError(
            f"neither snapshot nor update: `{kind[:40]}` - at `$.type`"
        )
    return kind
