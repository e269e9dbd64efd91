"""Covariance and slope are those of numpy, with the weights written out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.numerics.exponential_covariance import ExponentialCovariance

pairs = st.lists(
    st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=1, max_size=60
)


def weights(count: int, length: int) -> np.ndarray:
    """Write out what each of so many pairs weighs."""
    found = np.zeros(count)
    for place in range(count):
        weight = 1 / min(place + 1, length)
        found[:place] *= 1 - weight
        found[place] = weight
    return found


@given(pairs, st.integers(1, 80))
def test_it_is_the_weighted_covariance_of_numpy(values, length):
    known = ExponentialCovariance()
    for x, y in values:
        known.update(x, y, length)

    drawn = np.array(values).T
    expected = np.cov(drawn, aweights=weights(len(values), length), ddof=0)
    assert known.variance == pytest.approx(expected[0, 0], rel=1e-9, abs=1e-6)
    assert known.covariance == pytest.approx(expected[0, 1], rel=1e-9, abs=1e-6)


def test_the_slope_is_that_of_the_least_squares_line():
    rng = np.random.default_rng(3)
    x = 1e5 + rng.normal(size=500)
    y = 1.7 * x + rng.normal(size=500)
    known = ExponentialCovariance()
    assert known.slope is None
    for pair in zip(x.tolist(), y.tolist(), strict=True):
        known.update(*pair, 1_000)

    assert known.slope == pytest.approx(np.polyfit(x - 1e5, y, 1)[0], rel=1e-8)


def test_a_number_beside_itself_has_a_slope_of_one():
    known = ExponentialCovariance()
    for value in np.random.default_rng(1).normal(size=300).tolist():
        known.update(value, value, 50)

    assert known.slope == 1.0
