"""For how much of the time something was up, to the nanosecond."""

import msgspec

from operators.records.time import MINUTE

HOUR_MINUTES = 60
DAY_MINUTES = 24 * HOUR_MINUTES


class Uptime(msgspec.Struct):
    """Time that was spent down, by minutes of the last day and since the start.

    Whole nanoseconds are counted, so that five nines of a day, 0.86 s, are exact. The
    last hour is its last 60 minutes of the clock, the present one as far as it has
    come; likewise the day. Time before the first mark, and time of which nothing is
    known, is neither up nor down.

    Attributes:
        first_ns: When it was first seen [ns UTC].
        marked_ns: Until when it is counted [ns UTC].
        down: Time down by minute, of those that have any [ns].
        unknown: Time of which nothing is known, likewise [ns].
        all_down_ns: Time down since the start [ns].
        all_unknown_ns: Time unknown since the start [ns].
    """

    first_ns: int | None = None
    marked_ns: int = 0
    down: dict[int, int] = msgspec.field(default_factory=dict)
    unknown: dict[int, int] = msgspec.field(default_factory=dict)
    all_down_ns: int = 0
    all_unknown_ns: int = 0

    def begin(self, at_ns: int) -> None:
        """Begin to count, unless that has begun [ns UTC]."""
        if self.first_ns is None:
            self.first_ns = self.marked_ns = at_ns

    def mark(self, until_ns: int, is_up: bool | None) -> None:
        """Count the time since the last mark, or since the beginning.

        Args:
            until_ns: Until when; before the last mark nothing is counted [ns UTC].
            is_up: Whether it was up all that time; None where that is not known.
        """
        self.begin(until_ns)
        since_ns = self.marked_ns
        if until_ns <= since_ns:
            return
        self.marked_ns = until_ns
        if is_up is None:
            self.all_unknown_ns += until_ns - since_ns
            _spread(self.unknown, since_ns, until_ns)
        elif not is_up:
            self.all_down_ns += until_ns - since_ns
            _spread(self.down, since_ns, until_ns)
        self._forget()

    def lost_ns(self, now_ns: int, minutes: int, is_up: bool | None) -> int:
        """Return how long it was down in the last minutes [ns].

        Args:
            now_ns: The present, at or after the last mark [ns UTC].
            minutes: How many, the present one included.
            is_up: Whether it has been up since the last mark.
        """
        begin_ns = _begin_ns(now_ns, minutes)
        present_ns = self._since(begin_ns, now_ns) if is_up is False else 0
        return _sum(self.down, begin_ns) + present_ns

    def share(self, now_ns: int, minutes: int | None, is_up: bool | None) -> float:
        """Return for how much of the time it was up [%]; 100 of no time at all.

        Args:
            now_ns: The present, at or after the last mark [ns UTC].
            minutes: Of how many, the present one included; None since the start.
            is_up: Whether it has been up since the last mark.
        """
        first_ns = now_ns if self.first_ns is None else self.first_ns
        if minutes is None:
            begin_ns, down_ns = first_ns, self.all_down_ns
            unknown_ns = self.all_unknown_ns
        else:
            begin_ns = max(_begin_ns(now_ns, minutes), first_ns)
            down_ns = _sum(self.down, begin_ns)
            unknown_ns = _sum(self.unknown, begin_ns)
        known_ns = now_ns - begin_ns - unknown_ns
        if is_up is None:
            known_ns -= self._since(begin_ns, now_ns)
        elif not is_up:
            down_ns += self._since(begin_ns, now_ns)
        return 100 * (known_ns - down_ns) / known_ns if known_ns > 0 else 100.0

    def _since(self, begin_ns: int, now_ns: int) -> int:
        """Return how much of the time from then to now is after the last mark [ns]."""
        if self.first_ns is None:
            return 0
        return max(now_ns - max(self.marked_ns, begin_ns), 0)

    def _forget(self) -> None:
        begin = self.marked_ns // MINUTE - DAY_MINUTES
        for minutes in (self.down, self.unknown):
            while minutes and (oldest := next(iter(minutes))) < begin:
                del minutes[oldest]


def _begin_ns(now_ns: int, minutes: int) -> int:
    """Return when the last minutes began; a present that has just begun is none."""
    return -(-now_ns // MINUTE) * MINUTE - minutes * MINUTE


def _sum(minutes: dict[int, int], begin_ns: int) -> int:
    begin = begin_ns // MINUTE
    return sum(lost_ns for minute, lost_ns in minutes.items() if minute >= begin)


def _spread(minutes: dict[int, int], since_ns: int, until_ns: int) -> None:
    """Add a stretch of time to the minutes that it lies in; of those, the last day."""
    since_ns = max(since_ns, until_ns - DAY_MINUTES * MINUTE)
    while since_ns < until_ns:
        minute = since_ns // MINUTE
        end_ns = min((minute + 1) * MINUTE, until_ns)
        minutes[minute] = minutes.get(minute, 0) + end_ns - since_ns
        since_ns = end_ns
