"""A trade has a price and a quantity above zero, on the instrument's grid."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.quality.impossible_trade import ImpossibleTrade, ImpossibleTradeParams
from operators.records.quality import Severity
from tests.operators.quality.scene import said, trade

KEY = "binance:BTC-USDT"
INF, NAN = float("inf"), float("nan")


def severities(price: float, quantity: float, **grid: object) -> list[object]:
    steps = {KEY: (grid.get("tick"), grid.get("lot"))} if grid else {}
    check = ImpossibleTrade(ImpossibleTradeParams(), steps)  # type: ignore[arg-type]
    return [severity for _, severity in said(check, [trade(0, price, quantity)])]


@pytest.mark.parametrize("wrong", [0.0, -1.0, INF, -INF, NAN])
def test_what_is_not_finite_or_not_above_zero_is_high(wrong):
    assert severities(wrong, 1.0) == [Severity.HIGH]
    assert severities(wrong, 0.0) == [Severity.HIGH]
    assert severities(1.0, wrong or -0.5) == [Severity.HIGH]


def test_a_quantity_of_zero_is_medium():
    assert severities(1.0, 0.0) == [Severity.MEDIUM]


@given(
    st.integers(1, 10**9),
    st.sampled_from(["0.00000001", "0.01", "0.05", "0.1", "0.5", "3", "25"]),
)
def test_every_multiple_of_a_step_fits_though_floats_are_not_exact(count, step):
    value, tick = float(count * Decimal(step)), float(step)

    assert severities(value, value, tick=tick, lot=tick) == []


@given(
    st.integers(1, 10**7),
    st.sampled_from(["0.01", "0.05", "0.5", "3"]),
    st.floats(0.02, 0.98),
)
def test_what_lies_between_two_steps_is_medium(count, step, share):
    tick = float(step)
    value = (count + share) * tick

    assert severities(value, 1.0, tick=tick) == [Severity.MEDIUM]
    assert severities(1.0, value, lot=tick) == [Severity.MEDIUM]


def test_an_instrument_that_is_not_known_has_no_grid():
    check = ImpossibleTrade(ImpossibleTradeParams(), {"okx:BTC-USDT": (1.0, 1.0)})

    assert said(check, [trade(0, 1.5, 0.3)]) == []
