"""The variance by an uneven clock is the weighted mean that it claims to be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.numerics.ewm_variance import EwmVariance

moves = st.lists(
    st.tuples(st.floats(-1, 1), st.floats(0.01, 1e3)), min_size=1, max_size=40
)


@given(moves, st.floats(1, 1e3))
def test_it_is_the_mean_over_time_with_exponential_weights(given_moves, memory):
    variance = EwmVariance()
    for move, time in given_moves:
        variance.update(move, time, memory)
    sizes, times = np.array(given_moves).T
    ends = np.cumsum(times)
    ages = ends[-1] - ends
    weights = np.exp(-ages / memory) - np.exp(-(ages + times) / memory)
    mean = (weights * sizes**2 / times).sum() / weights.sum()

    assert variance.deviation == pytest.approx(mean**0.5, rel=1e-6, abs=1e-12)
    assert variance.span == pytest.approx(times.sum())


def test_of_a_steady_walk_it_is_its_deviation_however_it_is_sampled():
    chance = np.random.default_rng(5)
    times = chance.exponential(2.0, 50_000) + 1e-3
    variance = EwmVariance()
    for move, time in zip(chance.normal(0, 0.01 * times**0.5), times, strict=True):
        variance.update(float(move), float(time), 5_000.0)

    assert variance.deviation == pytest.approx(0.01, rel=0.05)


def test_before_any_move_nothing_is_known():
    assert EwmVariance().deviation is None
