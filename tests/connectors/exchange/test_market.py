"""The simulated market: exact books, believable prices."""

from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.exchange import TWELVE
from connectors.exchange.book import Book
from connectors.exchange.listing import ExchangeError, decimal, listings
from connectors.exchange.market import Market, MarketEvent
from connectors.exchange.process import Process
from operators.records.base import Side
from operators.records.time import SECOND

START_NS = 1_723_161_253_937_085_768
SEEDS = st.integers(0, 2**32)


def market(seed: int = 7, rate: float = 1.0, start_ns: int = START_NS) -> Market:
    return Market(listings(TWELVE), seed=seed, start_ns=start_ns, rate=rate)


def events(of: Market, count: int) -> Iterator[MarketEvent]:
    """Yield events one by one; meanwhile the market's books are as of that event."""
    return (of.advance() for _ in range(count))


def test_the_same_seed_gives_the_same_events():
    assert list(events(market(), 3_000)) == list(events(market(), 3_000))


def test_another_seed_gives_other_events():
    assert list(events(market(1), 100)) != list(events(market(2), 100))


def test_time_never_goes_back():
    times = [event.event_ns for event in events(market(), 3_000)]
    assert times == sorted(times)
    assert times[0] >= START_NS


@settings(max_examples=10, deadline=None)
@given(SEEDS, st.sampled_from([0.5, 1.0, 20.0]))
def test_no_change_ever_crosses_or_locks_a_book(seed, rate):
    simulated = market(seed, rate)
    sides = {
        symbol: {Side.BUY: dict(book.bids), Side.SELL: dict(book.asks)}
        for symbol, book in simulated.books.items()
    }
    for event in events(simulated, 400):
        levels = sides[event.listing.symbol]
        for side, ticks, lots in event.changes:
            levels[side][ticks] = lots
            if lots == 0:
                del levels[side][ticks]
            assert max(levels[Side.BUY]) < min(levels[Side.SELL])
            assert min(len(levels[Side.BUY]), len(levels[Side.SELL])) >= 20
        book = simulated.books[event.listing.symbol]
        assert dict(book.bids) == levels[Side.BUY]
        assert dict(book.asks) == levels[Side.SELL]


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_a_trade_takes_what_the_best_level_of_the_other_side_had(seed):
    simulated = market(seed)
    tops = {symbol: book.top for symbol, book in simulated.books.items()}
    for event in events(simulated, 1_000):
        symbol = event.listing.symbol
        if event.fills:
            first, top = event.fills[0], tops[symbol]
            buys = first.aggressor is Side.BUY
            assert first.ticks == (top.ask if buys else top.bid)
            assert 0 < first.lots <= (top.ask_lots if buys else top.bid_lots)
            prices = [fill.ticks for fill in event.fills]
            assert prices == sorted(prices, reverse=not buys)
        tops[symbol] = simulated.books[symbol].top


def test_a_top_is_reported_when_and_only_when_it_changes():
    simulated = market()
    tops = {symbol: book.top for symbol, book in simulated.books.items()}
    for event in events(simulated, 2_000):
        now = simulated.books[event.listing.symbol].top
        before, tops[event.listing.symbol] = tops[event.listing.symbol], now
        assert event.top == (None if now == before else now)


def test_ids_have_no_holes_and_never_meet_those_of_a_later_run():
    first, later = market(rate=20), market(rate=20, start_ns=START_NS + 10 * SECOND)
    sequences = {symbol: book.sequence for symbol, book in first.books.items()}
    trades = {symbol: book.trade_id for symbol, book in first.books.items()}
    while first.upcoming_ns < START_NS + 10 * SECOND:
        event = first.advance()
        symbol = event.listing.symbol
        assert event.sequence - len(event.changes) == sequences[symbol]
        sequences[symbol] = event.sequence
        for fill in event.fills:
            assert fill.trade_id == trades[symbol] + 1
            trades[symbol] = fill.trade_id
    for symbol, book in later.books.items():
        assert sequences[symbol] < book.sequence
        assert trades[symbol] < book.trade_id


