"""Market records -> features, at 50 and at 500 symbols, beside the parts they need.

A symbol has a book of 400 levels, and in a second ten changes of it, twenty quotes,
nine trades and a heartbeat, by and large as the tick captures have them. Batches are
what a source of 1,000 records at a time gives each key. The peer keeps the same book
and makes bars of 1 s from the same batches (``OrderBook`` and ``Bars``): what is beyond
it is the price of everything else. All run in one process, in turn; what counts is CPU
seconds.
"""

import random
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any, Final

from flows.run import calm_collector
from operators import step
from operators.features.bars import Bars, BarsParams
from operators.features.features import Features
from operators.features.params import FeaturesParams
from operators.market.order_book import OrderBook, OrderBookParams
from operators.records.base import Side
from operators.records.market import (
    BookDelta,
    BookSnapshot,
    Heartbeat,
    MarketEvent,
    Top,
    Trade,
)
from operators.records.time import MS, SECOND

RUNS: Final = 5
BATCH: Final = 1_000
LEVELS: Final = 200
START_NS: Final = 1_700_000_000 * SECOND
TICK: Final = 0.01
PARAMS: Final = FeaturesParams()
_PER_SECOND: Final = "t" * 9 + "q" * 20 + "d" * 10

Batches = list[tuple[str, list[MarketEvent]]]


class Peer:
    """A book and bars of a symbol, and nothing that is made of both."""

    def __init__(self) -> None:
        self.book = OrderBook(OrderBookParams(levels=PARAMS.levels))
        self.bars = Bars(BarsParams(PARAMS.lengths_ms[:1], PARAMS.lateness_ms))

    def update(self, events: list[MarketEvent]) -> Iterator[Any]:
        yield from self.book.update(events)
        yield from self.bars.update(events)


def new() -> Features:
    book = OrderBook(OrderBookParams(levels=PARAMS.levels))
    return Features(PARAMS, book)


def run(records: int) -> None:
    """Print the rates, their ratios, and the memory of a symbol."""
    calm_collector()
    rates = {symbols: _rates(batches(symbols, records)) for symbols in (50, 500)}
    for symbols, (ours, peer, said) in rates.items():
        print(
            f"features: {symbols:3} symbols  {ours:9,.0f} market records per"
            f" CPU-second, {said:,} features said; a book and bars alone {peer:9,.0f}:"
            f" ratio {ours / peer:.2f}"
        )
    growth = rates[50][0] / rates[500][0]
    print(f"features: a record of 500 symbols costs {growth:.2f} times one of 50")
    ours_kib, peer_kib = _memory(new), _memory(Peer)
    print(
        f"features: {ours_kib:.1f} KiB a symbol; a book of {2 * LEVELS} levels and bars"
        f" alone {peer_kib:.1f} KiB"
    )


def batches(symbols: int, records: int) -> Batches:
    """Return a market's records as a source hands them on, all keys interleaved."""
    chance = random.Random(1)
    seconds = max(records // symbols // (len(_PER_SECOND) + 1), 2)
    makers = [_Symbol(f"S{n:03}-USDT", chance) for n in range(symbols)]
    stream: list[MarketEvent] = [maker.snapshot() for maker in makers]
    for second in range(seconds):
        at_ns = START_NS + second * SECOND
        drawn = [
            (at_ns + chance.randrange(SECOND), number, kind)
            for number in range(symbols)
            for kind in _PER_SECOND
        ]
        stream += [maker.beat(at_ns) for maker in makers]
        stream += [makers[number].event(at, kind) for at, number, kind in sorted(drawn)]
    return [
        batch
        for start in range(0, len(stream), BATCH)
        for batch in step.by_key(stream[start : start + BATCH])
    ]


class _Symbol:
    """A market that wanders by ticks."""

    def __init__(self, symbol: str, chance: random.Random) -> None:
        self._symbol, self._chance = symbol, chance
        self._ticks, self._number = 10_000, 0

    def _place(self, at_ns: int) -> dict[str, Any]:
        place = {"venue": "binance", "symbol": self._symbol}
        return {**place, "event_ns": at_ns, "received_ns": at_ns + 40 * MS}

    def snapshot(self) -> BookSnapshot:
        bids = tuple([((self._ticks - n) * TICK, 1.0 + n % 7) for n in range(LEVELS)])
        asks = tuple([((self._ticks + n) * TICK, 1.0) for n in range(1, LEVELS + 1)])
        return BookSnapshot(**self._place(START_NS), sequence=0, bids=bids, asks=asks)

    def beat(self, at_ns: int) -> Heartbeat:
        return Heartbeat(**self._place(at_ns))

    def event(self, at_ns: int, kind: str) -> MarketEvent:
        chance, place = self._chance, self._place(at_ns)
        if kind == "t":
            side = chance.choice((Side.BUY, Side.SELL))
            price = (self._ticks + (side is Side.BUY)) * TICK
            self._number += 1
            amount = {"price": price, "quantity": round(chance.random(), 3) + 0.001}
            return Trade(**place, trade_id=str(self._number), side=side, **amount)
        if kind == "q":
            bid, ask = self._ticks * TICK, (self._ticks + 1) * TICK
            sizes = {"bid_quantity": chance.random(), "ask_quantity": chance.random()}
            return Top(**place, bid=bid, ask=ask, **sizes)
        move = chance.choice((-1, 0, 0, 0, 1))
        was, self._ticks = self._ticks, self._ticks + move
        low, high = sorted((was, self._ticks))
        gone = range(low + 1, high + 1)
        bids, asks = _changed(self._ticks, chance)
        bids += [(n * TICK, 0.0) for n in gone if move < 0]
        asks += [(n * TICK, 0.0) for n in gone if move > 0]
        return BookDelta(**place, bids=tuple(bids), asks=tuple(asks))


def _changed(ticks: int, chance: random.Random) -> tuple[list[Any], list[Any]]:
    """Return a change of the best level and of some others, on each side."""
    deep = [0, *(chance.randrange(1, LEVELS) for _ in range(4))]
    bids = [((ticks - n) * TICK, 1.0 + chance.random()) for n in deep]
    asks = [((ticks + 1 + n) * TICK, 1.0 + chance.random()) for n in deep]
    return bids, asks


def _rates(given: Batches) -> tuple[float, float, int]:
    """Return the records per CPU-second of ours and of the peer, and what ours said."""
    count = sum(len(events) for _, events in given)
    ours, peer, said = [], [], 0
    for _ in range(RUNS):
        spent_s, said = _spent(new, given)
        ours.append(count / spent_s)
        peer.append(count / _spent(Peer, given)[0])
    return statistics.median(ours), statistics.median(peer), said


def _spent(make: Callable[[], Any], given: Batches) -> tuple[float, int]:
    operators: dict[str, Any] = {key: make() for key in {key for key, _ in given}}
    said, begun_s = 0, time.process_time()
    for key, events in given:
        said += len(list(operators[key].update(events)))
    return time.process_time() - begun_s, said


def _memory(make: Callable[[], Any], symbols: int = 20) -> float:
    """Return what an operator holds after two minutes [KiB]."""
    given = batches(symbols, symbols * (len(_PER_SECOND) + 1) * 120)
    tracemalloc.start()
    operators = {key: make() for key in {key for key, _ in given}}
    for key, events in given:
        for _ in operators[key].update(events):
            pass
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held / 1024 / len(operators)


if __name__ == "__main__":
    run(400_000)
