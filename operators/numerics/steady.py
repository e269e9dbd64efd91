"""A positive number that moves by no more than a factor in a day."""

from math import exp, log

import msgspec

from operators.numerics.exponential_mean import ExponentialMean


class Steady(msgspec.Struct):
    """A number in force, and how much it has changed of late.

    Attributes:
        value: The number; None while it is not known.
        last: The same, as it was when it was known last.
        anchor: What it was when the day began, or when it was first known.
        day: Which day that is.
        slow: Of its logarithms.
    """

    value: float | None = None
    last: float | None = None
    anchor: float = 1.0
    day: int = 0
    slow: ExponentialMean = msgspec.field(default_factory=ExponentialMean)

    def move(self, wanted: float | None, day: int, most: float, length: int) -> None:
        """Go where it should be, as far as it may, from where it was known last.

        Args:
            wanted: Where it should be, > 0; None if that is not known any more.
            day: Which day it is.
            most: How far it may be from where it was when the day began, as a
                logarithm [1].
            length: How many moves it takes to forget one to 1/e.
        """
        if wanted is None:
            self.value = None
            return
        if self.last is None or day != self.day:
            self.anchor, self.day = wanted if self.last is None else self.last, day
        ratio = log(wanted / self.anchor)
        if abs(ratio) <= most:
            self.value = wanted
        else:
            self.value = self.anchor * exp(most if ratio > 0.0 else -most)
        self.last = self.value
        self.slow.update(log(self.value), length)

    @property
    def change(self) -> float:
        """How far it is from what it was of late, as a logarithm [1]."""
        if self.value is None or not self.slow.n:
            return 0.0
        return abs(log(self.value) - self.slow.mean)
