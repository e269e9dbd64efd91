"""What was decided to mend what health and quality saw."""

from enum import StrEnum
from typing import ClassVar

from operators.records.base import Int64, Record
from operators.records.book import Action


class Decision(StrEnum):
    """What became of a wish to mend something."""

    ORDERED = "ordered"
    COOLING = "cooling"
    ESCALATED = "escalated"
    HEALED = "healed"


class Healing(Record, frozen=True, kw_only=True, gc=False):
    """A decision to mend something, not to yet, to call a person, or that it is well.

    Attributes:
        venue: Where.
        symbol: Of which symbol, or None.
        connection: Of which connection, where it is of one.
        line: Of which line of it.
        event_ns: When, in the time of its cause [ns UTC].
        received_ns: Arrival of what caused it [ns UTC].
        decision: What was decided; ``cooling`` is said once a pause, ``escalated`` once
            until it may be ordered again.
        action: What would mend it.
        cause: The issue that asks for it, in its own words.
        attempt: Times it has been ordered for this cause, this one included.
        within_hour: Times it has been ordered of this subject in the last hour.
        duration_ns: From the first order until it was well; None before, and where it
            was never ordered [ns].
    """

    table: ClassVar[str] = "healings"
    remembers: ClassVar[bool] = True
    natural_key: ClassVar[tuple[str, ...]] = (
        *("venue", "symbol", "connection", "line", "event_ns", "action", "decision"),
        "cause",
    )

    venue: str
    symbol: str | None = None
    connection: str | None = None
    line: str | None = None
    event_ns: Int64
    received_ns: Int64
    decision: Decision
    action: Action
    cause: str
    attempt: Int64 = 0
    within_hour: Int64 = 0
    duration_ns: Int64 | None = None

    @property
    def key(self) -> str:
        """``venue:symbol``, or ``venue:connection`` where it is of no symbol."""
        if self.symbol is not None:
            return f"{self.venue}:{self.symbol}"
        return f"{self.venue}:{(self.connection or '').partition('.')[0]}"
