"""Kraken, derivatives, WebSocket v1: perpetuals and dated futures.

https://docs.kraken.com/exchange/guides/futures/websockets
https://docs.kraken.com/exchange/api-reference/futures-websocket/book

| native             | canonical               | quantities | settled in      |
|--------------------|-------------------------|------------|-----------------|
| `PI_XBTUSD`        | `BTC-USD-PERP`          | quote      | base            |
| `FI_XBTUSD_210924` | `BTC-USD-210924`        | quote      | base            |
| `PF_XBTUSD`        | `BTC-USD-LINEAR-PERP`   | base       | many currencies |
| `FF_XBTUSD_210924` | `BTC-USD-LINEAR-210924` | base       | many currencies |
| `PV_XRPXBT`        | `XRP-BTC-PERP`          | base       | quote           |
| `FV_XRPXBT_210924` | `XRP-BTC-210924`        | base       | quote           |

What it sends is read as `kraken_futures_wire.py` tells. The venue answers in capitals,
whatever the case that was asked for; its lists of before 2022 are in small letters.
Indices (`IN_`, `RR_`) are not traded and have no name here. A connection must be pinged
within each 60 s, for which WebSocket's own pings do. How many products it takes is not
documented, nor how often it may be opened: both are Kraken's spot market's here.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final

import msgspec

from connectors.venues import kraken_futures_wire
from connectors.venues.listing import named
from connectors.venues.numbers import Places, size
from connectors.venues.venue import Limits, Ping
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError
from operators.records.frame import Frame
from operators.records.instrument import Instrument, Status

# As the venue spells them.
# ruff: noqa: N815

VENUE: Final = "kraken_futures"
URL: Final = "wss://futures.kraken.com/ws/v1"
REST_URL: Final = "https://futures.kraken.com"
CHANNELS: Final = ("trade", "ticker", "book")
LIMITS: Final = Limits(streams=600, messages_per_s=10, connects_per_minute=15)
PING: Final[Ping | None] = None
IDLE: Final = ('"event":', '"feed":"heartbeat"')
SYMBOLS_PER_MESSAGE: Final = 100

_ASSET: Final = "[A-Z0-9]{1,20}"
_DATE: Final = "[0-9]{6}"
_NATIVE: Final = re.compile(
    f"([PF])(?:([IF])_({_ASSET}?)USD|V_({_ASSET}?)XBT)(?:_({_DATE}))?"
)
_CANONICAL: Final = re.compile(f"({_ASSET})-(USD|BTC)(-LINEAR)?-(PERP|{_DATE})")
_THEIRS: Final = {"BTC": "XBT"}
_OURS: Final = {"XBT": "BTC"}
_INVERSE: Final = "futures_inverse"


class _Listed(msgspec.Struct):
    symbol: str
    type: str = ""
    tickSize: Decimal | None = None
    contractSize: Decimal | None = None
    contractValueTradePrecision: Places | None = None
    tradeable: bool = False


class _Answer(msgspec.Struct):
    result: str
    instruments: tuple[_Listed, ...] = ()
    error: str = ""


_answer = msgspec.json.Decoder(_Answer)


@lru_cache(maxsize=10_000)
def canonical(symbol: str) -> str:
    """Return the canonical name of the venue's symbol.

    Raises:
        NotARecordError: If it is no perpetual and no dated future.
    """
    match = _NATIVE.fullmatch(symbol)
    if match is None or (match[1] == "P") != (match[5] is None):
        raise NotARecordError(f"unknown symbol `{symbol[:40]}`")
    _, kind, of_dollars, of_coins, date = match.groups()
    base = of_dollars or of_coins
    pair = f"{_OURS.get(base, base)}-{'USD' if kind else 'BTC'}"
    return f"{pair}{'-LINEAR' if kind == 'F' else ''}-{date or 'PERP'}"


def native(symbol: str) -> str:
    """Return the venue's name: ``BTC-USD-PERP`` is ``PI_XBTUSD``."""
    match = _CANONICAL.fullmatch(symbol)
    if match is None:
        return symbol
    base, quote, linear, term = match.groups()
    kind = "V" if quote == "BTC" else "F" if linear else "I"
    pair = f"{kind}_{_THEIRS.get(base, base)}{_THEIRS.get(quote, quote)}"
    return f"P{pair}" if term == "PERP" else f"F{pair}_{term}"


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
    request = {"event": verb, "feed": channel, "product_ids": names}
    return msgspec.json.encode(request).decode()


def resync(symbol: str) -> list[str]:
    """Return the messages after which the venue sends the symbol's book anew."""
    names = [native(symbol)]
    return [_request(verb, "book", names) for verb in ("unsubscribe", "subscribe")]


def snapshot_path(symbol: str) -> str | None:
    """Return None: the book comes on the socket."""
    return None


def instruments_path() -> str:
    """Return the path, below the REST address, of the list of instruments."""
    return "/derivatives/api/v3/instruments"


def instruments(body: bytes) -> list[Instrument]:
    """Return the instruments in an answer; those we have no name for are left out.

    Raises:
        NotARecordError: If it is not the documented list; likewise any of
            ``UNREADABLE``.
    """
    answer = _answer.decode(body)
    if answer.result != "success":
        raise NotARecordError(f"the venue refused: {answer.error[:80]}")
    return list(_named(answer.instruments))


def _named(rows: Iterable[_Listed]) -> Iterator[Instrument]:
    for each in named(((row.symbol.upper(), row) for row in rows), canonical):
        row = each.row
        contract = size(row.contractSize) or Decimal(1)
        places = row.contractValueTradePrecision
        lot = Decimal(1) if places is None else Decimal(1).scaleb(-places)
        yield Instrument(
            venue=VENUE,
            symbol=each.symbol,
            native=each.native,
            base=each.base,
            quote=each.quote,
            tick_size=size(row.tickSize),
            lot_size=lot,
            min_quantity=lot,
            multiplier=contract,
            inverse=row.type == _INVERSE,
            status=Status.TRADING if row.tradeable else Status.HALTED,
        )


def parse(frame: Frame, line: Line) -> Parsed:
    """Return what a frame says.

    Raises:
        NotARecordError: If the frame is not what the venue documents.
    """
    return kraken_futures_wire.parse(frame, line, VENUE, canonical)
