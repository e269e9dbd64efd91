"""What has passed a process's own sinks: how many by class, the newest of each key.

It only looks. Nothing of it comes back into a flow, and nothing outlives the process:
what tells of a state is known again when the next record of it has passed.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from operators.records.alerts import Alert, Delivery
from operators.records.base import Record
from operators.records.book import Command
from operators.records.connection import ConnectionEvent
from operators.records.healing import Healing
from operators.records.health import ConnectionHealth, SystemHealth
from operators.records.quality import QualityIssue, QualityScore
from operators.records.topics import Topic

Kind = type[Record]

TOLD: Final[dict[Kind, tuple[str, ...]]] = {
    Alert: ("phase", "severity"),
    Command: ("action",),
    ConnectionEvent: ("venue", "connection", "line", "event"),
    Delivery: ("target", "outcome"),
    Healing: ("decision", "action"),
    QualityIssue: ("kind", "severity", "phase"),
}
"""What records of a class are counted by, each combination by itself."""

STATES: Final[dict[Kind, tuple[str, ...]]] = {
    ConnectionEvent: ("venue", "connection", "line"),
    ConnectionHealth: ("venue", "connection", "line"),
    QualityScore: ("venue", "symbol"),
    SystemHealth: ("venue",),
}
"""Which records tell of the state of something, and of what."""


class Tap:
    """Looks at records on their way out.

    Attributes:
        topics: Those that the process writes.
        counts: Records that have passed, by class.
        told: Those of some classes, by what :data:`TOLD` names.
        newest: The newest of each key of each class in :data:`STATES`.
        event_ns: The newest event time that has passed; 0: none [ns UTC].
    """

    def __init__(self) -> None:
        self.topics: dict[str, Topic[Any]] = {}
        self.counts: Counter[Kind] = Counter()
        self.told: Counter[tuple[Any, ...]] = Counter()
        self.newest: dict[Kind, dict[tuple[Any, ...], Any]] = {}
        self.event_ns = 0
        self._followed = frozenset(TOLD) | frozenset(STATES)

    def expect(self, topics: Iterable[Topic[Any]]) -> None:
        """Say what will pass: what has not yet is shown as none, not as unknown."""
        for topic in topics:
            self.topics[topic.name] = topic
            self.counts.update(dict.fromkeys(topic.records, 0))

    def __call__(self, records: Sequence[Record]) -> None:
        """Look at records of one key that pass."""
        if not records:
            return
        kinds = set(map(type, records))
        if len(kinds) == 1:
            self.counts[records[0].__class__] += len(records)
        else:
            self.counts.update(map(type, records))
        event_ns = getattr(records[-1], "event_ns", 0)
        self.event_ns = max(self.event_ns, event_ns)
        if not self._followed.isdisjoint(kinds):
            for record in records:
                self._follow(record)

    def _follow(self, record: Record) -> None:
        kind = record.__class__
        if (by := TOLD.get(kind)) is not None:
            self.told[kind, *(getattr(record, name) for name in by)] += 1
        if (of := STATES.get(kind)) is not None:
            key = tuple(getattr(record, name) for name in of)
            self.newest.setdefault(kind, {})[key] = record

    def states(self, kind: Kind) -> list[Any]:
        """Return the newest record of each key; another thread may add meanwhile."""
        return list(self.newest.get(kind, {}).values())

    def told_of(self, kind: Kind) -> list[tuple[tuple[str, ...], int]]:
        """Return how many have passed, by what its class is counted by."""
        told = self.told.copy()
        return [
            (tuple(str(each) for each in by), count)
            for (found, *by), count in told.items()
            if found is kind
        ]
