"""The lake -> files, by tables and times."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import duckdb
import pyarrow as pa

from flows import moment
from flows.slices import MOST, Slice, slices
from operators.records.time import US
from sinks import manifest
from sinks.catalog import connect
from sinks.extract import Form, extract, vacant
from sinks.lake import TABLES
from sinks.rows import rows

_TABLES: Final = tuple(table.name for table in TABLES.values())
_PIECES: Final = 64
_ASKED_FOR: Final = frozenset({"frames"})
"""Tables that are too large to be meant where they are not named."""

_PLAIN: Final = frozenset(
    {
        *("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT", "UBIGINT", "UINTEGER"),
        *("USMALLINT", "UTINYINT", "DOUBLE", "FLOAT", "VARCHAR", "BOOLEAN", "BLOB"),
        *("TIMESTAMP", "TIMESTAMP_NS", "DATE", "DECIMAL"),
    }
)
"""Types that files have columns for; all others become text."""

Progress = Callable[[str, int, int | None], None]
"""Told of a table how many rows are written, of how many, where that is known."""


class ExportError(Exception):
    """What cannot be exported, and why."""


class Wish(NamedTuple):
    """What is wanted.

    Attributes:
        since_ns: The first moment [ns UTC].
        until_ns: The first moment behind [ns UTC].
        form: How it is written.
        out: Where to; made if missing.
        tables: Which tables and views; all tables but frames if none is named.
    """

    since_ns: int
    until_ns: int
    form: Form
    out: Path
    tables: Sequence[str] = ()


class Written(NamedTuple):
    """A file that was written: what of, where, and how many rows."""

    table: str
    path: Path
    rows: int


def export(
    lake: Path, wish: Wish, progress: Progress = lambda table, rows, count: None
) -> list[Written]:
    """Write each table that has rows in a span to a file of its own.

    Raises:
        LakeError: If there is no lake.
        ExportError: If a table is not known or cannot be read, or there are no rows.
        ExtractError: If a file is there already, or cannot be written.
    """
    with connect(lake) as connection:
        wanted = _wanted(connection, wish.tables)
        for name in wanted:
            vacant(_path(wish, name))
        found = []
        for name in wanted:
            try:
                count = _export(connection, lake, name, wish, progress)
            except duckdb.Error as error:
                raise ExportError(f"{name}: {error}") from error
            if count:
                found.append(Written(name, _path(wish, name), count))
        if not found:
            raise ExportError(_nothing(connection, lake, wish, wanted))
        return found


def _wanted(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str]
) -> tuple[str, ...]:
    query = "select view_name from duckdb_views() where not internal order by 1"
    views = [name for (name,) in connection.execute(query).fetchall()]
    for name in names:
        if name not in views:
            known, charts = ", ".join(sorted(_TABLES)), set(views) - set(_TABLES)
            text = f"--table: no table `{name}`; there are {known}"
            more = f"; and views for charts: {', '.join(sorted(charts))}"
            raise ExportError(text + (more if charts else ""))
    meant = (name for name in _TABLES if name not in _ASKED_FOR and name in views)
    return tuple(dict.fromkeys(names)) or tuple(meant)


def _path(wish: Wish, name: str) -> Path:
    since, until = (_compact(each) for each in (wish.since_ns, wish.until_ns))
    return wish.out / f"{name}-{since}-{until}.{wish.form}"


def _compact(at_ns: int) -> str:
    return moment.written(at_ns).replace("-", "").replace(":", "")


def _export(
    connection: duckdb.DuckDBPyConnection,
    lake: Path,
    name: str,
    wish: Wish,
    progress: Progress,
) -> int:
    """Write one table, if it has rows; return how many."""
    view = f'"{name}"'
    kinds = _columns(connection, view)
    progress(name, 0, None)
    if "event_time" in kinds:
        span = wish.since_ns // US, wish.until_ns // US
        counted, pieces = _counted(lake, name)
        parts = list(slices(connection, counted, *span, pieces))
    else:  # it says how things are now
        ((count,),) = connection.execute(f"select count(*) from {view}").fetchall()
        parts = [Slice("true", count)] if count else []
    if not parts:
        return 0
    count = sum(part.rows for part in parts)
    chosen = ", ".join(_plain(column, kind) for column, kind in kinds.items())
    order = [each for each in ("event_time", "event_ns") if each in kinds]
    order_by = f" order by {', '.join(order)}" if order else ""
    query = f"select {chosen} from {view} where {{}}{order_by}"
    reader = connection.execute(query.format("false")).to_arrow_reader(MOST)
    schema = reader.schema

    def batches() -> Iterator[pa.RecordBatch]:
        for part in parts:
            found = connection.execute(query.format(part.where))
            yield from found.to_arrow_reader(MOST)

    return extract(
        _path(wish, name),
        wish.form,
        schema,
        batches(),
        lambda written: progress(name, written, max(written, count)),
    )


def _counted(lake: Path, name: str) -> tuple[str, int]:
    """Return what is counted of a table or a view, and in how many pieces.

    A table shows each fact once, for which it must hold what it counts in memory: its
    rows, repeated ones too, are nearly as many. A view is what it is.
    """
    for table in TABLES.values():
        if table.name == name:
            return f"({rows(lake.resolve(), table, manifest.current(lake))})", 1
    return f'"{name}"', _PIECES


def _columns(connection: duckdb.DuckDBPyConnection, view: str) -> dict[str, str]:
    found = connection.execute(f"describe {view}").fetchall()
    return {row[0]: row[1] for row in found}


def _plain(column: str, kind: str) -> str:
    quoted = '"' + column.replace('"', '""') + '"'
    if kind.rstrip("[]").partition("(")[0] in _PLAIN:
        return quoted
    return f"{quoted}::varchar as {quoted}"


def _nothing(
    connection: duckdb.DuckDBPyConnection,
    lake: Path,
    wish: Wish,
    wanted: Sequence[str],
) -> str:
    """Say that there is nothing, and of one table what there is."""
    since, until = moment.written(wish.since_ns), moment.written(wish.until_ns)
    text = f"no rows from {since} to {until}"
    if len(wanted) > 1:
        return f"{text} in any of {', '.join(wanted)}"
    (name,) = wanted
    if name not in _TABLES:
        return f"{text} in {name}"
    ((first, last),) = connection.execute(
        "select min(event_time)::varchar, max(event_time)::varchar"
        f" from {_counted(lake, name)[0]}"
    ).fetchall()
    if first is None:
        return f"{text} in {name}, which has none at all"
    return f"{text} in {name}, whose rows are of {first} to {last} (UTC)"
