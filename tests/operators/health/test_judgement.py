"""What is measured makes a level by its bounds, and only where more is normal."""

import pytest

from operators.records.connection import LineEvent
from operators.records.time import MS


@pytest.mark.parametrize(("trip_ms", "level"), [(250, "yellow"), (600, "red")])
def test_a_slow_network_is_said_after_two_windows_and_held_for_three(
    story, trip_ms, level
):
    story.opens(1)
    story.flows(1, 60, trip_ms=50)
    story.flows(60, 120, trip_ms=trip_ms)
    story.flows(120, 180, trip_ms=50)

    changes = list(story.changes("a"))[2:]
    assert changes[0] == (70.0, f"{level} network latency {trip_ms} ms")
    assert changes[-1] == (135.0, "green")
    assert len(changes) == 2


def test_between_eight_tenths_of_a_bound_and_the_bound_the_level_stays(story):
    story.opens(1)
    story.flows(1, 60, trip_ms=190)
    story.flows(60, 120, trip_ms=210)
    story.flows(120, 300, trip_ms=170)

    changes = [what for _, what in story.changes("a")][2:]
    assert changes == ["yellow network latency 210 ms"]
    assert story.windows("a")[-1].issues == "network latency 170 ms"


def test_a_feed_that_becomes_slow_is_red_though_the_clock_is_ahead_by_minutes(story):
    story.opens(1)
    story.flows(1, 60, delay_ms=-1_272)
    story.flows(60, 120, delay_ms=-1_272 + 700)

    windows = story.windows("a")
    assert windows[10].skew_ms == pytest.approx(-1_272)
    assert windows[10].feed_p50_ms == pytest.approx(4.5)
    assert windows[-1].level == "red"
    assert windows[-1].issues == "feed latency 698 ms"  # the floor has drifted by 2


@pytest.mark.parametrize("late_ms", [0, 700])
def test_a_venue_that_gathers_for_a_second_is_slow_only_if_all_of_it_is(story, late_ms):
    story.opens(0)
    for second in range(1, 300):
        slow_ms = late_ms if second > 100 else 0
        delays_ms = range(slow_ms, slow_ms + 1_000, 20)
        delays_ns = tuple(each * MS for each in delays_ms)
        story.at(second, frames=50, delays_ns=delays_ns)

    last = story.windows("a")[-1]
    assert last.feed_p50_ms == pytest.approx(490 + late_ms, abs=40)
    assert last.level == ("red" if late_ms else "green")


def test_what_piled_up_while_a_line_subscribed_is_no_latency(story):
    story.opens(1)
    story.flows(1, 10, delay_ms=4_000)
    story.flows(10, 60)

    windows = story.windows("a")
    assert {each.level for each in windows} == {"green"}
    assert windows[1].feed_p50_ms is None
    assert windows[-1].feed_p99_ms == pytest.approx(9)


@pytest.mark.parametrize("step_ms", [90_000, -90_000])
def test_a_step_of_a_clock_is_said_and_does_not_stay_red(story, step_ms):
    story.opens(1)
    story.flows(1, 60)
    story.flows(60, 300, delay_ms=step_ms)

    windows = story.windows("a")
    said = [each for each in windows if "clock step" in each.issues]
    assert 1 <= len(said) <= 12
    assert windows[-1].level == "green"
    assert windows[-1].skew_ms == pytest.approx(step_ms, abs=10)
    red = [each for each in windows if each.level == "red"]
    assert len(red) <= (9 if step_ms > 0 else 0)


def test_an_hour_that_was_down_for_more_than_three_minutes_is_yellow(story):
    story.opens(1)
    story.flows(1, 60)
    story.closes(60)
    story.idles(60, 250)
    story.opens(250)
    story.flows(250, 300)

    last = story.windows("a")[-1]
    assert last.level == "yellow"
    assert last.issues == (
        "up 94.72 % of the hour, up 99.780 % of the day, below target"
    )
    assert last.uptime_1h == last.uptime == last.uptime_24h


def test_a_connection_that_falls_below_one_a_second_is_yellow_if_more_is_normal(story):
    story.opens(1)
    story.flows(1, 2_400, frames=20)
    story.flows(2_400, 2_600, frames=0)
    for at_s in range(2_410, 2_600, 10):
        story.at(at_s, frames=5)

    changes = list(story.changes("a"))[2:]
    assert len(changes) == 1
    at_s, what = changes[0]
    assert 2_425 <= at_s <= 2_440
    assert what == "yellow rate 0.50/s, normally 20.00/s"
    assert story.windows("a")[-1].normal_rate == pytest.approx(20, abs=2)


@pytest.mark.parametrize("every_s", [2, 40])
def test_a_connection_that_is_quiet_by_nature_is_green_for_ever(story, every_s):
    story.opens(1)
    story.idles(1, 7_200)
    for at_s in range(2, 7_200, every_s):
        story.at(at_s, frames=1, counts={"X": 1})

    assert {each.level for each in story.windows("a")} == {"green"}


def test_half_of_the_symbols_slow_is_yellow_and_fewer_are_named(story):
    def brings(start_s, end_s, symbols):
        counts = dict.fromkeys(symbols, 5)
        for second in range(start_s, end_s):
            story.at(second, frames=5 * len(counts), counts=counts)

    story.at(0.5, event=LineEvent.OPEN)
    brings(1, 2_400, "WXYZ")
    brings(2_400, 2_700, "WXY")
    brings(2_700, 3_000, "WX")

    windows = story.windows("a")
    at_2700, last = windows[2_690 // 5], windows[-1]
    assert (at_2700.level, at_2700.slow) == ("green", "Z")
    assert (last.level, last.slow) == ("yellow", "Y,Z")
    assert last.issues == "2 of 4 symbols slow"
