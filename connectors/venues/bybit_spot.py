"""Bybit, spot; what it sends is read as `bybit.py` tells.

https://bybit-exchange.github.io/docs/v5/ws/connect

At most 10 topics a request and 500 connections in 5 minutes. The topics of a
connection may not exceed 21,000 characters: 500 topics of 42 at most are well below.
How many requests a second are allowed is not documented.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from connectors.venues import bybit, bybit_listing
from connectors.venues.venue import Limits, Ping
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError
from operators.records.frame import Frame
from operators.records.instrument import Instrument

VENUE: Final = "bybit_spot"
URL: Final = "wss://stream.bybit.com/v5/public/spot"
REST_URL: Final = bybit_listing.REST_URL
CHANNELS: Final = ("publicTrade", "orderbook.1", bybit_listing.BOOK)
LIMITS: Final = Limits(streams=500, messages_per_s=5, connects_per_minute=100)
PING: Final = Ping(text='{"op":"ping"}', every_s=20)
IDLE: Final = bybit_listing.REPLIES
TOPICS_PER_MESSAGE: Final = 10

# The assets that spot markets are priced in; the venue lists them nowhere but in its
# instruments. The longest that fits is meant.
_QUOTES: Final = (
    *("USDT", "USDC", "USDE", "USDQ", "USDR", "USD1", "DAI", "BRZ", "BTC", "ETH"),
    *("SOL", "MNT", "EUR", "BRL", "TRY", "PLN", "GBP", "AED", "KZT", "GEL", "USD"),
)
_SYMBOL: Final = re.compile(
    r"([^\W_a-z]{1,20}?)(" + "|".join(sorted(_QUOTES, key=len, reverse=True)) + ")"
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
    topics = bybit_listing.topics(map(native, symbols), channels)
    return bybit_listing.requests("subscribe", topics, TOPICS_PER_MESSAGE)


def resync(symbol: str) -> list[str]:
    """Return the messages after which the venue sends the symbol's book anew."""
    topics = bybit_listing.topics([native(symbol)], [bybit_listing.BOOK])
    return [
        *bybit_listing.requests("unsubscribe", topics, TOPICS_PER_MESSAGE),
        *bybit_listing.requests("subscribe", topics, TOPICS_PER_MESSAGE),
    ]


def snapshot_path(symbol: str) -> str | None:
    """Return None: the book comes on the socket."""
    return None


def instruments_path() -> str:
    """Return the path, below the REST address, of the list of instruments."""
    return "/v5/market/instruments-info?category=spot&limit=1000"


def instruments(body: bytes) -> list[Instrument]:
    """Return the instruments in an answer; those we have no name for are left out.

    Raises:
        NotARecordError: If it is not the documented list.
    """
    return bybit_listing.instruments(body, VENUE, canonical)


def parse(frame: Frame, line: Line) -> Parsed:
    """Return what a frame says.

    Raises:
        NotARecordError: If the frame is not what the venue documents.
    """
    return bybit.parse(frame, VENUE, canonical)