def test_the_book_stays_around_the_fair_price():
    simulated = market(rate=5)
    list(events(simulated, 20_000))
    for listing in simulated.listings:
        top = simulated.books[listing.symbol].top
        spread_bps = (top.ask - top.bid) / top.bid * 1e4
        assert spread_bps < max(5, 4e4 / top.bid)


def returns(seed: int, seconds: int) -> tuple[np.ndarray, np.ndarray]:
    """Log returns [seconds, k] and arrivals [seconds, k], per second."""
    process = Process(listings(TWELVE), 1.0, np.random.default_rng(seed))
    prices, counts = [np.log(process.prices)], []
    for _ in range(seconds):
        counts.append(sum(process.step() for _ in range(10)))
        prices.append(np.log(process.prices))
    return np.diff(np.array(prices), axis=0), np.array(counts)


def test_instruments_move_together():
    moves, _ = returns(7, 1_800)
    correlation = np.corrcoef(moves.T)
    others = correlation[~np.eye(len(TWELVE), dtype=bool)]
    assert 0.3 < others.min() < others.max() < 0.95


def test_volatility_comes_in_clusters_but_returns_do_not():
    moves, _ = returns(7, 3_600)

    def autocorrelation(series: np.ndarray, lag: int) -> float:
        return float(np.corrcoef(series[lag:], series[:-lag])[0, 1])

    for column in moves.T:
        assert autocorrelation(np.abs(column), 1) > 0.05
        assert autocorrelation(np.abs(column), 10) > 0.05
        assert abs(autocorrelation(column, 1)) < 0.1


def test_arrivals_come_in_clusters():
    _, counts = returns(7, 1_800)
    dispersion = counts.var(axis=0) / counts.mean(axis=0)
    assert (dispersion > 1.5).all()


def test_trades_come_in_clusters():
    simulated = market()
    seconds = defaultdict(Counter)
    while simulated.upcoming_ns < START_NS + 300 * SECOND:
        event = simulated.advance()
        second = (event.event_ns - START_NS) // SECOND
        seconds[event.listing.symbol][second] += len(event.fills)
    for counter in seconds.values():
        counts = np.array([counter[second] for second in range(300)])
        assert counts.var() / counts.mean() > 1


def test_the_rate_makes_the_market_busier():
    calm, busy = market(rate=1), market(rate=4)
    until_ns = START_NS + 60 * SECOND
    numbers = []
    for simulated in (calm, busy):
        number = 0
        while simulated.upcoming_ns < until_ns:
            simulated.advance()
            number += 1
        numbers.append(number)
    assert 2.5 < numbers[1] / numbers[0] < 6


@given(st.integers(0, 10**20))
def test_a_number_has_eight_decimals_and_loses_nothing(units):
    whole, _, fraction = decimal(units).partition(".")
    assert len(fraction) == 8
    assert int(whole) * 10**8 + int(fraction) == units


@pytest.mark.parametrize(
    ("symbols", "text"),
    [
        (["BTC-USDT", "ABC-USDT"], "ABC-USDT is not listed"),
        (["BTC-USDT", "BTC-USDT"], "BTC-USDT more than once"),
    ],
)
def test_what_is_not_listed_once_is_refused(symbols, text):
    with pytest.raises(ExchangeError, match=text):
        listings(symbols)


def test_a_level_that_would_lock_the_book_is_refused():
    book = Book(0)
    book.put(Side.BUY, 100, 5)
    with pytest.raises(ValueError, match="would meet 100"):
        book.put(Side.SELL, 100, 1)
    book.put(Side.SELL, 101, 1)
    assert book.top == (100, 5, 101, 1)


def test_an_order_walks_the_book_and_its_rest_is_forgotten():
    book = Book(0)
    book.put(Side.BUY, 90, 1)
    for ticks in (100, 101, 102):
        book.put(Side.SELL, ticks, 2)
    book.take_log()
    book.take(Side.BUY, 5, levels=2)
    changes, fills = book.take_log()
    assert [(fill.ticks, fill.lots) for fill in fills] == [(100, 2), (101, 2)]
    assert [(change.ticks, change.lots) for change in changes] == [(100, 0), (101, 0)]
    assert book.top.ask == 102
