"""The only doors of a flow: Kafka and the lake, or a recording and a lake.

A flow is built the same way on both. On Kafka each flow is a process that reads and
writes topics; on a recording all flows become one, and a topic is the stream between
two of them.
"""

import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple, Protocol, TypeVar

from bytewax import operators as op
from bytewax.dataflow import Dataflow, Stream

from config.settings import Settings
from config.shard import WHOLE, Shard
from connectors.kafka import KafkaSource, Reading
from connectors.replayed import ReplayedSource
from flows.tap import Tap
from operators import step
from operators.records import topics
from operators.records.base import Record
from operators.records.dead import BURIED
from operators.records.span import EVER, Span, dated_ns
from operators.records.topics import Topic
from operators.step import Batches
from sinks.kafka import KafkaSink
from sinks.parquet import LakeSink

R = TypeVar("R", bound=Record)


class IO(Protocol):
    """Where a flow's records come from and go to."""

    closes: bool
    """Whether the input has a true end, at which windows close."""

    def flow(self, name: str) -> Dataflow:
        """Return the dataflow that the named flow is built in."""
        ...

    def read(self, flow: Dataflow, topic: Topic[R]) -> Batches[R]:
        """Return a topic's records, by key; what is none becomes a dead letter."""
        ...

    def read_all(self, flow: Dataflow) -> Batches[Any]:
        """Return the records of every topic."""
        ...

    def write(self, up: Batches[Any], *into: Topic[Any]) -> None:
        """Send each record to the one of these topics that carries its class."""
        ...

    def keep(self, up: Batches[Any]) -> None:
        """Write each record into the lake."""
        ...


def _readable(batch: tuple[str, list[Any]]) -> bool:
    return batch[0] != BURIED


class Worker(NamedTuple):
    """What one process does of a flow, and what it may do without its state.

    Attributes:
        shard: Which of the partitions are its own.
        rebuild: As in :class:`connectors.kafka.Reading`.
        skip_expired: Likewise.
    """

    shard: Shard = WHOLE
    rebuild: bool = False
    skip_expired: bool = False


class KafkaIO:
    """Topics of a broker, and the settings' lake.

    Attributes:
        sources: What is read, once the flow has been built.
        tap: What passes all that is written.
    """

    closes = False

    def __init__(
        self, settings: Settings, stop: Event, worker: Worker | None = None
    ) -> None:
        """Say where.

        Args:
            settings: The whole tree.
            stop: Ends the flow in good order when it is set.
            worker: What this process does of the flow; all of it if not given.
        """
        self._settings = settings
        self._stop = stop
        self._worker = worker or Worker()
        self._name = ""
        self.sources: list[KafkaSource] = []
        self.tap = Tap()

    def flow(self, name: str) -> Dataflow:
        """Return a dataflow of its own."""
        self._name = name
        return Dataflow(name)

    def read(self, flow: Dataflow, topic: Topic[R]) -> Batches[R]:
        """Read a topic; bury what is no record of it."""
        return self._read(flow, topic.step, [topic])

    def read_all(self, flow: Dataflow) -> Batches[Any]:
        """Read every topic by one consumer."""
        return self._read(flow, "all", list(topics.ALL), placed=True)

    def _read(
        self,
        flow: Dataflow,
        what: str,
        wanted: list[Topic[Any]],
        *,
        placed: bool = False,
    ) -> Batches[Any]:
        worker = self._worker
        reading = Reading(
            kafka=self._settings.kafka,
            group=f"tapewatch-{self._name}",
            topics=wanted,
            stop=self._stop,
            shard=worker.shard,
            placed=placed,
            rebuild=worker.rebuild,
            skip_expired=worker.skip_expired,
        )
        source = KafkaSource(reading)
        self.sources.append(source)
        read = op.input(f"read_{what}", flow, source)
        split = op.branch(f"readable_{what}", read, _readable)
        dead: Stream[Any] = split.falses
        op.output(f"bury_{what}", dead, self._sink([topics.DEAD]))
        return split.trues

    def write(self, up: Batches[Any], *into: Topic[Any]) -> None:
        """Send to topics."""
        step_id = "write_" + "_".join(topic.step for topic in into)
        op.output(step_id, up, self._sink(into))

    def _sink(self, into: Sequence[Topic[Any]]) -> KafkaSink:
        self.tap.expect(into)
        return KafkaSink(self._settings.kafka, into, self._is_past, self.tap)

    def _is_past(self) -> bool:
        return all(source.is_past for source in self.sources)

    def keep(self, up: Batches[Any]) -> None:
        """Write into the settings' lake."""
        lake = Path(self._settings.lake.path)
        op.output("lake", up, LakeSink(lake, self._writer()))

    def _writer(self) -> str:
        """Return a name that lives and dies with the flow's recovery store."""
        store = store_of(self._settings, self._name, self._worker.shard)
        file = store / "writer"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            half = file.with_suffix(".tmp")
            half.write_text(f"{self._name}-{secrets.token_hex(6)}")
            half.replace(file)
        return file.read_text()


