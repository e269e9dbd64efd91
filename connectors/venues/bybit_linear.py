"""Bybit, linear contracts: perpetuals and dated futures, settled in USDT or USDC.

https://bybit-exchange.github.io/docs/v5/ws/connect
https://bybit-exchange.github.io/docs/v5/enum#symbol

| settled in | perpetual | future            | canonical                          |
|------------|-----------|-------------------|------------------------------------|
| USDT       | `BTCUSDT` | `BTCUSDT-21FEB25` | `BTC-USDT-PERP`, `BTC-USDT-250221` |
| USDC       | `BTCPERP` | `BTC-24MAR23`     | `BTC-USDC-PERP`, `BTC-USDC-230324` |

What it sends is read as `bybit.py` tells; quantities are in base. At most 500
connections in 5 minutes. The topics of a connection may not exceed 21,000 characters:
500 topics of 42 at most are well below. How many requests a second are allowed is not
documented.
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

VENUE: Final = "bybit_linear"
URL: Final = "wss://stream.bybit.com/v5/public/linear"
REST_URL: Final = bybit_listing.REST_URL
CHANNELS: Final = ("publicTrade", "orderbook.1", bybit_listing.BOOK, "tickers")
LIMITS: Final = Limits(streams=500, messages_per_s=5, connects_per_minute=100)
PING: Final = Ping(text='{"op":"ping"}', every_s=20)
IDLE: Final = bybit_listing.REPLIES
TOPICS_PER_MESSAGE: Final = 100

_MONTHS: Final = (
    *("JAN", "FEB", "MAR", "APR", "MAY", "JUN"),
    *("JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
)
_PERPETUAL: Final = re.compile(r"([^\W_a-z]{1,20}?)(USDT|PERP)")
_DATED: Final = re.compile(
    r"([^\W_a-z]{1,20}?)(USDT)?-(0?[1-9]|[12]\d|3[01])("
    + "|".join(_MONTHS)
    + r")(\d\d)",
    re.ASCII,
)


@lru_cache(maxsize=10_000)
def canonical(symbol: str) -> str:
    """Return the canonical name of the venue's symbol.

    Raises:
        NotARecordError: If it is neither a perpetual nor a dated future.
    """
    if match := _PERPETUAL.fullmatch(symbol):
        return f"{match[1]}-{'USDT' if match[2] == 'USDT' else 'USDC'}-PERP"
    if match := _DATED.fullmatch(symbol):
        base, quote, day, month, year = match.groups()
        number = _MONTHS.index(month) + 1
        return f"{base}-{quote or 'USDC'}-{year}{number:02}{int(day):02}"
    raise NotARecordError(f"unknown symbol `{symbol[:40]}`")


def native(symbol: str) -> str:
    """Return the venue's name of a canonical symbol."""
    base, quote, term = symbol.split("-")
    if term == "PERP":
        return f"{base}PERP" if quote == "USDC" else f"{base}{quote}"
    date = f"{term[4:]}{_MONTHS[int(term[2:4]) - 1]}{term[:2]}"
    return f"{base}-{date}" if quote == "USDC" else f"{base}{quote}-{date}"


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
    return "/v5/market/instruments-info?category=linear&limit=1000"


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
