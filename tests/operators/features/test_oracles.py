"""Over years of real bars: ranges are TA-Lib's, variances those of numpy."""

from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import pytest
import talib

from operators.features.bars import Window
from operators.features.params import FeaturesParams
from operators.features.past import Past, nothing
from operators.numerics.realised import rogers_satchell
from operators.records.feature import Feature
from operators.records.time import MINUTE
from tests.operators.features import plain
from tests.operators.features.real import OHLCV
from tests.operators.features.scene import START_MS, beat, said, top, trade

FILES = ("dcatp_binance_usdm_1m", "dcatp_binance_usdm_5m", "dcatp_binance_usdm_15m")
PARAMS = FeaturesParams()

Columns = dict[str, Any]

pytestmark = pytest.mark.skipif(
    not OHLCV.exists(), reason="the real bars of ../shared are not here"
)


def symbols(name: str) -> Iterator[tuple[str, Columns]]:
    """Yield each symbol of a file, and its columns in order [n]."""
    query = f"select * from '{OHLCV / name}.parquet' order by symbol, date"
    with duckdb.connect() as connection:
        table = connection.execute(query).fetchnumpy()
    names, starts = np.unique(table["symbol"].astype(str), return_index=True)
    for symbol, start, end in zip(
        names, starts, [*starts[1:], len(table["symbol"])], strict=True
    ):
        yield symbol, {key: table[key][start:end] for key in table}


def numbers(rows: list[tuple[float | None, ...]]) -> Any:
    first = PARAMS.atr_periods[-1] + 1
    return np.concatenate(
        [np.array(rows[:first], dtype=float), np.array(rows[first:])]
    ).T


@pytest.mark.parametrize("name", FILES)
def test_average_true_ranges_are_those_of_talib(name):
    count = 0
    for symbol, columns in symbols(name):
        prices = [columns[each] for each in ("open", "high", "low", "close")]
        past: Past = nothing(PARAMS)
        atrs, natrs, variances = [], [], []
        for first, high, low, last in zip(*[p.tolist() for p in prices], strict=True):
            past.trade(Window(0, 0, first, high, low, last, 1.0, 1.0, 1))
            atrs.append(past.atr)
            natrs.append(past.natr)
            variances.append(rogers_satchell(first, high, low, last))
        for mine, theirs in ((atrs, talib.ATR), (natrs, talib.NATR)):
            for period, each in zip(PARAMS.atr_periods, numbers(mine), strict=True):
                expected = theirs(*prices[1:], period)
                assert np.allclose(each, expected, rtol=1e-9, atol=0, equal_nan=True), (
                    symbol,
                    period,
                )
        first, high, low, last = map(np.log, prices)
        expected = (high - last) * (high - first) + (low - last) * (low - first)
        assert np.allclose(variances, expected, rtol=1e-9, atol=1e-13)
        count += 1
    assert count >= 14


def through(columns: Columns, params: FeaturesParams) -> list[Feature]:
    """Show bars as four trades each, and a quote of no width at the close."""
    length_ms, events = params.lengths_ms[0], []
    for number, (first, high, low, last) in enumerate(
        zip(
            *[columns[k].tolist() for k in ("open", "high", "low", "close")],
            strict=True,
        )
    ):
        at_ms = number * length_ms
        for later_ms, price in ((0, first), (1, high), (2, low), (3, last)):
            events.append(trade(at_ms + later_ms, price))
        events.append(top(at_ms + 4, last, last))
    return said([*events, beat(at_ms + length_ms)], params, close=False)


@pytest.mark.parametrize("name", ["dcatp_binance_usdm_15m"])
def test_the_whole_way_from_trades_and_quotes_says_the_same(name):
    assert START_MS % 60_000 == 0
    params = FeaturesParams(lengths_ms=(60_000, 3_600_000), lateness_ms=0)
    for _, columns in list(symbols(name))[::5]:
        closes, found = columns["close"], through(columns, params)
        short = [each for each in found if each.length_ns == MINUTE]
        assert [each.mid for each in short] == closes.tolist()
        for index, period in enumerate(params.atr_periods):
            expected = talib.ATR(columns["high"], columns["low"], closes, period)
            mine = numbers([each.atr for each in short])[index]
            assert np.allclose(mine, expected, rtol=1e-9, atol=0, equal_nan=True)
        at = dict(zip([each.event_ns for each in short], closes, strict=True))
        compared = 0
        for each in found:
            if each.length_ns == MINUTE:
                continue
            ends = range(each.event_ns - each.length_ns, each.event_ns + 1, MINUTE)
            grid = [at.get(end) for end in ends]
            if None in grid:
                continue
            realised, median = plain.variances(np.diff(np.log(grid)))
            assert each.realised_variance == pytest.approx(realised, rel=1e-9)
            assert each.median_variance == pytest.approx(median, rel=1e-9)
            compared += 1
        assert compared > 20
