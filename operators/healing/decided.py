"""A decision, as the records that say it."""

from collections.abc import Iterator
from typing import TypedDict

import msgspec

from operators.healing.case import Case
from operators.records.book import Action, Command
from operators.records.healing import Decision, Healing

Said = Command | Healing


class Where(TypedDict):
    """For whom something is decided."""

    venue: str
    symbol: str | None
    connection: str | None
    line: str | None


class Stamp(msgspec.Struct):
    """When the newest decision of a key is dated.

    Attributes:
        latest_ns: Its date; None before the first [ns UTC].
    """

    latest_ns: int | None = None

    def next(self, at_ns: int) -> int:
        """Return the moment, or the next one that nothing has been dated by yet."""
        if self.latest_ns is not None:
            at_ns = max(at_ns, self.latest_ns + 1)
        self.latest_ns = at_ns
        return at_ns


class Cause(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why something is decided, and for whom.

    Attributes:
        venue: Where.
        symbol: For which symbol, or None.
        connection: For which connection, where it is for a line.
        line: For which line of it.
        text: In the words of what was seen.
        event_ns: When, in its own time [ns UTC].
        received_ns: Arrival of what showed it [ns UTC].
    """

    venue: str
    symbol: str | None = None
    connection: str | None = None
    line: str | None = None
    text: str
    event_ns: int
    received_ns: int


def decided(
    decision: Decision, action: Action, case: Case, cause: Cause, stamp: Stamp
) -> Iterator[Said]:
    """Yield the record of a decision; of an order, the command before it.

    A decision that it is well reads off the case how long that took, so that it is
    made before the case is told.
    """
    at_ns = stamp.next(cause.event_ns)
    where = Where(
        venue=cause.venue,
        symbol=cause.symbol,
        connection=cause.connection,
        line=cause.line,
    )
    if decision is Decision.ORDERED:
        yield Command(**where, event_ns=at_ns, action=action, reason=cause.text)
    lasted_ns = None
    if decision is Decision.HEALED and case.first_ns is not None:
        lasted_ns = max(cause.event_ns - case.first_ns, 0)
    yield Healing(
        **where,
        event_ns=at_ns,
        received_ns=cause.received_ns,
        decision=decision,
        action=action,
        cause=cause.text,
        attempt=case.attempt,
        within_hour=len(case.orders),
        duration_ns=lasted_ns,
    )
