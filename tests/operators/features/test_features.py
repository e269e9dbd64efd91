"""Laws of features: what a window says, when it is said, and what it cannot know."""

import copy
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from operators.features.bars import Bars, BarsParams
from operators.features.params import FeaturesParams
from operators.records.bar import Bar
from operators.records.base import Side
from operators.records.feature import Feature
from operators.records.market import Heartbeat, MarketEvent, Trade
from operators.records.time import MS, SECOND
from tests.operators.features.scene import (
    SHORT,
    START_MS,
    beat,
    delta,
    gap,
    made,
    of,
    said,
    snapshot,
    top,
    trade,
)

CALM = settings(deadline=None, suppress_health_check=list(HealthCheck))
OF_TRADES = {
    *("open", "high", "low", "close", "vwap", "volume", "signed_volume"),
    *("turnover", "trades", "rogers_satchell", "atr", "natr"),
}

PRICES = (
    *("open", "high", "low", "close", "vwap", "turnover", "mid", "microprice"),
    *("bid_depth", "ask_depth"),
)

near = pytest.approx
prices = st.sampled_from([0.0, 98.0, 99.0, 100.0, 100.5, 101.0, 103.0])
kinds = st.sampled_from(["trade", "trade", "top", "top", "delta", "snapshot", "gap"])
kinds = st.one_of(kinds, st.just("beat"))
steps = st.sampled_from([0, 0, 90, 400, 1_000, 1_000, 2_100, 9_000, 70_000])


@st.composite
def stories(draw: Any, most_late_ms: int = 0) -> list[MarketEvent]:
    """Draw a symbol: a book that comes and goes, quotes that may be wrong."""
    at_ms, events = 0, [beat(0), top(0, 99.0, 101.0)]
    drawn = st.tuples(kinds, steps, prices, prices, st.integers(0, 3))
    for kind, later_ms, price, other, size in draw(st.lists(drawn, max_size=50)):
        at_ms += later_ms
        if kind == "trade":
            late_ms = draw(st.integers(0, most_late_ms)) if most_late_ms else 0
            side = Side.BUY if size > 1 else Side.SELL
            events.append(trade(max(at_ms - late_ms, 0), 90 + price / 10, size, side))
        elif kind == "top":
            events.append(top(at_ms, price, other, (size, 1)))
        elif kind == "delta":
            events.append(delta(at_ms, [(price, size)], [(other + 1, 3 - size)]))
        elif kind == "snapshot":
            bids, asks = (
                [(99.0, 1.0), (price - 5, size)],
                [(101.5, 2.0), (other + 9, 1)],
            )
            events.append(snapshot(at_ms, bids, asks))
        else:
            events.append(gap(at_ms) if kind == "gap" else beat(at_ms))
    return events


def without_trades(feature: Feature) -> dict[str, Any]:
    return {k: v for k, v in asdict(feature).items() if k not in OF_TRADES}


@CALM
@given(stories(most_late_ms=2_000))
def test_windows_come_in_order_of_their_end_each_once_and_when_it_is_due(events):
    features, clock_ns, ends = made(), 0, []
    for event in events:
        before_ns = clock_ns - SHORT.lateness_ms * MS
        if isinstance(event, Trade | Heartbeat):
            clock_ns = max(clock_ns, event.event_ns)
        now_ns = clock_ns - SHORT.lateness_ms * MS
        for each in features.update([event]):
            assert before_ns < each.event_ns <= now_ns
            assert each.event_ns % each.length_ns == 0
            ends.append((each.event_ns, each.length_ns))
    ends += [(each.event_ns, each.length_ns) for each in features.close()]
    assert ends == sorted(set(ends))
    assert list(features.close()) == []


