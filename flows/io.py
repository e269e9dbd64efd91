"""The only doors of a flow: Kafka and the lake, or a recording and a lake.

A flow is built the same way on both. On Kafka each flow is a process that reads and
writes topics; on a recording all flows become one, and a topic is the stream between
two of them.
"""

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Any, Protocol, TypeVar

from bytewax import operators as op
from bytewax.dataflow import Dataflow, Stream
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from config.settings import Settings
from connectors.kafka import KafkaSource
from operators import step
from operators.records import topics
from operators.records.base import Record
from operators.records.dead import BURIED, DeadLetter
from operators.records.frame import Frame
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


class KafkaIO:
    """Topics of a broker, and the settings' lake."""

    closes = False

    def __init__(self, settings: Settings, stop: Event) -> None:
        """Say where.

        Args:
            settings: The whole tree.
            stop: Ends the flow in good order when it is set.
        """
        self._settings = settings
        self._stop = stop
        self._name = ""

    def flow(self, name: str) -> Dataflow:
        """Return a dataflow of its own."""
        self._name = name
        return Dataflow(name)

    def read(self, flow: Dataflow, topic: Topic[R]) -> Batches[R]:
        """Read a topic; bury what is no record of it."""
        return self._read(flow, topic.step, [topic])

    def read_all(self, flow: Dataflow) -> Batches[Any]:
        """Read every topic by one consumer."""
        return self._read(flow, "all", list(topics.ALL))

    def _read(
        self, flow: Dataflow, what: str, wanted: list[Topic[Any]]
    ) -> Batches[Any]:
        kafka, group = self._settings.kafka, f"tapewatch-{self._name}"
        source = KafkaSource(kafka, group, wanted, self._stop)
        read = op.input(f"read_{what}", flow, source)
        split = op.branch(f"readable_{what}", read, _readable)
        dead: Stream[Any] = split.falses
        op.output(f"bury_{what}", dead, KafkaSink(kafka, [topics.DEAD]))
        return split.trues

    def write(self, up: Batches[Any], *into: Topic[Any]) -> None:
        """Send to topics."""
        step_id = "write_" + "_".join(topic.step for topic in into)
        op.output(step_id, up, KafkaSink(self._settings.kafka, into))

    def keep(self, up: Batches[Any]) -> None:
        """Write into the settings' lake."""
        lake = Path(self._settings.lake.path)
        op.output("lake", up, LakeSink(lake, self._writer()))

    def _writer(self) -> str:
        """Return a name that lives and dies with the flow's recovery store."""
        file = recovery_folder(self._settings, self._name) / "writer"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            half = file.with_suffix(".tmp")
            half.write_text(f"{self._name}-{secrets.token_hex(6)}")
            half.replace(file)
        return file.read_text()


def recovery_folder(settings: Settings, flow: str) -> Path:
    """Return where a flow keeps its state."""
    return Path(settings.recovery.path) / f"{flow}-v1"


class _Frames(StatefulSourcePartition[tuple[str, list[Record]], None]):
    def __init__(self, frames: Iterator[Frame | DeadLetter], size: int) -> None:
        self._frames = frames
        self._size = size

    def next_batch(self) -> list[tuple[str, list[Record]]]:
        groups: defaultdict[str, list[Record]] = defaultdict(list)
        for each in islice(self._frames, self._size):
            groups[BURIED if isinstance(each, DeadLetter) else each.key].append(each)
        if not groups:
            raise StopIteration
        return list(groups.items())

    def snapshot(self) -> None:
        return None


class _FramesSource(FixedPartitionedSource[tuple[str, list[Record]], None]):
    def __init__(self, frames: Iterator[Frame | DeadLetter], size: int) -> None:
        self._part = _Frames(frames, size)

    def list_parts(self) -> list[str]:
        return ["recording"]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> _Frames:
        return self._part


class ReplayIO:
    """Frames of a recording, and a lake. Flows must be built in the order of topics."""

    def __init__(
        self,
        frames: Callable[[], Iterator[Frame | DeadLetter]],
        lake: Path,
        batch: int,
        *,
        closes: bool,
    ) -> None:
        """Say what to replay.

        Args:
            frames: Yields the recording, once.
            lake: Where everything is kept.
            batch: How many frames are handed on at a time; changes nothing.
            closes: Whether windows close at the end of the recording.
        """
        self.closes = closes
        self._flow = Dataflow("replay")
        self._lake = lake
        read = op.input("read_recording", self._flow, _FramesSource(frames(), batch))
        split = op.branch("readable_recording", read, _readable)
        self._read: dict[str, Batches[Any]] = {}
        self._streams: dict[str, list[Stream[Any]]] = {
            topics.FRAMES.name: [split.trues],
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
            self._streams.setdefault(topic.name, []).append(up)

    def keep(self, up: Batches[Any]) -> None:
        """Write into the replay's lake."""
        writer = f"replay-{secrets.token_hex(6)}"
        op.output("lake", up, LakeSink(self._lake, writer))
