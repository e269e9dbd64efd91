"""What one line brings twice or in a falling order, whatever the others bring."""

from collections.abc import Iterator
from typing import Final

import msgspec

from operators.records.market import BookDelta, Flaw, FlawKind
from operators.records.time import SECOND

_EVERY_NS: Final = SECOND


class Track(msgspec.Struct):
    """How far a line has come in a stream that is numbered.

    Attributes:
        newest: The newest number that it has brought; -1 before the first.
        first: The first number of the newest hole before it.
        last: The last one.
    """

    newest: int = -1
    first: int = 0
    last: int = -1

    def moves(self, number: int, previous: int) -> FlawKind | None:
        """Take in a number, and the one that it follows; return what is wrong.

        What lies in the newest hole comes late; anything else that is not new has been
        there before. One that is lower than what it follows begins to count anew, and
        one that follows itself says that nothing has changed.
        """
        newest = self.newest
        if number > newest or number < previous:
            if newest < previous <= number:
                self.first, self.last = newest + 1, previous
            self.newest = number
            return None
        if number == previous:
            return None
        if self.first <= number <= self.last:
            return FlawKind.OUT_OF_ORDER
        return FlawKind.DUPLICATE


def follows_not(delta: BookDelta, last: BookDelta | None) -> FlawKind | None:
    """Return what is wrong with a delta that is not numbered, behind the last one.

    Two may be of one moment; that both say the same as well is a repetition.
    """
    if last is None or delta.event_ns > last.event_ns:
        return None
    if delta.event_ns < last.event_ns:
        return FlawKind.OUT_OF_ORDER
    same = delta.bids == last.bids and delta.asks == last.asks
    return FlawKind.DUPLICATE if same else None


class Pending(msgspec.Struct):
    """Flaws of one kind that have not been said.

    Attributes:
        count: How many.
        event_ns: The newest time when there was one, by the venue's clock [ns UTC].
        received_ns: The newest arrival [ns UTC].
        said_ns: The arrival at which the last was said [ns UTC].
    """

    count: int = 0
    event_ns: int = 0
    received_ns: int = 0
    said_ns: int | None = None

    def add(self, event_ns: int, received_ns: int) -> None:
        """Take one in."""
        self.count += 1
        self.event_ns = max(self.event_ns, event_ns)
        self.received_ns = received_ns


Flaws = dict[FlawKind, Pending]
"""What a line has done that it should not, and that is not said yet."""


def due(flaws: Flaws, key: str, line: str, now_ns: int) -> Iterator[Flaw]:
    """Yield what may be said at an arrival: one a second and kind."""
    for kind, pending in flaws.items():
        said_ns = pending.said_ns
        if said_ns is None or not 0 <= now_ns - said_ns < _EVERY_NS:
            yield from _said(kind, pending, key, line, now_ns)


def rest(flaws: Flaws, key: str, line: str) -> Iterator[Flaw]:
    """Yield all that is not said yet, whenever the last was."""
    for kind, pending in flaws.items():
        at_ns = pending.received_ns
        if pending.said_ns is not None:
            at_ns = max(at_ns, pending.said_ns + 1)  # no two of one moment
        yield from _said(kind, pending, key, line, at_ns)


def _said(
    kind: FlawKind, pending: Pending, key: str, line: str, at_ns: int
) -> Iterator[Flaw]:
    if not pending.count:
        return
    venue, _, symbol = key.partition(":")
    yield Flaw(
        venue=venue,
        symbol=symbol,
        event_ns=pending.event_ns,
        received_ns=at_ns,
        line=line,
        kind=kind,
        count=pending.count,
    )
    pending.count, pending.said_ns = 0, at_ns
