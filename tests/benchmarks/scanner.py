"""Features and quality of many symbols -> rankings: what a window costs, and grows by.

Made symbols whose mids wander, all heard in every window, each with a quality score;
records are made before the time is taken. What counts is CPU seconds of the operator
alone, in one process.
"""

import pickle
import random
import statistics
import time
from typing import Final

from flows.run import calm_collector
from operators.records.feature import Feature
from operators.records.quality import QualityScore
from operators.records.time import MINUTE
from operators.scanner.params import ScannerParams
from operators.scanner.scanner import Scanner, Word

FIRST: Final = 28_333_333
FEW: Final = 50
MANY: Final = 500
RUNS: Final = 5


def run(windows: int) -> None:
    """Print windows per CPU second for few and many symbols, growth and memory."""
    calm_collector()
    found: dict[int, list[float]] = {FEW: [], MANY: []}
    kept = {}
    for _ in range(RUNS):
        for symbols, costs in found.items():
            seconds, kept[symbols] = _measure(symbols, windows)
            costs.append(seconds)
    for symbols, costs in found.items():
        middle = statistics.median(costs)
        print(
            f"scanner: {symbols:3} symbols: {1 / middle:6,.1f} windows per CPU-second"
            f" (of {RUNS}: {1 / max(costs):,.1f} to {1 / min(costs):,.1f}),"
            f" {1e6 * middle / symbols:.0f} us a symbol and window,"
            f" {kept[symbols] / symbols / 1e3:.1f} kB of state a symbol"
        )
    ratio = statistics.median(found[MANY]) / statistics.median(found[FEW])
    print(
        f"scanner: {MANY // FEW} times the symbols cost {ratio:.1f} times as much"
        f" (linear would be {MANY / FEW:.1f})"
    )


def _measure(symbols: int, windows: int) -> tuple[float, int]:
    """Return the seconds that a window costs, and the bytes of state."""
    scanner, spent_s = Scanner(ScannerParams()), 0.0
    chance = random.Random(1)
    mids = [100.0] * symbols
    warm = 10
    for window in range(windows + warm):
        words = _window(window, mids, chance)
        begun_s = time.process_time()
        said = sum(1 for _ in scanner.update(words))
        if window >= warm:
            spent_s += time.process_time() - begun_s
            if said < symbols:
                raise RuntimeError(f"{said} records of {symbols} symbols")
    return spent_s / windows, len(pickle.dumps(scanner.state))


def _window(window: int, mids: list[float], chance: random.Random) -> list[Word]:
    event_ns = (FIRST + window) * MINUTE
    words: list[Word] = []
    for number in range(len(mids)):
        mids[number] *= 1 + chance.gauss(0.0, 1e-3)
        place = {"venue": "v", "symbol": f"S{number:03}-USDT", "event_ns": event_ns}
        words += [
            Feature(
                **place,
                length_ns=MINUTE,
                volume=chance.random(),
                signed_volume=chance.uniform(-0.1, 0.1),
                turnover=chance.random(),
                trades=10,
                mid=mids[number],
                spread_bps=chance.random(),
                bid_depth=chance.random(),
                ask_depth=chance.random(),
                volatility=chance.random(),
                horizons=(1, 5, 15, 60),
                returns=tuple(chance.gauss(0, 1) for _ in range(4)),
            ),
            QualityScore(**place, received_ns=event_ns, score=100.0, tradable=True),
        ]
    return words
