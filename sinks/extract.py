"""Rows -> one file for other programs: CSV, JSON or Parquet, whole or not at all.

What is no number (NaN, infinite) is nothing: null, or an empty field of CSV. Times are
UTC; in text they are ISO 8601 and say so by their `Z`. Bytes are base64 there, and
lists are JSON. JSON is one array with an object a line, so that it can be read as a
whole and line by line. Whole numbers keep all their digits.
"""

import os
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

_JSON: Final = msgspec.json.Encoder(decimal_format="number")
_ISO: Final = "%Y-%m-%dT%H:%M:%SZ"

Progress = Callable[[int], None]
"""Told how many rows have been written so far."""


class Form(StrEnum):
    """How rows are written."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


class ExtractError(Exception):
    """A file that cannot be written."""


def extract(
    path: Path,
    form: Form,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    progress: Progress = lambda rows: None,
) -> int:
    """Write rows to a new file; return how many there were.

    Args:
        path: The file, which must not be there.
        form: How.
        schema: The columns.
        batches: The rows; one batch at a time is in memory.
        progress: Told meanwhile.

    Raises:
        ExtractError: If the file is there already, or the disk refuses.
    """
    rows = 0
    with _whole(path) as file, _WRITERS[form](file, schema) as write:
        for batch in batches:
            write(batch)
            rows += len(batch)
            progress(rows)
    return rows


def vacant(path: Path) -> None:
    """Check that nothing would be overwritten.

    Raises:
        ExtractError: If the file is there already.
    """
    if path.exists():
        raise ExtractError(f"{path}: is there already; move it away, or name another")


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """Yield a file that has its name once all is in it, and is gone otherwise."""
    vacant(path)
    half = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with half.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        vacant(path)
        half.rename(path)
    except OSError as error:
        raise ExtractError(f"{path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            half.unlink()


Write = Callable[[pa.RecordBatch], None]


@contextmanager
def _csv(file: BinaryIO, schema: pa.Schema) -> Iterator[Write]:
    texts = pa.schema([(each.name, _text_type(each.type)) for each in schema])
    with pacsv.CSVWriter(file, texts) as writer:

        def write(batch: pa.RecordBatch) -> None:
            columns = [_text(column) for column in batch.columns]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=texts))

        yield write


@contextmanager
def _json(file: BinaryIO, schema: pa.Schema) -> Iterator[Write]:
    before = b"[\n"

    def write(batch: pa.RecordBatch) -> None:
        nonlocal before
        columns = [_dated(column) for column in batch.columns]
        rows = pa.RecordBatch.from_arrays(columns, names=schema.names).to_pylist()
        for row in rows:
            file.write(before + _JSON.encode(row))  # which writes NaN as null
            before = b",\n"

    yield write
    file.write(b"\n]\n" if before == b",\n" else b"[]\n")


@contextmanager
def _parquet(file: BinaryIO, schema: pa.Schema) -> Iterator[Write]:
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:

        def write(batch: pa.RecordBatch) -> None:
            columns = [finite(column) for column in batch.columns]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))

        yield write


_WRITERS: Final = {Form.CSV: _csv, Form.JSON: _json, Form.PARQUET: _parquet}


def finite(column: Any) -> Any:
    """Return a column without numbers that are none, in lists of lists too."""
    if pa.types.is_floating(column.type):
        return pc.if_else(pc.is_finite(column), column, None)
    if not pa.types.is_list(column.type):
        return column
    leaves = column.flatten()
    while pa.types.is_list(leaves.type):
        leaves = leaves.flatten()
    if leaves.equals(finite(leaves)):
        return column
    clean = msgspec.json.decode(_JSON.encode(column.to_pylist()))
    return pa.array(clean, column.type)


def _dated(column: Any) -> Any:
    """Return a column with times as text."""
    if not (pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)):
        return column
    return pc.strftime(column, _ISO if pa.types.is_timestamp(column.type) else "%F")


def _text_type(kind: pa.DataType) -> pa.DataType:
    known = pa.types
    if known.is_boolean(kind) or known.is_integer(kind) or known.is_floating(kind):
        return kind
    return kind if known.is_decimal(kind) else pa.string()


def _text(column: Any) -> Any:
    """Return a column as CSV has it."""
    kind = column.type
    if pa.types.is_list(kind):
        values = column.to_pylist()
        return pa.array(
            [
                None if value is None else _JSON.encode(value).decode()
                for value in values
            ],
            pa.string(),
        )
    if pa.types.is_binary(kind):
        values = column.to_pylist()
        texts = [
            None if value is None else b64encode(value).decode() for value in values
        ]
        return pa.array(texts, pa.string())
    if _text_type(kind) == kind:
        return finite(column)
    return _dated(column)
