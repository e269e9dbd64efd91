"""Mean and variance that forget exponentially, and know how much they have seen."""

from copy import copy
from typing import Any

import msgspec


class ExponentialMean(msgspec.Struct):
    """Mean and variance of values, newer ones weighing more.

    Until ``length`` values have come all weigh the same, so that the first does not
    stand out for long. Never subtracts two large sums.

    Attributes:
        n: Values seen.
        mean: Their mean; means nothing before the first.
        variance: Their variance about it; likewise.

    Source:
        T. Finch, "Incremental calculation of weighted mean and variance", University of
        Cambridge Computing Service, 2009, section 9.
    """

    n: int = 0
    mean: float = 0.0
    variance: float = 0.0

    def __deepcopy__(self, memo: Any) -> "ExponentialMean":
        """Return a copy: there is nothing deep in it, and a snapshot holds many."""
        return copy(self)

    def update(self, value: float, length: int) -> None:
        """Take in a value.

        Args:
            value: The value.
            length: How many values it takes to forget one to 1/e.
        """
        self.n += 1
        weight = 1.0 / min(self.n, length)
        apart = value - self.mean
        step = weight * apart
        self.mean += step
        self.variance = (1.0 - weight) * (self.variance + apart * step)
