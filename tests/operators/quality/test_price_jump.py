"""A price jumps by what is normal for the symbol, and a bad tick is no market move."""

from typing import Any

from operators.quality.price_jump import PriceJump, PriceJumpParams
from operators.records.quality import Severity
from tests.operators.quality.scene import (
    beats,
    book,
    heartbeat,
    said,
    state,
    top,
    trade,
)

PARAMS = PriceJumpParams(warm_up=20, patience=10)


def check() -> PriceJump:
    return PriceJump(PARAMS)


def calm(start_s: int, end_s: int, price: float = 100.0) -> list[Any]:
    return [
        book(at_s, price * (1 - 1e-4), price * (1 + 1e-4))
        for at_s in range(start_s, end_s)
    ]


def test_a_trade_that_the_book_never_followed_is_high():
    what = said(check(), [*calm(0, 40), trade(40, 105.0), *beats(41, 45)])

    assert what == [(40, Severity.LOW), (42, Severity.HIGH)]


def test_a_trade_that_the_book_follows_is_the_markets():
    what = said(check(), [*calm(0, 40), trade(40, 105.0), *calm(41, 60, 105.0)])

    assert what == [(40, Severity.LOW), (41, Severity.MEDIUM)]


def test_a_trade_that_came_by_steps_through_the_book_is_the_markets():
    sweep = [trade(40 + n / 100, 100.0 + n / 20) for n in range(100)]
    what = said(check(), [*calm(0, 40), *sweep, *calm(41, 60)])

    assert {severity for _, severity in what} == {Severity.LOW}


def test_a_late_trade_at_a_price_that_was_quoted_just_then_is_well():
    moved = [*calm(0, 40), book(40.2, 104.99, 105.01)]
    what = said(check(), [*moved, trade(40.1, 100.0), *calm(41, 60, 105.0)])

    assert what == [(40.2, Severity.MEDIUM)]


def test_before_its_own_deviation_is_known_only_the_absolute_bound_speaks():
    young = [*calm(0, 5), trade(5, 102.9), *beats(6, 9)]
    far = [*calm(0, 5), trade(5, 110.0), *beats(6, 9)]

    assert said(check(), young) == []
    assert said(check(), far) == [(5, Severity.LOW), (7, Severity.MEDIUM)]


def test_a_spread_that_only_widens_is_no_jump():
    assert said(check(), [*calm(0, 40), book(40, 50.0, 200.0), *calm(41, 43)]) == []


def test_a_jump_of_less_than_three_spreads_is_none():
    wide = [top(at_s, 99.0, 101.0) for at_s in range(40)]

    assert said(check(), [*wide, top(40, 103.0, 105.0)]) == []
    assert said(check(), [*wide, top(40, 109.0, 111.0)]) == [(40, Severity.MEDIUM)]


def test_a_wild_symbol_has_a_wider_bound():
    wild = [book(at_s, 99.9 + at_s % 2, 100.1 + at_s % 2) for at_s in range(60)]

    assert said(check(), [*wild, book(60, 102.4, 102.6)]) == []
    assert said(check(), [*calm(0, 60), book(60, 102.4, 102.6)]) != []


def test_the_bound_grows_with_the_time_that_has_passed():
    late = [*calm(0, 40), *beats(40, 940), book(940, 100.75, 100.77)]

    assert said(check(), late) == []
    assert said(check(), [*calm(0, 40), book(40, 100.75, 100.77)]) != []


def test_without_quotes_a_trade_is_held_against_the_one_before():
    trades = [trade(at_s, 100.0) for at_s in range(40)]

    assert said(check(), [*trades, trade(40, 101.0)]) == [(40, Severity.LOW)]


def test_a_book_that_is_lost_is_not_held_against_the_next():
    lost = [*calm(0, 40), state(40, "sequence"), heartbeat(50), state(90)]

    assert said(check(), [*lost, *calm(90, 99, 150.0)]) == []
