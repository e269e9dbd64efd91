"""The season is found where there is one, and is not made up where there is none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.numerics.hour_factors import WEEK
from operators.numerics.season import Lengths, Season

LENGTHS = Lengths(level=10_080, day=3_360, week=480)
DOUBT = 120.0


def learnt(numbers: np.ndarray, per_hour: int) -> Season:
    season = Season()
    for i, x in enumerate(numbers.tolist()):
        hour = i // per_hour % WEEK
        season.update(hour, x, season.factor(hour, DOUBT), LENGTHS)
    return season


def test_factors_of_a_known_season_are_found():
    rng, weeks, per_hour = np.random.default_rng(1), 6, 60
    true = 1.0 + 0.5 * np.sin(np.arange(WEEK) * 2 * np.pi / 24)
    hours = np.tile(np.repeat(true, per_hour), weeks)
    season = learnt(hours * rng.lognormal(0.0, 0.4, len(hours)), per_hour)

    found = np.array([season.factor(hour, DOUBT) for hour in range(WEEK)])
    assert np.corrcoef(found, true)[0, 1] > 0.98
    assert np.abs(found / found.mean() - true).max() < 0.15


def test_no_season_is_made_of_noise():
    rng, per_hour = np.random.default_rng(2), 60
    season = learnt(rng.lognormal(0.0, 0.5, WEEK * per_hour * 3), per_hour)

    found = [season.factor(hour, DOUBT) for hour in range(WEEK)]
    assert max(abs(factor - 1.0) for factor in found) < 0.12


@given(st.integers(0, WEEK - 1), st.floats(0.1, 10))
def test_an_hour_that_was_never_seen_is_as_it_is_known_from_elsewhere(hour, towards):
    assert Season().factor(hour, DOUBT, towards) == pytest.approx(towards)


@given(
    st.lists(st.tuples(st.integers(0, WEEK - 1), st.floats(0, 1e6)), max_size=80),
    st.sampled_from([2.0**-20, 2.0**20]),
)
def test_it_has_no_unit_and_is_never_nothing(pairs, unit):
    one, other = Season(), Season()
    for hour, x in pairs:
        factor = one.factor(hour, DOUBT)
        assert factor >= 0.01
        assert other.factor(hour, DOUBT) == pytest.approx(factor)
        one.update(hour, x, factor, LENGTHS)
        other.update(hour, x * unit, factor, LENGTHS)
