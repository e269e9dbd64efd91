"""HitBTC on the wire: its API v2, as `hitbtc_wire.py` tells.

https://api.hitbtc.com/v2#socket-market-data
"""

from typing import Final

import msgspec

from connectors.venues.hitbtc_records import (
    Deal,
    Id,
    Levels,
    Number,
    Quantity,
    Taker,
    Told,
)
from operators.market.decode import Parsed
from operators.records.base import NotARecordError
from operators.records.rfc3339 import ns_of

_BOOKS: Final = frozenset({"snapshotOrderbook", "updateOrderbook"})
_UNUSED: Final = {
    "ticker": "ticker without sizes",
    "snapshotTrades": "old trades",
    "snapshotCandles": "candles",
    "updateCandles": "candles",
}


class _Trade(msgspec.Struct, gc=False):
    id: Id
    price: Number
    quantity: Quantity
    side: Taker
    timestamp: str


class _Trades(msgspec.Struct):
    symbol: str
    data: tuple[_Trade, ...]


class _Level(msgspec.Struct, gc=False):
    price: Number
    size: Quantity


class _Book(msgspec.Struct):
    symbol: str
    sequence: Id
    timestamp: str
    ask: tuple[_Level, ...]
    bid: tuple[_Level, ...]


_trades = msgspec.json.Decoder(_Trades, strict=False)
_book = msgspec.json.Decoder(_Book, strict=False)


def told(method: str, params: msgspec.Raw, origin: Told) -> Parsed:
    """Return what a frame of this version says.

    Raises:
        NotARecordError: If it is not what the venue documents; likewise any of
            ``UNREADABLE``.
    """
    if method in _BOOKS:
        book = _book.decode(params)
        levels = Levels(
            book.sequence, ns_of(book.timestamp), _levels(book.bid), _levels(book.ask)
        )
        whole = method == "snapshotOrderbook"
        event, venue_ns = origin.book(book.symbol, levels, whole=whole)
        return Parsed((event,), venue_ns)
    if method == "updateTrades":
        return _traded(params, origin)
    reason = _UNUSED.get(method)
    if reason is None:
        raise NotARecordError(f"unknown method `{method[:40]}` - at `$.method`")
    return Parsed(ignored=reason)


def _levels(levels: tuple[_Level, ...]) -> tuple[tuple[float, float], ...]:
    return tuple([(level.price, level.size) for level in levels])


def _traded(params: msgspec.Raw, origin: Told) -> Parsed:
    wire = _trades.decode(params)
    trades = [
        origin.trade(
            wire.symbol,
            Deal(each.id, ns_of(each.timestamp), each.price, each.quantity, each.side),
        )
        for each in wire.data
    ]
    newest_ns = max((trade.event_ns for trade in trades), default=None)
    return Parsed(trades, newest_ns, "" if trades else "no trades")
