"""Checks, book, issues, score and gate of one symbol, in one order."""

import pickle
from collections.abc import Iterable
from functools import partial
from math import exp
from typing import Any

import pytest

from operators.market.order_book import OrderBook, OrderBookParams
from operators.quality.checks import checks
from operators.quality.finding import Check, Finding
from operators.quality.quality import Quality, QualityParams
from operators.records.base import Side
from operators.records.book import Book, BookState
from operators.records.market import (
    BookDelta,
    BookSnapshot,
    Gap,
    Heartbeat,
    MarketEvent,
    Top,
    Trade,
)
from operators.records.quality import (
    IssueKind,
    Phase,
    QualityIssue,
    QualityScore,
    Severity,
)
from operators.records.time import SECOND

PARAMS = QualityParams()
START = 1_700_000_000
PLACE = {"venue": "okx", "symbol": "BTC-USDT"}


class Dear:
    """A tiny check: a trade above 100 is CRITICAL, one below is well."""

    sees: tuple[type[Any], ...] = (Trade,)
    warm = False

    def __init__(self) -> None:
        self.state: Any = 0

    def look(self, seen: Any) -> Iterable[Finding]:
        self.state += 1
        severity = Severity.CRITICAL if seen.price > 100 else None
        return (Finding(IssueKind.WIDE_SPREAD, severity, seen.price),)


class Diary(Dear):
    """Remembers what it was shown."""

    sees = (Trade, Book, BookState, Gap, Heartbeat, BookSnapshot)

    def __init__(self) -> None:
        self.state = []

    def look(self, seen: Any) -> Iterable[Finding]:
        self.state.append(type(seen).__name__)
        return ()


near = partial(pytest.approx, abs=0.001)


def when(at_s: float) -> dict[str, Any]:
    at_ns = START * SECOND + int(at_s * SECOND)
    return {**PLACE, "event_ns": at_ns, "received_ns": at_ns + 9}


def trade(at_s: float, price: float = 1.0) -> Trade:
    paid = {"price": price, "quantity": 1.0, "side": Side.BUY}
    return Trade(**when(at_s), trade_id=str(at_s), **paid)


def beats(start: int, end: int) -> list[MarketEvent]:
    return [Heartbeat(**when(at_s)) for at_s in range(start, end)]


def snapshot(at_s: float, number: int = 1) -> BookSnapshot:
    bids, asks = ((100.0, 1.0),), ((100.1, 1.0),)
    return BookSnapshot(**when(at_s), sequence=number, bids=bids, asks=asks)


def quality(*made: Check) -> Quality:
    return Quality(PARAMS, made, OrderBook(OrderBookParams()))


def run(events: Iterable[MarketEvent], *made: Check) -> list[Any]:
    return list(quality(*(made or (Dear(),))).update(events))


def scores(said: list[Any]) -> list[QualityScore]:
    return [each for each in said if isinstance(each, QualityScore)]


def issues(said: list[Any]) -> list[QualityIssue]:
    return [each for each in said if isinstance(each, QualityIssue)]


def at(record: Any) -> float:
    return (record.event_ns - START * SECOND) / SECOND


def test_a_score_is_said_on_every_whole_five_seconds():
    said = scores(run(beats(3, 21)))

    assert [at(each) for each in said] == [5, 10, 15, 20]
    assert {(each.score, each.reason) for each in said} == {(100.0, "no book")}


def test_of_seconds_that_pass_at_once_only_the_last_five_are_scored():
    assert [at(each) for each in scores(run([*beats(3, 4), *beats(99, 100)]))] == [95]


def test_a_book_makes_it_tradable_at_once_and_a_gap_ends_that():
    gap = Gap(**when(2.5), reason="sequence")
    said = scores(run([*beats(0, 2), snapshot(1.5), *beats(2, 3), gap]))

    assert [(at(each), each.tradable, each.is_change) for each in said] == [
        (1.5, True, True),
        (2.5, False, True),
    ]
    assert said[1].reason == "book not right: sequence"
    assert [(each.has_book, each.book_ok) for each in said] == [
        (True, True),
        (True, False),
    ]


def test_an_open_critical_issue_shuts_the_gate_until_it_closes():
    events = [snapshot(0), *beats(1, 2), trade(1.5, 101), *beats(2, 3), trade(3)]
    said = run([*events, *beats(4, 6)])

    assert [(at(each), each.phase) for each in issues(said)] == [
        (1.5, Phase.OPEN),
        (4, Phase.CLOSE),
    ]
    changes = [each for each in scores(said) if each.is_change]
    assert [(at(each), each.reason) for each in changes] == [
        (0, ""),
        (1.5, "critical: wide spread"),
        (4, ""),
    ]
    assert changes[1].open_critical == 1
    assert scores(said)[-1].score == pytest.approx(100 - 100 * 2.5 / 300, abs=0.01)


