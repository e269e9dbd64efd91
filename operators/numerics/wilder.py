"""Wilder's averages of several periods over one stream of numbers."""

import msgspec


class WilderBank(msgspec.Struct):
    """Wilder's moving average for each of several periods.

    ``m <- m + (x - m) / n``; it begins as the plain mean of the first ``n`` numbers.

    Source:
        J. W. Wilder, "New Concepts in Technical Trading Systems", 1978. The beginning
        is TA-Lib's.

    Attributes:
        periods: The periods ``n``, each >= 1 [k].
        count: Numbers seen.
        total: Sum of those, until all averages have begun.
        values: The averages; mean nothing before ``n`` numbers [k].
    """

    periods: tuple[int, ...]
    count: int = 0
    total: float = 0.0
    values: list[float] = msgspec.field(default_factory=list)

    def update(self, x: float) -> None:
        """Take in a number."""
        self.count = count = self.count + 1
        periods = self.periods
        if count <= max(periods, default=0):
            self.total += x
            mean = self.total / count
            old = self.values or [mean] * len(periods)
            self.values = [
                mean if count <= period else value + (x - value) / period
                for value, period in zip(old, periods, strict=True)
            ]
            return
        self.values = [
            value + (x - value) / period
            for value, period in zip(self.values, periods, strict=True)
        ]

    @property
    def means(self) -> tuple[float | None, ...]:
        """The averages; None of those that have not begun [k]."""
        count = self.count
        if count >= max(self.periods, default=0):
            return tuple(self.values)
        return tuple(
            [
                value if count >= period else None
                for value, period in zip(
                    self.values or [0.0] * len(self.periods), self.periods, strict=True
                )
            ]
        )


def true_range(high: float, low: float, before: float) -> float:
    """Return how far a price went, from where it had been before.

    Args:
        high: Highest price.
        low: Lowest.
        before: The last price before.
    """
    return max(high, before) - min(low, before)
