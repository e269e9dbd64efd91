"""The registry is fixed, and every check keeps the laws of operators."""

import copy
import pickle
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from operators.quality.checks import ChecksParams, checks
from operators.quality.finding import Check, Finding
from operators.quality.price_jump import PriceJumpParams
from operators.quality.stale import StaleParams
from operators.quality.thin_depth import ThinDepthParams
from operators.quality.wide_spread import WideSpreadParams
from operators.records.market import FlawKind
from operators.records.quality import IssueKind
from tests.operators.quality.scene import (
    book,
    delta,
    flaw,
    gap,
    heartbeat,
    state,
    top,
    trade,
)

QUICK = ChecksParams(
    wide_spread=WideSpreadParams(warm_up=2, patience=2),
    thin_depth=ThinDepthParams(warm_up=2, patience=2, hold=1),
    stale=StaleParams(silence_s=2.0, gaps=0.5, worse=2.0, warm_up=1, warm_up_s=0.0),
    price_jump=PriceJumpParams(warm_up=2, patience=2),
)
GRID = {"binance:BTC-USDT": (0.5, None)}

prices = st.sampled_from(
    [-1e150, -1.0, 0.0, 1e150, 50.0, 99.3, 99.5, 100.0, 100.5, 101.0, 150.0]
)
reasons = st.sampled_from(
    ["", "", "sequence", "checksum", "crossed", "restart", "size"]
)
kinds = st.sampled_from(list(FlawKind))
makers = st.one_of(
    st.builds(lambda bid, ask: lambda at_s: top(at_s, bid, ask), prices, prices),
    st.builds(
        lambda bid, ask, levels, size: lambda at_s: book(at_s, bid, ask, levels, size),
        *(prices, prices, st.integers(0, 10), st.sampled_from([0.001, 1.0, 1e150])),
    ),
    st.builds(lambda price: lambda at_s: trade(at_s, price), prices),
    st.builds(lambda reason: lambda at_s: state(at_s, reason), reasons),
    st.builds(lambda kind: lambda at_s: flaw(at_s, kind, 60), kinds),
    st.sampled_from([heartbeat, heartbeat, gap, delta]),
)
steps = st.sampled_from([-1.5, 0.0, 0.25, 1.0, 1.0, 4.0, 12.0])
drawn = st.lists(st.tuples(makers, steps), max_size=60)


def records(made: list[tuple[Any, float]]) -> list[Any]:
    at_s, found = 20.0, []
    for make, step_s in made:
        at_s += step_s
        found.append(make(at_s))
    return found


def shown(watches: list[Check], seen: list[Any]) -> list[Finding]:
    return [
        finding
        for record in seen
        for watch in watches
        if isinstance(record, watch.sees)
        for finding in watch.look(record)
    ]


def test_there_is_one_of_each_in_a_fixed_order():
    names = [type(each).__name__ for each in checks(ChecksParams(), {})]

    assert names == [
        "CrossedBook",
        "WideSpread",
        "ThinDepth",
        "Stale",
        "SequenceGap",
        "Checksum",
        "PriceJump",
        "Flaws",
        "Late",
        "ImpossibleTrade",
    ]


@settings(max_examples=150, deadline=None)
@given(drawn, st.integers(0, 60))
def test_resuming_from_a_snapshot_changes_nothing(made, cut):
    seen = records(made)
    first, second = checks(QUICK, GRID), checks(QUICK, GRID)
    said = shown(first, seen[:cut])
    for before, after in zip(first, second, strict=True):
        after.state = pickle.loads(pickle.dumps(copy.deepcopy(before.state)))

    assert said + shown(second, seen[cut:]) == shown(checks(QUICK, GRID), seen)


@settings(max_examples=150, deadline=None)
@given(drawn)
def test_inputs_are_not_changed_and_two_runs_agree(made):
    seen = records(made)
    kept = pickle.dumps(seen)

    assert shown(checks(QUICK, GRID), seen) == shown(checks(QUICK, GRID), seen)
    assert pickle.loads(kept) == seen


@settings(max_examples=150, deadline=None)
@given(drawn)
def test_only_what_was_wrong_becomes_well_again(made):
    wrong: set[IssueKind] = set()
    for finding in shown(checks(QUICK, GRID), records(made)):
        if finding.severity is None:
            assert finding.kind in wrong
            wrong.discard(finding.kind)
        else:
            wrong.add(finding.kind)


def test_the_strategy_reaches_every_kind_of_finding():
    reached: set[tuple[IssueKind, bool]] = set()

    @settings(max_examples=600, deadline=None, derandomize=True, database=None)
    @given(drawn)
    def gather(made):
        for finding in shown(checks(QUICK, GRID), records(made)):
            reached.add((finding.kind, finding.severity is None))

    gather()
    moments = {
        IssueKind.PRICE_JUMP,
        IssueKind.DUPLICATE,
        IssueKind.OUT_OF_ORDER,
        IssueKind.LATE,
        IssueKind.IMPOSSIBLE_TRADE,
    }
    lasting = {
        IssueKind.CROSSED_BOOK,
        IssueKind.LOCKED_BOOK,
        IssueKind.WIDE_SPREAD,
        IssueKind.THIN_DEPTH,
        IssueKind.STALE,
        IssueKind.SEQUENCE_GAP,
        IssueKind.CHECKSUM,
    }
    expected = {(kind, False) for kind in moments | lasting}
    assert reached == expected | {(kind, True) for kind in lasting}
