"""Weights are learnt where there is something to learn, and else are those of all."""

import random
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import rankdata

from operators.records.feature import Feature
from operators.records.priority import Priority, PriorityWeights
from operators.records.time import MINUTE
from operators.scanner.components import Components
from operators.scanner.params import LearningParams, ScannerParams
from operators.scanner.scanner import Scanner
from operators.scanner.weights import numbers, shares
from tests.operators.scanner.ohlcv import BARS, features
from tests.operators.scanner.scene import FIRST, feature, outs, quality

NAMES = Components._fields
LEARNING = LearningParams(doubt=500.0, step=1.0, tolerance=0.0)
QUICK = ScannerParams(learning=LEARNING, apart_s=60, beta_windows=10_000)
STRANGE = "S00-USDT"
"""The one symbol whose moves follow its turnover, where others' follow volatility."""


def made(windows: int, seed: int = 1, symbols: int = 16) -> list[list[Feature]]:
    """Return windows in which what was seen a window ago moves a mid now."""
    chance = random.Random(seed)
    mids, seen = [100.0] * symbols, [(0.5, 0.5)] * symbols
    found = []
    for window in range(windows):
        row = []
        for number in range(symbols):
            volatile, traded = seen[number]
            drives = traded if number == 0 else volatile
            size = 1e-3 * np.exp(4.0 * (drives - 0.5))
            mids[number] *= 1 + chance.gauss(0.0, size)
            seen[number] = (chance.random(), chance.random())
            row.append(
                feature(
                    window,
                    f"S{number:02}-USDT",
                    mid=mids[number],
                    volatility=seen[number][0],
                    turnover=seen[number][1],
                    spread_bps=chance.uniform(0.0, 0.1),
                    signed_volume=chance.uniform(-1.0, 1.0),
                    bid_depth=chance.random(),
                    returns=(chance.gauss(0.0, seen[number][0]), None),
                )
            )
        found.append(row)
    return found


def learnt(windows: list[list[Feature]]) -> dict[str, PriorityWeights]:
    """Return the weights of each symbol that were said last."""
    said = outs((each for row in windows for each in row), QUICK)
    return {each.symbol: each for each in said if isinstance(each, PriorityWeights)}


def test_weights_become_what_moves_come_from() -> None:
    found = learnt(made(3_000))
    for symbol, weights in found.items():
        mine, others = ("turnover", "volatility")[:: 1 if symbol == STRANGE else -1]
        assert max(NAMES, key=lambda name: getattr(weights, name)) == mine
        assert getattr(weights, mine) > 2 * getattr(weights, others)


def test_with_little_data_weights_are_those_of_all() -> None:
    """And the more there is of a symbol, the farther from them it may be."""
    windows = made(3_000)
    few = [row if at >= 2_900 else row[1:] for at, row in enumerate(windows)]
    found, later = learnt(windows), learnt(few)
    assert later[STRANGE].n <= 100
    assert later[STRANGE].credibility == later[STRANGE].n / (later[STRANGE].n + 500)
    assert later[STRANGE].volatility > later[STRANGE].turnover
    assert found[STRANGE].turnover > found[STRANGE].volatility


