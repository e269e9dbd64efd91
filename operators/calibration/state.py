"""What is remembered of one symbol, and what of a window."""

from typing import NamedTuple

import msgspec

from operators.calibration.mixed_atr import MixedAtr
from operators.calibration.parameter import Parameter
from operators.calibration.params import CalibrationParams
from operators.calibration.threshold import Threshold
from operators.calibration.volatility import Volatility
from operators.numerics.quantile import Quantile
from operators.numerics.usual import Usual


class Said(msgspec.Struct, frozen=True):
    """What was said last.

    Attributes:
        hour: In which hour since 1970.
        parameters: By name; None where not known.
        pinned: What was pinned.
        origin: The hash of the file that was used.
    """

    hour: int
    parameters: dict[str, float | None]
    pinned: str
    origin: str


class Factors(NamedTuple):
    """What an hour makes of each [1]."""

    volatility: float
    turnover: float
    spread: float
    depth: float


class CalibrateState(msgspec.Struct):
    """What :class:`Calibrate` remembers of one symbol.

    Attributes:
        wide: The bound of the spread.
        thin: The bound of the depth.
        turnover: What turnover is usual.
        spread: What mean spread is usual.
        depth: What depth is usual.
        volatility: What volatility is usual, and is expected.
        atr: The mixed ATR.
        event_ns: The end of the last window [ns UTC]; None before the first.
        learnt_ns: The end of the last window that more than turnover was learnt from.
        windows: How many those are.
        close: The price of the last trade [quote].
        mid: The mid at the end of the last window [quote].
        factors: What the hour makes of the next window; None before the first.
        said: What was said last; None before anything was.
    """

    wide: Threshold
    thin: Threshold
    turnover: Usual = msgspec.field(default_factory=Usual)
    spread: Usual = msgspec.field(default_factory=Usual)
    depth: Usual = msgspec.field(default_factory=Usual)
    volatility: Volatility = msgspec.field(default_factory=Volatility)
    atr: MixedAtr = msgspec.field(default_factory=MixedAtr)
    event_ns: int | None = None
    learnt_ns: int = 0
    windows: int = 0
    close: float | None = None
    mid: float | None = None
    factors: Factors | None = None
    said: Said | None = None

    @classmethod
    def of(cls, params: CalibrationParams) -> "CalibrateState":
        """Return the state before the first window."""
        rate, start, low = (
            params.threshold_rate,
            params.threshold_start,
            params.alarm_rate,
        )
        return cls(
            wide=Threshold(Quantile(1.0 - low, rate, start), Parameter("wide_bps")),
            thin=Threshold(Quantile(low, rate, start), Parameter("thin")),
        )


class Seen(NamedTuple):
    """What a window shows; None where it is not known.

    Attributes:
        turnover: Traded [quote].
        change: Logarithmic return of the mid [1].
        true_range: The true range [quote].
        volatility: Its own volatility [1].
        spread: Mean spread [bps].
        depth: Of the thinner side, within reach [quote].
    """

    turnover: float
    change: float | None
    true_range: float | None
    volatility: float | None
    spread: float | None
    depth: float | None


class Judged(NamedTuple):
    """What a window is beside what was normal before it; see ``Normalised``."""

    z_return: float | None
    z_volatility: float | None
    z_turnover: float | None
    z_spread: float | None
    z_depth: float | None
    is_wide: bool | None
    is_thin: bool | None
