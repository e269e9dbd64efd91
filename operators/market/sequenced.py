"""Several copies of one numbered stream -> the stream, each record once, in order.

Each line brings the same records in the same order, but may begin late, end early, and
be ahead of or behind the others. A record that follows on what was passed on is passed
on at once. One that does not is held until another line brings what lies between, or
until none can: every other open line has gone past, or has brought nothing for as long
as the hold. So does the first of all, which follows on nothing. A line that is behind
but moves is waited for longer, within patience: what it brings is not lost, only late.
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

from operators.records.base import FromVenue

E = TypeVar("E", bound=FromVenue)


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
    """

    last: int | None = None
    at: dict[str, int] = msgspec.field(default_factory=dict)
    when_ns: dict[str, int] = msgspec.field(default_factory=dict)
    held: dict[int, Held[E]] = msgspec.field(default_factory=dict)

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
            number = min(self.held)
            held = self.held[number]
            last = self.last
            if last is not None and number <= last:
                del self.held[number]
                continue
            follows = last is not None and held.previous <= last
            if not follows and not self._is_hopeless(number, lines):
                waited_ns = now_ns - held.since_ns
                moves = self._is_coming(number, now_ns - hold_ns)
                if waited_ns < (patience_ns if moves else hold_ns):
                    return
            del self.held[number]
            self.last = number
            yield held, None if follows else last

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
        if number is not None:
            self.note(line, number, now_ns)

    def leave(self, line: str) -> None:
        """Forget where a line was: it has closed, or begins anew."""
        self.at.pop(line, None)
        self.when_ns.pop(line, None)
