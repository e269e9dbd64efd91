"""The frames that an archive has kept of a span of time, in the order of Kafka.

A writer's files are numbered, and within a partition its offsets rise from file to
file: so a minute of files at a time, sorted by partition and offset, is Kafka's own
order; files that were put together keep it. An archive that crashes takes back files
that it had not committed, and writes their rows again into others; so whenever a file
is not what it was, the lake is looked at anew.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors import lake_files
from connectors.arrivals import Arrivals
from connectors.lake_files import ChangedError, File
from operators.records import topics
from operators.records.base import Record
from operators.records.dead import DeadLetter
from operators.records.frame import Frame
from operators.records.span import Span

Files = Callable[[], Iterable[Path]]

_ROWS: Final = 50_000
_MOST_HELD: Final = 200_000
_END: Final = 2**63 - 1
_UNREAD: Final = (topics.FRAMES.name, "recording")


class LakeHistory:
    """The frames of a lake that were received in a span, in order of arrival.

    What could not be read as a frame when it came is a dead letter here too.

    Attributes:
        size: How many rows there are to read, at most.
        position: How many have been read.
        newest_ns: When the newest frame of the lake was received, in the span or not
            [ns UTC].
    """

    def __init__(self, frames: Files, dead_letters: Files, span: Span) -> None:
        """Look at the lake.

        Args:
            frames: Returns the files of the frames.
            dead_letters: Returns those of the dead letters.
            span: When it was received.
        """
        self._files_of, self._dead, self._span = frames, dead_letters, span
        self._done: set[File] = set()
        self._last: dict[tuple[str, int], int] = {}
        self._again = False
        self.newest_ns = 0
        self._plan = self._look()
        self.position = 0
        self.size = sum(file.rows for file in self._plan)

    def first_ns(self) -> int | None:
        """Return when the oldest frame was received, if there is any [ns UTC]."""
        return min((file.first_ns for file in self._plan), default=None)

    def __iter__(self) -> Iterator[Record]:
        """Yield the frames, then what was none."""
        arrivals = Arrivals()
        while self._plan:
            try:
                for minute, floor_ns in self._minutes():
                    for partition, frame in self._frames(minute):
                        arrivals.see(partition, frame.received_ns)
                        arrivals.hold(partition, frame)
                    yield from arrivals.before(floor_ns)
                    yield from arrivals.oldest(_MOST_HELD)
                break
            except ChangedError:
                self._again = True
                found = self._look()
                self._done &= set(found)
                self._plan = [file for file in found if file not in self._done]
        yield from arrivals.rest()
        yield from self._dead_letters()

    def _look(self) -> list[File]:
        """Return the files that matter, in order of what each writer wrote."""
        while True:
            try:
                return self._files()
            except FileNotFoundError:  # taken back in this very moment
                continue

    def _files(self) -> list[File]:
        writers: dict[str, list[File]] = {}
        for file in lake_files.files(self._files_of()):
            self.newest_ns = max(self.newest_ns, file.last_ns if file.rows else 0)
            if file.rows and self._overlaps(file):
                writers.setdefault(file.writer, []).append(file)
        found: list[File] = []
        for files in writers.values():
            files.sort(key=lambda file: file.number)
            # A clock that was set back must not put a later file first.
            segments = accumulate((file.segment for file in files), max)
            pairs = zip(files, segments, strict=True)
            found += [file._replace(segment=segment) for file, segment in pairs]
        return sorted(found)

    def _overlaps(self, file: File) -> bool:
        from_ns, to_ns = self._span
        return (from_ns is None or file.last_ns >= from_ns) and (
            to_ns is None or file.first_ns < to_ns
        )

    def _minutes(self) -> Iterator[tuple[list[File], int]]:
        """Yield files of one writer's minute, and the oldest arrival behind them."""
        files = self._plan
        after = [*accumulate((f.first_ns for f in reversed(files)), min)][::-1]
        start = 0
        while start < len(files):
            end, rows = start, 0
            while (
                end < len(files)
                and (end == start or rows + files[end].rows <= _ROWS)
                and files[end][:2] == files[start][:2]
            ):
                rows += files[end].rows
                end += 1
            yield files[start:end], after[end] if end < len(files) else _END
            start = end

    def _frames(self, minute: list[File]) -> Iterator[tuple[int, Frame]]:
        parts = [lake_files.read(file, lake_files.FRAME, self._span) for file in minute]
        table = lake_files.in_order(pa.concat_tables(parts))
        table = self._without_repeats(table, minute)
        writer, last = minute[0].writer, self._last
        for frame in lake_files.frames(table):
            partition = -1 if frame.partition is None else frame.partition
            if frame.offset is not None:
                if self._again and frame.offset <= last.get((writer, partition), -1):
                    continue
                last[writer, partition] = frame.offset
            yield partition, frame
        self._done.update(minute)
        self.position += sum(file.rows for file in minute)

    def _without_repeats(self, table: pa.Table, minute: list[File]) -> pa.Table:
        """Return the rows that no other writer has written before.

        An archive that has lost its state writes the same messages once more; files
        that were put together may have them from several writers.
        """
        first_ns = min(file.first_ns for file in minute)
        last_ns = max(file.last_ns for file in minute)
        if minute[0].group is not None:
            table = lake_files.distinct(table)
        others = [
            lake_files.read(file, lake_files.STANDS, Span(first_ns, last_ns + 1))
            for file in sorted(self._done)
            if (file.writer != minute[0].writer or file.group is not None)
            and file.first_ns <= last_ns
            and file.last_ns >= first_ns
        ]
        if not others:
            return table
        return lake_files.without(table, pa.concat_tables(others))

    def _dead_letters(self) -> Iterator[DeadLetter]:
        """Yield what was no frame when it came, each once."""
        seen: set[tuple[Any, ...]] = set()
        for path in self._dead():
            rows = pq.read_table(
                path, filters=pc.field("venue").is_null(), partitioning=None
            )
            for row in rows.to_pylist():
                values = {name: row[name] for name in DeadLetter.__struct_fields__}
                letter = DeadLetter(**values)
                key = (letter.topic, letter.partition, letter.offset, letter.url)
                if letter.topic not in _UNREAD or (*key, letter.received_ns) in seen:
                    continue
                seen.add((*key, letter.received_ns))
                if self._span.holds(letter.received_ns):
                    yield letter
