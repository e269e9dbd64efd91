"""Binance, spot.

https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams

| channel        | role                  | yields        | dated by           |
|----------------|-----------------------|---------------|--------------------|
| `trade`        | every trade           | Trade         | `T`, trade time    |
| `aggTrade`     | trades of one order   | Trade         | `T`; id `agg-<a>`  |
| `bookTicker`   | best bid and ask      | Top           | the line's clock   |
| `depthUpdate`  | change of the book    | BookDelta     | `E`, event time    |
| `/depth` REST  | the book              | BookSnapshot  | the line's clock   |
| `kline`, acks  | not used              | nothing       |                    |

Subscribe to `trade` or to `aggTrade`, not to both: they tell of the same trades.
Frames come bare (`/ws`) or in the envelope of combined streams (`/stream`).
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Annotated, Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from connectors.venues.venue import Limits
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError, Side
from operators.records.frame import Frame, FrameKind
from operators.records.instrument import Instrument
from operators.records.market import BookDelta, BookSnapshot, Top, Trade
from operators.records.time import MS

VENUE: Final = "binance"
URL: Final = "wss://stream.binance.com:9443/stream"
REST_URL: Final = "https://api.binance.com"
CHANNELS: Final = ("trade", "bookTicker", "depth@100ms")
LIMITS: Final = Limits(
    streams=1024, messages_per_s=5, connects_per_minute=60, lifetime_s=86_400
)
PING: Final = None
STREAMS_PER_MESSAGE: Final = 200
SNAPSHOT_LEVELS: Final = 1_000

# The assets that spot markets are priced in, as of the venue's exchangeInfo; longest
# first, since BTCFDUSD is BTC in FDUSD and not BTCFD in USD.
_QUOTES: Final = (
    *("FDUSD", "USDT", "USDC", "TUSD", "BUSD", "USDP", "USDS", "USD1", "PAX", "DAI"),
    *("VAI", "UST", "EURI", "BIDR", "IDRT", "BKRW", "BVND", "EUR", "GBP", "TRY", "BRL"),
    *("AUD", "JPY", "ARS", "MXN", "PLN", "RON", "CZK", "UAH", "ZAR", "NGN", "RUB"),
    *("COP", "IDR", "USD", "BTC", "ETH", "BNB", "XRP", "TRX", "DOT", "SOL", "DOGE"),
    "GYEN",
)
_SYMBOL: Final = re.compile(
    r"([^\W_a-z]{1,20}?)(" + "|".join(sorted(_QUOTES, key=len, reverse=True)) + ")"
)

# A number that a float or a 64-bit column can hold: no NaN, no infinity, no overflow,
# neither of it nor of a price times a quantity.
_Number = Annotated[float, msgspec.Meta(ge=-1e150, le=1e150)]
_Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Millis = Annotated[int, msgspec.Meta(ge=0, le=9 * 10**12)]
Payload = str | bytes | msgspec.Raw
_Level = tuple[_Number, _Number]


_ABSENT: Final = msgspec.Raw()


class _Envelope(msgspec.Struct, gc=False):
    data: msgspec.Raw = _ABSENT
    e: str = ""
    b: msgspec.Raw = _ABSENT
    error: msgspec.Raw = _ABSENT
    result: msgspec.Raw = _ABSENT


class _Trade(msgspec.Struct, gc=False):
    E: _Millis
    s: str
    p: _Number
    q: _Number
    T: _Millis
    m: bool
    t: _Id | None = None
    a: _Id | None = None


class _BookTicker(msgspec.Struct, gc=False):
    u: _Id
    s: str
    b: _Number
    B: _Number
    a: _Number
    A: _Number


class _DepthUpdate(msgspec.Struct):
    E: _Millis
    s: str
    U: _Id
    u: _Id
    b: tuple[_Level, ...]
    a: tuple[_Level, ...]


class _Depth(msgspec.Struct):
    lastUpdateId: _Id  # noqa: N815 - as the venue spells it
    bids: tuple[_Level, ...]
    asks: tuple[_Level, ...]


_envelope = msgspec.json.Decoder(_Envelope)
_trade = msgspec.json.Decoder(_Trade, strict=False)
_book_ticker = msgspec.json.Decoder(_BookTicker, strict=False)
_depth_update = msgspec.json.Decoder(_DepthUpdate, strict=False)
_depth = msgspec.json.Decoder(_Depth, strict=False)


@lru_cache(maxsize=10_000)
def canonical(symbol: str) -> str:
    """Return the canonical name of the venue's symbol: ``BTCUSDT`` is ``BTC-USDT``.

    Raises:
        NotARecordError: If it does not end in an asset that the venue prices in.
    """
    match = _SYMBOL.fullmatch(symbol)
    if match is None:
        raise NotARecordError(f"unknown symbol `{symbol[:40]}`")
    return f"{match[1]}-{match[2]}"


def native(symbol: str) -> str:
    """Return the venue's name of a canonical symbol: ``BTC-USDT`` is ``BTCUSDT``."""
    return symbol.replace("-", "")


