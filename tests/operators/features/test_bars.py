"""Bars are what a batch computation over the same trades says, each said once."""

import math
from collections import Counter, defaultdict
from functools import partial
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from operators.features.bars import Bars, BarsParams
from operators.records.bar import Bar
from operators.records.base import Side
from operators.records.market import BookDelta, Heartbeat, LateTrade, MarketEvent, Trade
from operators.records.time import MS, SECOND

CALM = settings(deadline=None, suppress_health_check=list(HealthCheck))
START_MS = 1_723_161_240_000
PARAMS = BarsParams(lengths_ms=(1_000, 60_000), lateness_ms=1_000)

near = partial(pytest.approx, rel=1e-12)
Out = Bar | LateTrade


def place(at_ms: int) -> dict[str, Any]:
    event_ns = (START_MS + at_ms) * MS
    return {"venue": "v", "symbol": "A-B", "event_ns": event_ns, "received_ns": 0}


def trade(at_ms: int, price: float = 1, quantity: float = 1, number: int = 0) -> Any:
    amount = {"trade_id": str(number), "price": price, "quantity": quantity}
    return Trade(**place(at_ms), **amount, side=Side.BUY)


def heartbeat(at_ms: int) -> Heartbeat:
    return Heartbeat(**place(at_ms))


def book(at_ms: int) -> BookDelta:
    return BookDelta(**place(at_ms), sequence=1, bids=(), asks=())


def outs(events: list[Any], params: BarsParams = PARAMS, *, close: bool = True) -> Any:
    operator = Bars(params)
    return list(operator.update(events)) + (list(operator.close()) if close else [])


def lates(said: list[Out]) -> list[str]:
    return [out.trade_id for out in said if isinstance(out, LateTrade)]


def bars(said: list[Out]) -> list[Bar]:
    return [out for out in said if isinstance(out, Bar)]


