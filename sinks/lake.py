"""How the lake is laid out: tables, columns and folders.

    LAKE/hot/<table>/seg=<yyyymmddHHMM>/<writer>-<number>.parquet
    LAKE/cold/<table>/seg=<first>/*.parquet    rows of many files, put together
    LAKE/aside/<table>/                        what could not be read
    LAKE/catalog/gen-<n>/manifest.json         which files count, see sinks.manifest
    LAKE/catalog/gen-<n>/tapewatch.duckdb      views only, never changed once published
    LAKE/catalog/current -> gen-<n>            what readers open

A segment is the minute in which an archive wrote a file. A table is a class of records.
Its columns are the record's fields, and ``venue``, ``symbol`` and ``event_ns`` always:
a record of no symbol has NULL there, one of no event is dated by its arrival. Readers
use the views, which add ``event_time`` (naive UTC) and show each fact once.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Final, NamedTuple, Union, get_args, get_origin

import msgspec
import pyarrow as pa

from operators.records import topics
from operators.records.base import Record
from operators.records.market import Level

Row = Record
Column = Callable[[Sequence[Record]], list[Any]]

_PLAIN: Final[dict[Any, Any]] = {
    int: pa.int64(),
    float: pa.float64(),
    str: pa.string(),
    bytes: pa.binary(),
    bool: pa.bool_(),
}
_LEVELS: Final = pa.list_(pa.list_(pa.float64()))

EMPTY: Final = "empty.parquet"
"""A file without rows in each table's folder, so that its view works from the start."""

TIME: Final = "event_time"
"""The column that views add; of files that were put together it is stored."""

STAMP: Final = pa.timestamp("us")

NEVER: Final = "0" * 12
"""The segment of that file."""


class LakeError(Exception):
    """A lake that cannot be read or written."""


class Table(NamedTuple):
    """A table of the lake.

    Attributes:
        name: As in ``select * from <name>``.
        natural_key: Columns that make two rows the same fact.
        schema: Its columns.
        columns: How each column is read off records.
        remembers: Whether its rows follow from all that came before.
    """

    name: str
    natural_key: tuple[str, ...]
    schema: pa.Schema
    columns: tuple[Column, ...]
    remembers: bool

    def batch(self, records: Sequence[Record]) -> pa.Table:
        """Return records as rows."""
        arrays = [
            pa.array(column(records), field.type)
            for column, field in zip(self.columns, self.schema, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=self.schema)


def _arrow(kind: Any) -> pa.DataType:
    """Return the column type of a field's type.

    Raises:
        TypeError: If the lake has no column for it.
    """
    if get_origin(kind) is Annotated:
        return _arrow(get_args(kind)[0])
    if get_origin(kind) in {Union, UnionType}:
        (inner,) = (each for each in get_args(kind) if each is not NoneType)
        return _arrow(inner)
    if kind == tuple[Level, ...]:
        return _LEVELS
    if get_origin(kind) is tuple:
        return pa.list_(_arrow(get_args(kind)[0]))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return pa.string()
    if kind not in _PLAIN:
        raise TypeError(f"the lake has no column for {kind}")
    plain: pa.DataType = _PLAIN[kind]
    return plain


def _reader(name: str) -> Column:
    return lambda records: [getattr(record, name) for record in records]


def _nulls(records: Sequence[Record]) -> list[Any]:
    return [None] * len(records)


def table_of(record: type[Record]) -> Table:
    """Return the table of a class of records."""
    names, readers = [], []
    fields = msgspec.structs.fields(record)
    kinds = {each.name: each.type for each in fields if each.name not in record.unkept}
    for name, fallback in (
        ("venue", None),
        ("symbol", None),
        ("event_ns", "received_ns"),
    ):
        if name not in kinds:
            source = fallback if fallback in kinds else None
            names.append(pa.field(name, _arrow(int if name == "event_ns" else str)))
            readers.append(_reader(source) if source else _nulls)
    for name, kind in kinds.items():
        names.append(pa.field(name, _arrow(kind)))
        readers.append(_reader(name))
    schema = pa.schema(names)
    told = record.natural_key, schema, tuple(readers), record.remembers
    return Table(record.table, *told)


TABLES: Final = {
    record: table_of(record) for topic in topics.ALL for record in topic.records
}
"""The table of each class of records that any topic carries."""


def hot(lake: Path, table: str) -> Path:
    """Return the folder of a table's newest files."""
    return lake / "hot" / table


def dated(schema: pa.Schema) -> pa.Schema:
    """Return the columns of files that were put together."""
    return schema.append(pa.field(TIME, STAMP))


def cold(lake: Path, table: str) -> Path:
    """Return the folder of a table's files that were put together."""
    return lake / "cold" / table


def segment(at_s: float) -> str:
    """Return the minute that a moment lies in, as segments are named.

    Args:
        at_s: The moment [s UTC].
    """
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y%m%d%H%M")


def catalog(lake: Path) -> Path:
    """Return the catalogue that readers open."""
    return lake / "catalog" / "current" / "tapewatch.duckdb"
