"""Beyond which bound a number is off, for a symbol at an hour."""

import msgspec

from operators.calibration.base import Base
from operators.calibration.parameter import Parameter
from operators.calibration.params import CalibrationParams
from operators.numerics.exponential_mean import ExponentialMean
from operators.numerics.quantile import Quantile

_MEMORY = 100
"""Over how many expected alarms their rate is a mean."""


class Threshold(msgspec.Struct):
    """A bound, and how often it is passed.

    Attributes:
        quantile: The symbol's own, the season taken out.
        bound: That in force.
        alarms: 1 for each window beyond the bound in force, 0 for each other.
        n: How many windows the own was learnt from.
    """

    quantile: Quantile
    bound: Parameter
    alarms: ExponentialMean = msgspec.field(default_factory=ExponentialMean)
    n: int = 0

    def at(self, factor: float, pin: float | None) -> float | None:
        """Return the bound at an hour; what is pinned is so at every hour."""
        if pin is not None:
            return pin
        value = self.bound.value
        return None if value is None else value * factor

    def update(
        self, x: float | None, is_off: bool | None, factor: float, alarm_rate: float
    ) -> None:
        """Take in a number.

        Args:
            x: The number; None if not known.
            is_off: Whether it is beyond the bound; None if not known.
            factor: What the hour makes of it.
            alarm_rate: How often that may be [1].
        """
        if x is None:
            return
        if is_off is not None:
            self.alarms.update(float(is_off), int(_MEMORY / alarm_rate))
        self.quantile.update(x / factor)
        self.n += 1

    def settle(self, base: Base, at_ns: int, params: CalibrationParams) -> None:
        """Put the bound in force; see :meth:`Parameter.settle`."""
        self.bound.settle(self.quantile.value, self.n, base, at_ns, params)

    def coverage(self, alarm_rate: float) -> float:
        """Return how near the rate of alarms is to the nominal one, 0 to 1 [1].

        It is the smaller of the two beside the larger. While few windows were judged
        the nominal rate is believed.
        """
        judged = min(self.alarms.n, int(_MEMORY / alarm_rate))
        rate = (self.alarms.mean * judged + 1.0) / (judged + 1.0 / alarm_rate)
        return min(rate / alarm_rate, alarm_rate / rate)
