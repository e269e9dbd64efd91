"""The normal silence is the one in which a random moment lies."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.numerics.silence import Silence


def after(gaps: list[float], memory: float = 1e12) -> Silence:
    silence = Silence(memory)
    for gap in gaps:
        silence.update(gap)
    return silence


@given(st.lists(st.floats(0.0, 1e3), max_size=50))
def test_it_is_the_mean_square_over_the_mean(gaps):
    total = sum(gaps)
    value = after(gaps).value

    if total == 0.0:
        assert value is None
    else:
        assert value == pytest.approx(sum(g * g for g in gaps) / total, rel=1e-6)


def test_of_bursts_it_is_the_time_between_them():
    assert after(([0.01] * 99 + [60.0]) * 20).value == pytest.approx(60.0, rel=0.02)


def test_of_a_poisson_process_it_is_twice_the_mean_gap():
    gaps = np.random.default_rng(1).exponential(3.0, 50_000).tolist()

    assert after(gaps).value == pytest.approx(6.0, rel=0.03)


def test_it_forgets():
    assert after([100.0] * 50 + [1.0] * 5_000, memory=300.0).value == pytest.approx(
        1.0, rel=0.01
    )
