"""Gemini, market data v2: spot and perpetuals.

https://developer.gemini.com/websocket/archived/v2
https://developer.gemini.com/rest/market-data (symbols, symbol details)

What it sends is read as `gemini_wire.py` tells. A symbol is `BTCUSD` to the venue, and
a perpetual `BTCGUSDPERP`; what is one asset in two (`PAXGUSD`) is told apart by a list.
The venue calls this version archived, in favour of one at another address that nothing
here speaks; it has not said that this one ends. Its list of instruments holds names
alone, so that no size is known; the answer for one symbol is read too, and tells them.
It asks for no more than one request for a symbol a minute; how many symbols a
connection takes, and how often it may be opened, is not documented.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final

import msgspec

from connectors.venues import gemini_wire
from connectors.venues.numbers import size
from connectors.venues.venue import Limits, Ping
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError
from operators.records.frame import Frame
from operators.records.instrument import Instrument, Status

VENUE: Final = "gemini"
URL: Final = "wss://api.gemini.com/v2/marketdata"
REST_URL: Final = "https://api.gemini.com"
CHANNELS: Final = ("l2",)
LIMITS: Final = Limits(streams=100, messages_per_s=1, connects_per_minute=5)
PING: Final[Ping | None] = None
IDLE: Final = ('"type":"heartbeat"',)
SYMBOLS_PER_MESSAGE: Final = 100

# The assets that markets are priced in; only the details of each symbol tell. Of spot
# markets, two alone are priced in GUSD: others that seem to be have a G of their own.
_QUOTES: Final = (
    *("USDT", "USDC", "USD", "BTC", "ETH", "EUR", "GBP", "SGD", "DAI", "BCH", "LTC"),
    "FIL",
)
_BASE: Final = "[A-Z0-9]{1,20}?"
_SYMBOL: Final = re.compile(
    f"(?:(BTC|ETH)(GUSD)|({_BASE})({'|'.join(_QUOTES)})|({_BASE})(GUSD|USDC)PERP)"
)


class _Listed(msgspec.Struct):
    symbol: str
    tick_size: Decimal
    quote_increment: Decimal
    min_order_size: Decimal
    status: str


_listed = msgspec.json.Decoder(tuple[str, ...] | _Listed)


@lru_cache(maxsize=10_000)
def canonical(symbol: str) -> str:
    """Return the canonical name of the venue's symbol: ``BTCUSD`` is ``BTC-USD``.

    Raises:
        NotARecordError: If it is not priced in an asset that the venue has.
    """
    match = _SYMBOL.fullmatch(symbol)
    if match is None:
        raise NotARecordError(f"unknown symbol `{symbol[:40]}`")
    coin, dollar, base, quote, contract, settled = match.groups()
    if contract:
        return f"{contract}-{settled}-PERP"
    return f"{coin or base}-{dollar or quote}"


def native(symbol: str) -> str:
    """Return the venue's name: ``BTC-GUSD-PERP`` is ``BTCGUSDPERP``."""
    return symbol.replace("-", "")


def address(channel: str) -> str:
    """Return the WebSocket address that a channel comes on: there is one."""
    return URL


def subscribe(symbols: Iterable[str], channels: Sequence[str]) -> list[str]:
    """Return the messages that subscribe to channels of symbols."""
    names = [native(symbol) for symbol in symbols]
    return [
        _request("subscribe", channel, names[start : start + SYMBOLS_PER_MESSAGE])
        for channel in channels
        for start in range(0, len(names), SYMBOLS_PER_MESSAGE)
    ]


def _request(verb: str, channel: str, names: Sequence[str]) -> str:
    wanted = [{"name": channel, "symbols": names}]
    return msgspec.json.encode({"type": verb, "subscriptions": wanted}).decode()


def resync(symbol: str) -> list[str]:
    """Return the messages after which the venue sends the symbol's book anew."""
    names = [native(symbol)]
    return [_request(verb, "l2", names) for verb in ("unsubscribe", "subscribe")]


def snapshot_path(symbol: str) -> str | None:
    """Return None: the book comes on the socket."""
    return None


def instruments_path() -> str:
    """Return the path, below the REST address, of the list of instruments."""
    return "/v1/symbols"


def instruments(body: bytes) -> list[Instrument]:
    """Return the instruments in an answer; those we have no name for are left out.

    Args:
        body: The list of names, or the details of one symbol.

    Raises:
        NotARecordError: If it is neither; likewise any of ``UNREADABLE``.
    """
    answer = _listed.decode(body)
    if isinstance(answer, _Listed):
        return list(_detailed(answer))
    return [each for name in answer for each in _named(name.upper())]


def _named(name: str) -> Iterator[Instrument]:
    if _SYMBOL.fullmatch(name):
        symbol = canonical(name)
        base, quote = symbol.split("-")[:2]
        yield Instrument(
            venue=VENUE, symbol=symbol, native=name, base=base, quote=quote
        )


def _detailed(row: _Listed) -> Iterator[Instrument]:
    for each in _named(row.symbol.upper()):
        yield msgspec.structs.replace(
            each,
            tick_size=size(row.quote_increment),
            lot_size=size(row.tick_size),
            min_quantity=size(row.min_order_size),
            status=_status(row.status),
        )


def _status(stated: str) -> Status:
    if stated == "open":
        return Status.TRADING
    return Status.CLOSED if stated == "closed" else Status.HALTED


def parse(frame: Frame, line: Line) -> Parsed:
    """Return what a frame says.

    Raises:
        NotARecordError: If the frame is not what the venue documents.
    """
    return gemini_wire.parse(frame, line, VENUE, canonical)
