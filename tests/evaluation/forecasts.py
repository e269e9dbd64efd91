"""How well the next range is foretold: calibrated, ATR(14), the best of the past.

All forecasts are of the variance of the next window and all are scaled alike: times the
mean of what came beside what was foretold, so far. They are judged by QLIKE, without
its term ``-ln x - 1``, which is the same for all and infinite where a window did not
move. All are judged on the second half of the data alone.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace

from operators.calibration.calibrate import Calibrate
from operators.calibration.params import CalibrationParams
from operators.records.calibration import Normalised
from operators.records.time import MS
from tests.evaluation.bootstrap import Interval, interval
from tests.evaluation.ohlcv import (
    PERIODS,
    Bars,
    Numbers,
    features,
    parkinson,
    ranges,
    rogers_satchell,
    true_range,
)

SKIPPED: Final = 60
PROXIES: Final = ("TR^2", "Parkinson", "Rogers-Satchell", "return^2")
DAY_BLOCKS: Final = 4
_DOUBT: Final = 100.0


class Judged(NamedTuple):
    """The loss of each forecast at each window of the second half.

    Attributes:
        symbol: Of which symbol.
        end_ns: [n], when each window ended [ns UTC].
        losses: By proxy and forecast, [n] each.
        best: By proxy the period that was best in the first half.
        calibrated: The effective period, on average.
        alarms: [n] of all windows, whether the range was beyond its bound; NaN
            before that was known.
    """

    symbol: str
    end_ns: Numbers
    losses: dict[tuple[str, str], Numbers]
    best: dict[str, int]
    calibrated: float
    alarms: Numbers


def judge(bars: Bars, params: CalibrationParams | None = None) -> Judged:
    """Return how each forecast of a symbol did."""
    shapes, period, alarms = _shapes(bars, params)
    came = _came(bars)
    half = len(bars.end_ns) // 2
    losses: dict[tuple[str, str], Numbers] = {}
    best: dict[str, int] = {}
    for proxy, x in came.items():
        each = {name: _losses(x, shape) for name, shape in shapes.items()}
        first = {n: each[f"ATR({n})"][: half - SKIPPED].mean() for n in PERIODS}
        best[proxy] = min(PERIODS, key=lambda n: first[n])
        each["best"] = each[f"ATR({best[proxy]})"]
        for name in ("calibrated", "expected", "ATR(14)", "best"):
            losses[proxy, name] = each[name][half - SKIPPED :]
    return Judged(bars.symbol, bars.end_ns[half:], losses, best, period, alarms)


def difference(judged: Judged, proxy: str, mine: str, other: str, day: int) -> Interval:
    """Return how much more one forecast loses than another, per window.

    Args:
        judged: How each did.
        proxy: What stands for the variance.
        mine: The one.
        other: The other.
        day: How many windows there are in a day.
    """
    apart = judged.losses[proxy, mine] - judged.losses[proxy, other]
    return interval(apart, day // DAY_BLOCKS)


def together(
    all_judged: Sequence[Judged], proxy: str, mine: str, other: str, day: int
) -> Interval:
    """Return the same of the mean over symbols at each time: they move together."""
    sums: dict[int, list[float]] = {}
    for judged in all_judged:
        apart = judged.losses[proxy, mine] - judged.losses[proxy, other]
        for at, number in zip(judged.end_ns.tolist(), apart.tolist(), strict=True):
            sums.setdefault(at, []).append(number)
    means = np.array([sum(each) / len(each) for _, each in sorted(sums.items())])
    return interval(means, day // DAY_BLOCKS)


def _shapes(
    bars: Bars, params: CalibrationParams | None
) -> tuple[dict[str, Numbers], float, Numbers]:
    """Return each forecast of windows from ``SKIPPED`` on, made at the end before.

    And the effective period and the alarms, the range standing for the spread.
    """
    params = params or CalibrationParams()
    params = replace(params, length_ms=bars.length_ns // MS)
    operator, mixed, seasoned, periods = Calibrate(params), [], [], []
    alarms: list[float] = []
    for feature in features(bars, spread=ranges(bars)):
        for said in operator.update([feature]):
            if isinstance(said, Normalised):
                mixed.append(said.natr or np.nan)
                alarms.append(np.nan if said.is_wide is None else float(said.is_wide))
        seasoned.append(operator.state.volatility.raw or np.nan)
        periods.append(operator.state.atr.period.value or np.nan)
    last = slice(SKIPPED - 1, -1)
    shapes = {
        f"ATR({n})": (bars.atr[last, k] / bars.close[last]) ** 2
        for k, n in enumerate(PERIODS)
    }
    shapes["calibrated"] = (np.array(mixed)[last] / 100.0) ** 2
    shapes["expected"] = np.array(seasoned)[last] ** 2
    period = float(np.exp(np.log(periods[SKIPPED:]).mean()))
    return shapes, period, np.array(alarms)


def _came(bars: Bars) -> dict[str, Numbers]:
    """Return what stands for the variance of each window from ``SKIPPED`` on."""
    before = bars.close[SKIPPED - 1 : -1]
    moved = np.log(bars.close[SKIPPED:] / before)
    return {
        "TR^2": (true_range(bars)[SKIPPED:] / before) ** 2,
        "Parkinson": parkinson(bars)[SKIPPED:],
        "Rogers-Satchell": rogers_satchell(bars)[SKIPPED:],
        "return^2": moved**2,
    }


def _losses(x: Numbers, shape: Numbers) -> Numbers:
    """Return the loss at each window of a forecast that is scaled by the past."""
    ratio = x / shape
    first = float(ratio[: int(_DOUBT)].mean())
    seen = np.arange(len(x))
    scale = (first * _DOUBT + np.cumsum(ratio) - ratio) / (_DOUBT + seen)
    loss: Numbers = ratio / scale + np.log(shape * scale)
    return loss
