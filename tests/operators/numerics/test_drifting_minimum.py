"""A minimum falls at once, and rises no faster than clocks drift."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.numerics.drifting_minimum import DriftingMinimum
from operators.records.time import MINUTE, MS, SECOND

T0_NS = 1_700_000_000 * SECOND


def test_it_falls_at_once_and_rises_by_fifty_millionths_of_the_time():
    low = DriftingMinimum()

    assert low.update(T0_NS, 10 * MS) == 10 * MS
    assert low.update(T0_NS + SECOND, 3 * MS) == 3 * MS
    assert low.update(T0_NS + 61 * SECOND, 300 * MS) == 6 * MS  # 60 s at 50 ppm


def test_it_never_rises_above_what_was_seen():
    low = DriftingMinimum()
    low.update(T0_NS, 0)

    assert low.update(T0_NS + 1_000 * 86_400 * SECOND, 7 * MS) == 7 * MS


def test_a_slowness_that_lasts_an_hour_is_no_offset_of_the_clocks():
    low = DriftingMinimum()
    low.update(T0_NS, 5 * MS)
    for second in range(3_600):
        low.update(T0_NS + second * SECOND, 305 * MS)

    assert low.value is not None
    assert 184 * MS < low.value < 185 * MS


@pytest.mark.parametrize("drift_ppm", [-40, 40])
def test_it_follows_the_drift_of_two_clocks(drift_ppm):
    low = DriftingMinimum()
    for second in range(24 * 3_600):
        wait_ns = (second * 7_919 % 101) * MS  # 0 to 100 ms beyond the shortest way
        offset_ns = second * drift_ppm * 1_000
        low.update(T0_NS + second * SECOND, offset_ns + wait_ns)

    assert low.value == pytest.approx(offset_ns, abs=10 * MS)


def test_time_that_goes_back_does_not_pass():
    low = DriftingMinimum()
    low.update(T0_NS, 0)
    low.update(T0_NS + MINUTE, 50 * MS)

    assert low.update(T0_NS, 50 * MS) == 3 * MS
    assert low.at_ns == T0_NS + MINUTE


def test_a_clock_that_was_wrong_for_a_while_leaves_no_trace():
    low = DriftingMinimum()
    low.update(T0_NS, 5 * MS)

    assert low.update(T0_NS + SECOND, -1_995 * MS) == -1_995 * MS
    assert low.update(T0_NS + 2 * SECOND, -1_996 * MS) == -1_996 * MS
    assert low.update(T0_NS + 4 * SECOND, 9 * MS) == 9 * MS
    assert low.update(T0_NS + 5 * SECOND, 900 * MS) < 10 * MS


@pytest.mark.parametrize(
    ("after_s", "value_ms"), [(4, 700), (4, -600), (360, 5)], ids=str
)
def test_a_fall_stays_where_what_follows_is_something_else_or_late(after_s, value_ms):
    low = DriftingMinimum()
    low.update(T0_NS, 5 * MS)
    low.update(T0_NS + SECOND, -1_995 * MS)
    low.update(T0_NS + after_s * SECOND, value_ms * MS)

    assert low.update(T0_NS + (after_s + 1) * SECOND, 5_000 * MS) < -1_900 * MS


def test_a_slow_beginning_does_not_hide_a_clock_that_is_wrong_later():
    low = DriftingMinimum()
    low.update(T0_NS, 505 * MS)
    low.update(T0_NS + 10 * SECOND, 5 * MS)
    low.update(T0_NS + 40 * SECOND, -1_995 * MS)

    assert low.update(T0_NS + 56 * SECOND, 6 * MS) == 6 * MS


def test_what_is_worked_off_in_steps_is_one_fall():
    low = DriftingMinimum()
    for second, value_ms in enumerate((2_000, 1_500, 1_000, 500, 5)):
        low.update(T0_NS + second * SECOND, value_ms * MS)

    assert low.update(T0_NS + 9 * SECOND, 1_010 * MS) < 6 * MS


def test_what_falls_by_jitter_is_not_undone():
    low = DriftingMinimum()
    low.update(T0_NS, 205 * MS)
    low.update(T0_NS + SECOND, 5 * MS)

    assert low.update(T0_NS + 2 * SECOND, 205 * MS) < 6 * MS


@given(st.lists(st.tuples(st.integers(0, 10**12), st.integers(-(10**12), 10**12))))
def test_it_rises_by_as_much_however_often_it_is_told(steps):
    once, often = DriftingMinimum(), DriftingMinimum()
    for low in (once, often):
        low.update(T0_NS, -(10**13))
    end_ns = T0_NS + sum(ns for ns, _ in steps)
    at_ns = T0_NS
    for ns, value in steps:
        at_ns += ns
        often.update(at_ns, value)
    once.update(end_ns, 10**13)

    assert often.value == once.value