def test_while_an_issue_is_open_the_score_falls_and_each_five_seconds_is_said_once():
    shut = [trade(at_s, 101) for at_s in (5.5, 11.2)]
    said = run([*beats(0, 6), shut[0], *beats(6, 12), shut[1], *beats(12, 21)])

    told = [(at(each), each.phase) for each in issues(said)]
    assert told == [(5.5, Phase.OPEN), (11, Phase.UPDATE), (16, Phase.UPDATE)]
    told = [(at(each), each.score) for each in scores(said)]
    fallen = [100 * exp(-(at_s - 5.5) / 300) for at_s in (10, 15, 20)]
    assert told == [(5, 100.0), *zip((10, 15, 20), map(near, fallen), strict=True)]


def test_a_wait_that_ends_on_five_seconds_does_not_score_them_twice():
    shut, well = trade(8.8, 101), trade(9.5)
    said = run([*beats(0, 9), shut, *beats(9, 10), well, *beats(10, 21)])

    assert [at(each) for each in scores(said)] == [5, 10, 15, 20]
    assert [at(each) for each in issues(said)] == [8.8, 11]


def test_a_cause_precedes_what_follows_of_it_and_time_what_comes_in_it():
    events = [*beats(0, 1), snapshot(5), trade(5.5, 101)]
    said = run(events)

    assert [(type(each).__name__, at(each)) for each in said] == [
        ("QualityScore", 5),
        ("QualityScore", 5),
        ("QualityIssue", 5.5),
        ("QualityScore", 5.5),
    ]
    assert [each.tradable for each in scores(said)] == [True, True, False]


def test_changes_of_one_moment_are_told_apart_and_in_order():
    gap = Gap(**when(1), reason="line")
    said = scores(run([snapshot(1, 1), gap, snapshot(1, 2), gap]))

    keys = [tuple(getattr(r, name) for name in r.natural_key) for r in said]
    assert [each.tradable for each in said] == [True, False, True, False]
    assert keys == sorted(set(keys), key=lambda key: key[2])
    assert len(keys) == 4


def test_checks_see_each_record_and_then_the_book():
    diary = Diary()
    gap = Gap(**when(2), reason="line")
    run([snapshot(0), *beats(1, 2), gap, trade(3)], diary)

    assert diary.state == [
        *("BookSnapshot", "BookState", "Book", "Heartbeat"),
        *("Gap", "BookState", "Trade"),
    ]


def test_what_is_undated_does_not_move_the_clock():
    ahead = snapshot(3_600)
    said = scores(run([ahead, *beats(1, 11)]))

    assert [(at(each), each.is_change) for each in said] == [
        (3_600, True),
        (5, False),
        (10, False),
    ]


def test_a_symbol_is_active_for_a_minute_after_its_data():
    said = scores(run([*beats(0, 1), trade(2), *beats(3, 81)]))
    quote = {"bid": 1.0, "bid_quantity": 1.0, "ask": 2.0, "ask_quantity": 1.0}

    assert [at(each) for each in said if not each.active] == [65, 70, 75, 80]
    assert not any(each.active for each in scores(run(beats(0, 30))))
    assert all(
        each.active for each in scores(run([Top(**when(0), **quote), *beats(1, 9)]))
    )


def test_it_is_warm_when_all_checks_are():
    assert [each.warm for each in scores(run(beats(0, 6)))] == [False]
    assert [each.warm for each in scores(list(quality().update(beats(0, 6))))] == [True]


def test_two_checks_of_one_class_are_refused():
    with pytest.raises(ValueError, match="one check of a class"):
        quality(Dear(), Dear())


def test_a_state_without_a_check_leaves_that_check_as_it_was():
    first, second = quality(Dear()), quality(Dear(), Diary())
    list(first.update([trade(0), trade(1)]))
    second.state = pickle.loads(pickle.dumps(first.state))
    list(second.update([trade(2)]))

    assert second.state.checks == {"Dear": 3, "Diary": ["Trade"]}


def test_the_checks_of_the_house_find_a_lost_book_and_its_return():
    made = checks(PARAMS.checks, {})
    lost = BookDelta(
        **when(2.5), sequence=9, previous=8, bids=((100.05, 1.0),), asks=()
    )
    events = [*beats(0, 1), snapshot(0.5), *beats(1, 3), lost, snapshot(2.6, 9)]
    said = run(events, *made)

    assert [(each.kind, each.phase, at(each)) for each in issues(said)] == [
        (IssueKind.SEQUENCE_GAP, Phase.OPEN, 2.5),
        (IssueKind.SEQUENCE_GAP, Phase.CLOSE, 2.6),
    ]
    assert [each.tradable for each in scores(said)] == [True, False, True]
