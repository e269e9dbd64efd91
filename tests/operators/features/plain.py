"""Features the other way: all events at hand, plain dicts, numpy, formulas as printed.

Of a symbol that has a book that is never lost, or of one that has quotes only.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from operators.features.params import FeaturesParams
from operators.records.market import (
    BookDelta,
    BookSnapshot,
    Heartbeat,
    MarketEvent,
    Top,
    Trade,
)
from operators.records.time import MS, SECOND

Levels = list[tuple[float, float]]
Seen = tuple[int, Levels, Levels]
"""When it came, and the levels of both sides, best first."""


class Window:
    """A window of the grid: what was seen in it, first what stood at its beginning."""

    def __init__(self, stood: Seen | None) -> None:
        self.seen = [stood] if stood else []
        self.left_ns = 0


class Book:
    """A book of two plain dicts: the first snapshot, and the deltas that follow."""

    def __init__(self) -> None:
        self.sides: tuple[dict[float, float], dict[float, float]] = ({}, {})
        self.sequence: int | None = None
        self.waiting: list[BookDelta] = []

    def take(self, event: BookSnapshot | BookDelta) -> bool:
        """Take in an event; return whether there is a book."""
        if isinstance(event, BookDelta):
            if self.sequence is None:
                self.waiting.append(event)
            elif event.sequence > self.sequence:
                self.apply(event)
        elif self.sequence is None:
            self.sides = (dict(event.bids), dict(event.asks))
            self.sequence = event.sequence
            for each in self.waiting:
                if each.sequence > event.sequence:
                    self.apply(each)
        return self.sequence is not None

    def apply(self, delta: BookDelta) -> None:
        for side, levels in zip(self.sides, (delta.bids, delta.asks), strict=True):
            for price, size in levels:
                side[price] = size
                if not size:
                    del side[price]

    @property
    def levels(self) -> tuple[Levels, Levels]:
        bids, asks = self.sides
        return sorted(bids.items(), reverse=True), sorted(asks.items())


def windows(events: Iterable[MarketEvent], params: FeaturesParams) -> dict[int, Window]:
    """Return the windows of the first length that the clock left, by start."""
    length_ns = params.lengths_ms[0] * MS
    found: dict[int, Window] = {}
    clock_ns, start_ns, window, book = 0, 0, Window(None), Book()
    now: Seen | None = None
    for event in events:
        if isinstance(event, Trade | Heartbeat) and event.event_ns > clock_ns:
            first_ns = event.event_ns // length_ns * length_ns
            if clock_ns == 0:
                start_ns = first_ns
                window = Window(now and (event.received_ns, *now[1:]))
            passed = (first_ns - start_ns) // length_ns
            while start_ns < first_ns:
                window.left_ns = event.received_ns
                found[start_ns] = window
                window = Window(now and (event.received_ns, *now[1:]))
                start_ns = first_ns if passed > params.stands else start_ns + length_ns
            clock_ns = event.event_ns
        elif isinstance(event, Top):
            bid, ask = (event.bid, event.bid_quantity), (event.ask, event.ask_quantity)
            now = (event.received_ns, [bid], [ask])
            window.seen.append(now)
        elif isinstance(event, BookSnapshot | BookDelta) and book.take(event):
            if window.seen:
                was_ns, bids, asks = window.seen[-1]
                window.seen[-1] = (was_ns, bids[: params.levels], asks[: params.levels])
            now = (event.received_ns, *book.levels)
            window.seen.append(now)
    return found


def sided(now: Levels, before: Levels, sign: int) -> list[float]:
    """Return what each level added, by the indicators of Cont, Kukanov and Stoikov."""
    nowhere = (-sign * np.inf, 0.0)
    count = max(len(now), len(before))
    pairs = zip(
        now + [nowhere] * (count - len(now)),
        before + [nowhere] * (count - len(before)),
        strict=True,
    )
    return [
        size * (sign * price >= sign * was) - had * (sign * price <= sign * was)
        for (price, size), (was, had) in pairs
    ]


def flow(seen: Sequence[Seen], levels: int) -> tuple[float, float]:
    """Return the order flow at the best levels, and the mean over several."""
    best, deep = 0.0, 0.0
    for (_, bids, asks), (_, *before) in zip(seen[1:], seen, strict=False):
        bid = sided(bids[:levels], before[0][:levels], 1)
        ask = sided(asks[:levels], before[1][:levels], -1)
        best += bid[0] - ask[0]
        deep += (sum(bid) - sum(ask)) / levels
    return best, deep


def spread(bids: Levels, asks: Levels) -> float:
    bid, ask = bids[0][0], asks[0][0]
    return 1e4 * (ask - bid) / ((ask + bid) / 2)


def mean_spread(seen: Sequence[Seen], left_ns: int) -> tuple[float, float]:
    """Return the sum of spreads by how long each stood, and how long that was."""
    arrivals = np.maximum.accumulate([each[0] for each in seen] + [left_ns])
    times = np.diff(arrivals)
    return float(np.dot(times, [spread(*each[1:]) for each in seen])), times.sum()


def volatilities(
    mids: dict[int, float], params: FeaturesParams
) -> dict[int, float | None]:
    """Return the volatility at each end, all returns before it weighed anew."""
    ends = np.array(list(mids))
    times = np.diff(ends) / SECOND
    returns = np.diff(np.log(list(mids.values())))
    found: dict[int, float | None] = dict.fromkeys(mids)
    for count, end_ns in enumerate(ends[1:], 1):
        ages = (end_ns - ends[1 : count + 1]) / SECOND
        spent = times[:count]
        weights = np.exp(-ages / params.memory_s) - np.exp(
            -(ages + spent) / params.memory_s
        )
        mean = (weights * returns[:count] ** 2 / spent).sum() / weights.sum()
        if spent.sum() >= params.warm_s:
            found[int(end_ns)] = float(np.sqrt(mean))
    return found


def near(
    seen: Seen, volatility: float | None, params: FeaturesParams, *, is_book: bool
) -> tuple[float | None, float | None, float | None]:
    """Return the reach, and the notional of each side within it."""
    _, bids, asks = seen
    half_bps = spread(bids, asks) / 2
    if not is_book:
        return half_bps, bids[0][0] * bids[0][1], asks[0][0] * asks[0][1]
    if volatility is None:
        return None, None, None
    reach_bps = max(params.reach * volatility * params.reach_s**0.5 * 1e4, half_bps)
    mid = (bids[0][0] + asks[0][0]) / 2
    far = reach_bps / 1e4 * (1 + 1e-12)
    return (
        reach_bps,
        sum(p * q for p, q in bids if p >= mid * (1 - far)),
        sum(p * q for p, q in asks if p <= mid * (1 + far)),
    )


def variances(returns: np.ndarray) -> tuple[float, float | None]:
    """Return RV and MedRV of returns of which none is missing, as printed."""
    realised, count = float((returns**2).sum()), len(returns)
    if count < 3:
        return realised, None
    threes = np.lib.stride_tricks.sliding_window_view(np.abs(returns), 3)
    squares = (np.median(threes, axis=1) ** 2).sum()
    factor = np.pi / (6 - 4 * np.sqrt(3) + np.pi) * count / (count - 2)
    return realised, float(factor * squares)
