"""The mean is plain until it is long enough, and forgets exponentially from then on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.numerics.exponential_mean import ExponentialMean


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50))
def test_before_it_is_full_it_is_the_plain_mean_and_variance(values):
    known = ExponentialMean()
    for value in values:
        known.update(value, 50)

    assert known.n == len(values)
    assert known.mean == pytest.approx(np.mean(values), rel=1e-9, abs=1e-6)
    assert known.variance == pytest.approx(np.var(values), rel=1e-6, abs=1e-4)


def test_a_jump_is_forgotten_to_a_part_in_e_after_its_length():
    known = ExponentialMean()
    for _ in range(2_000):
        known.update(1.0, 500)
    for _ in range(500):
        known.update(0.0, 500)

    assert known.mean == pytest.approx(np.exp(-1), rel=2e-3)


def test_a_large_mean_does_not_swallow_a_small_variance():
    rng = np.random.default_rng(1)
    values = 1e8 + rng.normal(0.0, 0.1, 5_000)
    known = ExponentialMean()
    for value in values:
        known.update(float(value), 10_000)

    assert known.variance == pytest.approx(np.var(values - 1e8), rel=1e-6)
