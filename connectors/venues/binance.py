"""Binance, spot.

https://developers.binance.com/docs/binance-spot-api-docs
- /web-socket-streams (1,024 streams, 5 messages/s, 300 connections in 5 minutes, 24 h)
- /rest-api/market-data-endpoints, /rest-api/general-endpoints, /filters

| channel        | role                  | yields        | dated by           |
|----------------|-----------------------|---------------|--------------------|
| `trade`        | every trade           | Trade         | `T`, trade time    |
| `aggTrade`     | trades of one order   | Trade         | `T`; id `agg-<a>`  |
| `bookTicker`   | best bid and ask      | Top           | the line's clock   |
| `depthUpdate`  | change of the book    | BookDelta     | `E`, event time    |
| `/depth` REST  | the book              | BookSnapshot  | the line's clock   |
| others, acks   | not used              | nothing       |                    |

Subscribe to `trade` or to `aggTrade`, not to both: they tell of the same trades.
Frames come bare (`/ws`) or in the envelope of combined streams (`/stream`).
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from connectors.venues.binance_listing import (
    CODE,
    REPLIES,
    SNAPSHOT_LEVELS,
    listed,
    subscriptions,
)
from connectors.venues.binance_wire import Reader
from connectors.venues.venue import Limits
from operators.records.base import NotARecordError
from operators.records.instrument import Instrument

VENUE: Final = "binance"
URL: Final = "wss://stream.binance.com:9443/stream"
REST_URL: Final = "https://api.binance.com"
CHANNELS: Final = ("trade", "bookTicker", "depth@100ms")
LIMITS: Final = Limits(
    streams=1024, messages_per_s=5, connects_per_minute=60, lifetime_s=86_400
)
PING: Final = None
IDLE: Final = REPLIES

# The assets that spot markets are priced in, as of the venue's exchangeInfo; longest
# first, since BTCFDUSD is BTC in FDUSD and not BTCFD in USD.
_QUOTES: Final = (
    *("FDUSD", "USDT", "USDC", "TUSD", "BUSD", "USDP", "USDS", "USD1", "PAX", "DAI"),
    *("VAI", "UST", "EURI", "BIDR", "IDRT", "BKRW", "BVND", "EUR", "GBP", "TRY", "BRL"),
    *("AUD", "JPY", "ARS", "MXN", "PLN", "RON", "CZK", "UAH", "ZAR", "NGN", "RUB"),
    *("COP", "IDR", "USD", "BTC", "ETH", "BNB", "XRP", "TRX", "DOT", "SOL", "DOGE"),
    *("GYEN", "U"),
)
_SYMBOL: Final = re.compile(
    rf"({CODE}{{1,20}}?)(" + "|".join(sorted(_QUOTES, key=len, reverse=True)) + ")"
)


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


def address(channel: str) -> str:
    """Return the WebSocket address that a channel comes on: there is one."""
    return URL


def subscribe(symbols: Iterable[str], channels: Sequence[str]) -> list[str]:
    """Return the messages that subscribe to channels of symbols."""
    return subscriptions(map(native, symbols), channels)


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
    """Return the instruments in an answer; those we have no name for are left out.

    Raises:
        NotARecordError: If a size is not a number; likewise any of ``UNREADABLE``.
    """
    return listed(body, VENUE, canonical)


parse: Final = Reader(VENUE, canonical, futures=False).parse
