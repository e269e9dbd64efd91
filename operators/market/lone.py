"""A book that the venue does not number, kept up by one of several lines at a time.

Copies of such a book cannot be compared record by record: a venue may cut them into
deltas differently on each connection. So one line is believed, and the newest deltas of
the others are kept. When the line closes, falls silent or loses something, another one
takes over, from a little before where the first one ended: deltas state quantities, not
changes of them, so that going over a stretch twice ends in the same book.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from operator import attrgetter

import msgspec

from operators.market.heard import Moved
from operators.records.market import BookDelta, BookSnapshot, Gap
from operators.records.time import SECOND

_KEEP_NS = 5 * SECOND
_MOST = 5_000
_LARGE = 100
_MOST_LEVELS = 500_000


class Spare(msgspec.Struct):
    """A line that could take over.

    Attributes:
        since_ns: From which event on it is complete, once it has brought anything.
        snapshot: The book that it began with, while no delta after it is forgotten.
        deltas: Its newest deltas, in order.
    """

    since_ns: int | None = None
    snapshot: BookSnapshot | None = None
    deltas: list[BookDelta] = msgspec.field(default_factory=list)

    def forget(self, newest: BookDelta) -> None:
        """Drop what is too old beside the newest delta, or too much."""
        deltas, until_ns = self.deltas, newest.event_ns - _KEEP_NS
        count = excess(deltas, _MOST, _MOST_LEVELS)
        while count < len(deltas) and deltas[count].event_ns < until_ns:
            count += 1
        if count:
            self.since_ns = deltas[count - 1].event_ns
            self.snapshot = None
            del deltas[:count]


class Lone(msgspec.Struct):
    """Which line is believed, and what the others have brought since.

    Attributes:
        line: The line that is believed.
        latest_ns: Its newest event [ns UTC].
        spares: The other lines that are open.
    """

    line: str | None = None
    latest_ns: int = -1
    spares: dict[str, Spare] = msgspec.field(default_factory=dict)

    def delta(
        self, line: str, delta: BookDelta, hold_ns: int
    ) -> Iterator[BookDelta | BookSnapshot | Gap]:
        """Take in a delta; yield what is to be passed on."""
        if self.line is None:
            self.line = line
        if line == self.line:
            self.latest_ns = max(self.latest_ns, delta.event_ns)
            yield delta
            return
        spare = self.spares.setdefault(line, Spare())
        if spare.since_ns is None:
            spare.since_ns = delta.event_ns
        spare.deltas.append(delta)
        spare.forget(delta)
        ahead = bisect_right(spare.deltas, self.latest_ns, key=attrgetter("event_ns"))
        if ahead < len(spare.deltas):
            first = spare.deltas[ahead]
            if delta.received_ns - first.received_ns >= hold_ns:
                yield from self._take_over(line, delta)

    def snapshot(self, line: str, snapshot: BookSnapshot) -> Iterator[BookSnapshot]:
        """Take in a snapshot; yield it if its line is the one that is believed."""
        if self.line is None:
            self.line = line
        if line == self.line:
            self.latest_ns = max(self.latest_ns, snapshot.event_ns)
            yield snapshot
        else:
            self.spares[line] = Spare(since_ns=snapshot.event_ns, snapshot=snapshot)

    def gap(self, line: str, gap: Gap) -> Iterator[BookDelta | BookSnapshot | Gap]:
        """Take in that a line has lost something."""
        if line != self.line:
            self.spares.pop(line, None)
            return
        ready = self._ready()
        if ready is None:
            yield gap
        else:
            yield from self._take_over(ready, gap)

    def move(self, moved: Moved) -> Iterator[BookDelta | BookSnapshot]:
        """Take in that a line has opened or closed."""
        self.spares.pop(moved.line, None)
        if moved.line != self.line:
            return
        self.line = None
        ready = self._ready()
        if ready is not None:
            spare = self.spares.pop(ready)
            self.line = ready
            yield from self._what_it_has(spare)

    def _ready(self) -> str | None:
        """Return a line that is complete since the newest event, if there is one."""
        for line, spare in self.spares.items():
            if spare.since_ns is not None and spare.since_ns <= self.latest_ns:
                return line
        return None

    def _take_over(
        self, line: str, cause: BookDelta | Gap
    ) -> Iterator[BookDelta | BookSnapshot | Gap]:
        spare = self.spares.pop(line)
        self.line = line
        is_behind = spare.since_ns is None or spare.since_ns > self.latest_ns
        if is_behind and spare.snapshot is None:
            yield Gap(**cause.stamp, received_ns=cause.received_ns, reason="line")
        yield from self._what_it_has(spare)

    def _what_it_has(self, spare: Spare) -> Iterator[BookDelta | BookSnapshot]:
        """Yield what a line that takes over knows: its whole book, if it has that.

        Somebody may wait for it: a book that was sent anew on each line in turn comes
        on the one that is not believed just then.
        """
        latest_ns = self.latest_ns
        if spare.snapshot is not None:
            latest_ns = spare.snapshot.event_ns
            self.latest_ns = max(self.latest_ns, latest_ns)
            yield spare.snapshot
        for each in spare.deltas:
            if each.event_ns >= latest_ns:
                self.latest_ns = max(self.latest_ns, each.event_ns)
                yield each


def excess(deltas: Sequence[BookDelta], most: int, most_levels: int) -> int:
    """Return how many of the oldest deltas are too many, as the newest has come.

    Levels are only counted where the newest delta has many: the others together cannot
    have too many.
    """
    count = max(0, len(deltas) - most)
    if _size(deltas[-1]) > _LARGE:
        left = sum(map(_size, deltas)) - most_levels
        for number, delta in enumerate(deltas):
            if left <= 0:
                break
            left -= _size(delta)
            count = max(count, number + 1)
    return count


def _size(delta: BookDelta) -> int:
    return len(delta.bids) + len(delta.asks)
