"""Variance of moves that forgets exponentially, by a clock that may tick unevenly."""

from math import exp, sqrt

import msgspec


class EwmVariance(msgspec.Struct):
    """Mean of ``move^2 / time``, newer time weighing more.

    ``s <- k s + (1 - k) move^2 / time`` with ``k = exp(-time / memory)``, and beside it
    the weight of all that was seen, so that it is a true mean from the first move on.

    Source:
        J.P. Morgan/Reuters, "RiskMetrics - Technical Document", 1996, section 5.2; with
        a decay by time in place of one by number.

    Attributes:
        span: How much time was seen, in the unit of ``time``.
        weight: Weight of all that was seen, 0 to 1.
        total: Weighted sum of ``move^2 / time``.
    """

    span: float = 0.0
    weight: float = 0.0
    total: float = 0.0

    def update(self, move: float, time: float, memory: float) -> None:
        """Take in a move.

        Args:
            move: How far.
            time: In what time, > 0.
            memory: After how long a move counts 1/e, in the unit of ``time``.
        """
        keeps = exp(-time / memory)
        self.span += time
        self.weight = self.weight * keeps + 1.0 - keeps
        self.total = self.total * keeps + (1.0 - keeps) * move * move / time

    @property
    def deviation(self) -> float | None:
        """Square root of the mean, per square root of time; None before any move."""
        return sqrt(self.total / self.weight) if self.weight > 0.0 else None
