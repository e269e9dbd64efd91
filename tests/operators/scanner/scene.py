"""Windows of made symbols, as features and quality say them."""

import random
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from operators.records.feature import Feature
from operators.records.priority import Priority, PriorityWeights
from operators.records.quality import QualityScore
from operators.records.time import MINUTE
from operators.scanner.params import ScannerParams
from operators.scanner.scanner import Scanner

FIRST = 28_333_333
"""The number of the first window, of a minute each."""
PATIENCE = 3
Word = Feature | QualityScore
Out = Priority | PriorityWeights


def feature(window: int, symbol: str = "A-USDT", **more: Any) -> Feature:
    values: dict[str, Any] = {
        "venue": "okx",
        "length_ns": MINUTE,
        "volume": 1.0,
        "signed_volume": 0.5,
        "turnover": 100.0,
        "trades": 4,
        "mid": 100.0,
        "spread_bps": 1.0,
        "bid_depth": 10.0,
        "ask_depth": 10.0,
        "volatility": 1e-4,
        "horizons": (1, 5),
        "returns": (1e-3, None),
    }
    event_ns = (FIRST + window) * MINUTE
    return Feature(symbol=symbol, event_ns=event_ns, **{**values, **more})


def quality(window: float, symbol: str = "A-USDT", **more: Any) -> QualityScore:
    values: dict[str, Any] = {"venue": "okx", "score": 100.0, "tradable": True}
    event_ns = int((FIRST + window) * MINUTE)
    return QualityScore(
        symbol=symbol, event_ns=event_ns, received_ns=event_ns + 1, **{**values, **more}
    )


def market(symbols: Sequence[str], windows: int, seed: int = 1) -> list[list[Word]]:
    """Return what each member says, each in its order: wandering mids, moods, holes."""
    chance = random.Random(seed)
    said: list[list[Word]] = []
    for symbol in symbols:
        mid, told, scored = 100.0, [], []
        wild = 10 ** chance.uniform(-4, -2)
        for window in range(windows):
            mid *= 1 + chance.gauss(0.0, wild)
            more = {
                "mid": mid if chance.random() < 0.95 else None,
                "volatility": wild * chance.uniform(0.5, 1.5) if window else None,
                "turnover": chance.expovariate(1e-3),
                "spread_bps": chance.uniform(0.1, 5.0),
                "signed_volume": chance.uniform(-1.0, 1.0),
                "bid_depth": chance.uniform(1.0, 9.0)
                if chance.random() < 0.9
                else None,
                "returns": (chance.gauss(0.0, 1e-3), None),
            }
            told.append(feature(window, symbol, **more))
            tradable = chance.random() < 0.95
            score = chance.uniform(50.0, 100.0)
            scored.append(quality(window, symbol, score=score, tradable=tradable))
        said += [told, scored]
    return said


def in_step(said: Iterable[Sequence[Word]]) -> list[Word]:
    """Return what all say, in order of time."""
    return sorted(
        (word for each in said for word in each), key=lambda word: word.event_ns
    )


def outs(words: Iterable[Word], params: ScannerParams | None = None) -> list[Out]:
    scanner = Scanner(params or ScannerParams())
    return list(scanner.update(words)) + list(scanner.close())


def priorities(said: Iterable[Out]) -> list[Priority]:
    return [each for each in said if isinstance(each, Priority)]


def by_window(said: Iterable[Out]) -> dict[int, list[Priority]]:
    """Return priorities by window, as they came."""
    return {
        at_ns // MINUTE - FIRST: list(each)
        for at_ns, each in groupby(priorities(said), key=lambda out: out.event_ns)
    }
