"""Features of real captures are those of a computation with plain dicts and numpy."""

import pickle
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from operators.features.bars import Bars, BarsParams
from operators.features.params import FeaturesParams
from operators.records.bar import Bar
from operators.records.base import Side
from operators.records.feature import Feature
from operators.records.market import BookDelta, BookSnapshot, MarketEvent, Top, Trade
from operators.records.time import MS, SECOND
from tests.operators.features import plain
from tests.operators.features.real import TICK, market
from tests.operators.features.scene import made, said

SYMBOLS = ("btcusdt", "ethusdt")
PARAMS = FeaturesParams(
    lengths_ms=(1_000, 10_000, 60_000),
    warm_s=10.0,
    memory_s=60.0,
    atr_periods=(1, 5),
    efficiency=4,
    horizons=(1, 3),
)
SPAN_NS = {"book": 130 * SECOND, "tops": 400 * SECOND}
OF_BOOK = (BookDelta, BookSnapshot)

Events = list[MarketEvent]

pytestmark = pytest.mark.skipif(
    not TICK.exists(), reason="the real recordings of ../shared are not here"
)


@pytest.fixture(scope="module")
def captures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Events]:
    folder = tmp_path_factory.mktemp("real")
    return {each: market(f"spot_{each}_20240808", folder) for each in SYMBOLS}


def near(value: float | None) -> Any:
    return None if value is None else pytest.approx(value, rel=1e-9, abs=1e-12)


def part(events: Events, kind: str) -> Events:
    """Return the first minutes, with a book or with quotes alone."""
    until_ns = events[0].received_ns + SPAN_NS[kind]
    return [
        each
        for each in events
        if each.received_ns < until_ns
        and not (kind == "tops" and isinstance(each, OF_BOOK))
        and not (kind == "book" and isinstance(each, Top))
    ]


@pytest.fixture(scope="module", params=SYMBOLS)
def symbol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=["book", "tops"])
def both(
    request: pytest.FixtureRequest, symbol: str, captures: dict[str, Events]
) -> tuple[bool, Events, list[Feature], dict[int, plain.Window]]:
    """Return whether there is a book, the events, what is said, and the oracle's."""
    events = part(captures[symbol], request.param)
    found = said(events, PARAMS, close=False)
    return request.param == "book", events, found, plain.windows(events, PARAMS)


def inside(
    windows: dict[int, plain.Window], feature: Feature
) -> dict[int, plain.Window]:
    """Return the windows of the grid in a longer one in which something was known."""
    start_ns = feature.event_ns - feature.length_ns
    return {
        each: window
        for each, window in windows.items()
        if start_ns <= each < feature.event_ns and window.seen
    }


