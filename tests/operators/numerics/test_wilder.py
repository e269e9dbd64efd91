"""Wilder's averages are those of TA-Lib, and not known too soon."""

import numpy as np
import pytest
import talib
from hypothesis import given
from hypothesis import strategies as st

from operators.numerics.wilder import WilderBank, true_range

PERIODS = (1, 2, 5, 14, 55)


@given(st.integers(0, 2**32), st.integers(2, 150))
def test_the_bank_over_true_ranges_is_the_average_true_range_of_talib(seed, count):
    chance = np.random.default_rng(seed)
    closes = 100.0 * np.exp(chance.normal(0, 0.01, count).cumsum())
    highs = closes * (1 + chance.exponential(0.01, count))
    lows = closes * (1 - chance.uniform(0, 0.02, count))
    bank, said = WilderBank(PERIODS), [(None,) * len(PERIODS)]
    for number in range(1, count):
        bank.update(true_range(highs[number], lows[number], closes[number - 1]))
        said.append(bank.means)
    for means, period in zip(zip(*said, strict=True), PERIODS, strict=True):
        mine = np.array([np.nan if each is None else each for each in means])
        theirs = talib.ATR(highs, lows, closes, period)
        assert np.allclose(mine, theirs, rtol=1e-9, atol=0, equal_nan=True)


def test_an_average_is_known_from_as_many_numbers_as_its_period():
    bank, means = WilderBank((3, 1)), [WilderBank((3, 1)).means]
    for number in (6.0, 1.0, 2.0, 9.0):
        bank.update(number)
        means.append(bank.means)

    assert means == [(None, None), (None, 6), (None, 1), (3, 2), (pytest.approx(5), 9)]


def test_a_bank_without_periods_says_nothing():
    bank = WilderBank(())
    bank.update(1.0)

    assert bank.means == ()
