"""Hot pairs against an exchange that misbehaves: a short run of what the CLI does."""

import asyncio

import pytest

from flows import chaos
from flows.verdict import healed_ms, judge, unhealed
from operators.records.book import Action
from operators.records.healing import Decision

SYMBOLS = ("BTC-USDT", "ETH-USDT")


@pytest.mark.parametrize("venue", ["binance"])
def test_a_hot_pair_loses_nothing_whatever_befalls_one_line(venue, tmp_path):
    plan = chaos.Plan(
        venue=venue,
        lines=2,
        faults=10,
        every_s=2.5,
        kinds=("disconnect", "stall", "drop", "duplicate", "reorder", "garbage"),
        seed=5,
        symbols=SYMBOLS,
        rate=1.0,
        journal=tmp_path / "journal.jsonl",
    )
    done = asyncio.run(chaos.run(plan))
    judged = judge(done, plan.journal)

    assert len(judged.faults) == plan.faults
    assert judged.trades > 100
    assert (judged.lost, judged.twice, judged.disordered) == (0, 0, 0)
    assert judged.books > 20
    assert judged.wrong == 0


def test_a_lone_line_recovers_and_its_books_are_never_wrong(tmp_path):
    plan = chaos.Plan(
        venue="binance",
        lines=1,
        faults=4,
        every_s=4.0,
        kinds=("disconnect", "stall"),
        seed=2,
        symbols=SYMBOLS,
        rate=1.0,
        journal=tmp_path / "journal.jsonl",
    )
    done = asyncio.run(chaos.run(plan))
    judged = judge(done, plan.journal)

    assert len(judged.faults) == plan.faults
    assert judged.twice == judged.disordered == judged.wrong == 0
    assert any(state.ok for state in done.states)
    last = {state.symbol: state.ok for state in done.states}
    assert last == dict.fromkeys(SYMBOLS, True)


def test_a_book_that_was_lost_is_healed_without_a_person(tmp_path):
    plan = chaos.Plan(
        venue="binance",
        lines=1,
        faults=4,
        every_s=3.0,
        kinds=("drop", "crossed"),
        seed=3,
        symbols=SYMBOLS,
        rate=1.0,
        journal=tmp_path / "journal.jsonl",
    )
    done = asyncio.run(chaos.run(plan))
    judged = judge(done, plan.journal)

    lost = [state for state in done.states if not state.ok]
    assert lost
    assert judged.wrong == 0
    assert unhealed(done) == []
    assert sum(map(len, healed_ms(done).values())) == len(lost)
    orders = [each for each in done.healings if each.decision is Decision.ORDERED]
    healed = [each for each in done.healings if each.decision is Decision.HEALED]
    assert {each.action for each in orders} == {Action.RESYNC}
    assert len(healed) == len({(each.symbol, each.event_ns) for each in healed}) > 0