def subscribe(symbols: Iterable[str], channels: Sequence[str]) -> list[str]:
    """Return the messages that subscribe to channels of symbols."""
    streams = [
        f"{native(symbol).lower()}@{channel}"
        for symbol in symbols
        for channel in channels
    ]
    return [
        msgspec.json.encode(
            {
                "method": "SUBSCRIBE",
                "params": streams[start : start + STREAMS_PER_MESSAGE],
                "id": number,
            }
        ).decode()
        for number, start in enumerate(range(0, len(streams), STREAMS_PER_MESSAGE), 1)
    ]


def resync(symbol: str) -> list[str]:
    """Return nothing: the book is fetched."""
    return []


def snapshot_path(symbol: str) -> str | None:
    """Return the path, below the REST address, of a symbol's whole book."""
    return f"/api/v3/depth?symbol={native(symbol)}&limit={SNAPSHOT_LEVELS}"


def instruments_path() -> str:
    """Return the path, below the REST address, of the list of instruments."""
    return "/api/v3/exchangeInfo"


def instruments(body: bytes) -> list[Instrument]:
    """Return the instruments in an answer.

    Raises:
        NotARecordError: If it is not the documented list.
    """
    raise NotARecordError("not read yet")


def parse(frame: Frame, line: Line) -> Parsed:
    """Return what a frame says.

    Raises:
        NotARecordError: If the frame is not what the venue documents.
    """
    raw: Payload = frame.payload
    if frame.kind is FrameKind.REST:
        return _snapshot(frame, raw, line)
    envelope = _envelope.decode(raw)
    if envelope.data:
        raw = envelope.data
        envelope = _envelope.decode(raw)
    kind = envelope.e
    if not kind and envelope.b:
        return _top(frame, raw, line)
    if kind in {"trade", "aggTrade"}:
        return _traded(frame, raw)
    if kind == "depthUpdate":
        return _delta(frame, raw)
    if kind == "kline":
        return Parsed(ignored="kline")
    return _control(envelope)


def _control(envelope: _Envelope) -> Parsed:
    if envelope.e:
        raise NotARecordError(f"unknown channel `{envelope.e[:40]}` - at `$.e`")
    if envelope.error:
        return Parsed(ignored="error reply")
    if envelope.result:
        return Parsed(ignored="acknowledgement")
    raise NotARecordError("neither an event (`$.e`), nor a book ticker, nor a reply")


def _traded(frame: Frame, raw: Payload) -> Parsed:
    wire = _trade.decode(raw)
    if wire.t is not None:
        trade_id = str(wire.t)
    elif wire.a is not None:
        trade_id = f"agg-{wire.a}"
    else:
        raise NotARecordError("Object missing required field `t` - at `$`")
    trade = Trade(
        venue=VENUE,
        symbol=canonical(wire.s),
        event_ns=wire.T * MS,
        received_ns=frame.received_ns,
        trade_id=trade_id,
        sequence=wire.t if wire.t is not None else wire.a,
        price=wire.p,
        quantity=wire.q,
        side=Side.SELL if wire.m else Side.BUY,
    )
    return Parsed((trade,), wire.E * MS)


def _top(frame: Frame, raw: Payload, line: Line) -> Parsed:
    wire = _book_ticker.decode(raw)
    top = Top(
        venue=VENUE,
        symbol=canonical(wire.s),
        event_ns=line.now_ns(frame.received_ns),
        received_ns=frame.received_ns,
        sequence=wire.u,
        bid=wire.b,
        bid_quantity=wire.B,
        ask=wire.a,
        ask_quantity=wire.A,
    )
    return Parsed((top,))


def _delta(frame: Frame, raw: Payload) -> Parsed:
    wire = _depth_update.decode(raw)
    delta = BookDelta(
        venue=VENUE,
        symbol=canonical(wire.s),
        event_ns=wire.E * MS,
        received_ns=frame.received_ns,
        first_sequence=wire.U,
        sequence=wire.u,
        previous=wire.U - 1,
        bids=wire.b,
        asks=wire.a,
    )
    return Parsed((delta,), wire.E * MS)


def _snapshot(frame: Frame, raw: Payload, line: Line) -> Parsed:
    try:
        address = urlsplit(frame.url)
    except ValueError as error:
        raise NotARecordError(f"{error} - at `url`") from error
    if address.path and not address.path.endswith("/depth"):
        return Parsed(ignored=address.path)
    wire = _depth.decode(raw)
    named = parse_qs(address.query).get("symbol")
    if named:
        symbol = canonical(named[0])
    elif len(line.symbols) == 1:
        (symbol,) = line.symbols
    else:
        count = len(line.symbols)
        raise NotARecordError(f"a snapshot without a URL on a line of {count} symbols")
    snapshot = BookSnapshot(
        venue=VENUE,
        symbol=symbol,
        event_ns=line.now_ns(frame.received_ns),
        received_ns=frame.received_ns,
        sequence=wire.lastUpdateId,
        bids=wire.bids,
        asks=wire.asks,
    )
    return Parsed((snapshot,))
