"""Binance, USD-M futures: priced and settled in stablecoins.

https://developers.binance.com/docs/derivatives/usds-margined-futures
- /websocket-market-streams
- /websocket-market-streams/Important-WebSocket-Change-Notice
- /market-data/rest-api

| channel           | address | role                 | yields       | dated by       |
|-------------------|---------|----------------------|--------------|----------------|
| `bookTicker`      | public  | best bid and ask     | Top          | `T`, its trade |
| `depth@100ms`     | public  | change of the book   | BookDelta    | `T`, its trade |
| `trade`           | public  | every trade          | Trade        | `T`, trade     |
| `aggTrade`        | market  | trades of one order  | Trade        | `T`, trade     |
| `markPrice@1s`    | market  | mark, index, funding | Mark         | `E`, event     |
| `/depth` REST     | -       | the book             | BookSnapshot | `T`, its trade |
| `forceOrder`, ... | market  | not used             | nothing      |                |

Since 2026-04-23 each stream comes on one of two addresses. The other one, and the old
one without a path, acknowledge the subscription and stay silent: the old one is served
as if it were public. So a feed is two connections.

`trade` works but is not documented. It also tells of insurance funds and of ids that no
trade came of, by an `X` other than `MARKET`; these are ignored. `aggTrade` has neither.
Subscribe to one of the two: they tell of the same trades.
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
    term_of,
)
from connectors.venues.binance_wire import Reader
from connectors.venues.venue import Limits
from operators.records.base import NotARecordError
from operators.records.instrument import Instrument

VENUE: Final = "binance_usdm"
URL: Final = "wss://fstream.binance.com/public/stream"
MARKET_URL: Final = "wss://fstream.binance.com/market/stream"
REST_URL: Final = "https://fapi.binance.com"
CHANNELS: Final = ("bookTicker", "depth@100ms", "aggTrade", "markPrice@1s")
# Connections a minute are not documented here; these are spot's.
LIMITS: Final = Limits(
    streams=1024, messages_per_s=10, connects_per_minute=60, lifetime_s=86_400
)
PING: Final = None
IDLE: Final = REPLIES

_SYMBOL: Final = re.compile(
    rf"({CODE}{{1,20}}?)(FDUSD|USDT|USDC|BUSD|USD1|BTC|ETH|BNB|U)(?:_([0-9]{{6}}))?"
)


@lru_cache(maxsize=10_000)
def canonical(symbol: str) -> str:
    """Return the canonical name of the venue's symbol.

    ``BTCUSDT`` is ``BTC-USDT-PERP``, and ``BTCUSDT_211231`` is ``BTC-USDT-211231``.

    Raises:
        NotARecordError: If it is not made of a base, an asset that the venue prices in,
            and at most a date.
    """
    match = _SYMBOL.fullmatch(symbol)
    if match is None:
        raise NotARecordError(f"unknown symbol `{symbol[:40]}`")
    return f"{match[1]}-{match[2]}-{match[3] or 'PERP'}"


def native(symbol: str) -> str:
    """Return the venue's name of a canonical symbol.

    Raises:
        NotARecordError: If it is not a future's.
    """
    pair, term = term_of(symbol, VENUE)
    return pair if term == "PERP" else f"{pair}_{term}"


def address(channel: str) -> str:
    """Return the WebSocket address that a channel comes on."""
    public = channel == "trade" or channel.startswith(("depth", "bookTicker"))
    return URL if public else MARKET_URL


def subscribe(symbols: Iterable[str], channels: Sequence[str]) -> list[str]:
    """Return the messages that subscribe to channels of symbols."""
    return subscriptions(map(native, symbols), channels)


def resync(symbol: str) -> list[str]:
    """Return nothing: the book is fetched."""
    return []


def snapshot_path(symbol: str) -> str | None:
    """Return the path, below the REST address, of a symbol's whole book."""
    return f"/fapi/v1/depth?symbol={native(symbol)}&limit={SNAPSHOT_LEVELS}"


def instruments_path() -> str:
    """Return the path, below the REST address, of the list of instruments."""
    return "/fapi/v1/exchangeInfo"


def instruments(body: bytes) -> list[Instrument]:
    """Return the instruments in an answer; those we have no name for are left out.

    Raises:
        NotARecordError: If a size is not a number; likewise any of ``UNREADABLE``.
    """
    return listed(body, VENUE, canonical)


parse: Final = Reader(VENUE, canonical, futures=True).parse
