"""A line that repeats itself or falls behind itself is named; two lines never are."""

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from operators.market.arbitrate import Arbitrate, ArbitrateParams
from operators.market.flaws import Track
from operators.market.heard import Heard, Moved
from operators.records.base import Side
from operators.records.market import (
    BookDelta,
    BookSnapshot,
    Flaw,
    FlawKind,
    Heartbeat,
    Top,
    Trade,
)
from operators.records.time import MS, SECOND

CALM = settings(deadline=None, suppress_health_check=list(HealthCheck))
START_NS = 1_723_161_255 * SECOND
KEY = "binance:BTC-USDT"
DUPLICATE, OUT_OF_ORDER = FlawKind.DUPLICATE, FlawKind.OUT_OF_ORDER
KINDS = ("trade", "named trade", "delta", "timed delta", "top")


def stamp(at_ms: int, event_ms: int | None = None) -> dict[str, Any]:
    return {
        "venue": "binance",
        "symbol": "BTC-USDT",
        "event_ns": START_NS + (at_ms if event_ms is None else event_ms) * MS,
        "received_ns": START_NS + at_ms * MS,
    }


def made(kind: str, at_ms: int, number: int) -> Any:
    """Return the record of a number; it says the same whenever it comes."""
    place = stamp(at_ms, number)
    sides = {"bids": ((1.0, float(number)),), "asks": ()}
    match kind:
        case "trade" | "named trade":
            sequence = number if kind == "trade" else None
            deal = {"price": 1.0, "quantity": 1.0, "side": Side.BUY}
            return Trade(**place, trade_id=f"t{number}", sequence=sequence, **deal)
        case "delta":
            numbers = {"sequence": number, "previous": number - 1}
            return BookDelta(**place, **sides, **numbers)
        case "timed delta":
            return BookDelta(**place, **sides)
    best = {"bid": 1.0, "bid_quantity": 1.0, "ask": 2.0, "ask_quantity": 1.0}
    return Top(**place, sequence=number, **best)


def brought(
    kind: str, numbers: list[int], line: str = "c/a", *, every_ms: int = 100
) -> list[Any]:
    """Return what a line brings: records of these numbers, one after the other."""
    return [
        Heard(KEY, line, made(kind, count * every_ms, number))
        for count, number in enumerate(numbers)
    ]


def flaws(heard: list[Any], *, settle_ms: int = 0, close: bool = True) -> list[Flaw]:
    operator = Arbitrate(ArbitrateParams(settle_ms=settle_ms))
    said = list(operator.update(heard)) + (list(operator.close()) if close else [])
    return [each for each in said if isinstance(each, Flaw)]


def counts(said: list[Flaw]) -> dict[FlawKind, int]:
    total: Counter[FlawKind] = Counter()
    for each in said:
        total[each.kind] += each.count
    return dict(total)


@pytest.mark.parametrize("kind", KINDS)
def test_what_comes_twice_is_a_duplicate(kind: str) -> None:
    said = flaws(brought(kind, [5, 6, 7, 7, 8]))

    assert [(each.line, each.kind, each.count) for each in said] == [
        ("c/a", DUPLICATE, 1)
    ]
    assert said[0].received_ns == START_NS + 300 * MS


@pytest.mark.parametrize("kind", ["trade", "delta", "timed delta", "top"])
def test_what_comes_behind_a_later_one_is_out_of_order(kind: str) -> None:
    assert counts(flaws(brought(kind, [5, 7, 6, 8]))) == {OUT_OF_ORDER: 1}


@pytest.mark.parametrize("kind", ["trade", "delta", "named trade"])
def test_a_stretch_that_comes_again_is_all_duplicates(kind: str) -> None:
    numbers = [1, 2, 3, 4, 5, 2, 3, 4, 6]
    assert counts(flaws(brought(kind, numbers))) == {DUPLICATE: 3}


@pytest.mark.parametrize("kind", KINDS)
def test_what_another_line_brings_is_no_flaw(kind: str) -> None:
    one, other = (brought(kind, list(range(1, 9)), line) for line in ("c/a", "c/b"))
    both = [each for pair in zip(one, other, strict=True) for each in pair]
    assert flaws(both) == []
    assert counts(flaws([*both, other[-1]])) == {DUPLICATE: 1}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("moves", [(False, True), (True,)])
def test_a_line_that_was_opened_again_may_repeat_itself(
    kind: str, moves: tuple[bool, ...]
) -> None:
    before = brought(kind, [4, 5, 6])
    again = [Moved(KEY, "c/a", move, START_NS + SECOND) for move in moves]
    assert flaws([*before, *again, *brought(kind, [4, 5, 6])]) == []