def stores_of(settings: Settings, flow: str) -> Path:
    """Return the folder with the stores of all workers of a flow."""
    return Path(settings.recovery.path) / f"{flow}-v2"


def store_of(settings: Settings, flow: str, shard: Shard) -> Path:
    """Return where a worker keeps its state."""
    return stores_of(settings, flow) / shard.name


class ReplayIO:
    """Records of the past, and a lake. Flows must be built in the order of topics.

    Attributes:
        closes: Whether windows close at the end of the records.
        written: The names of the topics that flows write.
    """

    def __init__(
        self,
        records: Iterator[Record],
        lake: Path,
        batch: int,
        *,
        topic: Topic[Any] = topics.FRAMES,
        closes: bool,
        writer: str | None = None,
        kept: Span = EVER,
    ) -> None:
        """Say what to replay.

        Args:
            records: What is replayed.
            lake: Where everything is kept.
            batch: How many records are handed on at a time; changes nothing.
            topic: Whose records they are.
            closes: Whether windows close at the end of the records.
            writer: The lake's writer, which takes back what it wrote before; a new one
                if not given.
            kept: Only rows that are dated in it reach the lake.
        """
        self.closes = closes
        self.written: set[str] = set()
        self._flow = Dataflow("replay")
        self._lake, self._writer, self._kept = lake, writer, kept
        read = op.input("read_recording", self._flow, ReplayedSource(records, batch))
        split = op.branch("readable_recording", read, _readable)
        self._read: dict[str, Batches[Any]] = {}
        self._streams: dict[str, list[Stream[Any]]] = {
            topic.name: [split.trues],
            topics.DEAD.name: [split.falses],
        }

    def flow(self, name: str) -> Dataflow:
        """Return the one dataflow of the replay."""
        return self._flow

    def read(self, flow: Dataflow, topic: Topic[R]) -> Batches[R]:
        """Return what earlier flows wrote to a topic.

        Raises:
            KeyError: If none did.
        """
        if topic.name in self._read:
            return self._read[topic.name]
        merged = op.merge(f"merge_{topic.step}", *self._streams[topic.name])
        records = topic.records

        def of_topic(batch: tuple[str, list[R]]) -> tuple[str, list[R]] | None:
            kept = [record for record in batch[1] if isinstance(record, records)]
            return (batch[0], kept) if kept else None

        only = op.filter_map(f"only_{topic.step}", merged, of_topic)
        self._read[topic.name] = step.rekey(f"read_{topic.step}", only)
        return self._read[topic.name]

    def read_all(self, flow: Dataflow) -> Batches[Any]:
        """Return everything that was read or written."""
        streams: dict[str, Stream[Any]] = {
            stream.stream_id: stream
            for written in self._streams.values()
            for stream in written
        }
        return op.merge("read_all", *streams.values())

    def write(self, up: Batches[Any], *into: Topic[Any]) -> None:
        """Hand a stream to the flows behind."""
        for topic in into:
            self.written.add(topic.name)
            self._streams.setdefault(topic.name, []).append(up)

    def keep(self, up: Batches[Any]) -> None:
        """Write into the replay's lake what is dated in the span."""
        if self._kept.bounded:
            up = op.filter_map("in_span", up, self._in_span)
        writer = self._writer or f"replay-{secrets.token_hex(6)}"
        op.output("lake", up, LakeSink(self._lake, writer))

    def _in_span(self, batch: tuple[str, list[Any]]) -> tuple[str, list[Any]] | None:
        holds = self._kept.holds
        kept = [record for record in batch[1] if holds(dated_ns(record))]
        return (batch[0], kept) if kept else None
