"""OKX v5, public: spot, perpetuals and dated futures on one connection.

https://www.okx.com/docs-v5/en/#overview-websocket-connect (also -subscribe)
https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-order-book-channel
https://www.okx.com/docs-v5/en/#public-data-rest-api-get-instruments

| native            | canonical        | quantities in |
|-------------------|------------------|---------------|
| `BTC-USDT`        | `BTC-USDT`       | base          |
| `BTC-USDT-SWAP`   | `BTC-USDT-PERP`  | contracts     |
| `BTC-USD-220527`  | `BTC-USD-220527` | contracts     |

What it sends is read as `okx_wire.py` tells. A connection may be opened 3 times a
second, and may ask 480 times an hour, with 64 KB of channels; it is closed after 30 s
without a frame, which an answer to a ping is. Where many books are subscribed to, the
venue recommends fewer than 30 on a connection: 29 symbols of the first 3 channels.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from connectors.venues import okx_listing
from connectors.venues.okx_wire import Reader
from connectors.venues.venue import Limits, Ping
from operators.records.base import NotARecordError
from operators.records.instrument import Instrument

VENUE: Final = "okx"
URL: Final = "wss://ws.okx.com:8443/ws/v5/public"
REST_URL: Final = "https://www.okx.com"
CHANNELS: Final = ("trades", "bbo-tbt", "books", "mark-price", "funding-rate")
LIMITS: Final = Limits(streams=87, messages_per_s=3, connects_per_minute=180)
PING: Final = Ping(text="ping", every_s=20)
IDLE: Final = ("pong", '"event":')
ARGS_PER_MESSAGE: Final = 400
INSTRUMENTS_PATHS: Final = tuple(
    f"/api/v5/public/instruments?instType={kind}"
    for kind in ("SWAP", "FUTURES", "SPOT")
)
"""The lists of instruments: the venue has one of each kind."""

# A future like a perpetual, of the pair `BTC-USD_UM_XPERP`, has funding too.
_SYMBOL: Final = re.compile(
    r"([^\W_a-z]{1,20}-[^\Wa-z]{1,20}?)(?:-(SWAP|[0-9]{6}))?",
)
_OF_PERPETUALS: Final = frozenset({"funding-rate"})
_OF_CONTRACTS: Final = frozenset({"mark-price", "open-interest"})


@lru_cache(maxsize=10_000)
def canonical(symbol: str) -> str:
    """Return the canonical name of the venue's symbol.

    Raises:
        NotARecordError: If it is no spot market, perpetual or dated future.
    """
    match = _SYMBOL.fullmatch(symbol)
    if match is None:
        raise NotARecordError(f"unknown symbol `{symbol[:40]}`")
    return f"{match[1]}-PERP" if match[2] == "SWAP" else symbol


def native(symbol: str) -> str:
    """Return the venue's name: ``BTC-USDT-PERP`` is ``BTC-USDT-SWAP``."""
    pair = symbol.removesuffix("-PERP")
    return symbol if pair == symbol else f"{pair}-SWAP"


def address(channel: str) -> str:
    """Return the WebSocket address that a channel comes on: there is one."""
    return URL


def subscribe(symbols: Iterable[str], channels: Sequence[str]) -> list[str]:
    """Return the messages that subscribe to those channels that each symbol has."""
    args = [arg for symbol in symbols for arg in _args(symbol, channels)]
    return [
        _request("subscribe", args[start : start + ARGS_PER_MESSAGE])
        for start in range(0, len(args), ARGS_PER_MESSAGE)
    ]


def _args(symbol: str, channels: Sequence[str]) -> Iterator[dict[str, str]]:
    is_contract = symbol.count("-") > 1
    is_perpetual = symbol.endswith("-PERP") or "_XPERP-" in symbol
    for channel in channels:
        if channel in _OF_PERPETUALS and not is_perpetual:
            continue
        if channel in _OF_CONTRACTS and not is_contract:
            continue
        yield {"channel": channel, "instId": native(symbol)}


def _request(verb: str, args: Sequence[dict[str, str]]) -> str:
    return msgspec.json.encode({"op": verb, "args": args}).decode()


def resync(symbol: str) -> list[str]:
    """Return the messages after which the venue sends the symbol's book anew."""
    args = [{"channel": "books", "instId": native(symbol)}]
    return [_request(verb, args) for verb in ("unsubscribe", "subscribe")]


def snapshot_path(symbol: str) -> str | None:
    """Return None: the book comes on the socket."""
    return None


def instruments_path() -> str:
    """Return the path, below the REST address, of the list of perpetuals.

    Of the three lists it is the one that cannot be done without: only it tells what a
    contract stands for. See ``INSTRUMENTS_PATHS``.
    """
    return INSTRUMENTS_PATHS[0]


def instruments(body: bytes) -> list[Instrument]:
    """Return the instruments in an answer; those we have no name for are left out.

    Raises:
        NotARecordError: If it is not the documented list.
    """
    return okx_listing.instruments(body, VENUE, canonical)


parse: Final = Reader(VENUE, canonical).parse
