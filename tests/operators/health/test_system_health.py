"""What is said of the whole depends on what each says, not on the order it came in."""

import random
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from operators.health.roll_up import Counted, roll_up
from operators.health.system_health import SystemHealthParams, SystemHealths
from operators.records.health import ConnectionHealth, Level, SystemHealth
from operators.records.quality import QualityScore
from operators.records.time import SECOND

T0_NS = 1_700_000_000 * SECOND
GREEN, YELLOW, RED = Level.GREEN, Level.YELLOW, Level.RED
Word = ConnectionHealth | QualityScore


def connection(
    window: int, name: str = "c0", level: Level = GREEN, **more: Any
) -> ConnectionHealth:
    values = {"venue": "okx", "line": "", "rate": 10.0, "is_up": True, **more}
    received_ns = T0_NS + window * 5 * SECOND
    return ConnectionHealth(
        connection=name,
        received_ns=received_ns,
        level=level,
        octets_rate=0.0,
        **values,
    )


def symbol(window: int, name: str = "A-USDT", **more: Any) -> QualityScore:
    values = {"venue": "okx", "score": 100.0, "active": True, "tradable": True, **more}
    received_ns = T0_NS + window * 5 * SECOND - 2 * SECOND
    return QualityScore(
        symbol=name, event_ns=received_ns - SECOND, received_ns=received_ns, **values
    )


def run(words: Iterable[Word], **params: Any) -> list[SystemHealth]:
    return list(SystemHealths(SystemHealthParams(**params)).update(words))


def whole(said: list[SystemHealth]) -> dict[int, SystemHealth]:
    """Return what is said of all, by window."""
    return {
        (each.event_ns - T0_NS) // (5 * SECOND): each for each in said if not each.venue
    }


def steady(windows: Iterable[int]) -> list[Word]:
    return [word for at in windows for word in (connection(at), symbol(at))]


def test_a_window_is_said_when_all_have_passed_it_from_a_patience_after_the_start():
    said = whole(run(steady(range(20))))

    assert list(said) == list(range(6, 20))
    assert {(each.score, each.level, each.issues) for each in said.values()} == {
        (100.0, GREEN, "")
    }
    assert (said[6].connections, said[6].symbols, said[6].rate) == (1, 1, 10.0)


def test_a_venue_and_all_have_a_record_each():
    other = [connection(at, "c1", venue="binance") for at in range(10)]
    words = [
        word
        for pair in zip(steady(range(10))[::2], other, strict=True)
        for word in pair
    ]
    said = run([*words, *(symbol(at) for at in range(10))])

    assert [each.venue for each in said[:3]] == ["binance", "okx", ""]
    assert said[2].connections == 2


def test_one_that_falls_silent_is_waited_for_then_absent_and_then_not_waited_for():
    both = [
        word
        for at in range(40)
        for word in (connection(at), *([connection(at, "c1")] if at < 20 else []))
    ]
    words = [
        word
        for at in range(40)
        for word in [
            both_at
            for both_at in both
            if both_at.received_ns == T0_NS + at * 5 * SECOND
        ]
        + [symbol(at)]
    ]
    said = whole(run(words))

    assert list(said) == list(range(6, 40))
    absent = [at for at, each in said.items() if each.connections_absent]
    assert absent == list(range(26, 40))
    assert said[39].connections == 2
    assert said[39].score == 50.0
    assert said[39].issues == "1 connections absent"


def test_a_silent_one_holds_windows_up_for_no_longer_than_the_patience():
    system = SystemHealths(SystemHealthParams())
    words = [*steady(range(10)), *(connection(at, "c1") for at in range(10))]
    list(system.update(sorted(words, key=lambda word: word.received_ns)))
    held = list(system.update(steady(range(10, 15))))
    free = whole(list(system.update(steady(range(15, 17)))))

    assert held == []
    assert list(free) == [10]


def test_one_that_comes_back_counts_again_after_a_patience():
    windows = [*range(10), *range(30, 50)]
    c1 = [connection(at, "c1") for at in windows]
    words = sorted([*steady(range(50)), *c1], key=lambda word: word.received_ns)
    said = whole(run(words))

    assert [at for at, each in said.items() if each.connections_absent] == [
        *range(16, 36)
    ]


def test_one_that_is_absent_for_long_was_never_there():
    words = sorted(
        [*steady(range(60)), *(connection(at, "c1") for at in range(10))],
        key=lambda word: word.received_ns,
    )
    said = whole(run(words, forget_s=100))

    assert [at for at, each in said.items() if each.connections == 2] == [*range(6, 30)]


def test_what_is_too_late_is_counted_and_named():
    late = [connection(at, "c1") for at in range(3)]
    system = SystemHealths(SystemHealthParams())
    words = [*steady(range(12)), *late, *steady(range(12, 20))]
    said = whole(list(system.update(words)))

    named = [each.issues for each in said.values() if "late" in each.issues]
    assert [text.rpartition(", ")[2] for text in named] == ["3 late records"]


def test_a_silent_recording_is_said_nothing_of_while_nobody_speaks():
    said = whole(run([*steady(range(10)), *steady(range(10_000, 10_010))]))

    assert list(said) == [*range(6, 16), *range(10_006, 10_010)]


def test_symbols_that_are_not_yet_read_are_waited_for():
    """One topic may be read far ahead of the other when the flow resumes."""
    connections = [connection(at) for at in range(300)]
    symbols = [symbol(at) for at in range(300)]

    in_step = run(steady(range(300)))
    assert run([*connections, *symbols]) == in_step
    assert run([*symbols, *connections]) == in_step


