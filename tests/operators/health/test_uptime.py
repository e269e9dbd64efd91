"""Uptime is exact to the nanosecond, over any minutes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.health.uptime import DAY_MINUTES, HOUR_MINUTES, Uptime
from operators.records.time import MINUTE, MS, SECOND

T0_NS = 1_700_000_040 * SECOND
DAY_NS = DAY_MINUTES * MINUTE

Stretches = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 90 * SECOND), st.integers(0, 20 * 60 * MINUTE)),
        st.sampled_from([True, True, False, None]),
    ),
    min_size=1,
    max_size=30,
)


def overlap(stretches, what, begin_ns, end_ns):
    """Return by plain intervals how long it was so [ns]."""
    total = at_ns = 0
    at_ns = T0_NS
    for length_ns, state in stretches:
        if state is what:
            low, high = max(at_ns, begin_ns), min(at_ns + length_ns, end_ns)
            total += max(high - low, 0)
        at_ns += length_ns
    return total


@given(Stretches, st.booleans())
def test_it_is_what_plain_intervals_say(stretches, marks_last):
    uptime, now_ns = Uptime(), T0_NS
    uptime.begin(T0_NS)
    for length_ns, state in stretches[:-1]:
        now_ns += length_ns
        uptime.mark(now_ns, state)
    length_ns, state = stretches[-1]
    now_ns += length_ns
    if marks_last:
        uptime.mark(now_ns, state)
    for minutes in (HOUR_MINUTES, DAY_MINUTES, None):
        begin_ns = T0_NS
        if minutes is not None:
            begin_ns = max(-(-now_ns // MINUTE) * MINUTE - minutes * MINUTE, T0_NS)
        down_ns = overlap(stretches, False, begin_ns, now_ns)
        up_ns = overlap(stretches, True, begin_ns, now_ns)
        known_ns = up_ns + down_ns
        expected = 100 * up_ns / known_ns if known_ns else 100.0

        assert uptime.share(now_ns, minutes, state) == expected
        if minutes is not None:
            assert uptime.lost_ns(now_ns, minutes, state) == down_ns


def test_five_nines_of_a_day_are_told_apart_by_a_nanosecond():
    uptime = Uptime()
    uptime.begin(T0_NS)
    uptime.mark(T0_NS + 864 * MS, is_up=False)
    uptime.mark(T0_NS + DAY_NS, is_up=True)

    assert uptime.share(T0_NS + DAY_NS, DAY_MINUTES, is_up=True) == 99.999
    uptime.mark(T0_NS + DAY_NS + 1, is_up=False)
    assert uptime.lost_ns(T0_NS + DAY_NS, DAY_MINUTES, is_up=True) == 864 * MS + 1


def test_what_it_remembers_is_bounded():
    uptime = Uptime()
    for second in range(0, 3 * 86_400, 30):
        uptime.mark(T0_NS + second * SECOND, is_up=second % 60 == 0)

    assert len(uptime.down) <= DAY_MINUTES + 1
    assert uptime.share(uptime.marked_ns, DAY_MINUTES, is_up=True) == pytest.approx(
        50, abs=0.1
    )


def test_months_down_are_counted_as_fast_as_a_day():
    uptime = Uptime()
    uptime.begin(T0_NS)
    uptime.mark(T0_NS + 1_000 * DAY_NS, is_up=False)

    assert uptime.all_down_ns == 1_000 * DAY_NS
    assert len(uptime.down) <= DAY_MINUTES + 1