def test_quotes_and_order_flow_are_those_of_a_plain_book(both):
    is_book, _, found, windows = both
    assert {each.length_ns // MS for each in found} == set(PARAMS.lengths_ms)

    for feature in found:
        within = inside(windows, feature)
        if not within:
            assert (feature.mid, feature.order_flow) == (None, None)
            continue
        _, bids, asks = within[max(within)].seen[-1]
        (bid, bid_size), (ask, ask_size) = bids[0], asks[0]
        flows = [plain.flow(each.seen, PARAMS.levels) for each in within.values()]
        best, deep = np.sum(flows, axis=0)
        spreads = [plain.mean_spread(w.seen, w.left_ns) for w in within.values()]
        area, time = np.sum(spreads, axis=0)

        assert max(within) + SECOND == feature.event_ns
        assert feature.mid == (bid + ask) / 2
        micro = (bid * ask_size + ask * bid_size) / (bid_size + ask_size)
        assert feature.microprice == pytest.approx(micro, rel=1e-12)
        assert feature.spread_bps == near(plain.spread(bids, asks))
        assert feature.spread_mean_bps == near(area / time)
        assert feature.order_flow == pytest.approx(best, rel=1e-9, abs=1e-6)
        if is_book:
            assert feature.order_flow_deep == pytest.approx(deep, rel=1e-9, abs=1e-6)
        else:
            assert feature.order_flow_deep is None


def mids(windows: dict[int, plain.Window]) -> dict[int, float]:
    """Return the mid at each end."""
    return {
        start_ns + SECOND: (w.seen[-1][1][0][0] + w.seen[-1][2][0][0]) / 2
        for start_ns, w in windows.items()
        if w.seen
    }


def test_volatility_and_depth_are_those_of_plain_sums(both):
    is_book, _, found, windows = both
    volatilities = plain.volatilities(mids(windows), PARAMS)
    known = 0

    for feature in found:
        if feature.event_ns not in volatilities:
            continue
        volatility = volatilities[feature.event_ns]
        seen = windows[feature.event_ns - SECOND].seen[-1]
        reach, bid, ask = plain.near(seen, volatility, PARAMS, is_book=is_book)
        assert feature.volatility == near(volatility)
        assert feature.reach_bps == near(reach)
        assert feature.bid_depth == near(bid)
        assert feature.ask_depth == near(ask)
        if bid is not None:
            imbalance = (bid - ask) / (bid + ask)
            assert feature.imbalance == near(imbalance)
            known += 1
    assert known > 100


def test_variances_returns_and_efficiency_are_those_of_numpy(both):
    *_, found, windows = both
    at = mids(windows)
    known = 0

    for feature in found:
        length_ns, end_ns = feature.length_ns, feature.event_ns
        grid = [at.get(n) for n in range(end_ns - length_ns, end_ns + 1, SECOND)]
        if None not in grid:
            realised, median = plain.variances(np.diff(np.log(grid)))
            assert feature.realised_variance == near(realised)
            assert feature.median_variance == near(median)
            if median is not None and realised:
                share = max(1 - median / realised, 0)
                assert feature.jump_share == near(share)
                known += 1
        ends = range(end_ns - 4 * length_ns, end_ns + 1, length_ns)
        path = [at.get(each) for each in ends]
        returns = [
            path[-1] and path[-1 - each] and np.log(path[-1] / path[-1 - each])
            for each in PARAMS.horizons
        ]
        assert list(feature.returns) == [near(each) for each in returns]
        if None in path or len(set(path)) == 1:
            assert feature.efficiency_ratio is None
        else:
            ratio = abs(path[-1] - path[0]) / np.abs(np.diff(path)).sum()
            assert feature.efficiency_ratio == near(ratio)
    assert known > 10


def test_trades_are_those_of_the_bars(both):
    _, events, found, _ = both
    bars_of = Bars(BarsParams(PARAMS.lengths_ms, PARAMS.lateness_ms))
    bars = {
        (each.event_ns, each.length_ns): each
        for each in bars_of.update(events)
        if isinstance(each, Bar)
    }
    names = ("open", "high", "low", "close", "vwap", "volume", "turnover", "trades")
    signed = {length_ms * MS: {} for length_ms in PARAMS.lengths_ms}
    for event in events:
        if isinstance(event, Trade):
            sign = 1 if event.side is Side.BUY else -1
            for length_ns, sums in signed.items():
                end_ns = (event.event_ns // length_ns + 1) * length_ns
                sums[end_ns] = sums.get(end_ns, 0) + sign * event.quantity

    assert len(bars) > 100
    assert {(f.event_ns, f.length_ns) for f in found if f.trades} == bars.keys()
    for feature in found:
        bar = bars.get((feature.event_ns, feature.length_ns))
        if bar is None:
            assert (feature.close, feature.volume, feature.trades) == (None, 0.0, 0)
            continue
        for name in names:
            assert getattr(feature, name) == getattr(bar, name)
        total = signed[feature.length_ns][feature.event_ns]
        assert feature.signed_volume == pytest.approx(total, rel=1e-9, abs=1e-9)


def in_batches(size: int) -> Callable[[Events], list[Feature]]:
    def run(events: Events) -> list[Feature]:
        features, found = made(PARAMS), []
        for start in range(0, len(events), size):
            found += features.update(events[start : start + size])
        return found

    return run


def resumed(events: Events) -> list[Feature]:
    """Stop and go on from what was kept, a dozen times."""
    cuts = np.sort(np.random.default_rng(7).integers(0, len(events), 12)).tolist()
    found: list[Feature] = []
    state: Any = None
    for start, end in pairwise([0, *cuts, len(events)]):
        features = made(PARAMS)
        if state is not None:
            features.state = pickle.loads(state)
        found += features.update(events[start:end])
        state = pickle.dumps(features.state)
    return found


@pytest.mark.parametrize(
    "run", [in_batches(1), in_batches(37), in_batches(1_000), resumed]
)
def test_neither_batches_nor_a_resume_change_what_is_said(captures, symbol, run):
    events = captures[symbol][:20_000]

    whole = said(events, PARAMS, close=False)
    assert len(whole) > 50
    assert run(events) == whole


def test_what_is_said_at_a_time_does_not_know_what_comes_after_it(captures, symbol):
    events = captures[symbol][:20_000]
    whole = said(events, PARAMS, close=False)

    for cut in np.random.default_rng(11).integers(0, len(events), 8).tolist():
        early = said(events[:cut], PARAMS, close=False)
        assert whole[: len(early)] == early
