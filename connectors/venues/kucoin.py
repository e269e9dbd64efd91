"""KuCoin, spot.

https://www.kucoin.com/docs-new/websocket-api/base-info/introduction
https://www.kucoin.com/docs-new/rest/spot-trading/market-data/get-all-symbols

What it sends is read as `kucoin_wire.py` tells. A symbol is `BTC-USDT` to the venue as
to us; one that was renamed keeps its old one (`BCHSV-USDT`).

The address alone is not enough: a connection needs a token, which a POST to
`/api/v1/bullet-public` gives for a day and which ingest does not fetch. Until it does,
a line that is to listen needs the address with a token in it as its `url`; recordings
need none. Full books are for those who have a key: what is fetched without one is the
best 100 levels. A connection may be asked 100 times in 10 s, for 100 symbols of a
channel at a time; how many channels it takes has been 300 and 400: 300 here. It may be
opened 30 times a minute.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Final

import msgspec

from connectors.venues import kucoin_wire
from connectors.venues.venue import Limits, Ping
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError
from operators.records.frame import Frame
from operators.records.instrument import Instrument, Status

# As the venue spells them.
# ruff: noqa: N815

VENUE: Final = "kucoin"
URL: Final = "wss://ws-api-spot.kucoin.com"
REST_URL: Final = "https://api.kucoin.com"
CHANNELS: Final = ("/market/match", "/market/ticker", "/market/level2")
LIMITS: Final = Limits(streams=300, messages_per_s=10, connects_per_minute=30)
PING: Final = Ping(text='{"id":"0","type":"ping"}', every_s=18)
IDLE: Final = ('"pong"', '"ack"', '"welcome"')
SYMBOLS_PER_MESSAGE: Final = 100

_SYMBOL: Final = re.compile(r"[^\W_a-z]{1,20}-[^\W_a-z]{1,20}")
_Size = Annotated[str, msgspec.Meta(pattern=r"^([0-9]{1,30}(\.[0-9]{1,30})?)?\Z")]


class _Listed(msgspec.Struct):
    symbol: str
    baseCurrency: str
    quoteCurrency: str
    baseMinSize: _Size
    baseIncrement: _Size
    priceIncrement: _Size
    enableTrading: bool
    minFunds: _Size | None = None


class _Answer(msgspec.Struct):
    code: str
    data: tuple[_Listed, ...] = ()
    msg: str = ""


_answer = msgspec.json.Decoder(_Answer)


@lru_cache(maxsize=10_000)
def canonical(symbol: str) -> str:
    """Return the canonical name of the venue's symbol: it is the same.

    Raises:
        NotARecordError: If it is none.
    """
    if _SYMBOL.fullmatch(symbol) is None:
        raise NotARecordError(f"unknown symbol `{symbol[:40]}`")
    return symbol


def native(symbol: str) -> str:
    """Return the venue's name of a canonical symbol: it is the same."""
    return symbol


def address(channel: str) -> str:
    """Return the WebSocket address that a channel comes on: there is one."""
    return URL


def subscribe(symbols: Iterable[str], channels: Sequence[str]) -> list[str]:
    """Return the messages that subscribe to channels of symbols."""
    names = list(symbols)
    return [
        _request("subscribe", channel, names[start : start + SYMBOLS_PER_MESSAGE])
        for channel in channels
        for start in range(0, len(names), SYMBOLS_PER_MESSAGE)
    ]


def _request(verb: str, channel: str, names: Sequence[str]) -> str:
    topic = f"{channel}:{','.join(names)}"
    request = {"id": "1", "type": verb, "topic": topic, "response": True}
    return msgspec.json.encode(request).decode()


def resync(symbol: str) -> list[str]:
    """Return nothing: the book is fetched."""
    return []


def snapshot_path(symbol: str) -> str | None:
    """Return the path, below the REST address, of a symbol's best 100 levels."""
    return f"/api/v1/market/orderbook/level2_100?symbol={native(symbol)}"


def instruments_path() -> str:
    """Return the path, below the REST address, of the list of instruments."""
    return "/api/v2/symbols"


def instruments(body: bytes) -> list[Instrument]:
    """Return the instruments in an answer; those we have no name for are left out.

    Raises:
        NotARecordError: If it is not the documented list.
    """
    answer = _answer.decode(body)
    if answer.code != "200000":
        raise NotARecordError(f"the venue refused: {answer.msg[:80]}")
    return [
        Instrument(
            venue=VENUE,
            symbol=canonical(row.symbol),
            native=row.symbol,
            base=row.baseCurrency,
            quote=row.quoteCurrency,
            tick_size=_size(row.priceIncrement),
            lot_size=_size(row.baseIncrement),
            min_quantity=_size(row.baseMinSize),
            min_notional=_size(row.minFunds or ""),
            status=Status.TRADING if row.enableTrading else Status.HALTED,
        )
        for row in answer.data
        if _SYMBOL.fullmatch(row.symbol)
    ]


def _size(text: str) -> Decimal | None:
    """Return a size, or None where the venue states none, or 0."""
    return (Decimal(text) or None) if text else None


def parse(frame: Frame, line: Line) -> Parsed:
    """Return what a frame says.

    Raises:
        NotARecordError: If the frame is not what the venue documents.
    """
    return kucoin_wire.parse(frame, line, VENUE, canonical)
