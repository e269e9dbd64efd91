"""A batch fit finds what was put in, and believes a symbol as far as symbols differ."""

from math import exp, log

import numpy as np
import pytest

from flows.fit_seasons import credible, hourly, ridged, seasons
from flows.fit_windows import HOUR_NS, NUMBERS, WEEK, Windows
from flows.fitted import How, drawn, fit
from operators.records.time import MINUTE

MONDAY_NS = 1_699_833_600 * 10**9  # 2023-11-13
WINDOWS_A_DAY = 96
LENGTH_NS = 15 * MINUTE
HOW = How(length_ms=LENGTH_NS // 10**6, alarm_rate=0.05)
LEVEL = {"volatility": 1e-3, "turnover": 1e5, "spread": 5.0, "depth": 2e4}


def made(
    symbol: str,
    rng: np.random.Generator,
    *,
    days: int,
    level: float = 0.0,
    noise: float = 0.5,
    season: np.ndarray | None = None,
    periods: tuple[int, ...] = (),
) -> Windows:
    """Return windows of log-normal numbers about a symbol's level, a logarithm."""
    n = days * WINDOWS_A_DAY
    start_ns = MONDAY_NS + LENGTH_NS * np.arange(n)
    hours = (start_ns - MONDAY_NS) // HOUR_NS % WEEK
    of_hour = np.zeros(WEEK) if season is None else season
    numbers = {
        name: LEVEL[name]
        * np.exp(level + of_hour[hours] + noise * rng.standard_normal(n))
        for name in NUMBERS
    }
    return Windows(
        venue="binance",
        symbol=symbol,
        end_ns=start_ns + LENGTH_NS,
        start_ns=start_ns,
        numbers=numbers,
        true_range=np.abs(rng.standard_normal(n)),
        periods=periods,
        atr=np.ones((n, len(periods))),
    )


def test_the_hour_of_the_week_is_what_calendars_say():
    windows = made("A-B", np.random.default_rng(0), days=7)
    assert windows.hours[0] == 0  # Monday
    assert windows.hours[-1] == WEEK - 1
    assert hourly(windows, "spread").bucket.tolist() == list(range(WEEK))


def test_symbols_that_truly_differ_are_found_and_drawn_estimates_beat_both_others():
    rng = np.random.default_rng(11)
    between, noise, count = 0.25, 6.0, 80
    truth = rng.normal(0.0, between, count)
    days = rng.integers(4, 12, count)
    samples = [
        made(f"S{n}-USDT", rng, days=int(days[n]), level=truth[n], noise=noise)
        for n in range(count)
    ]

    found = fit(samples, HOW)

    k = noise**2 / between**2
    assert found.pool.doubt.volatility == pytest.approx(k, rel=0.5)
    assert log(found.pool.parameters.volatility / 1e-3) == pytest.approx(0.0, abs=0.1)
    pool = found.pool.parameters.volatility
    own = np.array([e.parameters.volatility for e in found.entries])
    mixed = np.array(
        [
            drawn(e.parameters.volatility, e.n, pool, found.pool.doubt.volatility)
            for e in found.entries
        ]
    )
    errors = [
        ((np.log(each / 1e-3) - truth) ** 2).mean()
        for each in (mixed, own, np.full(count, pool))
    ]
    assert errors[0] < min(errors[1:])


def test_symbols_that_do_not_differ_are_the_pool():
    rng = np.random.default_rng(3)
    samples = [made(f"S{n}-USDT", rng, days=8, noise=2.0) for n in range(60)]

    found = fit(samples, HOW)

    assert found.pool.doubt.volatility > 2 * found.entries[0].n
    pool = found.pool.parameters.volatility
    own = [e.parameters.volatility for e in found.entries]
    mixed = [
        drawn(x, e.n, pool, found.pool.doubt.volatility)
        for x, e in zip(own, found.entries, strict=True)
    ]
    spread = np.std(np.log(mixed)) / np.std(np.log(own))
    assert spread < 0.4  # of what chance alone makes of the own


@pytest.mark.parametrize(("name", "share"), [("wide_bps", 0.95), ("thin", 0.05)])
def test_bounds_are_passed_as_often_as_they_say(name, share):
    rng = np.random.default_rng(4)
    levels = (0.0, 3.0, 6.0)  # symbols whose spreads differ by 400 times
    samples = [
        made(f"S{n}-USDT", rng, days=20, level=level) for n, level in enumerate(levels)
    ]

    found = fit(samples, HOW)

    number = {"wide_bps": "spread", "thin": "depth"}[name]
    for windows, entry in zip(samples, found.entries, strict=True):
        bound = getattr(entry.parameters, name)
        beyond = (windows.numbers[number] <= bound).mean()
        assert beyond == pytest.approx(share, abs=0.01)


def test_a_season_is_found_and_taken_out():
    rng = np.random.default_rng(6)
    season = 0.8 * np.sin(2 * np.pi * np.arange(WEEK) / 24)
    samples = [
        made(f"S{n}-USDT", rng, days=28, level=0.5 * n, season=season) for n in range(4)
    ]

    found = fit(samples, HOW)

    factors = np.log(found.pool.hours.spread)
    assert len(factors) == WEEK
    assert np.abs(factors - season).max() < 0.25
    assert np.sqrt(((factors - season) ** 2).mean()) < 0.1
    for n, entry in enumerate(found.entries):
        assert entry.parameters.volatility == pytest.approx(
            1e-3 * exp(0.5 * n), rel=0.1
        )


def test_no_season_where_there_is_none_to_see():
    rng = np.random.default_rng(8)
    short = fit([made("A-B", rng, days=2), made("C-B", rng, days=2)], HOW)
    assert short.pool.hours.volatility == ()
    flat = fit([made(f"S{n}-B", rng, days=28) for n in range(6)], HOW)
    assert np.abs(np.log(flat.pool.hours.volatility)).max() < 0.1


@pytest.mark.parametrize("k", [0.0, 1.0, 37.5, 1e4])
@pytest.mark.parametrize("days", [3, 9, 21])
def test_what_is_done_for_each_symbol_is_the_ridge_of_scikit_learn(k, days):
    rng = np.random.default_rng(days)
    seen = hourly(made("A-B", rng, days=days), "spread")
    assert credible(seen, k) == pytest.approx(ridged(seen, k), abs=1e-6)


def test_the_less_an_hour_is_believed_the_less_it_makes():
    seen = hourly(made("A-B", np.random.default_rng(9), days=21), "spread")
    sizes = [np.abs(credible(seen, k)).max() for k in (1.0, 1e2, 1e4, 1e6, 1e9)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 0.0


def test_news_of_one_hour_is_no_season_however_many_symbols_share_it():
    rng = np.random.default_rng(10)
    shock = np.zeros(21 * 24)
    shock[100] = 3.0  # one hour of three weeks, in all symbols at once
    samples = []
    for n in range(50):
        windows = made(f"S{n}-B", rng, days=21, noise=0.1)
        hours = (windows.start_ns - MONDAY_NS) // HOUR_NS
        numbers = {k: v * np.exp(shock[hours]) for k, v in windows.numbers.items()}
        samples.append(hourly(windows._replace(numbers=numbers), "volatility"))

    found = seasons(samples)

    assert found.pool.max() < 3.0 / 3 + 0.1  # at most its mean over the three weeks


def test_the_effective_period_is_that_of_the_best_atr():
    rng = np.random.default_rng(12)
    windows = made("A-B", rng, days=10, periods=(5, 14, 55))
    for best, period in enumerate(windows.periods):
        atr = np.full((len(windows.end_ns), 3), 40.0)
        atr[:, best] = np.abs(windows.true_range).mean()
        (entry,) = fit([windows._replace(atr=atr)], HOW).entries
        assert entry.parameters.atr_period == pytest.approx(period, rel=0.15)


def test_too_few_windows_make_no_fit_but_are_named():
    rng = np.random.default_rng(13)
    found = fit([made("A-B", rng, days=1), made("C-B", rng, days=4)], HOW)
    assert [each.symbol for each in found.entries] == ["C-B"]
    assert found.few == ["binance:A-B"]


def test_what_is_not_known_is_not_fitted():
    windows = made("A-B", np.random.default_rng(14), days=5)
    dark = windows.numbers | {"depth": np.full(len(windows.end_ns), np.nan)}
    (entry,) = fit([windows._replace(numbers=dark)], HOW).entries
    assert entry.parameters.thin is None
    assert entry.parameters.wide_bps is not None
    assert entry.expires_ns > entry.fitted_to_ns == windows.end_ns[-1]
