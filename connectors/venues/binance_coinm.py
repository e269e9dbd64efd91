"""Binance, COIN-M futures: priced in USD, settled in the base, counted in contracts.

https://developers.binance.com/docs/derivatives/coin-margined-futures
- /websocket-market-streams
- /market-data/rest-api

| channel           | role                        | yields       | dated by       |
|-------------------|-----------------------------|--------------|----------------|
| `bookTicker`      | best bid and ask            | Top          | `T`, its trade |
| `depth@100ms`     | change of the book          | BookDelta    | `T`, its trade |
| `aggTrade`        | trades of one order         | Trade        | `T`, trade     |
| `trade`           | every trade; undocumented   | Trade        | `T`, trade     |
| `markPrice@1s`    | mark, index, funding if any | Mark         | `E`, event     |
| `/depth` REST     | the book                    | BookSnapshot | `T`, its trade |
| `forceOrder`, ... | not used                    | nothing      |                |

A quantity is a number of contracts, each worth 100 USD (BTC) or 10 USD (the others):
the list says how much, and so does `Instrument.multiplier`. Dated contracts have no
funding; the venue writes `""` and 0.

One address is documented for all streams. Users report that here too, as on USD-M,
`aggTrade` and `markPrice` now come on `/market/stream` only; that is not documented.
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

VENUE: Final = "binance_coinm"
URL: Final = "wss://dstream.binance.com/stream"
REST_URL: Final = "https://dapi.binance.com"
CHANNELS: Final = ("aggTrade", "bookTicker", "depth@100ms", "markPrice@1s")
# Connections a minute are not documented here; these are spot's.
LIMITS: Final = Limits(
    streams=1024, messages_per_s=10, connects_per_minute=60, lifetime_s=86_400
)
PING: Final = None
IDLE: Final = REPLIES

_SYMBOL: Final = re.compile(rf"({CODE}{{1,20}})USD_(PERP|[0-9]{{6}})")


@lru_cache(maxsize=10_000)
def canonical(symbol: str) -> str:
    """Return the canonical name of the venue's symbol.

    ``BTCUSD_PERP`` is ``BTC-USD-PERP``, and ``BTCUSD_210924`` is ``BTC-USD-210924``.

    Raises:
        NotARecordError: If it is not made of a base, USD, and a term.
    """
    match = _SYMBOL.fullmatch(symbol)
    if match is None:
        raise NotARecordError(f"unknown symbol `{symbol[:40]}`")
    return f"{match[1]}-USD-{match[2]}"


def native(symbol: str) -> str:
    """Return the venue's name of a canonical symbol.

    Raises:
        NotARecordError: If it is not a future's.
    """
    pair, term = term_of(symbol, VENUE)
    return f"{pair}_{term}"


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
    return f"/dapi/v1/depth?symbol={native(symbol)}&limit={SNAPSHOT_LEVELS}"


def instruments_path() -> str:
    """Return the path, below the REST address, of the list of instruments."""
    return "/dapi/v1/exchangeInfo"


def instruments(body: bytes) -> list[Instrument]:
    """Return the instruments in an answer; those we have no name for are left out.

    Raises:
        NotARecordError: If a size is not a number; likewise any of ``UNREADABLE``.
    """
    return listed(body, VENUE, canonical, inverse=True)


parse: Final = Reader(VENUE, canonical, futures=True).parse
