"""What a flow reads and writes, found by building it without a broker."""

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar

from bytewax import operators as op
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSource

from config.settings import Settings
from flows.catalogue import FLOWS
from infra.kafka import specs
from operators.records import topics
from operators.records.base import Record
from operators.records.topics import Topic
from operators.step import Batches

R = TypeVar("R", bound=Record)


class Outline(NamedTuple):
    """A flow, seen from outside.

    Attributes:
        reads: The topics that it reads.
        writes: Those that it writes.
        keeps: Whether it writes into the lake.
    """

    reads: tuple[Topic[Any], ...]
    writes: tuple[Topic[Any], ...]
    keeps: bool


class _Seen:
    """An IO that leads nowhere, and remembers what was asked of it."""

    closes = False

    def __init__(self) -> None:
        self.reads: dict[Topic[Any], None] = {}
        self.writes: dict[Topic[Any], None] = {}
        self.keeps = False

    def flow(self, name: str) -> Dataflow:
        return Dataflow(name)

    def read(self, flow: Dataflow, topic: Topic[R]) -> Batches[R]:
        return self._read(flow, topic.step, [topic])

    def read_all(self, flow: Dataflow) -> Batches[Any]:
        return self._read(flow, "all", topics.ALL)

    def _read(
        self, flow: Dataflow, what: str, wanted: Iterable[Topic[Any]]
    ) -> Batches[Any]:
        self.reads |= dict.fromkeys(wanted)
        nothing: TestingSource[tuple[str, list[Any]]] = TestingSource([])
        return op.input(f"read_{what}", flow, nothing)

    def write(self, up: Batches[Any], *into: Topic[Any]) -> None:
        self.writes |= dict.fromkeys(into)

    def keep(self, up: Batches[Any]) -> None:
        self.keeps = True


def outline(settings: Settings, flow: str) -> Outline:
    """Return what a flow of the catalogue reads and writes."""
    seen = _Seen()
    FLOWS[flow](settings, seen)
    return Outline(tuple(seen.reads), tuple(seen.writes), seen.keeps)


def most_workers(settings: Settings) -> dict[str, int]:
    """Return how many workers can share each flow: the partitions of its topics.

    A flow over a topic of one partition sees all in one order, and is one worker.
    """
    lanes = {spec.name: spec.partitions for spec in specs.load()}
    found = {}
    for name in FLOWS:
        seen = outline(settings, name)
        counts = [lanes[topic.name] for topic in seen.reads]
        found[name] = max(counts) if seen.keeps else min(counts)
    return found


def workers(settings: Settings, wish: int) -> dict[str, int]:
    """Return how many workers each flow is where so many are wished for."""
    most = most_workers(settings)
    return {name: 1 if count == 1 else wish for name, count in most.items()}


def fed(settings: Settings, topic: Topic[Any]) -> tuple[str, ...]:
    """Return the flows that have all they read once there is this topic.

    What keeps everything is not among them: it reads whatever there is.
    """
    there, found = {topic}, []
    for name in FLOWS:
        seen = outline(settings, name)
        if not seen.keeps and there.issuperset(seen.reads):
            there.update(seen.writes)
            found.append(name)
    return tuple(found)