def test_symbols_are_not_waited_for_where_no_connection_brings_anything():
    quiet = [connection(at, rate=0.0, level=RED) for at in range(10, 30)]
    said = whole(run([*steady(range(10)), *quiet]))

    assert list(said) == list(range(6, 24))
    assert (said[23].symbols_absent, said[23].level) == (1, RED)


def test_at_the_end_what_is_left_is_said():
    system = SystemHealths(SystemHealthParams())
    words = [connection(at) for at in range(10)] + [symbol(at) for at in range(8)]
    said = list(system.update(words))
    said += system.close()

    assert list(whole(said)) == [6, 7, 8, 9]


def test_a_silence_that_ends_tells_its_windows_at_once_and_makes_nobody_late():
    back_ns = T0_NS + 40 * 5 * SECOND - SECOND
    silent = {
        name: [connection(at, name, rate=0.0, said_ns=back_ns) for at in range(20, 40)]
        for name in ("c0", "c1")
    }

    def all_at(windows: Iterable[int]) -> list[Word]:
        return [
            word
            for at in windows
            for word in (connection(at, "c0"), connection(at, "c1"), symbol(at))
        ]

    def around(first: str, second: str) -> list[SystemHealth]:
        told = silent[first] + silent[second]
        return run([*all_at(range(20)), *told, *all_at(range(40, 60))])

    said = around("c0", "c1")

    assert said == around("c1", "c0")
    assert list(whole(said)) == list(range(6, 60))
    assert not any("late" in each.issues for each in said)


def test_a_level_gets_worse_at_once_and_better_after_some_windows():
    levels = {20: RED, 21: RED}
    words = [
        word
        for at in range(40)
        for word in (connection(at, level=levels.get(at, GREEN)), symbol(at))
    ]
    said = whole(run(words))

    assert [at for at, each in said.items() if each.level is RED] == [20, 21, 22, 23]


members = st.lists(
    st.lists(st.integers(1, 10), min_size=5, max_size=40).map(
        lambda steps: [sum(steps[: count + 1]) for count in range(len(steps))]
    ),
    min_size=2,
    max_size=6,
)


@settings(deadline=None)
@given(members=members, seed=st.integers(0, 2**32))
@example(members=[[1, 2, 3, 4, 8], [*range(1, 12)], [*range(7, 12)]], seed=0)
def test_no_order_between_members_changes_anything_within_the_patience(members, seed):
    """Silences are there that are longer than the patience, and shorter ones."""
    streams: list[list[Word]] = [
        [
            connection(at, f"c{number}", GREEN if at % 3 else RED)
            if number % 2
            else symbol(at, f"S{number}-USDT", score=float(at % 7))
            for at in windows
        ]
        for number, windows in enumerate(members)
    ]
    chance = random.Random(seed)

    def shuffled() -> list[Word]:
        """Each word comes up to a patience late, each stream in order."""
        drawn: list[tuple[float, int, Word]] = []
        for number, stream in enumerate(streams):
            due = 0.0
            for word in stream:
                delay = chance.random() * 24 * SECOND
                due = max(due, word.received_ns + delay)
                drawn.append((due, number, word))
        return [word for _, _, word in sorted(drawn, key=lambda each: each[:2])]

    def said(words: list[Word]) -> list[SystemHealth]:
        system = SystemHealths(SystemHealthParams())
        return [*system.update(words), *system.close()]

    first = said(shuffled())
    assert not [each for each in first if "late" in each.issues]
    assert said(shuffled()) == first


@pytest.mark.parametrize(
    ("levels", "scores", "score", "level"),
    [
        ([GREEN], [100.0], 100.0, GREEN),
        ([GREEN, GREEN], [98.0, 100.0], 99.0, GREEN),
        ([GREEN, YELLOW], [100.0], 85.0, GREEN),
        ([GREEN, RED], [100.0], 50.0, YELLOW),
        ([GREEN, None], [100.0], 50.0, YELLOW),
        ([RED, None], [100.0], 0.0, RED),
        ([GREEN], [100.0, None], 50.0, GREEN),
        ([GREEN], [], 100.0, GREEN),
        ([], [100.0], 0.0, RED),
    ],
)
def test_the_score_is_what_the_connections_are_times_what_the_symbols_are(
    levels, scores, score, level
):
    rolled = roll_up(
        "okx",
        T0_NS,
        Counted(
            [None if each is None else connection(0, level=each) for each in levels],
            [None if each is None else symbol(0, score=each) for each in scores],
        ),
    )

    assert (rolled.score, rolled.level) == (score, level)


def test_a_symbol_that_is_quiet_by_nature_has_no_part_in_the_score():
    quiet = symbol(0, score=10.0, active=False)
    rolled = roll_up("okx", T0_NS, Counted([connection(0)], [quiet, symbol(0)]))

    assert (rolled.score, rolled.symbols, rolled.quality_score) == (100.0, 1, 100.0)


def test_what_lowers_the_score_is_named():
    words = [
        connection(0, "c0", RED, issues="latency, rate"),
        *(connection(0, f"y{number}", YELLOW) for number in range(5)),
    ]
    book = {"has_book": True, "book_ok": False, "open_critical": 2, "open_high": 1}
    rolled = roll_up("okx", T0_NS, Counted(words, [symbol(0, **book), None]))

    assert rolled.issues == (
        "red: c0 latency and rate, yellow: y0; y1; y2 and 2 more, 1 symbols absent,"
        " 2 critical issues, 1 high issues, 1 books not right"
    )
    assert (rolled.books, rolled.books_wrong) == (1, 1)
    assert msgspec.json.decode(msgspec.json.encode(rolled), type=SystemHealth) == rolled
