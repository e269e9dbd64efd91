"""How the hours of the day, or of the week, differ, as far as is known."""

import msgspec

from operators.numerics.exponential_mean import ExponentialMean

HOURS = 24
WEEK = 168


def _hours() -> list[ExponentialMean]:
    return [ExponentialMean() for _ in range(HOURS)]


class HourFactors(msgspec.Struct):
    """A factor for each hour, drawn towards 1 by how little is known of it.

    ``1 + n / (n + k) * (ratio - 1)``, where ``n`` is how often the hour was seen and
    ``ratio`` its mean beside the mean of all. Where something better than 1 is known
    of the hour, it takes the place of 1.

    Attributes:
        ratios: What was seen of each hour.

    Source:
        H. Bühlmann, "Experience rating and credibility", ASTIN Bulletin 4(3), 1967.
    """

    ratios: list[ExponentialMean] = msgspec.field(default_factory=_hours)

    @classmethod
    def of(cls, hours: int) -> "HourFactors":
        """Return the factors of so many hours, none of them seen."""
        return cls([ExponentialMean() for _ in range(hours)])

    def update(self, hour: int, ratio: float, length: int) -> None:
        """Take in what a part of an hour had beside the mean of all.

        Args:
            hour: Which, from 0.
            ratio: How many times the mean of all, >= 0.
            length: How many such parts it takes to forget one to 1/e.
        """
        self.ratios[hour].update(ratio, length)

    def factor(self, hour: int, doubt: float, towards: float = 1.0) -> float:
        """Return an hour's factor, > 0.

        Args:
            hour: Which, from 0.
            doubt: How many parts of an hour are worth as much as not knowing, ``k``.
            towards: What it is drawn to.
        """
        seen = self.ratios[hour]
        factor = towards + seen.n / (seen.n + doubt) * (seen.mean - towards)
        return max(factor, 0.01)
