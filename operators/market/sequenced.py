"""Several copies of one numbered stream -> the stream, each record once, in order.

Each line brings the same records in the same order, but may begin late, end early, and
be ahead of or behind the others. A record that follows on what was passed on is passed
on at once. One that does not is held until another line brings what lies between, or
until none can: every other open line has gone past, or has brought nothing for as long
as the hold. So does the first of all, which follows on nothing. A line that is behind
but moves is waited for longer, within patience: what it brings is not lost, only late.
Where too many records wait, those that have the lowest numbers wait no longer.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Generic, TypeVar

import msgspec

from operators.records.base import FromVenue

E = TypeVar("E", bound=FromVenue)

_HOLES = 100
_MOST_HELD = 10_000


class Held(msgspec.Struct, Generic[E], gc=False):
    """A record that waits for what lies before it.

    Attributes:
        previous: The number that it follows.
        since_ns: When it arrived [ns UTC].
        line: Who brought it.
        event: The record.
    """

    previous: int
    since_ns: int
    line: str
    event: E


class Sequenced(msgspec.Struct, Generic[E]):
    """The merging of one stream.

    Attributes:
        last: Number of the newest record passed on, or None before the first.
        at: Where each line that is open is.
        when_ns: When each of them last brought something [ns UTC].
        held: Records that wait, by number.
        holes: What was passed over, oldest first: the last number by the first.
        floor: The number from which on ``holes`` lists all that was passed over, or
            None where that is not known.
        order: The numbers of ``held``, as a heap.
    """

    last: int | None = None
    at: dict[str, int] = msgspec.field(default_factory=dict)
    when_ns: dict[str, int] = msgspec.field(default_factory=dict)
    held: dict[int, Held[E]] = msgspec.field(default_factory=dict)
    holes: dict[int, int] = msgspec.field(default_factory=dict)
    floor: int | None = None
    order: list[int] = msgspec.field(default_factory=list)

    def takes(self, line: str, event: E, number: int, previous: int) -> bool:
        """Take in a record; return whether it is to be passed on now.

        One that is not is a repetition, or is now held: see :meth:`due`.
        """
        self.note(line, number, event.received_ns)
        last = self.last
        if last is not None and previous <= last < number:
            self.last = number
            return True
        if not self.repeats(number):
            self.held[number] = Held(previous, event.received_ns, line, event)
            heappush(self.order, number)
        return False

    def note(self, line: str, number: int, now_ns: int) -> None:
        """Note where a line is."""
        self.at[line] = number
        self.when_ns[line] = now_ns

    def repeats(self, number: int) -> bool:
        """Return whether a record of this number has been passed on, or waits."""
        return number in self.held or (self.last is not None and number <= self.last)

    def due(
        self, now_ns: int, hold_ns: int, patience_ns: int, lines: int
    ) -> Iterator[tuple[Held[E], int | None]]:
        """Yield held records that wait no longer, each with the gap before it if any.

        Args:
            now_ns: The time of arrival, by our clock [ns UTC].
            hold_ns: How long a record waits for lines that bring nothing [ns].
            patience_ns: How long it waits for one that is behind, but moves [ns].
            lines: How many lines are open.

        Yields:
            The record, and the number before the gap where something is missing.
        """
        while self.held:
            number = self._lowest()
            held = self.held[number]
            last = self.last
            if last is not None and number <= last:
                del self.held[number]
                heappop(self.order)
                continue
            follows = last is not None and held.previous <= last
            crowded = len(self.held) > _MOST_HELD
            if not (follows or crowded or self._is_hopeless(number, lines)):
                waited_ns = now_ns - held.since_ns
                moves = self._is_coming(number, now_ns - hold_ns)
                if waited_ns < (patience_ns if moves else hold_ns):
                    return
            del self.held[number]
            heappop(self.order)
            self.last = number
            if last is None:
                self.floor = number
            yield held, None if follows else last

    def _lowest(self) -> int:
        """Return the lowest number that waits; what is held was perhaps changed."""
        if len(self.order) != len(self.held):
            self.order = sorted(self.held)
        return self.order[0]

    def _is_hopeless(self, number: int, lines: int) -> bool:
        """Return whether every open line has come to a number, or gone past it."""
        return sum(at >= number for at in self.at.values()) >= lines

    def _is_coming(self, number: int, since_ns: int) -> bool:
        """Return whether a line that is behind has brought something since a time."""
        when_ns = self.when_ns
        return any(
            at < number and when_ns[line] > since_ns for line, at in self.at.items()
        )

    def restart(self, line: str, number: int | None, now_ns: int) -> None:
        """Begin again at a number: what the venue numbered before is void."""
        self.last = number
        self.held = {n: each for n, each in self.held.items() if each.line != line}
        self.order = sorted(self.held)
        if number is not None:
            self.note(line, number, now_ns)

    def leave(self, line: str) -> None:
        """Forget where a line was: it has closed, or begins anew."""
        self.at.pop(line, None)
        self.when_ns.pop(line, None)

    def pass_over(self, first: int, last: int) -> None:
        """Note that no line has brought these numbers; the oldest are forgotten."""
        if self.floor is None:
            self.floor = first
        self.holes[first] = last
        self._forget()

    def _forget(self) -> None:
        """Keep the newest holes; of those before, nothing is known any more."""
        while len(self.holes) > _HOLES:
            self.floor = self.holes.pop(next(iter(self.holes))) + 1

    def lacks(self, number: int) -> bool:
        """Return whether a record of this number is not known to have been passed on.

        What lies before the floor is not known at all, and counts as lacking.
        """
        if number in self.held:
            return False
        if self.last is None or number > self.last:
            return True
        if self.floor is None or number < self.floor:
            return True
        return self._hole(number) is not None

    def is_missing(self, number: int) -> bool:
        """Return whether a record of this number is known to have been passed over."""
        return self._hole(number) is not None

    def fills(self, line: str, event: E, number: int) -> bool:
        """Take in a record that is lacking; return whether it is to be passed on now.

        One that is newer than all that was passed on waits, as long as there are lines:
        they may yet bring what lies between.
        """
        if self.last is None or number > self.last:
            follows = self.last is not None and number == self.last + 1
            if self.when_ns and not follows:
                since_ns = max(self.when_ns.values())
                self.held[number] = Held(number - 1, since_ns, line, event)
                heappush(self.order, number)
                return False
            if self.last is None:
                self.floor = number
            elif number > self.last + 1:
                self.pass_over(self.last + 1, number - 1)
            self.last = number
            return True
        first = self._hole(number)
        if first is not None:
            last = self.holes.pop(first)
            if first < number:
                self.holes[first] = number - 1
            if number < last:
                self.holes[number + 1] = last
            self.holes = dict(sorted(self.holes.items()))
            self._forget()
        return True

    def _hole(self, number: int) -> int | None:
        """Return where the hole begins that a number lies in, if it lies in one."""
        found = (first for first, last in self.holes.items() if first <= number <= last)
        return next(found, None)
