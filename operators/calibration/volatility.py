"""What a symbol's next return is expected to be, in size."""

from math import exp, log, pi, sqrt

import msgspec

from operators.calibration.parameter import Parameter
from operators.numerics.exponential_mean import ExponentialMean
from operators.numerics.usual import Usual

_DOUBT = 100.0
_SQUARES = pi / 8.0
"""The variance of a diffusion's return beside the square of its mean range."""


def _level() -> Parameter:
    return Parameter("volatility")


class Volatility(msgspec.Struct):
    """The expected deviation of the next return, by the mixed ATR and the season.

    The ATR knows the hours that it comes from, so only what the next hour has beside
    those is put on it. Volatility returns to its level: a little of it is that of the
    last day. How large squared returns are beside the square of the ATR, on
    average, is learnt; at first it is taken as that of a diffusion without drift.

    Attributes:
        usual: The volatility of windows.
        level: Its geometric mean, drawn to the pool's.
        unit: Of squared returns, each beside ``raw`` squared.
        lag: The season's factor, as the ATR remembers it, as a logarithm.
        slow: The mixed ATR beside the price in the last day, the season taken out, as a
            logarithm.
        raw: What is foretold from the two for the next window, before ``unit``; None if
            not known [1].

    Source:
        M. Parkinson, "The extreme value method for estimating the variance of the rate
        of return", Journal of Business 53(1), 1980 (the mean range of a diffusion).
    """

    usual: Usual = msgspec.field(default_factory=Usual)
    level: Parameter = msgspec.field(default_factory=_level)
    unit: ExponentialMean = msgspec.field(default_factory=ExponentialMean)
    lag: float = 0.0
    slow: ExponentialMean = msgspec.field(default_factory=ExponentialMean)
    raw: float | None = None

    def learn(
        self, change: float | None, factor: float, period: float | None, memory: int
    ) -> None:
        """Take in a window.

        Args:
            change: Its logarithmic return; None if not known [1].
            factor: The season's.
            period: The effective period of the ATR [windows].
            memory: How many windows it takes to forget one to 1/e.
        """
        if change is not None and self.raw:
            self.unit.update((change / self.raw) ** 2, memory)
        if period is not None:
            self.lag += (log(factor) - self.lag) / period

    def settle(
        self, natr: float | None, factor: float, revert: float, day: int
    ) -> None:
        """Look at the next window.

        Args:
            natr: The mixed ATR beside the price [1].
            factor: The season's, of the next window.
            revert: How much of it is that of the last day, as an exponent [1].
            day: How many windows there are in a day.
        """
        if natr is None:
            self.raw = None
            return
        now = log(natr) - self.lag
        self.slow.update(now, day)
        self.raw = factor * exp(now + revert * (self.slow.mean - now))

    def expected(self, factor: float, pin: float | None) -> float | None:
        """Return the expected deviation of the next return [1].

        Where there is no ATR it is the level at that hour.
        """
        if self.raw is not None:
            n = self.unit.n
            unit = (self.unit.mean * n + _SQUARES * _DOUBT) / (n + _DOUBT)
            return self.raw * sqrt(unit)
        level = self.level.value if pin is None else pin
        return None if level is None else level * factor


def of_window(
    realised_variance: float | None, rogers_satchell: float | None
) -> float | None:
    """Return a window's own volatility: of mids, or of prices if there is no mid."""
    variance = rogers_satchell if realised_variance is None else realised_variance
    return sqrt(variance) if variance is not None and variance >= 0.0 else None
