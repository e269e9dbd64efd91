"""An hour's factor is believed as far as the hour is known."""

import pytest

from operators.numerics.hour_factors import HourFactors


def test_what_was_never_seen_is_like_the_mean_of_all():
    assert HourFactors().factor(3, 180) == 1.0


@pytest.mark.parametrize(("minutes", "factor"), [(60, 1.25), (180, 1.5), (1_620, 1.9)])
def test_it_is_drawn_towards_one_by_how_little_is_known(minutes, factor):
    hours = HourFactors()
    for _ in range(minutes):
        hours.update(3, 2.0, 420)

    assert hours.factor(3, 180) == pytest.approx(factor)
    assert hours.factor(4, 180) == 1.0


def test_an_hour_is_drawn_to_what_else_is_known_of_it():
    hours = HourFactors.of(168)
    for _ in range(180):
        hours.update(167, 2.0, 420)

    assert hours.factor(167, 180, 4.0) == pytest.approx(3.0)
    assert hours.factor(0, 180, 4.0) == 4.0


def test_it_is_never_nothing():
    hours = HourFactors()
    for _ in range(100_000):
        hours.update(3, 0.0, 420)

    assert hours.factor(3, 180) == 0.01
