"""What is said of a symbol follows from what came before, and from nothing else."""

from itertools import pairwise
from math import exp, log

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from operators.calibration.calibrate import Calibrate
from operators.calibration.params import CalibrationParams
from operators.calibration.prior import Parameters, Prior
from operators.records.calibration import Calibration, Normalised
from operators.records.feature import Feature
from operators.records.time import MINUTE
from tests.operators.calibration.made import (
    HASTY,
    MONDAY_NS,
    PERIODS,
    POOL,
    entry,
    feature,
    priors,
    traded,
    windows,
)

CALM = settings(deadline=None, suppress_health_check=list(HealthCheck))
DAY_NS = 24 * 60 * MINUTE
NAMES = ("atr_period", "wide_bps", "thin", "volatility")


def outs(
    features: list[Feature],
    prior: Prior | None = None,
    params: CalibrationParams = HASTY,
) -> list[Calibration | Normalised]:
    operator = Calibrate(params, lambda _: prior or Prior())
    return [*operator.update(features), *operator.close()]


def calibrations(said: list[Calibration | Normalised]) -> list[Calibration]:
    return [each for each in said if isinstance(each, Calibration)]


def measured(said: list[Calibration | Normalised]) -> list[Normalised]:
    return [each for each in said if isinstance(each, Normalised)]


def steady_windows(count: int, seed: int = 1, start: int = 1) -> list[Feature]:
    rng = np.random.default_rng(seed)
    prices = 100 * np.exp(rng.normal(0, 1e-3, count).cumsum())
    sizes = rng.lognormal(0.0, 0.4, count)
    return [
        traded(start + i, float(price), float(size))
        for i, (price, size) in enumerate(zip(prices, sizes, strict=True))
    ]


@CALM
@given(windows(), priors(), st.data())
def test_nothing_that_comes_later_changes_what_was_said(features, prior, data):
    cut = data.draw(st.integers(0, len(features)))
    before = outs(features[:cut], prior)

    assert outs(features, prior)[: len(before)] == before


@CALM
@given(windows(), priors())
def test_each_window_is_measured_once_and_what_is_said_is_sound(features, prior):
    said, latest = outs(features, prior), None
    ends = []
    for each in features:
        if each.length_ns == MINUTE and (latest is None or each.event_ns > latest):
            latest = each.event_ns
            ends.append(latest)

    assert [each.event_ns for each in measured(said)] == ends
    for each in said:
        numbers = [x for x in asdict(each).values() if isinstance(x, float)]
        assert np.isfinite(numbers).all()
    for each in calibrations(said):
        terms = [each.credibility, each.freshness, each.coverage, each.stability]
        assert all(0.0 <= term <= 1.0 for term in terms)
        assert each.confidence == pytest.approx(np.prod(terms))
        assert sum(each.atr_weights) == pytest.approx(1.0) or not each.atr_periods
        if each.atr_periods:
            mean = np.dot(each.atr_weights, np.log(each.atr_periods))
            assert each.atr_period == pytest.approx(exp(mean))


