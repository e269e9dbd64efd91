"""A quantile of a stream of positive numbers, in O(1), that follows a change."""

from math import ceil, exp
from typing import Annotated

import msgspec

Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]
_SMALLEST = 1e-12


class Quantile(msgspec.Struct):
    """The value that a share ``p`` of the numbers lies at or below.

    The first ``start`` numbers give it exactly; from there on each moves it by a fixed
    ratio, ``q exp(rate (1{x > q} - (1 - p)))``. So it does not depend on the unit, no
    single number moves it by more than ``rate``, and a lasting change by a factor F,
    upwards, is followed within ``ln(F) / (rate p)`` numbers, downwards within
    ``ln(F) / (rate (1 - p))``.

    >>> q = Quantile(p=0.5, start=3)
    >>> for x in (1.0, 9.0, 2.0):
    ...     q.update(x)
    >>> q.value
    2.0

    Source:
        H. Robbins and S. Monro, "A stochastic approximation method", Annals of
        Mathematical Statistics 22(3), 1951, on the logarithm.

    Attributes:
        p: The share [1].
        rate: How far a number moves it, at most, as a logarithm [1].
        start: How many numbers give the first value.
        first: Those, until they are enough.
        value: The quantile; None before ``start`` numbers.
    """

    p: Share
    rate: float = 0.05
    start: int = 120
    first: list[float] = msgspec.field(default_factory=list)
    value: float | None = None

    def update(self, x: float) -> None:
        """Take in a number; one that is not positive counts as next to nothing."""
        value = self.value
        if value is not None:
            share = self.p if x > value else self.p - 1.0
            self.value = max(value * exp(self.rate * share), _SMALLEST)
            return
        self.first.append(max(x, _SMALLEST))
        if len(self.first) >= self.start:
            self.value = sorted(self.first)[ceil(self.p * len(self.first)) - 1]
            self.first = []
