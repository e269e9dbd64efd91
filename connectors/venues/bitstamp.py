"""Bitstamp, WebSocket v2: spot and perpetuals.

https://www.bitstamp.net/websocket/v2/
https://www.bitstamp.net/api/#tag/Order-book (and Market-info)

What it sends is read as `bitstamp_wire.py` tells. A symbol is `btcusd` to the venue,
and a perpetual `btcusd-perp`. Each channel of each symbol is a message of its own. A
connection lasts 90 days, and the venue asks on it for another one. How many channels
it takes, and how often it may be opened, is not documented: both are Coinbase's here.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Final

import msgspec

from connectors.venues import bitstamp_wire
from connectors.venues.listing import named
from connectors.venues.numbers import Places, size
from connectors.venues.venue import Limits, Ping
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError
from operators.records.frame import Frame
from operators.records.instrument import Instrument, Status

VENUE: Final = "bitstamp"
URL: Final = "wss://ws.bitstamp.net"
REST_URL: Final = "https://www.bitstamp.net"
CHANNELS: Final = ("live_trades", "diff_order_book")
LIMITS: Final = Limits(
    streams=300, messages_per_s=8, connects_per_minute=60, lifetime_s=90 * 86_400
)
PING: Final = Ping(text='{"event":"bts:heartbeat"}', every_s=30)
IDLE: Final = ('"event":"bts:',)

# The assets that markets are priced in; only the list of instruments tells.
_QUOTES: Final = ("usdt", "usdc", "usd", "eur", "gbp", "btc", "eth", "pax")
_SYMBOL: Final = re.compile(
    "([a-z0-9]{1,20}?)(" + "|".join(_QUOTES) + ")(-perp)?", re.ASCII
)
_Minimum = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9]{1,30}(\.[0-9]{1,30})?( [A-Z0-9]{1,20})?\Z")
]


class _Listed(msgspec.Struct):
    url_symbol: str
    base_decimals: Places
    counter_decimals: Places
    trading: str
    minimum_order: _Minimum = "0"


_listed = msgspec.json.Decoder(tuple[_Listed, ...])


@lru_cache(maxsize=10_000)
def canonical(symbol: str) -> str:
    """Return the canonical name of the venue's symbol: ``btcusd`` is ``BTC-USD``.

    Raises:
        NotARecordError: If it is not priced in an asset that the venue has.
    """
    match = _SYMBOL.fullmatch(symbol)
    if match is None:
        raise NotARecordError(f"unknown symbol `{symbol[:40]}`")
    return f"{match[1]}-{match[2]}{match[3] or ''}".upper()


def native(symbol: str) -> str:
    """Return the venue's name: ``BTC-USD-PERP`` is ``btcusd-perp``."""
    base, quote, *terms = symbol.lower().split("-")
    return "-".join([f"{base}{quote}", *terms])


def address(channel: str) -> str:
    """Return the WebSocket address that a channel comes on: there is one."""
    return URL


def subscribe(symbols: Iterable[str], channels: Sequence[str]) -> list[str]:
    """Return the messages that subscribe to channels of symbols."""
    return [
        _request(f"{channel}_{native(symbol)}")
        for symbol in symbols
        for channel in channels
    ]


def _request(channel: str) -> str:
    request = {"event": "bts:subscribe", "data": {"channel": channel}}
    return msgspec.json.encode(request).decode()


def resync(symbol: str) -> list[str]:
    """Return nothing: the book is fetched."""
    return []


def snapshot_path(symbol: str) -> str | None:
    """Return the path, below the REST address, of a symbol's whole book."""
    return f"{bitstamp_wire.BOOK_PATH}{native(symbol)}/"


def instruments_path() -> str:
    """Return the path, below the REST address, of the list of instruments."""
    return "/api/v2/trading-pairs-info/"


def instruments(body: bytes) -> list[Instrument]:
    """Return the instruments in an answer; those we have no name for are left out.

    Raises:
        NotARecordError: If it is not the documented list; likewise any of
            ``UNREADABLE``.
    """
    return list(_named(_listed.decode(body)))


def _named(rows: Iterable[_Listed]) -> Iterator[Instrument]:
    for each in named(((row.url_symbol, row) for row in rows), canonical):
        row = each.row
        is_traded = row.trading == "Enabled"
        yield Instrument(
            venue=VENUE,
            symbol=each.symbol,
            native=each.native,
            base=each.base,
            quote=each.quote,
            tick_size=Decimal(1).scaleb(-row.counter_decimals),
            lot_size=Decimal(1).scaleb(-row.base_decimals),
            min_notional=size(Decimal(row.minimum_order.partition(" ")[0])),
            status=Status.TRADING if is_traded else Status.HALTED,
        )


def parse(frame: Frame, line: Line) -> Parsed:
    """Return what a frame says.

    Raises:
        NotARecordError: If the frame is not what the venue documents.
    """
    return bitstamp_wire.parse(frame, line, VENUE, canonical)