@CALM
@given(windows(), priors())
def test_a_calibration_comes_at_first_in_each_hour_and_with_its_reason(features, prior):
    said = outs(features, prior)
    records, ends = calibrations(said), [each.event_ns for each in measured(said)]
    hours = {each.event_ns // (60 * MINUTE) for each in records}

    assert [each.reason == "start" for each in records] == [
        number == 0 for number in range(len(records))
    ]
    assert hours == {end // (60 * MINUTE) for end in ends}
    for before, after in pairwise(records):
        moved = abs(log((after.atr_period or 1) / (before.atr_period or 1)))
        if before.atr_period and after.atr_period and moved > log(1.1):
            assert "atr_period" in after.reason


@CALM
@given(windows(), priors(), st.integers(-5, 70), st.integers(1, 70))
def test_a_fit_is_used_from_its_end_until_it_expires(features, prior, to, life):
    assume(prior.pins == Parameters())
    fit = entry(to, to + life)
    without = outs(features, replace(prior, entry=None))
    having = outs(features, replace(prior, entry=fit))
    for end in (fit.fitted_to_ns, fit.expires_ns):
        assert end > fit.fitted_from_ns
    early = [each for each in having if each.event_ns < fit.fitted_to_ns]

    assert [replace_origin(each) for each in early] == [
        replace_origin(each) for each in without[: len(early)]
    ]
    for each in calibrations(having):
        inside = fit.fitted_to_ns <= each.event_ns < fit.expires_ns
        assert (each.origin == "abc") == inside


def replace_origin(each: Calibration | Normalised) -> Calibration | Normalised:
    return replace(each, origin="") if isinstance(each, Calibration) else each


@pytest.mark.parametrize("fit", [entry(10_000, 20_000), entry(-900, -800)])
def test_a_fit_of_the_future_or_the_past_is_as_if_there_were_none(fit):
    features = steady_windows(80)
    with_fit = outs(features, Prior(pool=POOL, entry=fit, origin="abc"))
    without = outs(features, Prior(pool=POOL))

    assert with_fit == without


def test_a_pool_that_was_fitted_later_is_as_if_there_were_none():
    features = steady_windows(80)
    later = replace(POOL, fitted_to_ns=MONDAY_NS + 10**15)

    assert outs(features, Prior(pool=later)) == outs(features)


@CALM
@given(windows())
def test_what_is_pinned_is_in_force_at_once_and_is_never_learnt_over(features):
    pins = Parameters(atr_period=14.0, wide_bps=7.5, thin=3_000.0, volatility=2e-3)
    said = outs(features, Prior(pool=POOL, pins=pins, origin="abc"))
    looked_at = [each for each in features if each.length_ns == MINUTE]
    seen = {each.event_ns: each for each in reversed(looked_at)}

    for each in calibrations(said):
        assert each.pinned == "atr_period,wide_bps,thin,volatility"
        assert (each.wide_bps, each.thin) == (7.5, 3_000.0)
        assert each.normal_volatility == 2e-3
        assert each.atr_period in {14.0, None}
    for each in measured(said):
        window = seen[each.event_ns]
        if each.is_wide is not None:
            assert each.is_wide == (window.spread_mean_bps > 7.5)
        if each.is_thin is not None:
            assert each.is_thin == (min(window.bid_depth, window.ask_depth) < 3_000.0)
        if window.atr[1:2] and window.atr[1]:
            assert each.atr == pytest.approx(window.atr[1])


def test_before_anything_is_seen_the_pool_is_what_is_normal():
    (first, said) = outs([feature(1)], Prior(pool=POOL, origin="abc"))

    assert isinstance(first, Normalised)
    assert isinstance(said, Calibration)
    assert said.wide_bps == pytest.approx(40.0 * 1.0)
    assert said.thin == pytest.approx(900.0)
    assert said.normal_volatility == pytest.approx(1e-3)
    assert said.confidence == 0.0


def test_what_is_in_force_lies_between_the_pool_and_the_symbol_s_own():
    features = steady_windows(300)
    free = replace(HASTY, step=1e6)
    flat = replace(POOL, hours=type(POOL.hours)())
    own = calibrations(outs(features, params=free))[-1]
    drawn = calibrations(outs(features, Prior(pool=flat), free))[-1]
    few = calibrations(outs(features[:8], Prior(pool=flat), free))[-1]

    assert few.credibility < drawn.credibility
    pools = {"wide_bps": 40.0, "thin": 900.0, "normal_volatility": 1e-3}
    for name, pool in pools.items():
        low, high = sorted((pool, getattr(own, name)))
        assert low <= getattr(drawn, name) <= high


@CALM
@given(windows(), priors(), st.sampled_from([1.2, 3.0]))
def test_no_parameter_moves_by_more_than_its_factor_in_a_day(features, prior, step):
    operator = Calibrate(replace(HASTY, step=step), lambda _: prior)
    began: dict[tuple[str, int], float] = {}
    last: dict[str, float | None] = dict.fromkeys(NAMES)
    for each in features:
        list(operator.update([each]))
        state = operator.state
        four = (
            state.atr.period,
            state.wide.bound,
            state.thin.bound,
            state.volatility.level,
        )
        day = (state.event_ns or 0) // DAY_NS
        for name, parameter in zip(NAMES, four, strict=True):
            value = parameter.value
            if value is not None:
                found = began.setdefault((name, day), last[name] or value)
                assert abs(log(value / found)) <= log(step) + 1e-9
                last[name] = value


def test_windows_of_another_length_and_repeated_ones_change_nothing():
    features = steady_windows(50)
    noisy = []
    for each in features:
        noisy += [replace(each, length_ns=10 * MINUTE, close=1.0), each, each]

    assert outs([*noisy, *features]) == outs(features)


@pytest.mark.parametrize("phi", [0.0, 0.9])
def test_bounds_are_passed_at_their_rate_where_spreads_differ_by_400_times(phi):
    rng, count = np.random.default_rng(5), 6_000
    noise = rng.normal(0, 0.5, count)
    logs = np.zeros(count)
    for i in range(1, count):
        logs[i] = phi * logs[i - 1] + noise[i] * (1 - phi * phi) ** 0.5
    for scale in (0.05, 1.0, 20.0):
        spreads = (scale * np.exp(logs)).tolist()
        features = [
            feature(i + 1, spread_mean_bps=x, bid_depth=1e3 / x, ask_depth=2e3 / x)
            for i, x in enumerate(spreads)
        ]
        said = measured(outs(features, params=CalibrationParams()))
        wide = [each.is_wide for each in said if each.is_wide is not None]
        thin = [each.is_thin for each in said if each.is_thin is not None]

        assert len(wide) == len(thin) == count - 120
        assert abs(np.mean(wide) - 0.01) < 0.01
        assert abs(np.mean(thin) - 0.01) < 0.01


def test_returns_and_logarithms_become_standard_scores():
    said = measured(outs(steady_windows(3_000), params=CalibrationParams()))[500:]
    for name in ("z_volatility", "z_turnover", "z_spread", "z_depth"):
        scores = [getattr(each, name) for each in said]
        assert abs(np.mean(scores)) < 0.1
        assert abs(np.std(scores) - 1.0) < 0.1
    returns = np.array([each.z_return for each in said])
    assert abs(np.mean(returns**2) - 1.0) < 0.15


def test_the_mixed_atr_lies_within_its_bank_and_the_period_within_the_periods():
    said = outs(steady_windows(300))
    for each in calibrations(said)[1:]:
        assert each.atr_periods == PERIODS
        assert PERIODS[0] <= each.atr_period <= PERIODS[-1]
    for each, window in zip(measured(said), steady_windows(300), strict=True):
        assert min(window.atr) - 1e-12 <= each.atr <= max(window.atr) + 1e-12
