"""Levels follow what happens to the lines, at once where that matters, and hold."""

import msgspec
import pytest

from operators.records.connection import LineEvent
from operators.records.time import SECOND

SINGLE = {"uptime_target_pct": 0.0, "uptime_warns_pct": 0.0}


def test_a_healthy_line_is_green_from_its_opening_every_five_seconds(story):
    story.opens(0.5)
    story.flows(1, 31)

    assert list(story.changes("a")) == [(0.3, "yellow connecting"), (0.5, "green")]
    windows = story.windows("a")
    assert [each.received_ns % (5 * SECOND) for each in windows] == [0] * 6
    assert {each.issues for each in windows} == {""}
    last = windows[-1]
    assert (last.rate, last.octets_rate, last.lines, last.lines_up) == (20, 2_000, 1, 1)
    assert (last.attempts, last.successes, last.drops) == (1, 1, 0)


def test_a_lone_line_that_closes_is_red_at_once_and_so_is_its_connection(story):
    story.opens(1)
    story.flows(1, 20)
    story.closes(20.25)
    story.opens(23)
    story.flows(23, 60)

    found = list(story.changes("a", **SINGLE))
    assert found[2:] == [
        (20.25, "red down"),
        (25.0, "yellow recovering"),
        (35.0, "green"),
    ]
    assert list(story.changes("", **SINGLE)) == found
    last = story.windows("")[-1]
    assert (last.drops, last.attempts, last.successes) == (1, 2, 2)
    assert last.since_drop_s == pytest.approx(55 - 20.25)


def test_of_two_lines_one_that_closes_makes_the_connection_yellow(story):
    for line in "ab":
        story.opens(1, line)
        story.flows(1, 20, line)
    story.closes(20.25, "b")
    story.flows(20, 30)
    story.idles(20, 30, "b")

    changes = list(story.changes("", **SINGLE))
    assert changes[-1] == (20.25, "yellow b down")
    last = story.windows()[-1]
    assert (last.is_up, last.lines, last.lines_up) == (True, 2, 1)
    assert story.windows("b")[-1].level == "red"


def test_a_line_that_flaps_is_steadily_red(story):
    story.opens(1)
    for second in range(10, 60, 2):
        story.closes(second)
        story.opens(second + 1)
    story.flows(60, 90)

    changes = list(story.changes("a", **SINGLE))
    assert [what for _, what in changes][-2:] == ["red down", "green"]
    assert len(changes) <= 6
    assert changes[-2][0] <= 20
    assert story.windows("a")[-1].drops == 25


def test_a_silent_line_is_red_at_once(story):
    story.opens(1)
    story.flows(1, 20)
    story.at(25, event=LineEvent.SILENT, silence_ns=5 * SECOND)

    assert list(story.changes("a"))[-1] == (25.0, "red silent")


def test_a_line_whose_process_has_died_is_down_since_it_was_last_heard_of(story):
    for line in "ab":
        story.opens(1, line)
        story.flows(1, 20, line)
    story.flows(20, 80)
    story.opens(81, "b")
    story.flows(80, 120)
    story.flows(81, 120, "b")

    last = story.windows("b")[-1]
    assert "red not heard of" in {what for _, what in story.changes("b", **SINGLE)}
    assert last.drops == 1
    down_s = 81 - 20
    assert last.uptime == pytest.approx(100 * (1 - (down_s + 0.2) / 114.2))
    assert story.windows()[-1].uptime_1h == pytest.approx(100 * (1 - 0.2 / 114.2))


def test_a_process_that_comes_back_at_once_has_dropped_its_lines_too(story):
    story.opens(1)
    story.flows(1, 20)
    story.opens(22.2)
    story.flows(22, 60)

    last = story.windows()[-1]
    assert (last.drops, last.successes) == (1, 2)
    assert last.uptime == pytest.approx(100 * (1 - 2.4 / 54.2))


def test_a_rotated_line_has_not_been_down(story):
    story.opens(1)
    story.flows(1, 20)
    story.opens(20, "a~")
    story.flows(20, 25, "a~")
    story.closes(21)
    story.flows(25, 60, "a~")

    last = story.windows("a")[-1]
    assert (last.drops, last.attempts, last.successes) == (0, 2, 2)
    assert {each.line for each in story.said()} == {"a", ""}
    assert list(story.changes("a"))[-1] == (1.0, "green")


def test_two_openings_with_data_between_are_a_drop(story):
    for at_s in (0, 20):
        story.at(at_s, event=LineEvent.OPEN)
        for second in range(at_s, at_s + 20):
            story.at(second + 1, frames=5)

    assert story.windows("a")[-1].drops == 1
    assert story.windows("a")[-1].successes == 2


def test_a_recording_without_any_status_is_up_as_long_as_it_lasts(story):
    for second in (0, 1, 2, 41, 42, 80):
        story.at(second + 1, frames=5, octets=50, delays_ns=(1, 2, 3))

    windows = story.windows("a")
    assert len(windows) == 16
    assert {each.level for each in windows} == {"green"}
    assert windows[-1].uptime == 100.0
    assert windows[-1].success_rate is None


def test_a_gap_of_months_is_no_row_of_windows(story):
    story.at(1, frames=5)
    story.at(1_000 * 86_400 + 1, frames=5)
    story.at(1_000 * 86_400 + 9, frames=5)

    windows = story.windows("a")
    assert len(windows) == 2
    assert windows[-1].uptime == 100.0


def test_what_only_fetched_is_no_line(story):
    story.at(1)
    story.at(20)

    assert story.said() == []


def test_changes_at_one_moment_are_rows_of_their_own(story):
    for line in "ab":
        story.opens(1, line)
        story.flows(1, 20, line)
    for line in "ab":
        story.closes(20.25, line)

    said = story.said()
    keys = {tuple(getattr(each, name) for name in each.natural_key) for each in said}
    assert len(keys) == len(said)
    assert [each.level for each in said if not each.line][-2:] == ["yellow", "red"]


def test_connections_of_one_key_are_apart_and_share_its_time(story):
    story.opens(1)
    story.flows(1, 20)
    other = [
        msgspec.structs.replace(each, connection="binance-0.1")
        for each in story.readings[:6]
    ]
    story.readings += other
    story.flows(20, 60)

    said = [each for each in story.said() if each.connection == "binance-0.1"]
    assert said[-1].level == "red"
    assert said[-1].issues.startswith("not heard of")
    assert said[-1].received_ns == story.windows()[-1].received_ns
