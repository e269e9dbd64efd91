"""What a person must know, and whether they were told."""

from enum import StrEnum
from typing import ClassVar

from operators.records.base import Int64, Record
from operators.records.quality import Severity


class AlertPhase(StrEnum):
    """Where an alert is in its life."""

    FIRING = "firing"
    REPEATED = "repeated"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    DIGEST = "digest"


class Alert(Record, frozen=True, kw_only=True, gc=False):
    """A rule of the settings has found something that a person must know.

    Attributes:
        rule: The rule's name.
        subject: What it is about: the dedupe key within the rule.
        venue: Of which venue, where the record has one.
        symbol: Of which symbol, where the record has one.
        event_ns: When, in the time of the record that showed it [ns UTC].
        severity: How urgent.
        phase: Whether it fires, fires still, is escalated, is over, or sums up.
        opened_ns: Since when its condition has held [ns UTC].
        count: Records that have met it since.
        title: A line for a person.
        body: The rest.
    """

    table: ClassVar[str] = "alerts"
    remembers: ClassVar[bool] = True
    natural_key: ClassVar[tuple[str, ...]] = (
        *("rule", "subject", "opened_ns", "phase", "event_ns"),
    )

    rule: str
    subject: str
    venue: str | None = None
    symbol: str | None = None
    event_ns: Int64
    severity: Severity
    phase: AlertPhase
    opened_ns: Int64
    count: Int64 = 1
    title: str
    body: str = ""

    @property
    def key(self) -> str:
        """The rule and its subject."""
        return f"{self.rule}:{self.subject}"

    @property
    def alert_id(self) -> str:
        """What tells this saying of it from all others; follows from the record."""
        parts = (self.rule, self.subject, self.opened_ns, self.phase, self.event_ns)
        return "/".join(str(part) for part in parts)


class Outcome(StrEnum):
    """What became of an attempt to tell a target."""

    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    GIVEN_UP = "given up"
    UNKNOWN = "unknown"


class Delivery(Record, frozen=True, kw_only=True, gc=False):
    """An attempt to tell a target of an alert; written before it is made, and after.

    Attributes:
        alert_id: Which alert.
        target: The target's name in the settings; never its address.
        attempt: From 1.
        outcome: What became of it; ``sending`` until that is known, ``unknown`` where
            the process ended meanwhile: it is not told again.
        received_ns: When, by our clock [ns UTC].
        reason: Why it failed, else empty.
    """

    table: ClassVar[str] = "deliveries"
    natural_key: ClassVar[tuple[str, ...]] = (
        *("alert_id", "target", "attempt", "outcome"),
    )

    alert_id: str
    target: str
    attempt: Int64
    outcome: Outcome
    received_ns: Int64
    reason: str = ""

    @property
    def key(self) -> str:
        """The target, and the alert: all that is said of a delivery is in one order."""
        return f"{self.target}:{self.alert_id}"
