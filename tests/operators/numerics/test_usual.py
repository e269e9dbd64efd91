"""z is a standard score of the logarithm, with the season taken out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import zscore

from operators.numerics.season import Lengths
from operators.numerics.usual import Usual

LENGTHS = Lengths(level=10**9, day=10**9, week=10**9)


def fed(numbers: list[float], factor: float = 1.0) -> Usual:
    usual = Usual()
    for x in numbers:
        usual.update(x, 0, factor, LENGTHS)
    return usual


@given(
    st.lists(st.floats(1e-3, 1e3), min_size=3, max_size=60).filter(
        lambda xs: np.std(np.log(xs)) > 1e-3
    ),
    st.floats(0.1, 10),
)
def test_it_is_scipy_s_standard_score_of_the_logarithms(numbers, factor):
    usual = fed(numbers, factor)

    got = [usual.z(x, factor, 3) for x in numbers]
    assert got == pytest.approx(zscore(np.log(numbers)), rel=1e-6, abs=1e-6)


def test_it_is_not_known_of_nothing_too_early_or_where_nothing_varies():
    usual = fed([1.0, 2.0, 3.0])
    assert usual.z(2.0, 1.0, 4) is None
    assert usual.z(None, 1.0, 3) is None
    assert usual.z(0.0, 1.0, 3) is None
    assert fed([2.0] * 9).z(3.0, 1.0, 3) is None


@given(st.floats(0.1, 10))
def test_what_is_usual_can_be_said_from_elsewhere(centre):
    assert fed([1.0, 2.0, 4.0]).z(centre, 1.0, 3, centre) == pytest.approx(0.0)
