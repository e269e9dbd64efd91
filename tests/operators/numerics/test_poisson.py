"""The tail is that of whole arithmetic."""

from decimal import Decimal, getcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.numerics.poisson import at_most


def oracle(count, mean):
    """Return the probability by summing all terms with 60 digits."""
    getcontext().prec = 60
    m, term, total = Decimal(mean), Decimal(1), Decimal(1)
    for k in range(1, count + 1):
        term *= m / k
        total += term
    return float(total * (-m).exp())


@given(st.integers(0, 400), st.floats(0.001, 400))
def test_it_agrees_with_sixty_digits(count, mean):
    assert at_most(count, mean) == pytest.approx(oracle(count, mean), rel=1e-9)


@pytest.mark.parametrize(
    ("count", "mean", "expected"),
    [(0, 0.0, 1.0), (5, 0.0, 1.0), (0, 2.0, 0.1353352832366127), (9e9, 3.0, 1.0)],
)
def test_the_ends(count, mean, expected):
    assert at_most(count, mean) == pytest.approx(expected)


def test_so_few_that_it_is_below_all_floats_is_zero():
    assert at_most(0, 1e6) == 0.0
