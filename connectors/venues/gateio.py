"""Gate, spot, WebSocket v4.

https://www.gate.com/docs/developers/apiv4/ws/en/
https://www.gate.com/docs/developers/apiv4/en/#list-all-currency-pairs-supported

What it sends is read as `gateio_wire.py` tells. A symbol is `BTC_USDT` to the venue.
Each request states a time, which only those that log in are held to: it is 0 here,
since nothing here has a clock. The changes of a book are subscribed to symbol by
symbol; the book itself is fetched, 100 levels of it. How many streams a connection
takes is not documented: as many as KuCoin's here. 300 connections fit on an address.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Final

import msgspec

from connectors.venues import gateio_wire
from connectors.venues.numbers import Places, size
from connectors.venues.venue import Limits, Ping
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError
from operators.records.frame import Frame
from operators.records.instrument import Instrument, Status

VENUE: Final = "gateio"
URL: Final = "wss://api.gateio.ws/ws/v4/"
REST_URL: Final = "https://api.gateio.ws"
CHANNELS: Final = ("spot.trades", "spot.book_ticker", "spot.order_book_update")
LIMITS: Final = Limits(streams=300, messages_per_s=10, connects_per_minute=30)
PING: Final = Ping(text='{"time":0,"channel":"spot.ping"}', every_s=20)
IDLE: Final = ('"spot.pong"', '"event":"subscribe"')
SYMBOLS_PER_MESSAGE: Final = 100

_SYMBOL: Final = re.compile(r"([^\W_a-z]{1,20})_([^\W_a-z]{1,20})")
_Size = Annotated[str, msgspec.Meta(pattern=r"^([0-9]{1,30}(\.[0-9]{1,30})?)?\Z")]


class _Listed(msgspec.Struct):
    id: str
    precision: Places
    amount_precision: Places
    trade_status: str
    min_base_amount: _Size | None = None
    min_quote_amount: _Size | None = None


_listed = msgspec.json.Decoder(tuple[_Listed, ...])


@lru_cache(maxsize=10_000)
def canonical(symbol: str) -> str:
    """Return the canonical name of the venue's symbol: ``BTC_USDT`` is ``BTC-USDT``.

    Raises:
        NotARecordError: If it is not of that form.
    """
    match = _SYMBOL.fullmatch(symbol)
    if match is None:
        raise NotARecordError(f"unknown symbol `{symbol[:40]}`")
    return f"{match[1]}-{match[2]}"


def native(symbol: str) -> str:
    """Return the venue's name of a canonical symbol: ``BTC-USDT`` is ``BTC_USDT``."""
    return symbol.replace("-", "_")


def address(channel: str) -> str:
    """Return the WebSocket address that a channel comes on: there is one."""
    return URL


def subscribe(symbols: Iterable[str], channels: Sequence[str]) -> list[str]:
    """Return the messages that subscribe to channels of symbols."""
    names = [native(symbol) for symbol in symbols]
    return [
        _request(channel, payload)
        for channel in channels
        for payload in _payloads(channel, names)
    ]


def _payloads(channel: str, names: Sequence[str]) -> Iterator[Sequence[str]]:
    if channel == "spot.order_book_update":
        for name in names:
            yield (name, "100ms")
        return
    for start in range(0, len(names), SYMBOLS_PER_MESSAGE):
        yield names[start : start + SYMBOLS_PER_MESSAGE]


def _request(channel: str, payload: Sequence[str]) -> str:
    request = {"time": 0, "channel": channel, "event": "subscribe", "payload": payload}
    return msgspec.json.encode(request).decode()


def resync(symbol: str) -> list[str]:
    """Return nothing: the book is fetched."""
    return []


def snapshot_path(symbol: str) -> str | None:
    """Return the path, below the REST address, of a symbol's best 100 levels."""
    return (
        f"{gateio_wire.BOOK_PATH}?currency_pair={native(symbol)}&limit=100&with_id=true"
    )


def instruments_path() -> str:
    """Return the path, below the REST address, of the list of instruments."""
    return "/api/v4/spot/currency_pairs"


def instruments(body: bytes) -> list[Instrument]:
    """Return the instruments in an answer; those we have no name for are left out.

    Raises:
        NotARecordError: If it is not the documented list; likewise any of
            ``UNREADABLE``.
    """
    return list(_named(_listed.decode(body)))


def _named(rows: Iterable[_Listed]) -> Iterator[Instrument]:
    for row in rows:
        match = _SYMBOL.fullmatch(row.id)
        if match is None:
            continue
        is_traded = row.trade_status == "tradable"
        yield Instrument(
            venue=VENUE,
            symbol=canonical(row.id),
            native=row.id,
            base=match[1],
            quote=match[2],
            tick_size=Decimal(1).scaleb(-row.precision),
            lot_size=Decimal(1).scaleb(-row.amount_precision),
            min_quantity=size(Decimal(row.min_base_amount or 0)),
            min_notional=size(Decimal(row.min_quote_amount or 0)),
            status=Status.TRADING if is_traded else Status.HALTED,
        )


def parse(frame: Frame, line: Line) -> Parsed:
    """Return what a frame says.

    Raises:
        NotARecordError: If the frame is not what the venue documents.
    """
    return gateio_wire.parse(frame, line, VENUE, canonical)
