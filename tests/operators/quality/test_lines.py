"""A line is judged by what is normal for it, and by no clock but its own."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.quality.issues import IssuesParams
from operators.quality.lines import Lines, LinesParams
from operators.records.connection import LineEvent
from operators.records.health import Reading
from operators.records.quality import IssueKind, Phase, QualityIssue, Severity
from operators.records.time import SECOND

MISSING, MALFORMED = IssueKind.HEARTBEAT_MISSING, IssueKind.MALFORMED


def reading(at_s: float, frames: int = 0, line: str = "a", **more: Any) -> Reading:
    place = {"venue": "okx", "connection": "okx-0", "line": line}
    return Reading(**place, received_ns=int(at_s * SECOND), frames=frames, **more)


def silent(at_s: float, silence_s: float | None = None) -> Reading:
    silence_ns = None if silence_s is None else int(silence_s * SECOND)
    return reading(at_s, event=LineEvent.HEARTBEAT, silence_ns=silence_ns)


def run(*readings: Reading) -> list[QualityIssue]:
    return list(Lines(LinesParams(), IssuesParams()).update(readings))


def life(said: list[QualityIssue], kind: IssueKind) -> list[tuple[Any, ...]]:
    return [
        (each.phase.value, each.event_ns / SECOND, each.severity.value)
        for each in said
        if each.kind is kind and each.phase is not Phase.UPDATE
    ]


def test_a_busy_line_is_missed_after_thirty_seconds_until_it_is_back():
    busy = [reading(at, 9) for at in range(100)]
    said = run(*busy, *map(silent, range(100, 140)), reading(140, 9), reading(141, 9))

    assert life(said, MISSING) == [("open", 129, "medium"), ("close", 141, "medium")]
    assert said[0].evidence == "nothing at all for 30 s, normally 1.0 s"
    assert (said[0].connection, said[0].line, said[0].symbol) == ("okx-0", "a", None)
    assert said[0].key == "okx:okx-0"


def test_a_line_that_normally_pauses_is_given_ten_times_that():
    pauses = [reading(at, 1) for at in range(0, 400, 20)]
    said = run(*pauses, *map(silent, range(381, 700)))

    assert life(said, MISSING) in ([("open", at, "medium")] for at in (580, 581))


def test_ten_times_as_long_a_silence_is_worse():
    said = run(*[reading(at, 9) for at in range(9)], *map(silent, range(9, 400)))

    worst = [each for each in said if each.severity is Severity.HIGH]
    assert worst[0].event_ns == 308 * SECOND


def test_the_lines_own_measure_of_silence_is_believed_where_it_is_shorter():
    said = run(reading(0, 9), reading(1, 9), *[silent(at, 2) for at in range(2, 99)])

    assert said == []


def test_a_line_that_never_said_anything_is_missed_too():
    said = run(reading(0, event=LineEvent.OPEN), *map(silent, range(1, 40)))

    assert life(said, MISSING) == [("open", 30, "medium")]


@pytest.mark.parametrize("event", [LineEvent.CLOSED, LineEvent.FAILED])
def test_a_line_that_is_not_open_is_silent_by_right(event):
    down = [reading(10, event=event), *map(silent, range(11, 300))]
    back = [reading(300, event=LineEvent.OPEN), *map(silent, range(301, 325))]

    assert run(reading(0, 9), reading(1, 9), *down, *back) == []


def test_a_silence_ends_where_the_line_closes():
    gone = [reading(60, event=LineEvent.CLOSED), *map(silent, range(61, 63))]
    said = run(reading(0, 9), *map(silent, range(1, 60)), *gone)

    assert life(said, MISSING) == [("open", 30, "medium"), ("close", 61, "medium")]


def test_one_fault_teaches_no_normality_but_a_lasting_change_does():
    busy = [reading(at, 9) for at in range(600)]
    once = [*busy, *map(silent, range(600, 900)), reading(900, 9)]
    assert len(life(run(*once, *map(silent, range(901, 940))), MISSING)) == 3

    lasting = [
        reading(at, 9 if at % 40 == 0 else 0, event=LineEvent.HEARTBEAT)
        for at in range(600, 8_000)
    ]
    opened = [
        at for phase, at, _ in life(run(*busy, *lasting), MISSING) if phase == "open"
    ]
    assert 600 < max(opened) < 2_400


def test_one_dead_frame_is_low_and_closes_by_itself():
    said = run(reading(1, 50, dead=1), *[reading(at, 50) for at in range(2, 60)])

    assert life(said, MALFORMED) == [("open", 1, "low"), ("close", 31, "low")]


def test_more_than_ten_dead_frames_a_minute_are_medium():
    said = run(*[reading(at, 50, dead=1) for at in range(12)])

    assert {each.severity for each in said[:-1]} == {Severity.LOW}
    assert said[-1].severity is Severity.MEDIUM


def test_where_most_frames_are_dead_it_is_high():
    said = run(reading(0, 1, dead=1), reading(1, 1, dead=1), reading(2, 2, dead=2))

    assert [each.severity for each in said] == [Severity.LOW, Severity.HIGH]


def test_a_storm_of_long_ago_does_not_count():
    said = run(reading(0, 500, dead=40), reading(600, 50, dead=1))

    assert [each.severity.value for each in said] == ["medium", "medium", "low"]
    assert [each.phase.value for each in said] == ["open", "close", "open"]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3)), max_size=60))
def test_lines_say_what_they_say_alone(drawn):
    both = [
        reading(20 * at, frames, line, dead=frames, event=LineEvent.HEARTBEAT)
        for at, (line, frames) in enumerate(drawn)
    ]
    said = run(*both)
    for line in "ab":
        alone = run(*[each for each in both if each.line == line])
        assert [each for each in said if each.line == line] == alone
