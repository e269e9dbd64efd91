"""A spread is wide by what is normal for the symbol."""

from hypothesis import given
from hypothesis import strategies as st

from operators.quality.wide_spread import WideSpread, WideSpreadParams
from operators.records.market import Top
from operators.records.quality import Severity
from tests.operators.quality.scene import beats, book, heartbeat, said, top

PARAMS = WideSpreadParams(warm_up=20, patience=30)


def quote(at_s: float, spread_bps: float) -> Top:
    half = spread_bps / 2e4
    return top(at_s, 100 * (1 - half), 100 * (1 + half))


def quotes(start_s: int, end_s: int, spread_bps: float) -> list[Top]:
    return [quote(at_s, spread_bps) for at_s in range(start_s, end_s)]


def check() -> WideSpread:
    return WideSpread(PARAMS)


@given(st.floats(0.001, 19_000.0))
def test_whatever_is_normal_for_a_symbol_is_well_once_it_is_known(spread_bps):
    watch = check()
    said(watch, quotes(0, 30, spread_bps))

    assert watch.warm
    assert said(watch, quotes(30, 200, spread_bps)) == []


def test_a_symbol_that_is_born_wide_is_low_until_its_own_normal_is_known():
    what = said(check(), [quote(0, 13_548.0), *beats(1, 60)])

    assert {severity for _, severity in what[:-1]} == {Severity.LOW}
    assert what[-1] == (20, None)


def test_one_that_was_narrower_is_medium_before_it_is_known():
    what = said(check(), [*quotes(0, 3, 5.0), *quotes(3, 9, 600.0)])

    assert what[0] == (4, Severity.MEDIUM)


def test_a_moment_is_not_wide():
    momentary = [*quotes(0, 30, 5.0), quote(30, 400.0), quote(30.5, 5.0)]

    assert said(check(), [*momentary, *quotes(31, 40, 5.0)]) == []


def test_a_spread_that_stands_without_another_quote_is_seen():
    what = said(check(), [*quotes(0, 30, 5.0), quote(30, 50.0), heartbeat(31)])

    assert what == [(31, Severity.LOW)]


def test_it_is_worse_by_how_far_and_how_long_and_high_where_it_is_tight():
    def worst(spread_bps: float) -> Severity | None:
        what = said(check(), [*quotes(0, 30, 5.0), *quotes(30, 45, spread_bps)])
        return what[-1][1]

    assert worst(50.0) is Severity.LOW
    assert worst(100.0) is Severity.MEDIUM
    assert worst(600.0) is Severity.HIGH


def test_one_that_is_never_tight_is_never_high():
    wide = [*quotes(0, 30, 200.0), *quotes(30, 60, 19_000.0)]

    assert {severity for _, severity in said(check(), wide)} == {
        Severity.LOW,
        Severity.MEDIUM,
    }


def test_a_fault_does_not_teach_its_own_normality():
    watch = check()
    what = said(watch, [*quotes(0, 30, 5.0), *quotes(30, 55, 100.0), quote(55, 5.0)])

    assert what[-1] == (55, None)
    assert said(watch, [*quotes(56, 58, 5.0), *quotes(58, 61, 100.0)]) != []


def test_a_lasting_change_is_followed_within_bounded_time():
    watch = check()
    said(watch, quotes(0, 30, 5.0))
    what = said(watch, quotes(30, 200, 100.0))

    # Patience, and then ln(100 / 3 / 5) / (0.05 x 0.98) seconds.
    assert what[-1][1] is None
    assert 60 < what[-1][0] < 30 + 30 + 42


def test_one_sided_books_have_no_spread():
    empty = book(31, 99.9, 100.1, levels=0)
    what = said(check(), [*quotes(0, 30, 5.0), empty, *beats(32, 60)])

    assert what == []


def test_the_book_and_the_quotes_are_judged_apart():
    records = [*quotes(0, 30, 5.0)]
    for at_s in range(30, 40):
        records += [book(at_s, 90.0, 110.0), quote(at_s + 0.5, 5.0)]

    assert {severity for _, severity in said(check(), records)} == {Severity.LOW}
