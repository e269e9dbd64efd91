"""Every topic: a name and the records in it, in one line each.

The wire is JSON. A topic's encoder and decoder are built once, here.
"""

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any, Final, Generic, TypeVar

import msgspec

from operators.records.alerts import Alert, Delivery
from operators.records.bar import Bar
from operators.records.base import Record
from operators.records.book import Book, BookState, Command
from operators.records.calibration import Calibration, Normalised
from operators.records.connection import ConnectionEvent
from operators.records.dead import DeadLetter
from operators.records.feature import Feature
from operators.records.frame import Frame, Ignored
from operators.records.healing import Healing
from operators.records.health import ConnectionHealth, Reading, SystemHealth
from operators.records.market import (
    BookDelta,
    BookSnapshot,
    Flaw,
    Gap,
    Heartbeat,
    LateTrade,
    Mark,
    MarketEvent,
    Tally,
    Top,
    Trade,
)
from operators.records.priority import Priority, PriorityWeights
from operators.records.process import ProcessState
from operators.records.quality import QualityIssue, QualityScore

R = TypeVar("R", bound=Record)

FENCE: Final = b"fence"
"""The key of a message without a value: it says nothing, and marks how far to read."""


class Topic(Generic[R]):
    """A named stream of records.

    Attributes:
        name: Plural noun of the record, and a version: ``bars.v1``.
        records: The classes of records in it.
        step: The name without periods, as step ids want it.
    """

    def __init__(self, name: str, *records: type[R]) -> None:
        self.name = name
        self.records = records
        self.step = name.replace(".", "_")
        self.encode = msgspec.json.Encoder().encode
        union: Any = reduce(or_, records)
        self._decoder: msgspec.json.Decoder[R] = msgspec.json.Decoder(union)

    def decode(self, raw: bytes) -> R:
        """Return the record in a message.

        Raises:
            Exception: One of ``UNREADABLE``, if the bytes are no record of this topic.
        """
        return self._decoder.decode(raw)

    def __repr__(self) -> str:
        return f"Topic({self.name!r})"


FRAMES: Final = Topic("frames.v1", Frame)
CONNECTIONS: Final = Topic("connections.v1", ConnectionEvent)
MARKET: Final[Topic[MarketEvent]] = Topic(
    "market.v1", Trade, Top, BookDelta, BookSnapshot, Mark, Gap, Flaw, Heartbeat
)
LATE: Final = Topic("market.late.v1", LateTrade)
TALLIES: Final = Topic("tallies.v1", Tally)
IGNORED: Final = Topic("ignored.v1", Ignored)
BOOKS: Final = Topic("books.v1", Book)
BOOK_STATES: Final = Topic("book_states.v1", BookState)
COMMANDS: Final = Topic("commands.v1", Command)
BARS: Final = Topic("bars.v1", Bar)
READINGS: Final = Topic("readings.v1", Reading)
CONNECTION_HEALTH: Final = Topic("connection_health.v1", ConnectionHealth)
QUALITY_ISSUES: Final = Topic("quality_issues.v1", QualityIssue)
QUALITY_SCORES: Final = Topic("quality_scores.v1", QualityScore)
SYSTEM_HEALTH: Final = Topic("system_health.v1", SystemHealth)
HEALINGS: Final = Topic("healings.v1", Healing)
ALERTS: Final = Topic("alerts.v1", Alert)
DELIVERIES: Final = Topic("deliveries.v1", Delivery)
PROCESSES: Final = Topic("processes.v1", ProcessState)
FEATURES: Final = Topic("features.v1", Feature)
CALIBRATIONS: Final = Topic("calibrations.v1", Calibration)
NORMALISED: Final = Topic("normalised.v1", Normalised)
PRIORITIES: Final = Topic("priorities.v1", Priority)
WEIGHTS: Final = Topic("weights.v1", PriorityWeights)
DEAD: Final = Topic("dead.v1", DeadLetter)

ALL: Final[tuple[Topic[Any], ...]] = (
    FRAMES,
    CONNECTIONS,
    MARKET,
    LATE,
    TALLIES,
    IGNORED,
    BOOKS,
    BOOK_STATES,
    COMMANDS,
    BARS,
    READINGS,
    CONNECTION_HEALTH,
    QUALITY_ISSUES,
    QUALITY_SCORES,
    SYSTEM_HEALTH,
    HEALINGS,
    ALERTS,
    DELIVERIES,
    PROCESSES,
    FEATURES,
    CALIBRATIONS,
    NORMALISED,
    PRIORITIES,
    WEIGHTS,
    DEAD,
)


def named(names: Iterable[str]) -> list[Topic[Any]]:
    """Return the topics with these names.

    Raises:
        KeyError: If there is no such topic.
    """
    by_name = {topic.name: topic for topic in ALL}
    return [by_name[name] for name in names]
