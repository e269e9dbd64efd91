"""The evaluation runs, compares like with like, and its intervals are intervals."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from operators.calibration.params import CalibrationParams
from tests.evaluation.bootstrap import interval
from tests.evaluation.calibration import made_spreads
from tests.evaluation.forecasts import PROXIES, difference, judge, together
from tests.evaluation.ohlcv import OHLCV, PERIODS, Bars, load, ranges, true_range
from tests.evaluation.thresholds import lognormal, passed

real = pytest.mark.skipif(
    not OHLCV.exists(), reason="the real recordings of ../shared are not here"
)


def first(bars: Bars, count: int) -> Bars:
    """Return the first bars of a symbol."""
    cut = {
        name: getattr(bars, name)[:count]
        for name in ("end_ns", "open", "high", "low", "close", "turnover", "atr")
    }
    return bars._replace(**cut)


def test_of_independent_numbers_the_interval_is_scipy_s():
    numbers = np.random.default_rng(1).normal(0.1, 1.0, 2_000)
    mine = interval(numbers, 1)
    theirs = bootstrap((numbers,), np.mean, method="percentile", rng=2)

    assert mine.mean == pytest.approx(numbers.mean())
    assert mine.low == pytest.approx(theirs.confidence_interval.low, abs=0.01)
    assert mine.high == pytest.approx(theirs.confidence_interval.high, abs=0.01)


def test_of_numbers_that_depend_on_each_other_it_is_wider_by_what_they_do():
    rng, phi = np.random.default_rng(2), 0.9
    numbers = np.zeros(20_000)
    for i, noise in enumerate(rng.normal(0, 1, len(numbers) - 1), start=1):
        numbers[i] = phi * numbers[i - 1] + noise
    free, kept = interval(numbers, 1), interval(numbers, 300)

    wider = (kept.high - kept.low) / (free.high - free.low)
    assert wider == pytest.approx(((1 + phi) / (1 - phi)) ** 0.5, rel=0.2)


@real
def test_forecasts_are_judged_on_the_same_windows_of_the_second_half_alone():
    bars = first(next(load("5m", 1)), 3_000)
    judged = judge(bars)

    assert judged.end_ns.tolist() == bars.end_ns[1_500:].tolist()
    assert {len(each) for each in judged.losses.values()} == {1_500}
    assert all(np.isfinite(each).all() for each in judged.losses.values())
    assert set(judged.best) == set(PROXIES)
    assert all(period in PERIODS for period in judged.best.values())
    assert PERIODS[0] <= judged.calibrated <= PERIODS[-1]


@real
def test_what_comes_later_changes_no_loss():
    bars = first(next(load("5m", 1)), 1_400)
    later = first(next(load("5m", 1)), 1_000)
    whole, part = judge(bars), judge(later)

    for key in (("TR^2", "calibrated"), ("Parkinson", "expected"), ("TR^2", "ATR(14)")):
        shared = part.losses[key][200:]
        assert whole.losses[key][: len(shared)] == pytest.approx(shared)


@real
def test_a_forecast_against_itself_is_undecided_and_differences_turn_with_it():
    judged = [judge(first(bars, 2_000)) for bars in load("5m", 2)]
    same = difference(judged[0], "TR^2", "ATR(14)", "ATR(14)", 288)
    one = difference(judged[0], "TR^2", "calibrated", "ATR(14)", 288)
    other = difference(judged[0], "TR^2", "ATR(14)", "calibrated", 288)

    assert (same.mean, same.verdict) == (0.0, "undecided")
    assert one.mean == pytest.approx(-other.mean)
    alone = together(judged[:1], "TR^2", "calibrated", "ATR(14)", 288)
    assert alone.mean == pytest.approx(one.mean)


@real
def test_bars_of_the_evaluation_are_talib_s():
    bars = first(next(load("1m", 1)), 500)
    before = bars.close[:-1]
    expected = np.maximum(bars.high[1:], before) - np.minimum(bars.low[1:], before)

    assert true_range(bars)[1:] == pytest.approx(expected)
    assert np.isnan(bars.atr[:5, 0]).all()
    assert np.isfinite(bars.atr[60:]).all()


def test_made_bounds_are_passed_at_their_rate_and_a_fixed_one_is_not():
    made = {name: each for name, each in made_spreads(6_000).items() if "free" in name}
    rows = passed(made, CalibrationParams())

    assert max(r.median for r in rows) / min(r.median for r in rows) > 380
    assert all(abs(each.calibrated - 0.01) < 0.01 for each in rows)
    assert max(abs(each.fixed - 0.01) for each in rows) > 0.01


@real
def test_real_ranges_pass_their_calibrated_bound_within_a_point_of_nominal():
    bars = {each.symbol: ranges(each)[-5_000:] for each in load("5m", 3)}
    params = CalibrationParams(length_ms=300_000)

    assert all(abs(each.calibrated - 0.01) < 0.01 for each in passed(bars, params))


def test_what_is_made_has_the_median_that_is_asked_for():
    numbers = lognormal(3.0, 20_000, 0.5, 1)

    assert np.median(numbers) == pytest.approx(3.0, rel=0.05)
