"""A silence is judged by what is normal for the symbol, in the venue's time."""

from hypothesis import given
from hypothesis import strategies as st

from operators.quality.stale import Stale, StaleParams
from operators.records.market import Mark
from operators.records.quality import Severity
from tests.operators.quality.scene import beats, delta, found, place, said, trade


def check() -> Stale:
    return Stale(StaleParams())


def trades(start_s: int, end_s: int, every_s: int = 1) -> list[object]:
    return [trade(at_s) for at_s in range(start_s, end_s, every_s)]


def test_a_busy_symbol_is_stale_after_thirty_seconds_until_it_speaks():
    what = said(
        check(), [*trades(0, 61), *beats(61, 100), delta(100), *beats(101, 129)]
    )

    assert what[0] == (90, Severity.MEDIUM)
    assert what[-1] == (100, None)


def test_a_quiet_symbol_is_given_ten_times_its_own_normal():
    what = found(check(), [*trades(0, 1_801, 60), *beats(1_801, 2_500)])

    assert what[0][0] == 2_400
    assert what[0][1].evidence == "silent for 600 s, normally 60.0 s"


def test_a_symbol_that_comes_in_bursts_is_given_the_time_between_them():
    bursts = [trade(at_s + n / 100) for at_s in range(0, 601, 60) for n in range(20)]

    assert said(check(), [*bursts, *beats(601, 601 + 550)]) == []


@given(st.integers(0, 20), st.integers(0, 10_000))
def test_a_symbol_without_a_normal_is_left_alone(records, silence_s):
    busy = [trade(at_s) for at_s in range(records)]

    assert said(check(), [*busy, *beats(20 + silence_s, 25 + silence_s)]) == []


def test_it_is_high_of_a_busy_symbol_ten_times_as_late():
    what = said(check(), [*trades(0, 601), *beats(601, 1_000)])

    assert next(at_s for at_s, severity in what if severity is Severity.HIGH) == 900


def test_what_was_busy_for_less_time_than_it_is_silent_is_never_high():
    what = said(check(), [*trades(0, 200), *beats(200, 2_000)])

    assert {severity for _, severity in what} == {Severity.MEDIUM}


def test_heartbeats_and_marks_are_no_data():
    marks = [Mark(**place(at_s), mark=1.0) for at_s in range(61, 100)]
    mixed = sorted([*marks, *beats(61, 100)], key=lambda record: record.event_ns)

    assert said(check(), [*trades(0, 61), *mixed])[0] == (90, Severity.MEDIUM)
