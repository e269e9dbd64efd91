"""The tracker begins exactly, is moved little by any one number, and follows."""

from math import exp, log

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from operators.numerics.quantile import Quantile

positive = st.floats(1e-6, 1e9)
shares = st.floats(0.01, 0.99)


def fed(quantile: Quantile, numbers: list[float]) -> Quantile:
    for x in numbers:
        quantile.update(x)
    return quantile


@given(shares, st.lists(positive, min_size=1, max_size=50))
def test_it_begins_as_the_quantile_of_the_first_numbers(p, numbers):
    got = fed(Quantile(p, start=len(numbers)), numbers)

    assert got.value == np.quantile(numbers, p, method="inverted_cdf")
    assert got.first == []


def test_it_is_unknown_before_enough_numbers():
    assert fed(Quantile(0.5, start=3), [1.0, 2.0]).value is None


@given(shares, positive, st.floats(-1e12, 1e12))
def test_no_number_moves_it_by_more_than_its_rate(p, known, x):
    quantile = fed(Quantile(p, rate=0.05, start=1), [known])
    quantile.update(x)

    assert quantile.value is not None
    assert abs(log(quantile.value / known)) <= 0.05 + 1e-12


@given(shares, st.floats(1e-3, 1e3), st.lists(positive, min_size=1, max_size=60))
def test_it_does_not_depend_on_the_unit(p, unit, numbers):
    one = fed(Quantile(p, start=5), numbers).value
    other = fed(Quantile(p, start=5), [x * unit for x in numbers]).value

    assert (one is None) == (other is None)
    if one is not None and other is not None and one > 1e-9 and other > 1e-9:
        assert abs(log(other / one / unit)) < 0.11  # rounding may turn one `x > q`


def test_it_is_exceeded_as_often_as_it_should_be_at_any_scale():
    rng = np.random.default_rng(1)
    for scale in (1e-3, 1.0, 1e4):
        quantile = Quantile(0.9, start=100)
        exceeded = []
        for x in scale * rng.lognormal(0.0, 1.0, 20_000):
            if quantile.value is not None:
                exceeded.append(x > quantile.value)
            quantile.update(x)

        assert abs(np.mean(exceeded) - 0.1) < 0.005


@given(st.floats(0.5, 0.98), st.floats(2.0, 1e6))
def test_a_lasting_rise_is_followed_in_the_time_that_is_promised(p, factor):
    quantile = fed(Quantile(p, rate=0.05, start=1), [1.0])
    fed(quantile, [factor] * (int(log(factor) / (0.05 * p)) + 1))

    assert quantile.value is not None
    assert quantile.value >= factor * exp(-0.05)


def test_a_number_that_is_not_positive_cannot_make_it_zero():
    quantile = fed(Quantile(0.5, start=2), [0.0, -1.0])

    assert quantile.value is not None
    assert quantile.value > 0.0