@CALM
@given(stories(), st.data())
def test_nothing_that_comes_after_the_end_of_a_window_is_in_it(events, data):
    whole = said([*events, beat(10_000_000)])
    cut = data.draw(st.integers(0, len(events) - 1))
    clock_ns = max(
        e.event_ns for e in events[: cut + 1] if isinstance(e, Trade | Heartbeat)
    )
    last_ns = clock_ns // SECOND * SECOND
    left = next(
        n
        for n, e in enumerate(events)
        if isinstance(e, Trade | Heartbeat) and e.event_ns >= last_ns
    )
    at_end = beat(last_ns // MS - START_MS)
    at_end = replace(at_end, received_ns=events[left].received_ns)
    early = said([*events[:left], at_end, beat(10_000_000)])

    assert [each for each in early if each.event_ns <= last_ns] == [
        each for each in whole if each.event_ns <= last_ns
    ]


@CALM
@given(stories(most_late_ms=900))
def test_late_trades_change_nothing_but_what_is_of_trades(events):
    def quoted(found: list[Feature]) -> list[dict[str, Any]]:
        return [without_trades(each) for each in found if each.mid is not None]

    clock_ns, plain = 0, []
    for event in events:
        if isinstance(event, Trade) and event.event_ns <= clock_ns:
            continue
        if isinstance(event, Trade | Heartbeat):
            clock_ns = max(clock_ns, event.event_ns)
        plain.append(event)
    assert quoted(said(events)) == quoted(said(plain))


@CALM
@given(stories(most_late_ms=2_000))
def test_what_is_of_trades_is_as_in_bars(events):
    bars = Bars(BarsParams(SHORT.lengths_ms, SHORT.lateness_ms))
    expected = [
        (bar.event_ns, bar.length_ns, bar.open, bar.high, bar.low, bar.close)
        + (bar.volume, bar.turnover, bar.vwap, bar.trades)
        for bar in [*bars.update(events), *bars.close()]
        if isinstance(bar, Bar)
    ]
    assert [
        (each.event_ns, each.length_ns, each.open, each.high, each.low, each.close)
        + (each.volume, each.turnover, each.vwap, each.trades)
        for each in said(events)
        if each.trades
    ] == expected


@CALM
@given(stories(most_late_ms=2_000))
def test_every_number_is_in_its_range_and_none_is_nan(events):
    for each in said(events):
        values = [v for v in asdict(each).values() if isinstance(v, float)]
        values += [v for v in (*each.atr, *each.natr, *each.returns) if v is not None]
        assert all(map(math.isfinite, values))
        assert abs(each.signed_volume) <= each.volume
        assert each.trades or each.order_flow is not None
        for share in (each.jump_share, each.efficiency_ratio):
            assert share is None or 0 <= share <= 1
        assert each.imbalance is None or -1 <= each.imbalance <= 1
        if each.mid is not None:
            assert each.spread_bps >= 0
        if each.reach_bps is not None:
            assert each.reach_bps >= each.spread_bps / 2


@CALM
@given(stories(), st.integers(-3, 3))
def test_the_unit_of_the_price_changes_no_ratio(events, power):
    factor = 2.0**power

    def scaled(event: Any) -> Any:
        sides = {
            name: tuple((price * factor, size) for price, size in getattr(event, name))
            for name in ("bids", "asks")
            if hasattr(event, name)
        }
        prices = {
            name: getattr(event, name) * factor
            for name in ("price", "bid", "ask")
            if hasattr(event, name)
        }
        return replace(event, **sides, **prices)

    for one, other in zip(said(events), said(map(scaled, events)), strict=True):
        prices = {
            name: value and value * factor
            for name in PRICES
            if (value := getattr(one, name)) is not None
        }
        atr = tuple(value and value * factor for value in one.atr)
        assert other == replace(one, atr=atr, **prices)


def test_a_window_of_which_nothing_is_known_is_not_said():
    assert said([beat(0), beat(1_000), beat(2_000), beat(9_000)]) == []
    found = said([beat(0), beat(1_000), trade(1_500), beat(2_000), beat(9_000)])
    assert list(of(found, 1_000)) == [2_000]


def test_a_quiet_symbol_is_said_by_heartbeats():
    found = said([top(0, 99, 101), *map(beat, range(0, 7_000, 500))], close=False)

    assert list(of(found, 1_000)) == [1_000, 2_000, 3_000, 4_000, 5_000]
    for each in of(found, 1_000).values():
        assert (each.mid, each.trades, each.order_flow) == (100, 0, 0)


def test_over_a_short_silence_the_quote_stands_and_every_window_is_said():
    found = said([beat(0), top(0, 99, 101), beat(3_500), beat(5_000)], close=False)

    assert [each.mid for each in of(found, 1_000).values()] == [100] * 4
    assert list(of(found, 1_000)) == [1_000, 2_000, 3_000, 4_000]


def test_over_a_long_silence_nothing_is_said_and_the_move_counts_by_its_time():
    events = [beat(0), top(0, 99, 101), beat(1_000), beat(2_000), beat(3_000)]
    later = [top(90_100, 198, 202), beat(91_000), beat(92_000), beat(93_000)]
    found = said([*events, beat(90_000), *later], close=False)
    short = of(found, 1_000)

    assert list(short) == [1_000, 2_000, 3_000, 4_000, 91_000, 92_000]
    assert len(of(found, 6_000)) == 1
    first = short[91_000]
    assert first.returns == (None, None)
    assert first.realised_variance is None
    assert short[92_000].realised_variance == 0
    memory_s, move = SHORT.memory_s, math.log(2)
    spent, keeps = 87.0, math.exp(-87.0 / SHORT.memory_s)
    mean = (1 - keeps) * move**2 / spent / (1 - math.exp(-90.0 / memory_s))
    assert first.volatility == near(math.sqrt(mean))


def test_a_book_that_is_lost_leaves_the_quotes_and_no_flow_between_them():
    book = snapshot(100, [(99, 5), (98, 1)], [(101, 7), (102, 1)])
    events = [beat(0), top(0, 90, 110, (3, 4)), book, beat(1_000), gap(1_500)]
    found = of(said([*events, beat(2_000), beat(3_000), beat(4_000)]), 1_000)

    assert [found[at].mid for at in (1_000, 2_000, 3_000)] == [100, 100, 100]
    assert [found[at].spread_bps for at in (1_000, 3_000)] == near([200, 2_000])
    assert [found[at].order_flow for at in (1_000, 2_000, 3_000)] == [0, 0, 0]
    assert [found[at].order_flow_deep for at in (1_000, 2_000, 3_000)] == [0, 0, None]
    assert found[3_000].bid_depth is None


def test_a_symbol_of_quotes_alone_has_the_depth_of_its_best_prices():
    found = said([beat(0), top(0, 99, 101, (2, 3)), beat(1_000), beat(2_000)])
    first = of(found, 1_000)[1_000]

    assert (first.bid_depth, first.ask_depth) == (198, 303)
    assert first.reach_bps == near(100)
    assert first.imbalance == near((198 - 303) / (198 + 303))
    assert first.microprice == (99 * 3 + 101 * 2) / 5


@pytest.mark.parametrize(
    "wrong", [(101, 99, (1, 1)), (0, 101, (1, 1)), (99, 101, (0, 1)), (-2, -1, (1, 1))]
)
def test_a_quote_that_cannot_be_is_not_known(wrong):
    bid, ask, sizes = wrong
    events = [beat(0), top(0, 99, 101), beat(1_000), top(1_500, bid, ask, sizes)]
    found = of(said([*events, *map(beat, (2_000, 3_000, 4_000))]), 1_000)

    assert found[2_000].mid is None
    assert found[2_000].spread_mean_bps == near(200)
    assert 3_000 not in found


def test_settings_that_change_leave_what_they_do_not_name():
    events = [
        each
        for at_ms in range(0, 20_000, 500)
        for each in (trade(at_ms, 100 + at_ms % 7), top(at_ms, 99, 101))
    ]
    old = made()
    list(old.update(events))
    longer = replace(SHORT, lengths_ms=(1_000, 2_000, 4_000), horizons=(1, 2, 3))
    kept, anew = made(longer), made(replace(SHORT, atr_periods=(2,)))
    kept.state, anew.state = copy.deepcopy(old.state), copy.deepcopy(old.state)
    after, later = (
        of(each.update([beat(22_000)]), 1_000)[20_000] for each in (kept, anew)
    )

    assert None not in (*after.atr, *after.returns)
    assert (after.atr_periods, later.atr_periods) == (SHORT.atr_periods, (2,))
    assert later.atr == (None,)


@pytest.mark.parametrize("lengths", [(2_000, 3_000), (1_000, 1_000)])
def test_lengths_that_do_not_fit_are_refused(lengths):
    with pytest.raises(ValueError, match="lengths_ms"):
        FeaturesParams(lengths_ms=lengths)
