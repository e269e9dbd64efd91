"""An interval for the mean of numbers that depend on those before them."""

from typing import NamedTuple

import numpy as np

from tests.evaluation.ohlcv import Numbers


class Interval(NamedTuple):
    """A mean and where it lies with 95 % probability."""

    mean: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """``win`` if wholly below zero, ``loss`` if above, else ``undecided``."""
        if self.high < 0.0:
            return "win"
        return "loss" if self.low > 0.0 else "undecided"


def interval(
    numbers: Numbers, block: int, times: int = 1_000, seed: int = 7
) -> Interval:
    """Return the mean of numbers [n] with its interval, by a circular block bootstrap.

    Source:
        D. Politis and J. Romano, "A circular block-resampling procedure for stationary
        data", in Exploring the Limits of Bootstrap, Wiley 1992.
    """
    n = len(numbers)
    circle = np.concatenate([numbers, numbers[:block]])
    sums = np.concatenate([[0.0], np.cumsum(circle)])
    blocks = sums[block : block + n] - sums[:n]
    count = -(-n // block)
    starts = np.random.default_rng(seed).integers(0, n, (times, count))
    means = blocks[starts].sum(axis=1) / (count * block)
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(numbers.mean()), float(low), float(high))
