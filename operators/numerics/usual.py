"""How far a positive number is from what is usual at its hour."""

from math import log, sqrt

import msgspec

from operators.numerics.exponential_mean import ExponentialMean
from operators.numerics.season import Lengths, Season

_STEADY = 1e-12


class Usual(msgspec.Struct):
    """The logarithm of a number beside its mean, in standard deviations.

    The season is taken out first. Numbers that are not positive have no logarithm:
    they count for the season alone.

    Attributes:
        season: What the hour makes of it.
        logs: Of the logarithms, the season taken out.
    """

    season: Season = msgspec.field(default_factory=Season)
    logs: ExponentialMean = msgspec.field(default_factory=ExponentialMean)

    def z(
        self, x: float | None, factor: float, start: int, centre: float | None = None
    ) -> float | None:
        """Return how far a number is from usual, None if that cannot be said [1].

        Args:
            x: The number; None if not known.
            factor: The season's.
            start: How many numbers must have been seen.
            centre: What is usual, the season taken out; the geometric mean of the
                numbers if None.
        """
        logs = self.logs
        if x is None or x <= 0.0 or logs.n < start or logs.variance < _STEADY:
            return None
        mean = logs.mean if centre is None else log(centre)
        return (log(x / factor) - mean) / sqrt(logs.variance)

    def update(
        self, x: float | None, hour: int, factor: float, lengths: Lengths
    ) -> None:
        """Take in a number, None if not known; see :meth:`Season.update`."""
        if x is None:
            return
        self.season.update(hour, x, factor, lengths)
        if x > 0.0:
            self.logs.update(log(x / factor), lengths.level)
