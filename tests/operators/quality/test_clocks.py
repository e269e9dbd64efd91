"""Clock skew is told from slowness by the shortest delays."""

import random
from collections.abc import Callable, Mapping

import pytest

from operators.quality.clocks import Clocks, ClocksParams
from operators.quality.finding import Finding
from operators.records.connection import LineEvent
from operators.records.health import Reading
from operators.records.quality import IssueKind, Severity
from operators.records.time import MS, SECOND

PARAMS = ClocksParams()
SKEW, LATE = IssueKind.CLOCK_SKEW, IssueKind.LATE


def found(
    delay_ms: Callable[[int], float],
    seconds: range = range(60),
    rate: int = 20,
    events: Mapping[int, LineEvent] | None = None,
) -> list[tuple[int, Finding]]:
    """Return all findings on delays that have a spread of 10 ms."""
    events = {0: LineEvent.OPEN, **(events or {})}
    clocks, drawn, said = Clocks(), random.Random(7), []
    for at_s in seconds:
        delays = [
            int((delay_ms(at_s) + drawn.uniform(0, 10)) * MS) for _ in range(rate)
        ]
        reading = Reading(
            venue="okx",
            connection="okx-0",
            line="a",
            received_ns=at_s * SECOND,
            delays_ns=tuple(delays),
            event=events.get(at_s),
            round_trip_ns=40 * MS,
        )
        said += [(at_s, each) for each in clocks.take(reading, "okx-0/a", PARAMS)]
    return said


def worst(said: list[tuple[int, Finding]], kind: IssueKind) -> Severity | None:
    severities = {each.severity for _, each in said if each.kind is kind}
    return next((each for each in reversed(Severity) if each in severities), None)


@pytest.mark.parametrize(
    ("skew_ms", "severity"),
    [
        *((0, None), (450, None), (-400, None), (700, Severity.LOW)),
        *((-1_272, Severity.LOW), (-9_000, Severity.MEDIUM)),
        *((70_000, Severity.HIGH), (-7_200_000, Severity.HIGH)),
    ],
)
def test_a_clock_that_is_off_is_skew_and_nothing_is_late(skew_ms, severity):
    said = found(lambda at_s: skew_ms + 20)

    assert worst(said, SKEW) is severity
    assert worst(said, LATE) is None
    values = [each.value for _, each in said if each.kind is SKEW and each.severity]
    assert values == pytest.approx([skew_ms] * len(values), abs=10)


@pytest.mark.parametrize(
    ("delay_ms", "severity"),
    [(300, None), (900, Severity.MEDIUM), (7_000, Severity.HIGH)],
)
def test_a_line_that_becomes_slow_is_late_and_no_clock_is_skewed(delay_ms, severity):
    def slow(at_s: int) -> float:
        return 20.0 if at_s < 30 else 20.0 + delay_ms + 700 * (at_s % 3)

    def mild(at_s: int) -> float:
        return 20.0 if at_s < 30 else 20.0 + delay_ms

    said = found(slow if delay_ms > 5_000 else mild, range(120))

    assert worst(said, LATE) is severity
    assert worst(said, SKEW) is None


def test_a_clock_that_is_set_is_late_for_half_a_minute_and_then_skewed():
    said = found(lambda at_s: 20 if at_s < 60 else 20_020, range(200))

    late = [at_s for at_s, each in said if each.kind is LATE and each.severity]
    skewed = [at_s for at_s, each in said if each.kind is SKEW and each.severity]
    assert (min(late), max(late)) == (60, 94)
    assert (min(skewed), max(skewed)) == (95, 199)


def test_what_a_line_sends_at_first_may_be_old():
    said = found(lambda at_s: 20 if at_s > 8 else 30_000)

    assert {each.severity for _, each in said} == {None}


def test_a_few_delays_are_not_judged():
    assert found(lambda at_s: 9_999, range(29), rate=1) == []


def test_once_a_venue_states_a_time_to_come():
    said = found(lambda at_s: -6_000 if at_s == 30 else 20, range(90), rate=1)

    assert {each.severity for _, each in said} == {None}


@pytest.mark.parametrize("by_ms", [400, 2_000, 90_000])
def test_a_venues_clock_that_was_wrong_for_a_while_leaves_nothing_behind(by_ms):
    said = found(lambda at_s: 20 - by_ms if 60 <= at_s < 64 else 20, range(300))

    after = [each for at_s, each in said if at_s > 70]
    assert {each.severity for each in after} == {None}
    skewed = [at_s for at_s, each in said if each.kind is SKEW and each.severity]
    assert bool(skewed) == (by_ms > 500)


def test_what_was_asked_for_may_be_old_and_the_clocks_are_judged_all_the_same():
    """A book that is asked for again and again must not keep a skew open."""
    resyncs = range(30, 90, 5)
    said = found(
        lambda at_s: -900 if 20 <= at_s < 32 else 25_000 if at_s in resyncs else 20,
        range(120),
        events=dict.fromkeys(resyncs, LineEvent.RESYNC),
    )

    late = [at_s for at_s, each in said if each.kind is LATE and each.severity]
    assert not [at_s for at_s in late if at_s >= 30]
    skewed = [at_s for at_s, each in said if each.kind is SKEW and each.severity]
    well = [at_s for at_s, each in said if each.kind is SKEW and not each.severity]
    assert min(skewed) == 20
    assert min(at_s for at_s in well if at_s > 20) < 45
