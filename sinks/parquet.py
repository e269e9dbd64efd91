"""Records -> whole Parquet files, each row once whatever happens to the process.

Rows gather in memory and become files in ``snapshot()``, before the engine commits the
epoch; the number of the newest file is the state. A writer that resumes takes back its
own files beyond that number, since their rows will come again.
"""

import os
import re
import time
from collections import defaultdict
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from operators.records.base import Record
from sinks import manifest
from sinks.catalog import alone, published
from sinks.floor import writing
from sinks.lake import TABLES, LakeError, hot, segment

AHEAD: Final = 2
"""Files that a writer may be ahead of what is committed: it will never take back those
before them. (An epoch is committed by when the second after it is kept.)"""


class _Writer(StatefulSinkPartition[list[Record], int]):
    def __init__(self, lake: Path, writer: str, number: int) -> None:
        self._lake = lake
        self._writer = writer
        self._rows: defaultdict[type[Record], list[Record]] = defaultdict(list)
        self._number = undo(lake, writer, number)

    def write_batch(self, values: list[list[Record]]) -> None:
        for batch in values:
            for record in batch:
                self._rows[type(record)].append(record)

    def snapshot(self) -> int:
        if self._rows:
            self._number += 1
            with writing(self._lake) as floor:
                self._write_all(max(segment(time.time()), floor))
            self._rows.clear()
        return self._number

    def close(self) -> None:
        self._rows.clear()

    def _write_all(self, minute: str) -> None:
        for kind, records in self._rows.items():
            try:
                self._write(kind, records, minute)
            except OSError as error:
                where = f"{hot(self._lake, TABLES[kind].name)}: {error.strerror}"
                text = "what is missing is written when the archive starts again"
                raise LakeError(f"{where}; {text}") from error

    def _write(self, kind: type[Record], records: list[Record], minute: str) -> None:
        table = TABLES[kind]
        folder = hot(self._lake, table.name) / f"seg={minute}"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{self._writer}-{self._number:09d}.parquet"
        half = folder / f".{name}.tmp"
        with half.open("wb") as file:
            pq.write_table(table.batch(records), file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        half.rename(folder / name)


def undo(lake: Path, writer: str, number: int) -> int:
    """Take back what a writer wrote after the state with this number.

    Nobody is shown it from now on; whoever is reading it reads on. What has no state
    at all is written anew from the first file, and the files of before are removed.

    Returns:
        The highest number that is taken; a file of a new one is no other file.
    """
    mine = re.compile(rf"(\.?){re.escape(writer)}-(\d+)\.parquet(\.tmp)?")
    highest = number
    with alone(lake):
        told = manifest.current(lake)
        parts = [
            part
            for of_table in told.parts.values()
            for part in of_table
            if part.writer == writer and (part.number or 0) > number
        ]
        files = []
        for path in lake.glob("hot/*/*/*"):
            if match := mine.fullmatch(path.name):
                if match[1] or not number:
                    path.unlink()
                elif int(match[2]) > number:
                    files.append(str(path.relative_to(lake)))
                    highest = max(highest, int(match[2]))
        if parts or not {*files} <= {*told.withdrawn}:
            gone = [part.path for part in parts]
            published(lake, told.without(parts=gone, hot=files))
    return max([highest, *(part.number or 0 for part in parts if number)])


class LakeSink(FixedPartitionedSink[list[Record], int]):
    """Write every record into the table of its class."""

    def __init__(self, lake: Path, writer: str) -> None:
        """Name the writer.

        Args:
            lake: The lake's folder.
            writer: Unique among all that ever write into this lake, and the same when
                this one resumes.
        """
        self._lake = lake
        self._writer = writer

    def list_parts(self) -> list[str]:
        """Return the one partition: a writer is a process."""
        return [self._writer]

    def build_part(
        self, step_id: str, for_part: str, resume_state: int | None
    ) -> _Writer:
        """Return the writer, with everything after ``resume_state`` undone."""
        return _Writer(self._lake, self._writer, resume_state or 0)
