"""HitBTC, API v3, public: spot and perpetuals on one connection.

https://api.hitbtc.com/#socket-market-data
https://api.hitbtc.com/#symbols

| native         | canonical       |
|----------------|-----------------|
| `ETHBTC`       | `ETH-BTC`       |
| `BTCUSDT_PERP` | `BTC-USDT-PERP` |

Quantities are in base. What it sends is read as `hitbtc_wire.py` tells, frames of the
API v2 too: there, `USD` was the venue's word for USDT, and stays one of its own here.
Dated futures have no name here. A symbol that does not exist is acknowledged without an
error. A connection may be asked 10 times a second, and needs no ping but WebSocket's
own; an address may have 100 of them at a time. How often they may be opened, and how
many channels one takes, is not documented.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Final

import msgspec

from connectors.venues import hitbtc_wire
from connectors.venues.listing import named
from connectors.venues.venue import Limits, Ping
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError
from operators.records.frame import Frame
from operators.records.instrument import Instrument, Status

VENUE: Final = "hitbtc"
URL: Final = "wss://api.hitbtc.com/api/3/ws/public"
REST_URL: Final = "https://api.hitbtc.com"
CHANNELS: Final = ("trades", "orderbook/top/100ms", "orderbook/full")
LIMITS: Final = Limits(streams=300, messages_per_s=10, connects_per_minute=100)
PING: Final[Ping | None] = None
IDLE: Final = ('"result":', '"error":')
SYMBOLS_PER_MESSAGE: Final = 50

# The assets that markets are priced in; the venue lists them nowhere but in its
# instruments. The longest that fits is meant, but for dollars of other names: as
# `GRTUSD` is GRT in USD, they are meant behind the few assets that they price alone.
_QUOTES: Final = (
    *("USDT", "USDC", "DAI", "EURS", "EOSDT", "DDRST", "IDRT", "PAX", "BTC", "ETH"),
    *("BCH", "EOS", "HIT", "USD"),
)
_SYMBOL: Final = re.compile(
    r"(?:(BTC|ETH|LTC|BCH|EOS|XMR|NEO|ZRX|DGB|EURS|USDT?)([TGB]USD)"
    r"|([^\W_a-z]{1,20}?)(" + "|".join(_QUOTES) + r"))(_PERP)?"
)
_Size = Annotated[str, msgspec.Meta(pattern=r"^([0-9]{1,30}(\.[0-9]{1,30})?)?\Z")]


class _Listed(msgspec.Struct):
    quote_currency: str
    base_currency: str | None = None
    underlying: str | None = None
    status: str = ""
    quantity_increment: _Size = ""
    tick_size: _Size = ""


_listed = msgspec.json.Decoder(dict[str, _Listed])


@lru_cache(maxsize=10_000)
def canonical(symbol: str) -> str:
    """Return the canonical name of the venue's symbol: ``ETHBTC`` is ``ETH-BTC``.

    Raises:
        NotARecordError: If it does not end in an asset that the venue prices in.
    """
    match = _SYMBOL.fullmatch(symbol)
    if match is None:
        raise NotARecordError(f"unknown symbol `{symbol[:40]}`")
    base, quote = match[1] or match[3], match[2] or match[4]
    return f"{base}-{quote}{'-PERP' if match[5] else ''}"


def native(symbol: str) -> str:
    """Return the venue's name: ``BTC-USDT-PERP`` is ``BTCUSDT_PERP``."""
    return symbol.replace("-PERP", "_PERP").replace("-", "")


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
    request = {"method": verb, "ch": channel, "params": {"symbols": names}, "id": 1}
    return msgspec.json.encode(request).decode()


def resync(symbol: str) -> list[str]:
    """Return the messages after which the venue sends the symbol's book anew."""
    names = [native(symbol)]
    return [
        _request(verb, "orderbook/full", names) for verb in ("unsubscribe", "subscribe")
    ]


def snapshot_path(symbol: str) -> str | None:
    """Return None: the book comes on the socket."""
    return None


def instruments_path() -> str:
    """Return the path, below the REST address, of the list of instruments."""
    return "/api/3/public/symbol"


def instruments(body: bytes) -> list[Instrument]:
    """Return the instruments in an answer; those we have no name for are left out.

    Raises:
        NotARecordError: If it is not the documented list; likewise any of
            ``UNREADABLE``.
    """
    return list(_named(_listed.decode(body)))


def _named(rows: dict[str, _Listed]) -> Iterator[Instrument]:
    for each in named(rows.items(), canonical):
        row = each.row
        yield Instrument(
            venue=VENUE,
            symbol=each.symbol,
            native=each.native,
            base=row.base_currency or row.underlying or each.base,
            quote=row.quote_currency or each.quote,
            tick_size=_size(row.tick_size),
            lot_size=_size(row.quantity_increment),
            status=Status.TRADING if row.status == "working" else Status.HALTED,
        )


def _size(text: str) -> Decimal | None:
    """Return a size, or None where the venue states none, or 0."""
    return (Decimal(text) or None) if text else None


def parse(frame: Frame, line: Line) -> Parsed:
    """Return what a frame says.

    Raises:
        NotARecordError: If the frame is not what the venue documents.
    """
    return hitbtc_wire.parse(frame, line, VENUE, canonical)