def batch(trades: list[Trade], length_ns: int) -> dict[int, tuple[Any, ...]]:
    """Compute bars the other way: all trades at hand, sorted, grouped, summed."""
    groups: defaultdict[int, list[Trade]] = defaultdict(list)
    for each in sorted(trades, key=lambda each: each.event_ns):
        groups[each.event_ns // length_ns * length_ns + length_ns].append(each)
    return {
        end_ns: (
            group[0].price,
            max(each.price for each in group),
            min(each.price for each in group),
            group[-1].price,
            len(group),
            near(math.fsum(each.quantity for each in group)),
            near(math.fsum(each.quantity * each.price for each in group)),
        )
        for end_ns, group in groups.items()
    }


def shown(said: list[Out], length_ns: int) -> dict[int, tuple[Any, ...]]:
    return {
        bar.event_ns: (
            *(bar.open, bar.high, bar.low, bar.close, bar.trades),
            *(bar.volume, bar.turnover),
        )
        for bar in bars(said)
        if bar.length_ns == length_ns
    }


kinds = st.sampled_from(["trade", "trade", "trade", "trade", "heartbeat", "book"])
moments = st.tuples(kinds, st.integers(0, 15_000), st.integers(1, 99), st.floats(0, 50))


@st.composite
def stories(draw: st.DrawFn) -> list[MarketEvent]:
    """Events in any order; times are coarse, so that many are equal."""
    coarse = draw(st.sampled_from([1, 250, 1_000]))
    events: list[MarketEvent] = []
    for number, (kind, at, price, quantity) in enumerate(draw(st.lists(moments))):
        at_ms = at // coarse * coarse
        if kind == "trade":
            events.append(trade(at_ms, float(price), quantity, number))
        else:
            events.append(heartbeat(at_ms) if kind == "heartbeat" else book(at_ms))
    return events


lengths = st.sampled_from(
    [(1_000,), (1_000, 60_000), (1_000, 2_000, 3_000), (500, 5_000, 1_000)]
)
params = st.builds(BarsParams, lengths_ms=lengths, lateness_ms=st.integers(0, 3_000))


@CALM
@given(stories(), params)
def test_bars_are_the_batch_computation_over_the_trades_that_were_not_late(
    events: list[MarketEvent], params: BarsParams
) -> None:
    said = outs(events, params)
    late = set(lates(said))
    kept = [e for e in events if isinstance(e, Trade) and e.trade_id not in late]
    for length_ms in params.lengths_ms:
        assert shown(said, length_ms * MS) == batch(kept, length_ms * MS)


@CALM
@given(stories(), params)
def test_a_trade_is_late_if_and_only_if_the_watermark_has_reached_its_end(
    events: list[MarketEvent], params: BarsParams
) -> None:
    latest_ns, expected = 0, []
    length_ns, lateness_ns = params.lengths_ms[0] * MS, params.lateness_ms * MS
    for event in events:
        if isinstance(event, Trade):
            end_ns = (event.event_ns // length_ns + 1) * length_ns
            if end_ns <= latest_ns - lateness_ns:
                expected.append(event.trade_id)
        if isinstance(event, Trade | Heartbeat):
            latest_ns = max(latest_ns, event.event_ns)
    assert lates(outs(events, params)) == expected


@CALM
@given(stories(), params)
def test_every_trade_is_in_one_shortest_bar_or_late(
    events: list[MarketEvent], params: BarsParams
) -> None:
    said = outs(events, params)
    count = sum(isinstance(event, Trade) for event in events)
    for length_ms in params.lengths_ms:
        mine = [bar.trades for bar in bars(said) if bar.length_ns == length_ms * MS]
        assert sum(mine) + len(lates(said)) == count
        assert all(mine)


@CALM
@given(stories(), params)
@example([trade(2_500), trade(12_000)], BarsParams((1_000, 2_000, 3_000), 0))
@example([trade(2_500)], BarsParams((1_000, 2_000, 3_000), 0))
def test_bars_come_in_order_of_their_end_and_never_again(
    events: list[MarketEvent], params: BarsParams
) -> None:
    ends = [(bar.event_ns, bar.length_ns) for bar in bars(outs(events, params))]
    assert ends == sorted(set(ends))


@CALM
@given(stories(), params)
def test_a_bar_comes_with_the_event_that_brings_the_watermark_to_its_end(
    events: list[MarketEvent], params: BarsParams
) -> None:
    operator, latest_ns, said = Bars(params), 0, []
    for event in events:
        new = list(operator.update([event]))
        before_ns = latest_ns - params.lateness_ms * MS
        if isinstance(event, Trade | Heartbeat):
            latest_ns = max(latest_ns, event.event_ns)
        now_ns = latest_ns - params.lateness_ms * MS
        assert all(before_ns < bar.event_ns <= now_ns for bar in bars(new))
        said += new
    assert all(bar.event_ns > now_ns for bar in operator.close()) if events else True


@pytest.mark.parametrize("seed", range(3))
def test_bars_of_a_disordered_stream_are_those_of_duckdb(seed: int) -> None:
    random = np.random.default_rng(seed)
    count = 20_000
    at_ms = np.sort(random.integers(0, 300_000, count))
    order = np.argsort(at_ms + random.integers(0, 1_000, count), kind="stable")
    prices = 60_000 + random.normal(0, 5, count).cumsum().round(2)
    quantities = random.exponential(0.1, count).round(5)
    columns = {"ms": at_ms[order], "p": prices[order], "q": quantities[order]}
    drawn = pa.table({"n": np.arange(count), **columns})
    said = outs(
        [trade(row["ms"], row["p"], row["q"], row["n"]) for row in drawn.to_pylist()]
    )
    assert lates(said) == []
    with duckdb.connect() as connection:
        connection.register("drawn", drawn)
        for length_ms in PARAMS.lengths_ms:
            query = f"""
                select ms // {length_ms} as w, arg_min(p, ms * 1000000 + n),
                max(p), min(p), arg_max(p, ms * 1000000 + n), count(*),
                sum(q), sum(p * q) from drawn group by w"""
            rows = connection.execute(query).fetchall()
            expected = {
                (START_MS + (row[0] + 1) * length_ms) * MS: (
                    *row[1:6],
                    *map(near, row[6:]),
                )
                for row in rows
            }
            assert shown(said, length_ms * MS) == expected


def test_open_and_close_go_by_event_time_and_of_equal_times_by_arrival() -> None:
    events = [trade(500, 5.0), trade(100, 3.0), trade(100, 4.0), trade(900, 7.0)]
    (bar,) = outs([*events, trade(900, 6.0), trade(400, 9.0)], BarsParams((1_000,)))
    assert (bar.open, bar.high, bar.low, bar.close) == (3.0, 9.0, 3.0, 6.0)


def test_a_late_trade_says_which_bar_it_missed_and_is_otherwise_itself() -> None:
    missed = trade(999, 8.0, 2.0, number=7)
    (late,) = outs([heartbeat(2_000), missed])
    assert (type(late), late.length_ns) == (LateTrade, SECOND)
    for name in ("stamp", "received_ns", "trade_id", "price", "quantity", "side"):
        assert getattr(late, name) == getattr(missed, name)


def test_a_quiet_symbol_is_closed_by_heartbeats_and_by_nothing_sooner() -> None:
    operator = Bars(PARAMS)
    assert list(operator.update([trade(500), heartbeat(1_999)])) == []
    (second,) = operator.update([heartbeat(2_000)])
    assert (second.event_ns, second.length_ns) == ((START_MS + 1_000) * MS, SECOND)
    (minute,) = operator.update([heartbeat(60_999), heartbeat(61_000)])
    assert minute.event_ns == (START_MS + 60_000) * MS
    assert list(operator.close()) == []


def test_a_window_of_empty_trades_has_no_vwap() -> None:
    said = outs([trade(0, 5.0, 0.0), trade(1_000, 3.0, 2.0), trade(1_500, 6.0, 1.0)])
    assert [bar.vwap for bar in said] == [None, 4.0, 4.0]


def test_closing_says_every_open_window_once() -> None:
    operator = Bars(PARAMS)
    list(operator.update([trade(59_500), trade(60_500)]))
    last = Counter(bar.length_ns for bar in operator.close())
    assert last == {SECOND: 2, 60 * SECOND: 2}
    assert list(operator.close()) == []
