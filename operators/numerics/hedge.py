"""Experts mixed by how well they have foretold, the best of them changing."""

from collections.abc import Sequence
from math import exp, log

import msgspec


def qlike(x: float, forecast: float, most: float) -> float:
    """Return the loss of a forecast of a variance, 0 where it was right.

    ``x / f - ln(x / f) - 1``, and no more than ``most``. Of the losses that rank
    forecasts alike whichever unbiased proxy stands for the true variance, it is the one
    that does not depend on the unit.

    Args:
        x: What came, >= 0.
        forecast: What was foretold, > 0.
        most: The largest loss.

    Source:
        A. Patton, "Volatility forecast comparison using imperfect volatility proxies",
        Journal of Econometrics 160(1), 2011.
    """
    ratio = x / forecast
    if ratio <= 0.0:
        return most
    return min(ratio - log(ratio) - 1.0, most)


class Hedge(msgspec.Struct):
    """The weight of each expert: ``exp(-rate loss)`` of what it was, and some shared.

    So the mix follows the expert that is best of late. An expert that says nothing
    keeps its weight but for what is shared.

    Attributes:
        weights: [k], of each expert, 1 together.
        n: How often the experts were judged.

    Source:
        M. Herbster and M. Warmuth, "Tracking the best expert", Machine Learning 32,
        1998 (fixed share); Y. Freund, R. Schapire, Y. Singer and M. Warmuth, "Using and
        combining predictors that specialize", STOC 1997 (experts that say nothing).
    """

    weights: list[float]
    n: int = 0

    @classmethod
    def of(cls, count: int) -> "Hedge":
        """Return the mix of so many experts of which nothing is known."""
        return cls([1.0 / count] * count)

    def update(self, losses: Sequence[float | None], rate: float, share: float) -> None:
        """Take in how each expert did.

        Args:
            losses: [k], >= 0; None of an expert that said nothing.
            rate: How fast weight is lost, eta [1].
            share: How much of all weight is dealt out anew, alpha [1].
        """
        weights = self.weights
        before = after = 0.0
        for k, loss in enumerate(losses):
            if loss is not None:
                before += weights[k]
                weights[k] *= exp(-rate * loss)
                after += weights[k]
        if after <= 0.0:
            return
        self.n += 1
        dealt, keeps = share / len(weights), 1.0 - share
        scale = keeps * before / after
        for k, loss in enumerate(losses):
            weights[k] = weights[k] * (keeps if loss is None else scale) + dealt


def log_mean(weights: Sequence[float], values: Sequence[float | None]) -> float | None:
    """Return the geometric mean of what is known and positive, None if nothing is.

    Args:
        weights: [k], >= 0.
        values: [k], None where not known.
    """
    total = weight = 0.0
    for each, value in zip(weights, values, strict=True):
        if value is not None and value > 0.0:
            total += each * log(value)
            weight += each
    return exp(total / weight) if weight > 0.0 else None


def weights_at(values: Sequence[float], mean: float) -> list[float]:
    """Return weights by which the geometric mean of values is this one.

    All weight is on the two values next to it; one beyond all values is taken as the
    nearest.

    Args:
        values: [k], > 0, ascending.
        mean: The geometric mean, > 0.
    """
    weights = [0.0] * len(values)
    above = next((k for k, value in enumerate(values) if value >= mean), -1)
    if above <= 0:
        weights[above] = 1.0
        return weights
    low, high = log(values[above - 1]), log(values[above])
    weights[above] = (log(mean) - low) / (high - low)
    weights[above - 1] = 1.0 - weights[above]
    return weights
