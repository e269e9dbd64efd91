"""The last n values: their mean and percentiles."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec


class Spread(NamedTuple):
    """How values lie, all in their unit."""

    mean: float
    p50: float
    p95: float
    p99: float


class Recent(msgspec.Struct):
    """The last ``most`` values. Nothing is ever subtracted, so nothing is left behind.

    Attributes:
        most: How many are kept.
        values: They, in order, the oldest first.
    """

    most: int = 100
    values: list[int] = msgspec.field(default_factory=list)

    def extend(self, values: Iterable[int]) -> None:
        """Take in values; forget the oldest beyond ``most``."""
        self.values.extend(values)
        excess = len(self.values) - self.most
        if excess > 0:
            del self.values[:excess]

    @property
    def spread(self) -> Spread | None:
        """Mean, median, 95th and 99th percentile, or None before the first value."""
        if not self.values:
            return None
        ordered = sorted(self.values)
        return Spread(
            sum(ordered) / len(ordered),
            percentile(ordered, 50),
            percentile(ordered, 95),
            percentile(ordered, 99),
        )


def percentile(ordered: list[int], percent: int) -> float:
    """Return a percentile of at least one value, by linear interpolation.

    Source:
        R. J. Hyndman, Y. Fan, "Sample quantiles in statistical packages", The American
        Statistician 50(4), 1996, definition 7; numpy's default.
    """
    at, rest = divmod((len(ordered) - 1) * percent, 100)
    low = ordered[at]
    return low if not rest else low + (ordered[at + 1] - low) * rest / 100
