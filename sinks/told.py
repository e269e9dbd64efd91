"""What a target has been told, as the deliveries say that stand in Kafka."""

from collections.abc import Iterable
from typing import Final

import msgspec

from operators.records.alerts import Delivery, Outcome

SETTLED: Final = frozenset({Outcome.SENT, Outcome.GIVEN_UP, Outcome.UNKNOWN})
"""What comes after these is silence: it is not told again."""


class TellError(Exception):
    """Two who tell the same targets, or a target that cannot be told any more."""


class Told(msgspec.Struct):
    """What one target has been told.

    Attributes:
        settled: Alerts that are not told (again), whatever became of them.
        attempts: How often each other one has been tried.
        hanging: Those whose last attempt has no outcome.
        doubtful: Those that did not arrive, or perhaps not, and of which the target
            has not been told so.
        covered: Those of them that the message under way speaks of.
    """

    settled: set[str] = msgspec.field(default_factory=set)
    attempts: dict[str, int] = msgspec.field(default_factory=dict)
    hanging: dict[str, int] = msgspec.field(default_factory=dict)
    doubtful: dict[str, Outcome] = msgspec.field(default_factory=dict)
    covered: tuple[str, ...] = ()

    def take(self, delivery: Delivery) -> None:
        """Take in a delivery, in the order in which they were written."""
        alert_id, outcome = delivery.alert_id, delivery.outcome
        if outcome is Outcome.SENDING:
            self.hanging[alert_id] = self.attempts[alert_id] = delivery.attempt
            self.covered = tuple(self.doubtful)
            return
        self.hanging.pop(alert_id, None)
        if outcome in SETTLED:
            self.settled.add(alert_id)
            self.attempts.pop(alert_id, None)
        if outcome is Outcome.SENT:
            for each in self.covered:
                self.doubtful.pop(each, None)
        elif outcome in SETTLED:
            self.doubtful[alert_id] = outcome


def told(deliveries: Iterable[Delivery]) -> dict[str, Told]:
    """Return what each target has been told, by its name."""
    found: dict[str, Told] = {}
    for delivery in deliveries:
        found.setdefault(delivery.target, Told()).take(delivery)
    return found
