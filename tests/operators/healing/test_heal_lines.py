"""A line is failed over, paused or resumed only while another one carries on."""

from typing import Any

import pytest

from operators.healing.heal_lines import HealLines
from operators.healing.params import HealParams
from operators.healing.storm import storm
from operators.records.book import Action, Command
from operators.records.healing import Decision, Healing
from operators.records.health import ConnectionHealth, Level
from operators.records.time import SECOND

T0_NS = 1_700_000_000 * SECOND
GREEN, YELLOW, RED = Level.GREEN, Level.YELLOW, Level.RED
ORDERED, ESCALATED, HEALED = Decision.ORDERED, Decision.ESCALATED, Decision.HEALED


def health(line: str, at_s: int, level: Level = GREEN, **more: Any) -> ConnectionHealth:
    values = {"is_up": True, "rate": 100.0, "octets_rate": 0.0, **more}
    values.setdefault("connection", "binance-0")
    received_ns = T0_NS + at_s * SECOND
    return ConnectionHealth(
        venue="binance", line=line, received_ns=received_ns, level=level, **values
    )


def run(*healths: ConnectionHealth) -> list[tuple[int, str | None, Action, Decision]]:
    """Return when what was decided for which line, commands and records agreeing."""
    said = list(HealLines(HealParams()).update(healths))
    commands = [(c.event_ns, c.line, c.action) for c in said if isinstance(c, Command)]
    healings = [each for each in said if isinstance(each, Healing)]
    ordered = [each for each in healings if each.decision is ORDERED]
    assert commands == [(each.event_ns, each.line, each.action) for each in ordered]
    assert all(c.symbol is None for c in said if isinstance(c, Command))
    assert {each.key for each in said} <= {"binance:binance-0"}
    return [
        ((each.event_ns - T0_NS) // SECOND, each.line, each.action, each.decision)
        for each in healings
    ]


def storming(line: str, at_s: int, dead: int) -> ConnectionHealth:
    return health(line, at_s, YELLOW, dead=dead)


def paused(line: str, at_s: int, dead: int) -> ConnectionHealth:
    return health(line, at_s, RED, is_up=False, rate=0.0, dead=dead)


def test_a_slow_line_fails_over_at_once_while_another_is_green():
    said = run(
        health("b", 0),
        health("a", 3, RED, is_change=True, issues="feed latency 600 ms"),
        health("a", 5, RED, issues="feed latency 600 ms"),
        health("a", 10, GREEN),
    )

    fail_over = Action.FAIL_OVER
    assert said[0] == (3, "a", fail_over, ORDERED)
    assert said[-1] == (10, "a", fail_over, HEALED)
    assert [each[-1] for each in said] == [ORDERED, Decision.COOLING, HEALED]


@pytest.mark.parametrize(
    "other",
    [
        (),
        (health("b", 0, YELLOW),),
        (health("b", 0, RED),),
        (health("b", 0, is_up=False),),
        (health("b", -60),),
        (health("b", 0, connection="binance-1"),),
        (health("", 0),),
    ],
    ids=["none", "yellow", "red", "down", "long ago", "of another", "the whole"],
)
def test_a_slow_line_is_left_alone_where_no_other_is_green(other):
    assert run(*other, health("a", 3, RED, issues="feed latency 600 ms")) == []


@pytest.mark.parametrize("issues", ["silent", "recovering", ""])
def test_a_line_that_ingest_mends_or_has_mended_is_left_to_it(issues):
    assert run(health("b", 0), health("a", 3, RED, issues=issues)) == []


def test_a_line_that_is_down_is_left_to_ingest():
    assert run(health("b", 0), health("a", 3, RED, is_up=False)) == []


def test_a_storm_is_paused_and_opened_again_and_well_when_it_is_over():
    said = run(
        *(health("b", at_s) for at_s in (0, 5)),
        storming("a", 0, 0),
        storming("a", 5, 400),
        *(paused("a", at_s, 400) for at_s in range(10, 70, 5)),
        health("a", 70, dead=400),
    )

    assert said == [
        (5, "a", Action.PAUSE, ORDERED),
        (65, "a", Action.RESUME, ORDERED),
        (70, "a", Action.PAUSE, HEALED),
    ]


def test_another_lines_seconds_end_a_pause_too():
    said = run(
        health("b", 5),
        storming("a", 0, 0),
        storming("a", 5, 400),
        *(health("b", at_s) for at_s in range(10, 70, 5)),
    )

    assert said[-1] == (65, "a", Action.RESUME, ORDERED)


def test_a_storm_that_comes_back_is_paused_for_longer():
    dead, told = 0, [health("b", 0)]
    for at_s in range(0, 400, 5):
        dead += 400
        told += [health("b", at_s), storming("a", at_s, dead)]
    said = run(*told)

    pauses = [at_s for at_s, _, action, _ in said if action is Action.PAUSE]
    resumes = [at_s for at_s, _, action, _ in said if action is Action.RESUME]
    assert [end - start for start, end in zip(pauses, resumes, strict=False)] == [
        60,
        120,
    ]
    assert len(pauses) == 3


def test_a_lone_line_is_never_paused_but_a_person_is_called_once():
    said = run(*(storming("a", at_s, at_s * 100) for at_s in range(0, 60, 5)))

    assert said == [(5, "a", Action.PAUSE, ESCALATED)]


def test_two_lines_that_storm_alike_are_not_both_paused():
    told = [
        storming(line, at_s, at_s * 100) for at_s in range(0, 60, 5) for line in "ab"
    ]
    said = run(*told)

    assert said == [
        (5, "a", Action.PAUSE, ORDERED),
        (5, "b", Action.PAUSE, ESCALATED),
    ]


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ((100.0, 0), (100.0, 249), ""),
        ((100.0, 0), (100.0, 250), "250 of 500 frames in 5 s cannot be read"),
        ((100.0, 0), (10.0, 99), ""),
        ((10.0, 900), (10.0, 100), "100 of 50 frames in 5 s cannot be read"),
        ((10.0, 0), (4_999.0, 0), ""),
        ((10.0, 0), (5_000.0, 0), "5000 frames/s, normally 10.0"),
    ],
)
def test_what_is_a_storm(before, now, said):
    first = health("a", 0, rate=before[0], dead=before[1], normal_rate=10.0)
    then = health("a", 5, rate=now[0], dead=now[1], normal_rate=10.0)

    assert storm(then, first, HealParams()) == said
    assert storm(then, None, HealParams()) == ""


def test_a_venue_that_is_always_fast_is_no_flood():
    first = health("a", 0, rate=9_000.0, normal_rate=9_000.0)
    assert (
        storm(health("a", 5, rate=9_000.0, normal_rate=9_000.0), first, HealParams())
        == ""
    )
