"""BitMEX: perpetuals, dated futures and spot on one connection.

https://www.bitmex.com/app/wsAPI
https://www.bitmex.com/api/explorer/#!/Instrument/Instrument_getActive

| native      | canonical       | quantities | a contract stands for              |
|-------------|-----------------|------------|------------------------------------|
| `XBTUSD`    | `BTC-USD-PERP`  | contracts  | a dollar; quanto if not of XBT     |
| `ADAUSDT`   | `ADA-USDT-PERP` | contracts  | an amount of base; quanto, earlier |
| `XBTU21`    | `BTC-USD-U21`   | contracts  | a dollar                           |
| `XRPU21`    | `XRP-BTC-U21`   | contracts  | an amount of base                  |
| `ETHUSDU21` | `ETH-USD-U21`   | contracts  | quanto                             |
| `XBT_USDT`  | `BTC-USDT`      | lots       | an amount of base                  |

What it sends is read as `bitmex_wire.py` tells. A dated contract is named by the letter
of its month, and by nothing that tells its day. A quanto stands for no amount of base
at all: its worth is paid in another coin, at a fixed rate; its multiplier is 1 here. An
address may connect 720 times in an hour, and have 20 connections. How many streams a
connection takes is not documented.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final

import msgspec

from connectors.venues import bitmex_wire
from connectors.venues.listing import named
from connectors.venues.numbers import size
from connectors.venues.venue import Limits, Ping
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError
from operators.records.frame import Frame
from operators.records.instrument import Instrument, Status

# As the venue spells them.
# ruff: noqa: N815

VENUE: Final = "bitmex"
URL: Final = "wss://ws.bitmex.com/realtime"
REST_URL: Final = "https://www.bitmex.com"
CHANNELS: Final = ("trade", "quote", "orderBookL2")
LIMITS: Final = Limits(streams=300, messages_per_s=1, connects_per_minute=12)
PING: Final = Ping(text="ping", every_s=20)
IDLE: Final = ("pong", '"success":', '"info":')
ARGS_PER_MESSAGE: Final = 50

_SPOT: Final = re.compile("([A-Z0-9]{1,20})_([A-Z0-9]{1,20})")
_CONTRACT: Final = re.compile(
    "([A-Z0-9]{1,20}?)(USDT|USDC|USD|EUR)?([FGHJKMNQUVXZ][0-9]{2})?"
)
_THEIRS: Final = {"BTC": "XBT"}
_OURS: Final = {"XBT": "BTC"}


class _Listed(msgspec.Struct):
    symbol: str
    state: str
    tickSize: Decimal | None = None
    lotSize: Decimal | None = None
    isInverse: bool = False
    underlyingToPositionMultiplier: Decimal | None = None


_listed = msgspec.json.Decoder(tuple[_Listed, ...])


@lru_cache(maxsize=10_000)
def canonical(symbol: str) -> str:
    """Return the canonical name of the venue's symbol.

    Raises:
        NotARecordError: If it is no spot market, perpetual or dated future.
    """
    if match := _SPOT.fullmatch(symbol):
        base, quote = match.groups()
        return f"{_OURS.get(base, base)}-{_OURS.get(quote, quote)}"
    match = _CONTRACT.fullmatch(symbol)
    if match is None or not (match[2] or match[3]):
        raise NotARecordError(f"unknown symbol `{symbol[:40]}`")
    base, quote, month = match.groups()
    if month and quote == _implied(base):
        raise NotARecordError(f"unknown symbol `{symbol[:40]}`")
    pair = f"{_OURS.get(base, base)}-{quote or _OURS.get(_implied(base), 'USD')}"
    return f"{pair}-{month or 'PERP'}"


def _implied(base: str) -> str:
    """Return what a dated contract is priced in whose name does not tell."""
    return "USD" if base == "XBT" else "XBT"


def native(symbol: str) -> str:
    """Return the venue's name: ``BTC-USD-PERP`` is ``XBTUSD``."""
    base, quote, *terms = symbol.split("-")
    base, quote = _THEIRS.get(base, base), _THEIRS.get(quote, quote)
    if not terms:
        return f"{base}_{quote}"
    if terms == ["PERP"]:
        return f"{base}{quote}"
    return f"{base}{'' if quote == _implied(base) else quote}{terms[0]}"


def address(channel: str) -> str:
    """Return the WebSocket address that a channel comes on: there is one."""
    return URL


def subscribe(symbols: Iterable[str], channels: Sequence[str]) -> list[str]:
    """Return the messages that subscribe to channels of symbols."""
    args = [f"{channel}:{native(symbol)}" for symbol in symbols for channel in channels]
    return [
        _request("subscribe", args[start : start + ARGS_PER_MESSAGE])
        for start in range(0, len(args), ARGS_PER_MESSAGE)
    ]


def _request(verb: str, args: Sequence[str]) -> str:
    return msgspec.json.encode({"op": verb, "args": args}).decode()


def resync(symbol: str) -> list[str]:
    """Return the messages after which the venue sends the symbol's book anew."""
    args = [f"orderBookL2:{native(symbol)}"]
    return [_request(verb, args) for verb in ("unsubscribe", "subscribe")]


def snapshot_path(symbol: str) -> str | None:
    """Return None: the book comes on the socket."""
    return None


def instruments_path() -> str:
    """Return the path, below the REST address, of the list of instruments."""
    return "/api/v1/instrument/active"


def instruments(body: bytes) -> list[Instrument]:
    """Return the instruments in an answer; those we have no name for are left out.

    Raises:
        NotARecordError: If it is not the documented list; likewise any of
            ``UNREADABLE``.
    """
    return list(_named(_listed.decode(body)))


def _named(rows: Iterable[_Listed]) -> Iterator[Instrument]:
    for each in named(((row.symbol, row) for row in rows), canonical):
        row = each.row
        lot = size(row.lotSize)
        for_one = size(row.underlyingToPositionMultiplier)
        yield Instrument(
            venue=VENUE,
            symbol=each.symbol,
            native=each.native,
            base=each.base,
            quote=each.quote,
            tick_size=size(row.tickSize),
            lot_size=lot,
            min_quantity=lot,
            multiplier=Decimal(1) if for_one is None else 1 / for_one,
            inverse=row.isInverse,
            status=Status.TRADING if row.state == "Open" else Status.HALTED,
        )


def parse(frame: Frame, line: Line) -> Parsed:
    """Return what a frame says.

    Raises:
        NotARecordError: If the frame is not what the venue documents.
    """
    return bitmex_wire.parse(frame, line, VENUE, canonical)
