"""Put what was received once more through the same flows, into a lake.

``replay`` reads a recording, ``reprocess`` Kafka or a lake; the rest is the same.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from bytewax.errors import BytewaxRuntimeError

from config.access import AccessError
from config.load import ConfigError
from config.settings import Settings
from connectors.reader import KafkaError
from connectors.recording import Recording, RecordingError
from flows.catalogue import FLOWS
from flows.io import ReplayIO
from flows.run import run_to_end
from operators.records import topics
from operators.records.base import Record
from operators.records.dead import DeadLetter
from operators.records.frame import Frame, FrameKind, locate
from operators.records.span import EVER, Span
from operators.records.topics import Topic
from sinks.catalog import publish
from sinks.lake import TABLES, LakeError

_REPORT_EVERY: Final = 500
_MENDABLE: Final = (AccessError, KafkaError, LakeError, RecordingError)

Progress = Callable[[int, int], None]
REPLAYED: Final = tuple(name for name in FLOWS if name != "archive")


class Source(Protocol):
    """What was received once: read once more, in order, and to its end."""

    @property
    def size(self) -> int:
        """How much there is to read, at most."""

    @property
    def position(self) -> int:
        """How much has been read."""

    def __iter__(self) -> Iterator[Record]:
        """Yield the records."""


class Course(NamedTuple):
    """What is done with what is read.

    Attributes:
        lake: Where everything is kept; made where it is missing.
        topic: Whose records are read.
        flows: Which flows; each needs those whose topics it reads.
        batch: How many records are handed on at a time; changes nothing.
        closes: Whether the source has a true end, at which windows close.
        writer: The lake's writer; one that is named takes back what it wrote before.
        kept: Only rows that are dated in it reach the lake.
    """

    lake: Path
    topic: Topic[Any] = topics.FRAMES
    flows: Sequence[str] = REPLAYED
    batch: int = 1_000
    closes: bool = False
    writer: str | None = None
    kept: Span = EVER


class Seen:
    """What has been read.

    Attributes:
        records: Records of the topic.
        span: From the oldest arrival to the newest [ns UTC].
        cold: Lines that were taken up in their midst.
    """

    def __init__(self, source: Source, progress: Progress) -> None:
        self.records = 0
        self.cold: set[tuple[str, str, str]] = set()
        self._met: set[tuple[str, str, str]] = set()
        self._first_ns: int | None = None
        self._last_ns = 0
        self._source, self._progress = source, progress

    @property
    def span(self) -> Span:
        """From the oldest arrival to the newest."""
        return Span(self._first_ns, self._last_ns if self.records else None)

    def __iter__(self) -> Iterator[Record]:
        """Yield what the source yields."""
        for record in self._source:
            if not isinstance(record, DeadLetter):
                self._see(record)
            yield record

    def _see(self, record: Any) -> None:
        self.records += 1
        if self._first_ns is None:
            self._first_ns = record.received_ns
        self._last_ns = max(self._last_ns, record.received_ns)
        if isinstance(record, Frame):
            line = (record.venue, record.connection, record.line)
            if record.kind is not FrameKind.STATUS and line not in self._met:
                self._met.add(line)
                if record.kind is not FrameKind.OPEN:
                    self.cold.add(line)
        if self.records % _REPORT_EVERY == 0:
            self._progress(self._source.position, self._source.size)


def check(flows: Sequence[str]) -> None:
    """Check that there are such flows.

    Raises:
        ConfigError: If there is none of that name.
    """
    unknown = [name for name in flows if name not in FLOWS]
    if unknown:
        known = ", ".join(FLOWS)
        raise ConfigError(f"--flows: Expected some of {known}, not `{unknown[0]}`")


def made(settings: Settings, flows: Sequence[str], topic: Topic[Any]) -> list[str]:
    """Return the names of the tables that these flows fill from a topic.

    Raises:
        ConfigError: If a flow is missing that another reads from.
    """
    io = _built(settings, Course(Path(), topic, flows), iter(()))
    return [
        TABLES[record].name
        for each in topics.ALL
        if each.name in io.written
        for record in each.records
    ]


def run(settings: Settings, source: Source, course: Course, progress: Progress) -> Seen:
    """Put a source through the flows, as fast as it goes.

    Args:
        settings: The whole tree; of it, only what the flows use.
        source: What is read.
        course: What is done with it.
        progress: Told now and then how much of how much has been read.

    Raises:
        ConfigError: If a flow is unknown, or one that it reads from is missing.
        RecordingError: If a recording cannot be read.
        KafkaError: If the broker cannot be read.
    """
    check(course.flows)
    seen = Seen(source, progress)
    io = _built(settings, course, iter(seen))
    publish(course.lake)
    try:
        run_to_end(io.flow("replay"))
    except BytewaxRuntimeError as error:
        if isinstance(error.__cause__, _MENDABLE):
            raise error.__cause__ from None
        raise
    progress(source.size, source.size)
    return seen


def _built(settings: Settings, course: Course, records: Iterator[Record]) -> ReplayIO:
    io = ReplayIO(
        records,
        course.lake,
        course.batch,
        topic=course.topic,
        closes=course.closes,
        writer=course.writer,
        kept=course.kept,
    )
    for name in [each for each in FLOWS if each in course.flows or each == "archive"]:
        try:
            FLOWS[name](settings, io)
        except KeyError as error:
            text = f"--flows: `{name}` reads {error}, and no flow before it writes it"
            raise ConfigError(text) from error
    return io


class _Lines:
    """A recording, each frame told its line."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self.size = recording.size

    @property
    def position(self) -> int:
        return self._recording.position

    def __iter__(self) -> Iterator[Record]:
        for each in self._recording:
            if isinstance(each, Frame):
                locate(each, None, self._recording.lines)
            yield each


class Replayed(NamedTuple):
    """What a replay read.

    Attributes:
        lines: Lines of the recording, blank ones included.
        frames: Frames among them.
    """

    lines: int
    frames: int


def replay(
    settings: Settings,
    recording: Path,
    lake: Path,
    *,
    flows: Sequence[str] = REPLAYED,
    batch: int = 1_000,
    closes: bool = True,
    progress: Progress = lambda position, size: None,
) -> Replayed:
    """Replay a recording as fast as it goes.

    Args:
        settings: The whole tree; of it, only what the flows use.
        recording: The file.
        lake: Where everything is kept; made where it is missing.
        flows: Which flows; each needs those whose topics it reads.
        batch: How many frames are handed on at a time; changes nothing.
        closes: Whether the recording is whole, so that windows close at its end.
        progress: Told now and then how many of how many bytes have been read.

    Raises:
        ConfigError: If a flow is unknown, or one that it reads from is missing.
        RecordingError: If the file cannot be read.
    """
    check(flows)
    with Recording(recording) as source:
        course = Course(lake, flows=flows, batch=batch, closes=closes)
        seen = run(settings, _Lines(source), course, progress)
        return Replayed(source.lines, seen.records)
