"""The skew is in the shortest delays, and no stray one moves it."""

import pytest

from operators.health.latency import Latency
from operators.numerics.clock_skew import ClockSkew, ClockSkewParams
from operators.records.time import MS, SECOND

T0_NS = 1_700_000_000 * SECOND
PARAMS = ClockSkewParams()


def fed(delays_ms, skew=None, latency=None, start_s=0):
    """Feed ten delays a second; end a window every five seconds."""
    skew, latency = skew or ClockSkew(), latency or Latency()
    for number in range(0, len(delays_ms), 10):
        at_ns = T0_NS + (start_s + number // 10 + 1) * SECOND
        delays_ns = tuple(int(each * MS) for each in delays_ms[number : number + 10])
        latency.update(delays_ns, None)
        skew.update(at_ns, delays_ns, latency.delays.values, PARAMS)
        if at_ns % (5 * SECOND) == 0:
            skew.end_window(at_ns, latency.delays.values, PARAMS)
    return skew, latency


def test_half_a_round_trip_is_the_way_and_no_skew():
    skew, _ = fed([1_040, 1_060, 1_050] * 100)

    assert skew.skew_ns(None) == 1_040 * MS
    assert skew.skew_ns(80 * MS) == 1_000 * MS
    assert ClockSkew().skew_ns(80 * MS) is None


def test_two_stray_times_to_come_move_nothing():
    skew, latency = fed([20, 30] * 300)
    skew, _ = fed([-4_000, *[25] * 50, -4_000, *[25] * 8], skew, latency, 60)

    assert skew.skew_ns(None) == 20 * MS
    assert skew.stepped_ns is None


def test_a_backlog_at_the_beginning_is_forgotten_as_soon_as_it_is_over():
    skew, _ = fed([4_000] * 90 + [10] * 200)

    assert skew.skew_ns(None) == 10 * MS
    assert skew.stepped_ns is None


def test_a_backlog_that_grows_and_shrinks_is_no_step():
    growing = [10 + 40 * number for number in range(300)]
    skew, _ = fed([10] * 300 + growing + growing[::-1])

    assert skew.stepped_ns is None


def test_a_slowness_below_a_step_is_not_swallowed():
    skew, _ = fed([10] * 300 + [4_000] * 6_000)

    assert skew.stepped_ns is None
    assert 10 * MS < (skew.skew_ns(None) or 0) < 50 * MS


@pytest.mark.parametrize("by_ms", [400, 2_000, 90_000])
def test_a_venues_clock_that_was_wrong_for_a_while_leaves_nothing_behind(by_ms):
    skew, latency = fed([20, 30] * 300)
    skew, latency = fed([20 - by_ms, 30 - by_ms] * 20, skew, latency, 60)
    assert skew.skew_ns(None) == (20 - by_ms) * MS

    skew, latency = fed([20, 30] * 300, skew, latency, 64)
    assert 20 * MS <= (skew.skew_ns(None) or 0) <= 30 * MS


def test_a_line_that_lags_unevenly_is_slow_and_no_clock_has_stepped():
    """The shortest of each five seconds agree; what lies above them does not."""
    skew, latency = fed([20, 30] * 300)
    skew, _ = fed([7_020, 7_720, 8_420, 7_030, 9_100] * 200, skew, latency, 60)

    assert skew.stepped_ns is None
    assert skew.skew_ns(None) < 30 * MS


def test_a_clock_steps_also_where_a_venue_sends_in_batches():
    """Delays that always lie far apart do so after the step too."""
    batched = [20, 300, 500, 700, 900]
    skew, latency = fed(batched * 120)
    stepped = [9_000 + each for each in batched] * 200
    skew, _ = fed(stepped, skew, latency, 60)

    assert skew.stepped_ns is not None
    assert skew.skew_ns(None) == 9_020 * MS
