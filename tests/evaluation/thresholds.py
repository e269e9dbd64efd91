"""How often a bound is passed that should be passed at a nominal rate.

Calibrated is the operator's own bound, as it was before each window. Fixed is one bound
for all symbols: the quantile of all of them together in the first half of the data.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from operators.calibration.calibrate import Calibrate
from operators.calibration.params import CalibrationParams
from operators.records.calibration import Normalised
from operators.records.feature import Feature
from operators.records.time import MS
from tests.evaluation.ohlcv import Numbers

START_NS: Final = 1_704_067_200_000_000_000


class Passed(NamedTuple):
    """How often the bounds were passed.

    Attributes:
        name: By which symbol.
        median: The middle number [bps].
        windows: How many were judged.
        calibrated: The share beyond the calibrated bound [1].
        fixed: The share beyond the fixed one [1].
    """

    name: str
    median: float
    windows: int
    calibrated: float
    fixed: float


def passed(
    numbers: dict[str, Numbers],
    params: CalibrationParams,
    known: Mapping[str, Numbers] | None = None,
    share: float = 0.5,
) -> list[Passed]:
    """Return how often each symbol passed its bound and the common one.

    Args:
        numbers: By symbol, [n], one a window in order [bps].
        params: Settings of the operator.
        known: By symbol, [n], the alarms, where the operator was run already.
        share: The part of the windows that is not judged, the first ones.
    """
    cuts = {name: int(len(each) * share) for name, each in numbers.items()}
    first = np.concatenate([each[: cuts[name]] for name, each in numbers.items()])
    common = float(np.quantile(first, 1.0 - params.alarm_rate))
    found = []
    for name, each in numbers.items():
        cut = cuts[name]
        alarms = (known[name] if known else _alarms(each, params))[cut:]
        judged = alarms[~np.isnan(alarms)]
        found.append(
            Passed(
                name,
                float(np.median(each)),
                len(judged),
                float(judged.mean()) if len(judged) else float("nan"),
                float((each[cut:] > common).mean()),
            )
        )
    return found


def lognormal(
    scale: float, count: int, phi: float, seed: int, *, daily: float = 0.0
) -> Numbers:
    """Return made spreads [n] [bps]: their logarithms follow an AR(1) and the hour.

    Args:
        scale: The median [bps].
        count: How many.
        phi: How much of each is that before.
        seed: For chance.
        daily: How far the hour of the day moves the logarithm.
    """
    noise = np.random.default_rng(seed).normal(0.0, 0.5, count)
    logs = np.zeros(count)
    for i in range(1, count):
        logs[i] = phi * logs[i - 1] + (1.0 - phi * phi) ** 0.5 * noise[i]
    hours = np.sin(np.arange(count) * 2.0 * np.pi / 1_440)
    found: Numbers = scale * np.exp(logs + daily * hours)
    return found


def _alarms(numbers: Numbers, params: CalibrationParams) -> Numbers:
    """Return 1 for each window beyond its bound, else 0; NaN before it is known [n]."""
    operator, length_ns = Calibrate(params), params.length_ms * MS
    found = []
    for i, number in enumerate(numbers.tolist()):
        feature = Feature(
            venue="any",
            symbol="any",
            event_ns=START_NS + (i + 1) * length_ns,
            length_ns=length_ns,
            volume=0.0,
            signed_volume=0.0,
            turnover=0.0,
            trades=0,
            spread_mean_bps=number,
        )
        for said in operator.update([feature]):
            if isinstance(said, Normalised):
                wide = said.is_wide
                found.append(np.nan if wide is None else float(wide))
    return np.array(found)
