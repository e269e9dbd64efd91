"""What a yes or no depends on, learnt one outcome at a time."""

from collections.abc import Sequence
from math import exp
from operator import mul

import msgspec


class Logistic(msgspec.Struct):
    """Logistic regression by the extended Kalman filter: ``d`` coefficients.

    Each outcome is a step of Newton's method with all outcomes before it, so that it
    gets as near as a regression of all at once, in ``d`` squared steps and without
    keeping any. The coefficients may drift: what is learnt is forgotten as fast as they
    do, and never beyond how little was known at first.

    Attributes:
        coefficients: Of each number, in logits; ``d``.
        doubts: How little is known of them: their covariance, ``d`` rows of ``d``.
        n: Outcomes seen.

    Source:
        L. Fahrmeir, "Posterior mode estimation by extended Kalman filtering for
        multivariate dynamic generalized linear models", JASA 87(418), 1992.
    """

    coefficients: list[float]
    doubts: list[list[float]]
    n: int = 0

    def probability(self, numbers: Sequence[float], offset: float = 0.0) -> float:
        """Return how probable a yes is, given ``d`` numbers, and what is known of it.

        Args:
            numbers: They.
            offset: The rest of the logit: what is not learnt here.
        """
        logit = offset + sum(map(mul, self.coefficients, numbers))
        return 1.0 / (1.0 + exp(-min(max(logit, -30.0), 30.0)))

    def update(
        self,
        numbers: Sequence[float],
        happened: bool,
        drift: float,
        most: float,
        offset: float = 0.0,
    ) -> None:
        """Take in an outcome.

        Args:
            numbers: What was known before, ``d``; 0 where nothing was.
            happened: Whether it came.
            drift: By how much the variance of each coefficient grows an outcome.
            most: Up to which it grows.
            offset: As in :meth:`probability`.
        """
        self.n += 1
        expected = self.probability(numbers, offset)
        told = expected * (1.0 - expected)
        ahead = [sum(map(mul, row, numbers)) for row in self.doubts]
        scale = 1.0 / (1.0 + told * sum(map(mul, ahead, numbers)))
        step = scale * (happened - expected)
        self.coefficients = [
            each + step * along
            for each, along in zip(self.coefficients, ahead, strict=True)
        ]
        less = told * scale
        for place, row in enumerate(self.doubts):
            by = less * ahead[place]
            new = [each - by * along for each, along in zip(row, ahead, strict=True)]
            if new[place] < most:
                new[place] += drift
            self.doubts[place] = new


def unlearnt(coefficients: Sequence[float], variance: float) -> Logistic:
    """Return a regression that has seen nothing.

    Args:
        coefficients: What they are thought to be; ``d``.
        variance: How far that may be from the truth, squared.
    """
    count = len(coefficients)
    doubts = [[0.0] * count for _ in range(count)]
    for place, row in enumerate(doubts):
        row[place] = variance
    return Logistic(list(coefficients), doubts)
