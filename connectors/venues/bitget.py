"""Bitget, classic API v2, public: spot and perpetuals on one connection.

https://www.bitget.com/api-doc/common/websocket-intro
https://www.bitget.com/api-doc/spot/websocket/public/Depth-Channel (and contract/)

| native                 | v1             | canonical       | quantities in |
|------------------------|----------------|-----------------|---------------|
| `SPOT/BTCUSDT`         | `sp`, BTCUSDT  | `BTC-USDT`      | base          |
| `USDT-FUTURES/BTCUSDT` | `mc`, BTCUSDT  | `BTC-USDT-PERP` | base          |
| `USDC-FUTURES/BTCPERP` | `mc`, BTCPERP  | `BTC-USDC-PERP` | base          |
| `COIN-FUTURES/BTCUSD`  | `mc`, BTCUSD   | `BTC-USD-PERP`  | base          |

The venue tells its markets apart by `instType`, and by nothing in a symbol: a native
name here is both. Dated futures have no name here. What it sends is read as
`bitget_wire.py` tells, frames of the API v1 of before 2024 too, which had an address a
market. A connection is cut after 24 h, or 2 minutes without a ping; 1,000 channels fit
on it, but no more than 50 are recommended. It may subscribe 240 times an hour.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from connectors.venues import bitget_listing, bitget_wire
from connectors.venues.venue import Limits, Ping
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError
from operators.records.frame import Frame
from operators.records.instrument import Instrument

VENUE: Final = "bitget"
URL: Final = "wss://ws.bitget.com/v2/ws/public"
REST_URL: Final = "https://api.bitget.com"
CHANNELS: Final = ("trade", "books1", "books", "ticker")
LIMITS: Final = Limits(
    streams=50, messages_per_s=10, connects_per_minute=60, lifetime_s=86_400
)
PING: Final = Ping(text="ping", every_s=30)
IDLE: Final = ("pong", '"event":')
ARGS_PER_MESSAGE: Final = 50
INSTRUMENTS_PATHS: Final = (
    "/api/v2/spot/public/symbols",
    *(
        f"/api/v2/mix/market/contracts?productType={kind}"
        for kind in ("USDT-FUTURES", "USDC-FUTURES", "COIN-FUTURES")
    ),
)
"""The lists of instruments: the venue has one of each kind."""

# The assets that spot markets are priced in; the venue lists them nowhere but in its
# instruments. The longest that fits is meant.
_QUOTES: Final = (
    *("USDT", "USDC", "USDE", "USD1", "BTC", "ETH", "BGB", "EUR", "BRL", "TRY"),
    *("GBP", "UAH", "USD"),
)
_SPOT: Final = re.compile(r"([^\W_a-z]{1,20}?)(" + "|".join(_QUOTES) + ")")
_CONTRACT: Final = re.compile(r"([^\W_a-z]{1,20}?)(USDT|PERP|USD)")
_SPOTS: Final = frozenset({"SPOT", "sp"})
_KINDS: Final = {
    "USDT": ("USDT-FUTURES", "USDT"),
    "PERP": ("USDC-FUTURES", "USDC"),
    "USD": ("COIN-FUTURES", "USD"),
}
"""What a contract's symbol ends in: of which market it is, and what it is priced in."""
_ENDINGS: Final = {quote: (kind, end) for end, (kind, quote) in _KINDS.items()}


@lru_cache(maxsize=10_000)
def canonical(symbol: str) -> str:
    """Return the canonical name of the venue's market and symbol.

    Raises:
        NotARecordError: If it is no spot market and no perpetual.
    """
    market, _, name = symbol.partition("/")
    if market in _SPOTS:
        if match := _SPOT.fullmatch(name):
            return f"{match[1]}-{match[2]}"
    elif match := _CONTRACT.fullmatch(name):
        kind, quote = _KINDS[match[2]]
        if market in {kind, "mc"}:
            return f"{match[1]}-{quote}-PERP"
    raise NotARecordError(f"unknown symbol `{symbol[:40]}`")


def native(symbol: str) -> str:
    """Return the venue's name: ``BTC-USDC-PERP`` is ``USDC-FUTURES/BTCPERP``."""
    pair = symbol.removesuffix("-PERP")
    base, _, quote = pair.partition("-")
    if pair == symbol:
        return f"SPOT/{base}{quote}"
    kind, ending = _ENDINGS.get(quote, ("USDT-FUTURES", quote))
    return f"{kind}/{base}{ending}"


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
    market, _, name = native(symbol).partition("/")
    for channel in channels:
        if channel != "ticker" or market != "SPOT":
            yield {"instType": market, "channel": channel, "instId": name}


def _request(verb: str, args: Sequence[dict[str, str]]) -> str:
    return msgspec.json.encode({"op": verb, "args": args}).decode()


def resync(symbol: str) -> list[str]:
    """Return the messages after which the venue sends the symbol's book anew."""
    args = list(_args(symbol, ["books"]))
    return [_request(verb, args) for verb in ("unsubscribe", "subscribe")]


def snapshot_path(symbol: str) -> str | None:
    """Return None: the book comes on the socket."""
    return None


def instruments_path() -> str:
    """Return the path, below the REST address, of the list of spot markets.

    There are more lists: see ``INSTRUMENTS_PATHS``.
    """
    return INSTRUMENTS_PATHS[0]


def instruments(body: bytes) -> list[Instrument]:
    """Return the instruments in an answer; those we have no name for are left out.

    Raises:
        NotARecordError: If it is not the documented list.
    """
    return bitget_listing.instruments(body, VENUE, canonical)


def parse(frame: Frame, line: Line) -> Parsed:
    """Return what a frame says.

    Raises:
        NotARecordError: If the frame is not what the venue documents.
    """
    return bitget_wire.parse(frame, line, VENUE, canonical)
