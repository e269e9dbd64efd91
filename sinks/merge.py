"""Many files of a table -> one, row for row.

Rows of a minute are sorted by time; minutes follow on one another. Messages of Kafka
keep its order instead: by partition and offset, minute by minute.
"""

import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sinks.lake import STAMP, TIME, Table, cold, dated
from sinks.manifest import MERGED, Part, columns_of
from sinks.rows import whereabouts

ROWS: Final = 50_000
"""Rows of a row group: what a search by time reads at the least."""

_OCTETS: Final = 64 * 1024 * 1024


class Input(NamedTuple):
    """A file whose rows are put together with others'.

    Attributes:
        path: Where it is.
        octets: How large it is [bytes].
        first: The first segment that it has rows of.
        last: The last one.
        merged: Whether it was put together before, and is in order.
    """

    path: Path
    octets: int
    first: str
    last: str
    merged: bool


class DamagedError(Exception):
    """A file that is no whole Parquet file, or lacks what every table has.

    Attributes:
        path: Which.
    """

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path


def merge(lake: Path, table: Table, inputs: Sequence[Input]) -> Part:
    """Write one file with all rows of others; they stay.

    Args:
        lake: The lake.
        table: Whose files they are.
        inputs: The files, oldest first.

    Raises:
        DamagedError: If one of them cannot be read.
        OSError: If the disk refuses.
    """
    first = inputs[0].first
    last = max(each.last for each in inputs)
    folder = cold(lake, table.name) / f"seg={first}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{MERGED}{last}.m{secrets.token_hex(4)}.parquet"
    half = path.with_name(f".{path.name}.tmp")
    schema = dated(table.schema)
    rows, spans = 0, Spans()
    with (
        half.open("wb") as file,
        pq.ParquetWriter(
            file, schema, compression="zstd", write_page_checksum=True
        ) as writer,
    ):
        for group in _groups(_tables(table, inputs)):
            writer.write_table(group, row_group_size=ROWS)
            rows += len(group)
            spans.see(group)
        writer.close()
        file.flush()
        os.fsync(file.fileno())
    half.rename(path)
    return Part(
        path=str(path.relative_to(lake)),
        rows=rows,
        octets=path.stat().st_size,
        first=first,
        last=last,
        columns=columns_of(schema.names),
        span_us=spans.whole,
    )


class Spans:
    """The oldest and the newest event time of rows, where all have one [us UTC]."""

    def __init__(self) -> None:
        self._found: list[tuple[int, int]] = []
        self._undated = False

    def see(self, rows: pa.Table) -> None:
        """Take in rows."""
        times = rows[TIME].cast(pa.int64())
        self._undated |= times.null_count > 0
        found: Any = pc.min_max(times)
        self._found.append((found["min"].as_py(), found["max"].as_py()))

    @property
    def whole(self) -> tuple[int, int] | None:
        """What has been seen; None where a row has no time, or there is no row."""
        if self._undated or not self._found:
            return None
        oldest, newest = zip(*self._found, strict=True)
        return min(oldest), max(newest)


def footer(path: Path) -> pq.FileMetaData:
    """Return what a file says of itself.

    Raises:
        DamagedError: If it is no Parquet file, or was cut off.
        FileNotFoundError: If it is gone.
    """
    try:
        return pq.read_metadata(path)
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise DamagedError(path, str(error)) from error


def _tables(table: Table, inputs: Sequence[Input]) -> Iterator[pa.Table]:
    """Yield all rows: of files of one minute together and sorted, of others as is."""
    order: list[tuple[str, Literal["ascending", "descending"]]] = [
        (name, "ascending") for name in whereabouts(table) or ("event_ns",)
    ]
    for (merged, _), some in groupby(inputs, lambda each: (each.merged, each.first)):
        if merged:
            for each in some:
                yield from _read(each.path, table)
        else:
            minute = [rows for each in some for rows in _read(each.path, table)]
            if minute:
                yield pa.concat_tables(minute).sort_by(order)


def _read(path: Path, table: Table) -> Iterator[pa.Table]:
    """Yield a file's rows with the columns that its table has today."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for batch in file.iter_batches(batch_size=ROWS, use_threads=False):
                yield _fitted(pa.Table.from_batches([batch]), table)
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, KeyError) as error:
        raise DamagedError(path, str(error)) from error


def _fitted(rows: pa.Table, table: Table) -> pa.Table:
    there = set(rows.schema.names)
    columns: list[Any] = [
        rows[field.name].cast(field.type)
        if field.name in there
        else pa.nulls(len(rows), field.type)
        for field in table.schema
    ]
    columns.append(pc.divide(rows["event_ns"], 1_000).cast(STAMP))
    return pa.Table.from_arrays(columns, schema=dated(table.schema))


def _groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Yield rows in portions that are worth a row group, in the same order."""
    held: list[pa.Table] = []
    rows = octets = 0
    for table in tables:
        held.append(table)
        rows += len(table)
        octets += table.nbytes
        if rows >= ROWS or octets >= _OCTETS:
            yield pa.concat_tables(held).combine_chunks()
            held, rows, octets = [], 0, 0
    if rows:
        yield pa.concat_tables(held).combine_chunks()
