"""Deribit, API v2: options, perpetuals, dated futures and spot on one connection.

https://docs.deribit.com/articles/notifications
https://docs.deribit.com/api-reference/subscription-management/public-subscribe
https://docs.deribit.com/articles/connection-management-best-practices (rate-limits)

| native                     | canonical                 | quantities | prices in |
|----------------------------|---------------------------|------------|-----------|
| `BTC_USDC`                 | `BTC-USDC`                | base       | quote     |
| `BTC-PERPETUAL`            | `BTC-USD-PERP`            | quote      | quote     |
| `BTC-5JUL24`               | `BTC-USD-240705`          | quote      | quote     |
| `BTC_USDC-PERPETUAL`       | `BTC-USDC-PERP`           | base       | quote     |
| `BTC-30SEP22-20000-C`      | `BTC-USD-220930-20000-C`  | base       | base      |
| `XRP_USDC-30JUN23-0d625-P` | `XRP-USDC-230630-0.625-P` | base       | quote     |

What it sends is read as `deribit_wire.py` tells. Combinations of several instruments
have no name here. Channels of the interval `raw` are for those who have logged in: the
next finer is `100ms`; frames of both are read. A subscription costs 3,000 of 30,000
points, of which 10,000 come back in a second. An address may have 32 connections at a
time; how often they may be opened, and how many channels one takes, is not documented.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from connectors.venues import deribit_listing, deribit_wire
from connectors.venues.venue import Limits, Ping
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError
from operators.records.frame import Frame
from operators.records.instrument import Instrument

VENUE: Final = "deribit"
URL: Final = "wss://www.deribit.com/ws/api/v2"
REST_URL: Final = "https://www.deribit.com"
CHANNELS: Final = ("trades.100ms", "ticker.100ms", "book.100ms")
LIMITS: Final = Limits(streams=500, messages_per_s=3, connects_per_minute=32)
PING: Final = Ping('{"jsonrpc":"2.0","id":0,"method":"public/test"}', every_s=30)
IDLE: Final = ('"id":', '"method":"heartbeat"')
CHANNELS_PER_MESSAGE: Final = 100

_MONTHS: Final = (
    *("JAN", "FEB", "MAR", "APR", "MAY", "JUN"),
    *("JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
)
_ASSET: Final = "[A-Z0-9]{1,12}"
_SPOT: Final = re.compile(f"({_ASSET})_({_ASSET})")
_CONTRACT: Final = re.compile(
    f"({_ASSET})(?:_({_ASSET}))?-(?:(PERPETUAL)|([1-9]|[12][0-9]|3[01])("
    + "|".join(_MONTHS)
    + ")([0-9]{2})(?:-([0-9]{1,9}(?:d[0-9]{1,9})?)-([CP]))?)"
)
_DATE: Final = re.compile("([0-9]{2})(0[1-9]|1[0-2])([0-9]{2})")
_INVERSE: Final = "USD"


@lru_cache(maxsize=10_000)
def canonical(symbol: str) -> str:
    """Return the canonical name of the venue's symbol.

    Raises:
        NotARecordError: If it is no spot market, perpetual, dated future or option.
    """
    if match := _SPOT.fullmatch(symbol):
        return f"{match[1]}-{match[2]}"
    match = _CONTRACT.fullmatch(symbol)
    # What is priced in dollars that are no coin is named without them.
    if match is None or match[2] == _INVERSE:
        raise NotARecordError(f"unknown symbol `{symbol[:40]}`")
    base, quote, perpetual, day, month, year, strike, right = match.groups()
    pair = f"{base}-{quote or _INVERSE}"
    if perpetual:
        return f"{pair}-PERP"
    dated = f"{pair}-{year}{_MONTHS.index(month) + 1:02}{int(day):02}"
    return f"{dated}-{strike.replace('d', '.')}-{right}" if strike else dated


def native(symbol: str) -> str:
    """Return the venue's name: ``BTC-USD-240705`` is ``BTC-5JUL24``."""
    base, quote, *terms = symbol.split("-")
    if not terms:
        return f"{base}_{quote}"
    pair = base if quote == _INVERSE else f"{base}_{quote}"
    if terms == ["PERP"]:
        return f"{pair}-PERPETUAL"
    match = _DATE.fullmatch(terms[0])
    if match is None:
        return symbol
    date = f"{int(match[3])}{_MONTHS[int(match[2]) - 1]}{match[1]}"
    return "-".join([pair, date, *(each.replace(".", "d") for each in terms[1:])])


def address(channel: str) -> str:
    """Return the WebSocket address that a channel comes on: there is one."""
    return URL


def subscribe(symbols: Iterable[str], channels: Sequence[str]) -> list[str]:
    """Return the messages that subscribe to channels of symbols."""
    named = [_channel(each, native(symbol)) for symbol in symbols for each in channels]
    return [
        _request("subscribe", named[start : start + CHANNELS_PER_MESSAGE])
        for start in range(0, len(named), CHANNELS_PER_MESSAGE)
    ]


def _channel(channel: str, name: str) -> str:
    """Return a channel of a symbol: ``book.100ms`` is ``book.BTC-PERPETUAL.100ms``."""
    kind, dot, interval = channel.partition(".")
    return f"{kind}.{name}{dot}{interval}"


def _request(verb: str, channels: Sequence[str]) -> str:
    request = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": f"public/{verb}",
        "params": {"channels": channels},
    }
    return msgspec.json.encode(request).decode()


def resync(symbol: str) -> list[str]:
    """Return the messages after which the venue sends the symbol's book anew."""
    channels = [_channel(CHANNELS[-1], native(symbol))]
    return [_request(verb, channels) for verb in ("unsubscribe", "subscribe")]


def snapshot_path(symbol: str) -> str | None:
    """Return None: the book comes on the socket."""
    return None


def instruments_path() -> str:
    """Return the path, below the REST address, of the list of instruments."""
    return "/api/v2/public/get_instruments?currency=any&expired=false"


def instruments(body: bytes) -> list[Instrument]:
    """Return the instruments in an answer; those we have no name for are left out.

    Raises:
        NotARecordError: If it is not the documented list.
    """
    return deribit_listing.instruments(body, VENUE, canonical)


def parse(frame: Frame, line: Line) -> Parsed:
    """Return what a frame says.

    Raises:
        NotARecordError: If the frame is not what the venue documents.
    """
    return deribit_wire.parse(frame, line, VENUE, canonical)
