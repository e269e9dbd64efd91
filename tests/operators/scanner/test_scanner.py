"""What is said of all symbols: a ranking each window, whoever is heard first."""

import pickle
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from operators.records.priority import PriorityWeights, Tier
from operators.records.time import MINUTE
from operators.scanner.params import LearningParams, ScannerParams
from operators.scanner.scanner import Scanner
from tests.operators.scanner.scene import (
    FIRST,
    PATIENCE,
    Word,
    by_window,
    feature,
    in_step,
    market,
    outs,
    priorities,
    quality,
)

CALM = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
SYMBOLS = ("BTC-USDT", "ETH-USDT", "SOL-USDT", "XRP-USDT", "DOGE-BTC")
QUICK = ScannerParams(
    beta_least=5, learning=LearningParams(every_s=300, tolerance=0.0, doubt=50.0)
)


def shuffled(said: list[list[Word]], apart: int, chance: random.Random) -> list[Word]:
    """Return words in an order in which no member is so many windows behind another.

    Within that, each member is read as far ahead as it happens.
    """
    left = [list(reversed(each)) for each in said]
    found: list[Word] = []
    while any(left):
        oldest_ns = min(each[-1].event_ns for each in left if each)
        may = [each for each in left if each]
        may = [e for e in may if e[-1].event_ns < oldest_ns + apart * MINUTE]
        chosen = chance.choice(may)
        for _ in range(chance.randint(1, apart)):
            if chosen and chosen[-1].event_ns < oldest_ns + apart * MINUTE:
                found.append(chosen.pop())
    return found


@pytest.mark.parametrize("seed", range(8))
def test_the_order_between_symbols_and_topics_does_not_matter(seed: int) -> None:
    said = market(SYMBOLS, 40)
    # Some begin late, one ends early, one has a hole.
    said[2] = said[2][7:]
    said[4] = said[4][:20]
    said[6] = said[6][:15] + said[6][25:]
    words = shuffled(said, PATIENCE, random.Random(seed))
    expected = outs(in_step(said), QUICK)
    assert len(priorities(expected)) > 100
    assert outs(words, QUICK) == expected
    assert not any(each.late for each in priorities(expected))


@pytest.mark.parametrize("ahead", [0, 1])
def test_one_topic_may_be_read_ahead_of_the_other(ahead: int) -> None:
    """By much more than the patience: an hour."""
    said = market(SYMBOLS, 55)
    first, second = in_step(said[ahead::2]), in_step(said[1 - ahead :: 2])
    assert outs(first + second, QUICK) == outs(in_step(said), QUICK)


@pytest.mark.parametrize("size", [1, 37, 1_000])
def test_batches_and_resuming_change_nothing(size: int) -> None:
    words = in_step(market(SYMBOLS, 60))
    scanner, found = Scanner(QUICK), []
    for start in range(0, len(words), size):
        found += scanner.update(words[start : start + size])
        if start // size % 10 == 0:
            state, scanner = pickle.dumps(scanner.state), Scanner(QUICK)
            scanner.state = pickle.loads(state)
    found += scanner.close()
    assert found == outs(words, QUICK)


@CALM
@given(data=st.data(), cut=st.integers(PATIENCE, 30), seed=st.integers(0, 5))
def test_what_is_said_of_a_window_depends_on_nothing_behind_it(
    data: Any, cut: int, seed: int
) -> None:
    """Whatever the future is, the past was said alike: scores, weights and tiers."""
    words = in_step(market(SYMBOLS, 30, seed))
    past = [word for word in words if word.event_ns <= (FIRST + cut) * MINUTE]
    moves = st.floats(0.5, 2.0)
    future = [
        feature(window, symbol, mid=100 * data.draw(moves), volatility=None)
        for window in range(cut + 1, cut + 4)
        for symbol in SYMBOLS[:2]
    ]
    until = (FIRST + cut) * MINUTE

    def said(more: Sequence[Word]) -> list[Any]:
        return [each for each in outs([*past, *more], QUICK) if each.event_ns <= until]

    assert said(future) == said(words[len(past) :]) == said(())