def test_in_the_first_moments_of_a_line_nothing_is_a_flaw() -> None:
    heard = brought("trade", [9, 8, 7, 9, 10, 10, 11, 11], every_ms=300)
    said = flaws(heard, settle_ms=1_500)
    assert [each.received_ns - START_NS for each in said] == [1_500 * MS, 2_100 * MS]
    assert counts(said) == {DUPLICATE: 2}


def test_a_book_that_begins_anew_may_go_back() -> None:
    snapshot = BookSnapshot(**stamp(250), sequence=3, bids=(), asks=())
    heard = brought("delta", [4, 5, 6])
    anew = [Heard(KEY, "c/a", snapshot), *brought("delta", [4, 5, 6])]
    assert flaws([*heard, *anew]) == []


def test_a_count_that_begins_anew_and_a_message_without_change_are_no_flaws() -> None:
    """OKX counts anew by a number lower than the one it follows."""
    numbers = [(90, 89), (95, 90), (95, 95), (3, 95), (4, 3)]
    heard = [
        Heard(
            KEY,
            "c/a",
            BookDelta(**stamp(count), sequence=number, previous=last, bids=(), asks=()),
        )
        for count, (number, last) in enumerate(numbers)
    ]
    assert flaws(heard) == []


def test_quotes_of_one_moment_that_are_not_numbered_are_no_duplicates() -> None:
    best = {"bid": 1.0, "bid_quantity": 1.0, "ask": 2.0, "ask_quantity": 1.0}
    heard = [Heard(KEY, "c/a", Top(**stamp(at, 5), **best)) for at in (10, 11, 12)]
    assert flaws(heard) == []


def test_a_storm_is_one_flaw_a_second_and_none_of_it_is_lost() -> None:
    """What waits is said at a heartbeat of the line; the last of it at the end."""
    storm = brought("trade", [7] * 50, every_ms=10)
    beats = [
        Heard(KEY, line, Heartbeat(**stamp(at_ms)))
        for line, at_ms in (("c/b", 1_100), ("c/a", 1_200), ("c/a", 2_300))
    ]

    said = flaws([*storm, *beats])

    assert [(each.received_ns - START_NS, each.count) for each in said] == [
        (10 * MS, 1),
        (1_200 * MS, 48),
    ]
    assert [each.count for each in flaws(storm)] == [1, 48]
    assert [each.count for each in flaws(storm, close=False)] == [1]
    moved = Moved(KEY, "c/a", False, START_NS + SECOND)
    assert [each.count for each in flaws([*storm, moved], close=False)] == [1, 48]


def test_a_flaw_is_dated_when_it_happens_not_by_what_is_repeated() -> None:
    trade = made("trade", 0, 1)
    beat = Heartbeat(**stamp(60_000))
    heard = [Heard(KEY, "c/a", each) for each in (trade, beat)]
    (said,) = flaws([*heard, Heard(KEY, "c/a", made("trade", 60_500, 1))])
    assert said.event_ns == beat.event_ns


@CALM
@given(
    st.sampled_from(["trade", "delta", "timed delta", "named trade"]),
    st.lists(st.integers(1, 9), max_size=40),
)
def test_each_repetition_is_counted_and_nothing_that_rises_is(
    kind: str, steps: list[int]
) -> None:
    """Numbers that rise by any steps are well; each of them twice is a flaw each."""
    numbers = [sum(steps[: n + 1]) for n in range(len(steps))]
    assert flaws(brought(kind, numbers)) == []
    twice = [number for number in numbers for _ in "ab"]
    assert sum(each.count for each in flaws(brought(kind, twice))) == len(numbers)


@CALM
@given(st.integers(0, 2**32), st.integers(2, 60))
def test_no_two_flaws_of_a_kind_are_of_one_moment(seed: int, many: int) -> None:
    chance = random.Random(seed)
    heard = [
        Heard(KEY, "c/a", made("trade", chance.randrange(3_000), chance.randrange(9)))
        for _ in range(many)
    ]
    heard.sort(key=lambda each: each.event.received_ns)
    keys = [(each.kind, each.received_ns) for each in flaws(heard)]
    assert len(keys) == len(set(keys))


def test_a_track_tells_late_from_repeated() -> None:
    track = Track()
    numbers = [5, 6, 9, 7, 8, 6, 9, 10]
    said = [track.moves(number, number - 1) for number in numbers]
    late, twice = OUT_OF_ORDER, DUPLICATE
    assert said == [None, None, None, late, late, twice, twice, None]
