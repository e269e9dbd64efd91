"""Made but plausible rows of what is normal for a symbol."""

from collections.abc import Iterator
from typing import Any, Final

from operators.records.base import Record
from operators.records.calibration import Calibration, Normalised
from operators.records.priority import PriorityWeights
from operators.records.time import MINUTE
from tests.e2e.dashboards.waves import wave

_PERIODS: Final = (5, 7, 10, 14, 21, 28, 34, 55)
_WEIGHTS: Final = (0.05, 0.05, 0.1, 0.2, 0.25, 0.15, 0.1, 0.1)


def calibrated(stamp: dict[str, Any], rank: int, phase_s: int) -> Iterator[Record]:
    """Yield what is said of a symbol's normal."""
    credibility = wave(phase_s, 310, 0.3, 0.9)
    yield Calibration(
        **stamp,
        length_ns=MINUTE,
        reason="wide_bps",
        windows=1_440 * rank,
        credibility=credibility,
        freshness=1.0,
        coverage=0.9,
        stability=wave(phase_s, 170, 0.7, 1.0),
        confidence=round(credibility * 0.9 * 0.8, 3),
        atr_period=wave(phase_s, 400, 9, 30),
        atr_periods=_PERIODS,
        atr_weights=_WEIGHTS,
        volatility=wave(phase_s, 130, 4, 12) * rank / 1e4,
        season=wave(phase_s, 500, 0.8, 1.3),
        wide_bps=wave(phase_s, 210, 1.0, 4.0) * rank,
        thin=wave(phase_s, 190, 20_000, 90_000) / rank,
        pinned="wide_bps" if rank == 3 else "",
    )
    yield Normalised(
        **stamp,
        length_ns=MINUTE,
        z_return=wave(phase_s, 20, -2.0, 2.0),
        z_volatility=wave(phase_s, 140, -1.5, 1.5),
        z_turnover=wave(phase_s, 60, -1.0, 2.0),
        z_spread=wave(phase_s, 75, -1.0, 3.0),
        z_depth=wave(phase_s, 85, -3.0, 1.0),
        atr=0.4,
        natr=0.12 * rank,
        is_wide=phase_s % 50 == 0,
        is_thin=phase_s % 70 == 0,
    )
    yield PriorityWeights(
        **stamp,
        reason="learnt",
        n=60 * rank,
        credibility=credibility,
        volatility=0.25,
        turnover=0.2,
        spread=0.1,
        depth=0.1,
        momentum=wave(phase_s, 600, 0.05, 0.15),
        order_flow=0.15,
        data_quality=0.1,
    )
