"""Variances are those of a batch formula, and tell jumps from the rest."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.numerics.realised import (
    median_variance,
    middle,
    realised_variance,
    rogers_satchell,
)

prices = st.floats(1e-9, 1e9)


@given(*[st.floats(allow_nan=False)] * 3)
def test_the_middle_is_the_median(a, b, c):
    assert middle(a, b, c) == sorted((a, b, c))[1]


def both(returns: np.ndarray) -> tuple[float, float]:
    """Return RV and MedRV of returns of which none is missing."""
    sizes = np.abs(returns)
    threes = np.lib.stride_tricks.sliding_window_view(sizes, 3)
    squares = np.median(threes, axis=1) ** 2
    realised = realised_variance(float((returns**2).sum()), len(returns), len(returns))
    median = median_variance(float(squares.sum()), len(squares), len(returns))
    assert realised is not None
    assert median is not None
    return realised, median


def test_without_jumps_both_are_the_variance_and_only_one_sees_a_jump():
    returns = np.random.default_rng(1).normal(0, 0.01, 40_000)
    calm = both(returns)
    returns[20_000] = 3.0
    jumped = both(returns)

    assert calm == pytest.approx((4.0, 4.0), rel=0.02)
    assert jumped == pytest.approx((4.0 + 9.0, 4.0), rel=0.02)


@given(st.integers(3, 500), st.floats(0.5, 1.0))
def test_what_is_missing_is_taken_to_have_been_likewise(windows, share):
    covered = max(int(windows * share), -(-windows // 2))

    said = realised_variance(0.25 * covered, covered, windows)
    assert said == pytest.approx(0.25 * windows)


def test_where_most_is_missing_nothing_is_known():
    assert realised_variance(1.0, 4, 10) is None
    assert realised_variance(0.0, 0, 1) is None
    assert median_variance(1.0, 2, 10) is None
    assert median_variance(0.0, 0, 1) is None
    assert median_variance(1.0, 3, 10) is not None


@given(prices, prices, st.floats(1, 2), st.floats(0.5, 1))
def test_rogers_satchell_is_never_negative_and_nothing_without_a_range(
    first, last, above, below
):
    high, low = max(first, last) * above, min(first, last) * below

    assert rogers_satchell(first, high, low, last) >= 0.0
    assert rogers_satchell(first, max(first, last), min(first, last), last) == 0.0
    assert rogers_satchell(first, high, 0.0, last) is None


def test_rogers_satchell_is_the_variance_of_a_walk_whatever_its_drift():
    chance = np.random.default_rng(3)
    for drift in (0.0, 0.03):
        steps = chance.normal(drift / 2_000, 0.02 / 2_000**0.5, (1_000, 2_000))
        path = np.exp(np.cumsum(steps, axis=1))
        said = [
            rogers_satchell(1.0, max(1.0, each.max()), min(1.0, each.min()), each[-1])
            for each in path
        ]
        assert np.mean(said) == pytest.approx(0.02**2, rel=0.1)
