"""Files of the lake's frames: what is in them, and their rows as frames."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from operators.records.frame import PLACE, Frame, FrameKind
from operators.records.span import Span

FRAME: Final = Frame.__struct_fields__
STANDS: Final = (*PLACE, "partition", "offset")
"""The columns that say which message a row was."""

_NAME: Final = re.compile(r"(.+)-(\d+)\.parquet")
_SLICE: Final = 5_000
_END: Final = 2**63 - 1


class File(NamedTuple):
    """A file of frames as it was when the lake was looked at, or a part of one.

    Attributes:
        segment: The minute that it was written in; of files put together, the first.
        writer: Who wrote it; of files put together, that file's own name.
        number: Which of the writer's files it is, or which part of that file.
        path: Where it is.
        changed_ns: When it was written [ns UTC].
        rows: How many frames are in it.
        first_ns: The oldest arrival among them [ns UTC].
        last_ns: The newest [ns UTC].
        group: Which row group it is of files that were put together; else None.
    """

    segment: str
    writer: str
    number: int
    path: Path
    changed_ns: int
    rows: int
    first_ns: int
    last_ns: int
    group: int | None = None


class ChangedError(Exception):
    """A file is not what it was when the folder was looked at."""


def files(paths: Iterable[Path]) -> Iterator[File]:
    """Yield what is in files of frames; of those put together, each row group.

    Raises:
        FileNotFoundError: If a file is taken back in this very moment.
    """
    for path in paths:
        status, footer = path.stat(), pq.read_metadata(path)
        index = footer.schema.names.index("received_ns")
        groups = range(footer.num_row_groups)
        spans = [_span(footer.row_group(n).column(index).statistics) for n in groups]
        if match := _NAME.fullmatch(path.name):
            firsts, lasts = zip(*spans, strict=True) if spans else ((_END,), (-_END,))
            stands = path.parent.name, match[1], int(match[2]), path, status.st_mtime_ns
            yield File(*stands, footer.num_rows, min(firsts), max(lasts))
        else:
            for number, span in enumerate(spans):
                stands = path.parent.name, path.name, number, path, status.st_mtime_ns
                yield File(*stands, footer.row_group(number).num_rows, *span, number)


def _span(statistics: Any) -> tuple[int, int]:
    return (statistics.min, statistics.max) if statistics else (-_END, _END)


def read(file: File, names: tuple[str, ...], span: Span) -> pa.Table:
    """Return a file's rows of a span; a column that it has not is NULL.

    Raises:
        ChangedError: If it is gone, or another.
    """
    try:
        with pq.ParquetFile(file.path) as parquet:
            changed_ns = file.path.stat().st_mtime_ns
            there = [name for name in names if name in parquet.schema_arrow.names]
            if file.group is None:
                table = parquet.read(there)
            else:
                table = parquet.read_row_group(file.group, there)
    except FileNotFoundError as error:
        raise ChangedError from error
    if changed_ns != file.changed_ns:
        raise ChangedError
    for name in names:
        if name not in there:
            table = table.append_column(name, pa.nulls(len(table), pa.int64()))
    if span.from_ns is not None and file.first_ns < span.from_ns:
        table = table.filter(pc.field("received_ns") >= span.from_ns)
    if span.to_ns is not None and file.last_ns >= span.to_ns:
        table = table.filter(pc.field("received_ns") < span.to_ns)
    return table.select(list(names))


def in_order(table: pa.Table) -> pa.Table:
    """Return rows by partition and offset; where those are not known, as they stand."""
    return table.sort_by([("partition", "ascending"), ("offset", "ascending")])


def distinct(table: pa.Table) -> pa.Table:
    """Return the first row of each message, in the same order."""
    mine = _comparable(table).append_column("n", pa.array(range(len(table))))
    first = mine.group_by(list(STANDS)).aggregate([("n", "min")])["n_min"]
    return table if len(first) == len(table) else table.take(_sorted(first))


def without(table: pa.Table, others: pa.Table) -> pa.Table:
    """Return the rows of messages that are not among others, in the same order."""
    mine = _comparable(table).append_column("n", pa.array(range(len(table))))
    left = mine.join(_comparable(others), keys=list(STANDS), join_type="left anti")
    return table.take(_sorted(left["n"]))


def _sorted(rows: Any) -> Any:
    return rows.combine_chunks().sort()


def _comparable(table: pa.Table) -> pa.Table:
    """Return the columns that say which message a row was, none of them NULL."""
    table = table.select(list(STANDS))
    for name in ("partition", "offset"):
        at, column = table.schema.get_field_index(name), cast("Any", table[name])
        table = table.set_column(at, name, column.fill_null(-1))
    return table


def frames(table: pa.Table) -> Iterator[Frame]:
    """Yield rows as frames."""
    kinds = {str(kind): kind for kind in FrameKind}
    at = FRAME.index("kind")
    for batch in table.to_batches(max_chunksize=_SLICE):
        columns: list[list[Any]] = [column.to_pylist() for column in batch.columns]
        columns[at] = [kinds[kind] for kind in columns[at]]
        for values in zip(*columns, strict=True):
            yield Frame(**dict(zip(FRAME, values, strict=True)))
