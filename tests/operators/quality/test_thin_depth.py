"""Depth is thin by what is normal for the symbol."""

from hypothesis import given
from hypothesis import strategies as st

from operators.quality.thin_depth import ThinDepth, ThinDepthParams
from operators.records.book import Book
from operators.records.quality import Severity
from tests.operators.quality.scene import beats, book, said, state

PARAMS = ThinDepthParams(warm_up=20, patience=30)


def check() -> ThinDepth:
    return ThinDepth(PARAMS)


def books(start_s: int, end_s: int, levels: int = 10, size: float = 1.0) -> list[Book]:
    return [book(at_s, 99.99, 100.01, levels, size) for at_s in range(start_s, end_s)]


@given(st.integers(0, 10), st.floats(1e-3, 1e6))
def test_whatever_is_normal_for_a_symbol_is_well_once_it_is_known(levels, size):
    watch = check()
    said(watch, books(0, 30, levels, size))

    assert watch.warm
    assert said(watch, books(30, 200, levels, size)) == []


def test_few_levels_are_low_until_they_are_known_to_be_normal():
    what = said(check(), [*books(0, 1, levels=1), *beats(1, 60)])

    assert {severity for _, severity in what[:-1]} == {Severity.LOW}
    assert what[-1][1] is None
    assert what[-1][0] <= 22


def test_five_levels_are_not_few():
    assert said(check(), books(0, 15, levels=5)) == []


def test_levels_that_are_gone_are_seen_after_three_seconds():
    what = said(check(), [*books(0, 40), *books(40, 44, levels=4), *books(44, 46)])

    assert what == [(43, Severity.LOW), (44, Severity.LOW), (45, None)]


def test_a_side_that_is_gone_is_medium():
    what = said(check(), [*books(0, 40), *books(40, 50, levels=0)])

    assert {severity for _, severity in what} == {Severity.MEDIUM}


def test_quantities_that_are_gone_are_seen_by_how_far():
    thin = said(check(), [*books(0, 60), *books(60, 70, size=0.1)])
    bare = said(check(), [*books(0, 60), *books(60, 70, size=0.01)])

    assert {severity for _, severity in thin} == {Severity.LOW}
    assert {severity for _, severity in bare} == {Severity.MEDIUM}


def test_a_lasting_change_is_followed_within_bounded_time():
    watch = check()
    said(watch, books(0, 60))
    what = said(watch, books(60, 300, size=0.01))

    # Patience, and then ln(100 / 4) / (0.05 x 0.98) seconds.
    assert what[-1][1] is None
    assert 90 < what[-1][0] < 60 + 30 + 70


def test_a_fault_does_not_teach_its_own_normality():
    watch = check()
    said(watch, [*books(0, 60), *books(60, 85, size=0.01), *books(85, 90)])

    assert said(watch, books(90, 96, size=0.01)) != []


def test_a_book_that_is_lost_is_not_thin():
    what = said(check(), [*books(0, 40), state(40, "sequence"), *beats(41, 60)])

    assert what == []
