"""How the hours of the day differ, as far as is known."""

import msgspec

from operators.numerics.exponential_mean import ExponentialMean

HOURS = 24


def _hours() -> list[ExponentialMean]:
    return [ExponentialMean() for _ in range(HOURS)]


class HourFactors(msgspec.Struct):
    """A factor for each hour of the day, drawn towards 1 by how little is known of it.

    ``1 + n / (n + k) * (ratio - 1)``, where ``n`` is how often the hour was seen and
    ``ratio`` its mean beside the mean of all.

    Attributes:
        ratios: What was seen of each hour.

    Source:
        H. Bühlmann, "Experience rating and credibility", ASTIN Bulletin 4(3), 1967.
    """

    ratios: list[ExponentialMean] = msgspec.field(default_factory=_hours)

    def update(self, hour: int, ratio: float, length: int) -> None:
        """Take in what a part of an hour had beside the mean of all.

        Args:
            hour: Of the day, 0 to 23.
            ratio: How many times the mean of all, >= 0.
            length: How many such parts it takes to forget one to 1/e.
        """
        self.ratios[hour].update(ratio, length)

    def factor(self, hour: int, doubt: float) -> float:
        """Return an hour's factor, > 0.

        Args:
            hour: Of the day, 0 to 23.
            doubt: How many parts of an hour are worth as much as not knowing, ``k``.
        """
        seen = self.ratios[hour]
        factor = 1.0 + seen.n / (seen.n + doubt) * (seen.mean - 1.0)
        return max(factor, 0.01)
