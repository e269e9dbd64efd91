"""What the hour of the week makes of a positive number."""

import msgspec

from operators.numerics.exponential_mean import ExponentialMean
from operators.numerics.hour_factors import HOURS, WEEK, HourFactors

_LARGEST = 5.0


def _day() -> HourFactors:
    return HourFactors.of(HOURS)


def _week() -> HourFactors:
    return HourFactors.of(WEEK)


class Season(msgspec.Struct):
    """A factor for each hour of the week, drawn to that of the hour of the day.

    That one, seen seven times as often, is in turn drawn to what is known from
    elsewhere. Both by credibility; see :class:`HourFactors`. A number counts for no
    more than five times the mean of all, so that one event does not make a season.

    Attributes:
        level: The mean of all numbers, the hour taken out.
        day: The hours of the day.
        week: The hours of the week, the first is Monday's.
    """

    level: ExponentialMean = msgspec.field(default_factory=ExponentialMean)
    day: HourFactors = msgspec.field(default_factory=_day)
    week: HourFactors = msgspec.field(default_factory=_week)

    def factor(self, hour: int, doubt: float, towards: float = 1.0) -> float:
        """Return an hour's factor, > 0.

        Args:
            hour: Of the week, 0 to 167.
            doubt: After how many numbers of an hour half of what they show is believed.
            towards: What is known of the hour from elsewhere.
        """
        of_day = self.day.factor(hour % HOURS, doubt, towards)
        return self.week.factor(hour, doubt, of_day)

    def update(self, hour: int, x: float, factor: float, lengths: "Lengths") -> None:
        """Take in a number.

        Args:
            hour: Of the week, 0 to 167.
            x: The number, >= 0.
            factor: The hour's, as it was before the number.
            lengths: How soon numbers are forgotten.
        """
        mean = self.level.mean
        if mean > 0.0:
            ratio = min(x / mean, _LARGEST)
            self.day.update(hour % HOURS, ratio, lengths.day)
            self.week.update(hour, ratio, lengths.week)
        self.level.update(x / factor, lengths.level)


class Lengths(msgspec.Struct, frozen=True):
    """How many numbers it takes to forget one to 1/e.

    Attributes:
        level: Of all numbers.
        day: Of those of an hour of the day.
        week: Of those of an hour of the week.
    """

    level: int
    day: int
    week: int
