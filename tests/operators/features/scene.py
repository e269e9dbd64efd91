"""Events of one symbol, and what Features say of them."""

from collections.abc import Iterable, Sequence
from typing import Any

from operators.features.features import Features
from operators.features.params import FeaturesParams
from operators.market.order_book import OrderBook, OrderBookParams
from operators.records.base import Side
from operators.records.feature import Feature
from operators.records.market import (
    BookDelta,
    BookSnapshot,
    Gap,
    Heartbeat,
    MarketEvent,
    Top,
    Trade,
)
from operators.records.time import MS

START_MS = 1_723_161_240_000
SHORT = FeaturesParams(
    lengths_ms=(1_000, 2_000, 6_000),
    stands=3,
    levels=2,
    warm_s=2.0,
    atr_periods=(1, 3),
    efficiency=2,
    horizons=(1, 3),
)


def place(at_ms: int) -> dict[str, Any]:
    at_ns = (START_MS + at_ms) * MS
    return {"venue": "v", "symbol": "A-B", "event_ns": at_ns, "received_ns": at_ns + 7}


def trade(
    at_ms: int, price: float = 1, quantity: float = 1, side: Side = Side.BUY
) -> Trade:
    amount = {"trade_id": str(at_ms), "price": price, "quantity": quantity}
    return Trade(**place(at_ms), **amount, side=side)


def beat(at_ms: int) -> Heartbeat:
    return Heartbeat(**place(at_ms))


def top(at_ms: int, bid: float, ask: float, sizes: tuple[float, float] = (1, 1)) -> Top:
    quantities = {"bid_quantity": sizes[0], "ask_quantity": sizes[1]}
    return Top(**place(at_ms), bid=bid, ask=ask, **quantities)


Side_ = Sequence[tuple[float, float]]


def snapshot(at_ms: int, bids: Side_, asks: Side_) -> BookSnapshot:
    return BookSnapshot(**place(at_ms), bids=tuple(bids), asks=tuple(asks))


def delta(at_ms: int, bids: Side_ = (), asks: Side_ = ()) -> BookDelta:
    return BookDelta(**place(at_ms), bids=tuple(bids), asks=tuple(asks))


def gap(at_ms: int) -> Gap:
    return Gap(**place(at_ms), reason="line")


def made(params: FeaturesParams = SHORT) -> Features:
    return Features(params, OrderBook(OrderBookParams(levels=params.levels)))


def said(
    events: Iterable[MarketEvent], params: FeaturesParams = SHORT, *, close: bool = True
) -> list[Feature]:
    features = made(params)
    return [*features.update(events), *(features.close() if close else ())]


def of(found: Iterable[Feature], length_ms: int) -> dict[int, Feature]:
    """Return those of a length, by the end of their window since the start [ms]."""
    return {
        each.event_ns // MS - START_MS: each
        for each in found
        if each.length_ns == length_ms * MS
    }
