"""Bars of ``../shared/data/ohlcv`` as features, ATRs by TA-Lib."""

from collections.abc import Iterator
from math import isnan
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import talib

from operators.records.feature import Feature
from operators.records.time import MINUTE

OHLCV: Final = Path(__file__).parents[3] / "shared" / "data" / "ohlcv"
PERIODS: Final = (5, 7, 10, 14, 21, 28, 34, 55)
_TIME: Final = pa.timestamp("ns", "UTC")
LENGTHS: Final = {"1m": MINUTE, "5m": 5 * MINUTE}

Numbers = npt.NDArray[np.float64]


class Bars(NamedTuple):
    """The bars of a symbol.

    Attributes:
        symbol: Its name.
        length_ns: Length of a bar [ns].
        end_ns: [n], when each ends [ns UTC].
        open: [n], likewise high, low and close [quote].
        turnover: [n], about [quote].
        atr: [n, k], Wilder's ATR of each period; NaN before it is known [quote].
    """

    symbol: str
    length_ns: int
    end_ns: npt.NDArray[np.int64]
    open: Numbers
    high: Numbers
    low: Numbers
    close: Numbers
    turnover: Numbers
    atr: Numbers


def load(length: str, symbols: int | None = None) -> Iterator[Bars]:
    """Yield the bars of each symbol, in order of their names.

    Args:
        length: ``1m`` or ``5m``.
        symbols: How many; all if None.
    """
    table = pq.read_table(OHLCV / f"dcatp_binance_usdm_{length}.parquet")
    for symbol in sorted(pc.unique(table["symbol"]).to_pylist())[:symbols]:
        rows = table.filter(pc.equal(table["symbol"], symbol)).sort_by("date")
        names = ("open", "high", "low", "close", "volume")
        o, h, low, c, volume = (
            rows[name].to_numpy().astype(np.float64) for name in names
        )
        began_ns = rows["date"].cast(_TIME).cast("int64").to_numpy()
        atr = np.stack([talib.ATR(h, low, c, n) for n in PERIODS], axis=1)
        end_ns = began_ns + LENGTHS[length]
        yield Bars(
            *(symbol, LENGTHS[length], end_ns, o, h, low, c, volume * c, atr),
        )


def features(bars: Bars, *, spread: Numbers | None = None) -> Iterator[Feature]:
    """Yield the features of bars: the close stands for the mid.

    Args:
        bars: The bars.
        spread: [n], what stands for the mean spread, if anything [bps].
    """
    variance = rogers_satchell(bars)
    for i, end_ns in enumerate(bars.end_ns.tolist()):
        yield Feature(
            venue="binance_usdm",
            symbol=bars.symbol,
            event_ns=end_ns,
            length_ns=bars.length_ns,
            open=float(bars.open[i]),
            high=float(bars.high[i]),
            low=float(bars.low[i]),
            close=float(bars.close[i]),
            mid=float(bars.close[i]),
            volume=float(bars.turnover[i] / bars.close[i]),
            signed_volume=0.0,
            turnover=float(bars.turnover[i]),
            trades=1,
            rogers_satchell=float(variance[i]),
            spread_mean_bps=None if spread is None else float(spread[i]),
            atr_periods=PERIODS,
            atr=tuple(None if isnan(x) else x for x in bars.atr[i].tolist()),
        )


def rogers_satchell(bars: Bars) -> Numbers:
    """Return the Rogers-Satchell variance of each bar [n], >= 0 [1]."""
    high, low = np.log(bars.high), np.log(bars.low)
    opened, closed = np.log(bars.open), np.log(bars.close)
    found: Numbers = np.maximum(
        (high - closed) * (high - opened) + (low - closed) * (low - opened), 0.0
    )
    return found


def parkinson(bars: Bars) -> Numbers:
    """Return the Parkinson variance of each bar [n] [1]."""
    found: Numbers = np.log(bars.high / bars.low) ** 2 / (4.0 * np.log(2.0))
    return found


def true_range(bars: Bars) -> Numbers:
    """Return the true range of each bar [n]; NaN of the first [quote]."""
    found: Numbers = talib.TRANGE(bars.high, bars.low, bars.close)
    return found


def ranges(bars: Bars) -> Numbers:
    """Return the range of each bar, which stands for a spread [n] [bps]."""
    found: Numbers = (bars.high - bars.low) / bars.close * 1e4
    return found
