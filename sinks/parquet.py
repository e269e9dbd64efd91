"""Records -> whole Parquet files, each row once whatever happens to the process.

Rows gather in memory and become files in ``snapshot()``, before the engine commits the
epoch; the number of the newest file is the state. A writer that resumes removes its own
files beyond that number, since their rows will come again.
"""

import os
import re
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from operators.records.base import Record
from sinks.lake import TABLES, LakeError, hot


class _Writer(StatefulSinkPartition[list[Record], int]):
    def __init__(self, lake: Path, writer: str, number: int) -> None:
        self._lake = lake
        self._writer = writer
        self._number = number
        self._rows: defaultdict[type[Record], list[Record]] = defaultdict(list)
        undo(lake, writer, number)

    def write_batch(self, values: list[list[Record]]) -> None:
        for batch in values:
            for record in batch:
                self._rows[type(record)].append(record)

    def snapshot(self) -> int:
        if self._rows:
            self._number += 1
            segment = datetime.fromtimestamp(time.time(), UTC).strftime("%Y%m%d%H%M")
            for kind, records in self._rows.items():
                try:
                    self._write(kind, records, segment)
                except OSError as error:
                    where = f"{hot(self._lake, TABLES[kind].name)}: {error.strerror}"
                    text = "what is missing is written when the archive starts again"
                    raise LakeError(f"{where}; {text}") from error
            self._rows.clear()
        return self._number

    def close(self) -> None:
        self._rows.clear()

    def _write(self, kind: type[Record], records: list[Record], segment: str) -> None:
        table = TABLES[kind]
        folder = hot(self._lake, table.name) / f"seg={segment}"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{self._writer}-{self._number:09d}.parquet"
        half = folder / f".{name}.tmp"
        with half.open("wb") as file:
            pq.write_table(table.batch(records), file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        half.rename(folder / name)


def undo(lake: Path, writer: str, number: int) -> None:
    """Remove what a writer wrote after the state with this number."""
    mine = re.compile(rf"(\.?){re.escape(writer)}-(\d+)\.parquet(\.tmp)?")
    for path in lake.glob("hot/*/*/*"):
        match = mine.fullmatch(path.name)
        if match and (match[1] or int(match[2]) > number):
            path.unlink()


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