def test_a_weight_goes_no_farther_in_a_day_than_it_may() -> None:
    params = ScannerParams(learning=LearningParams(tolerance=0.0, step=0.02))
    said: dict[str, list[PriorityWeights]] = {}
    for each in outs((e for row in made(2_000) for e in row), params):
        if isinstance(each, PriorityWeights):
            said.setdefault(each.symbol, []).append(each)
    for mine in said.values():
        assert mine[0].reason == "start"
        assert {each.reason for each in mine[1:]} == {"learnt"}
        for one, two in pairwise(mine):
            assert two.event_ns % (60 * MINUTE) == 0
            hours = -(-(two.event_ns - one.event_ns) // (60 * MINUTE))
            for name in NAMES:
                gone = abs(getattr(two, name) - getattr(one, name))
                assert gone <= 0.02 * hours / 24 + 1e-12


def test_beta_is_that_of_numpy_as_it_was_before_the_window() -> None:
    rng = np.random.default_rng(2)
    market = rng.normal(0, 1e-3, 200)
    other = 1.5 * market + rng.normal(0, 1e-4, 200)
    mids = 100 * np.exp(np.cumsum([market, other], axis=1))
    words = [
        feature(window, symbol, mid=float(mids[place, window]))
        for window in range(200)
        for place, symbol in enumerate(("BTC-USDT", "ETH-USDT"))
    ]
    said = [each for each in outs(words, QUICK) if isinstance(each, Priority)]
    # The first return is from the first window that is ranked to the next.
    first = (said[0].event_ns // MINUTE - FIRST) + 1
    for each in said[-20:]:
        at = each.event_ns // MINUTE - FIRST
        x, y = market[first:at], other[first:at]
        mine = (x, y)[each.symbol == "ETH-USDT"]
        beta = np.cov(x, mine, ddof=0)[0, 1] / np.var(x)
        assert each.beta == pytest.approx(beta)
        now = (market, other)[each.symbol == "ETH-USDT"][at]
        assert each.residual == pytest.approx(now - beta * market[at], abs=1e-12)
    assert said[0].beta is None


def areas(since: str, until: str, warm: int) -> dict[str, list[float]]:
    """Return the area under the curve of each way to weigh, window by window.

    Of the score for who is in the top quarter by the move of the next minute. Weights
    are those that are known at the score's own moment.
    """
    scanner = Scanner(ScannerParams(apart_s=60))
    found: dict[str, list[float]] = {"equal": [], "pooled": [], "own": [], "used": []}
    ranked: list[Priority] = []
    weights: dict[str, np.ndarray] = {}
    before: dict[str, float | None] = {}
    for count, row in enumerate(features(since, until)):
        mids = {each.key: each.mid for each in row}
        known = [each for each in ranked if each.key in mids and each.key in before]
        if count > warm and len(known) >= 14:
            gone = [abs(np.log(mids[e.key] / before[e.key])) for e in known]
            worth = (rankdata(gone) - 0.5) / len(gone) > 0.75
            for name, all_ in weights.items():
                by_key = dict(zip((e.key for e in ranked), all_, strict=True))
                found[name].append(_area(worth, [by_key[e.key] for e in known]))
        words = [(each, quality_of(each)) for each in row]
        said = list(scanner.update(word for pair in words for word in pair))
        ranked = [each for each in said if isinstance(each, Priority)]
        before, state = mids, scanner.state.ranked
        if ranked and state.pool is not None:
            pool = state.pool.shares
            own = {e.key: state.watched[e.key].own for e in ranked}
            parts = [
                numbers(Components(*(getattr(e, n) for n in NAMES))) for e in ranked
            ]
            mine = [shares(own[e.key].learnt.coefficients) or pool for e in ranked]
            used = [own[e.key].used for e in ranked]
            weights = {
                "equal": np.sum(parts, axis=1),
                "pooled": np.array(parts) @ pool,
                "own": np.sum(np.array(parts) * mine, axis=1),
                "used": np.sum(np.array(parts) * used, axis=1),
            }
    return found


def quality_of(each: Feature) -> object:
    return quality(each.event_ns // MINUTE - FIRST, each.symbol, venue=each.venue)


def _area(worth: np.ndarray, scores: list[float]) -> float:
    ranks, yes = rankdata(scores), worth.sum()
    no = len(worth) - yes
    return float((ranks[worth].sum() - yes * (yes + 1) / 2) / (yes * no))


def interval(differences: np.ndarray, block: int = 240) -> tuple[float, float, float]:
    """Return the mean and its 95 % interval, by blocks of four hours drawn again."""
    rng = np.random.default_rng(1)
    blocks = [differences[at : at + block] for at in range(0, len(differences), block)]
    draws = [
        np.concatenate([blocks[n] for n in rng.integers(0, len(blocks), len(blocks))])
        for _ in range(400)
    ]
    low, high = np.quantile([each.mean() for each in draws], [0.025, 0.975])
    return float(differences.mean()), float(low), float(high)


@pytest.mark.skipif(not BARS.exists(), reason="no ../shared/data/ohlcv here")
def test_on_real_bars_learnt_weights_see_more_than_equal_ones() -> None:
    """And own ones, as far as they are believed, no less than those of all.

    Out of sample: each window is judged by weights learnt before it. The figures of
    fourteen days are in the README; here two, for their time.
    """
    found = areas("2025-05-10", "2025-05-12", warm=1_440)
    pooled, used = (np.array(found[name]) for name in ("pooled", "used"))
    mean, low, _ = interval(pooled - np.array(found["equal"]))
    assert len(pooled) > 1_000
    assert pooled.mean() > 0.6
    assert low > 0.0
    assert mean > 0.02
    assert interval(used - pooled)[0] > -0.02
