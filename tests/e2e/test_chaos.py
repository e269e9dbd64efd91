"""Hot pairs against an exchange that misbehaves: a short run of what the CLI does."""

import asyncio

import pytest

from flows import chaos
from flows.verdict import judge

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