@pytest.mark.parametrize("seed", range(3))
def test_ranks_are_of_all_in_a_window_and_scores_fall_with_them(seed: int) -> None:
    windows = by_window(outs(in_step(market(SYMBOLS, 50, seed)), QUICK))
    assert list(windows) == list(range(PATIENCE, 50))
    for ranked in windows.values():
        order = sorted(ranked, key=lambda each: each.rank)
        assert [each.rank for each in order] == list(range(1, len(SYMBOLS) + 1))
        scores = [each.score for each in order]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 100 for score in scores)
        assert all(0 <= (each.confidence or 0) <= 1 for each in order)


def test_the_score_is_the_mean_of_known_components_by_the_weights_that_were_said() -> (
    None
):
    said = outs(in_step(market(SYMBOLS, 80)), QUICK)
    weights: dict[str, PriorityWeights] = {}
    names = ScannerParams().weights.__struct_fields__
    checked = 0
    for each in said:
        if isinstance(each, PriorityWeights):
            assert sum(getattr(each, name) for name in names) == pytest.approx(1.0)
            assert all(getattr(each, name) >= 0 for name in names)
            weights[each.key] = each
            continue
        pairs = [
            (getattr(weights[each.key], name), getattr(each, name))
            for name in names
            if getattr(each, name) is not None
        ]
        known = sum(weight for weight, _ in pairs)
        mean = 100 * sum(weight * part for weight, part in pairs) / known
        expected = 0.0 if each.data_quality == 0.0 else mean
        assert each.score == pytest.approx(expected)
        z = weights[each.key].credibility
        assert each.confidence is not None
        assert each.confidence >= z * known - 1e-9
        checked += 1
    assert checked > 300


def test_what_is_not_tradable_is_low_at_once_and_last() -> None:
    said = market(SYMBOLS[:4], 20)
    said[1] = [quality(at, SYMBOLS[0], tradable=at != 12) for at in range(20)]
    others = [[quality(at, each) for at in range(20)] for each in SYMBOLS[1:4]]
    words = in_step([*said[::2], said[1], *others])
    found = next(e for e in by_window(outs(words))[12] if e.symbol == SYMBOLS[0])
    assert (found.tier, found.rank, found.score) == (Tier.LOW, 4, 0.0)
    assert found.data_quality == 0.0


def test_a_dead_symbol_holds_the_others_up_for_no_longer_than_the_patience() -> None:
    said = market(SYMBOLS, 40)
    dies = 20
    living = [each if place > 1 else each[:dies] for place, each in enumerate(said)]
    scanner, newest = Scanner(QUICK), []
    for window in range(40):
        at_ns = (FIRST + window) * MINUTE
        words = [w for each in living for w in each if w.event_ns == at_ns]
        found = priorities(scanner.update(words))
        newest.append(max((e.event_ns // MINUTE - FIRST for e in found), default=None))
    behind = [at - last for at, last in enumerate(newest) if last is not None]
    assert max(behind) <= PATIENCE
    assert newest[dies : dies + PATIENCE + 1] == [None] * PATIENCE + [dies]
    assert newest[-1] == 39


def test_without_quality_all_is_said_after_a_while_with_less_confidence() -> None:
    said = market(SYMBOLS, 80)
    scanner = Scanner(QUICK)
    found = priorities(scanner.update(in_step(said[::2])))
    # An hour is waited for the other topic.
    assert max(each.event_ns for each in found) == (FIRST + 79 - 60) * MINUTE
    assert {each.data_quality for each in found} == {None}


def test_late_words_are_counted_with_the_next_that_is_said_of_their_symbol() -> None:
    said = market(SYMBOLS, 40)
    tardy = said[0][20:27]
    said[0] = said[0][:20] + said[0][27:]
    words = in_step(said)
    place = next(n for n, w in enumerate(words) if w.event_ns == (FIRST + 26) * MINUTE)
    found = priorities(outs([*words[:place], *tardy, *words[place:]], QUICK))
    counted = {(each.symbol, each.late) for each in found if each.late}
    assert {symbol for symbol, _ in counted} == {SYMBOLS[0]}


def test_other_lengths_and_changes_between_are_passed_over() -> None:
    said = market(SYMBOLS, 20)
    more = [feature(at, SYMBOLS[0], length_ns=MINUTE * 5) for at in range(20)]
    between = [quality(at + 0.5, SYMBOLS[0], tradable=False) for at in range(20)]
    changes = [quality(at, SYMBOLS[1], is_change=True, score=0.0) for at in range(20)]
    assert outs(in_step([*said, more, between, changes])) == outs(in_step(said))
