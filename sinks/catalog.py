"""The catalogue: DuckDB views over the lake's files, published in generations.

A generation is never changed once it is published; a symbolic link names the current
one. (DuckDB keeps one instance a real path, so a file replaced in place would stay
invisible to whoever has the old one open.) A view reads its table by a pattern of
files, so rows written later are seen without a new generation. What was promoted is
shown by every generation that is published from then on. Behind the tables' views come
those of ``sinks/views``, which charts show.
"""

import fcntl
import glob
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

import duckdb
import pyarrow.parquet as pq

from operators.records.span import Span
from sinks.lake import TABLES, LakeError, Table, catalog, hot
from sinks.promotions import folder, shown

STORAGE: Final = "v1.4.0"
_EMPTY: Final = "empty.parquet"
_VIEWS: Final = Path(__file__).with_name("views")

# Connections of one process to one file share their configuration.
_SEALING: Final = Lock()


def publish(lake: Path) -> Path:
    """Make a new generation of the catalogue the current one; return its file.

    Also lays an empty file into each table, so that a view of it works from the start.
    """
    lake = lake.resolve()
    generations = lake / "catalog"
    generations.mkdir(parents=True, exist_ok=True)
    with alone(lake):
        for table in TABLES.values():
            _lay_empty(lake, table)
        number = 1 + max(
            (int(path.name[4:]) for path in generations.glob("gen-*")), default=0
        )
        half = generations / f".gen-{number}.tmp"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir()
        with duckdb.connect(":memory:") as connection:
            file = str(half / catalog(lake).name)
            connection.execute(
                f"attach '{_quoted(file)}' as made (storage_version '{STORAGE}')"
            )
            for table in TABLES.values():
                connection.execute(view(lake, table))
            connection.execute("use made")
            for statements in sorted(_VIEWS.glob("*.sql")):
                connection.execute(statements.read_text(encoding="utf-8"))
        generation = generations / f"gen-{number}"
        half.rename(generation)
        link = generations / f".current-{number}.tmp"
        link.unlink(missing_ok=True)
        link.symlink_to(generation.name)
        link.replace(generations / "current")
    return generation / catalog(lake).name


@contextmanager
def alone(lake: Path) -> Iterator[None]:
    """Publish while no other process does."""
    folder = os.open(lake / "catalog", os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def view(lake: Path, table: Table) -> str:
    """Return the statement that makes a table's view.

    Each fact is shown once. Of rows with one natural key the one promoted last is
    taken, and else the earliest received; such rows say nothing else that differs.
    """
    names = table.schema.names
    place = ["venue", "symbol", "event_ns"]
    others = [name for name in names if name not in place]
    columns = ", ".join(
        [
            "venue",
            "symbol",
            "make_timestamp(event_ns // 1000) as event_time",
            "event_ns",
        ]
        + [f'"{name}"' for name in others]
    )
    return (
        f"create view made.{table.name} as select {columns}"
        f" from ({rows(lake, table)})"
        f" qualify row_number() over"
        f" (partition by {key(table)} order by {', '.join(turn(lake, table))}) = 1"
    )


def key(table: Table) -> str:
    """Return a table's natural key, as a list of columns."""
    return ", ".join(f'"{name}"' for name in table.natural_key)


def turn(lake: Path, table: Table) -> list[str]:
    """Return what rows of one natural key are ordered by: the first is shown."""
    names = table.schema.names
    arrival = "received_ns" if "received_ns" in names else "event_ns"
    promoted = ["-promoted"] if shown(lake, table.name) else []
    return [*promoted, arrival, *(f'"{name}"' for name in whereabouts(table))]


def rows(lake: Path, table: Table) -> str:
    """Return the query of a table's rows, repeated ones too.

    Where promotions speak of a table, ``promoted`` says which one brought a row, and
    the lake's own rows of their moments are left out. Messages that were not even a
    frame, and so are of no venue, no program computes again.
    """
    promotions = shown(lake, table.name)
    if not promotions:
        return _part(lake, table)
    spans = [_dated(each.span) for each in promotions]
    found = [_part(lake, table, ", 0 as promoted", "", spans)]
    for at, each in enumerate(promotions):
        place, by = folder(lake, each.number), f", {each.number} as promoted"
        found.append(_part(place, table, by, spans[at], spans[at + 1 :]))
    return " union all ".join(found)


def _part(
    place: Path,
    table: Table,
    promoted: str = "",
    inside: str = "",
    outside: Sequence[str] = (),
) -> str:
    names = ", ".join(f'"{name}"' for name in table.schema.names)
    union = ", union_by_name = true" if _has_grown(place, table) else ""
    files = _quoted(f"{glob.escape(str(hot(place, table.name)))}/*/*.parquet")
    wanted = [inside] if inside else []
    wanted += [f"not coalesce({each}, false)" for each in outside]
    where = f" where {' and '.join(wanted)}" if wanted else ""
    return (
        f"select {names}{promoted}"
        f" from read_parquet('{files}', hive_partitioning = false{union}){where}"
    )


def _dated(span: Span) -> str:
    bounds = [
        f"event_ns {sign} {at_ns}"
        for sign, at_ns in ((">=", span.from_ns), ("<", span.to_ns))
        if at_ns is not None
    ]
    return f"({' and '.join(['venue is not null', *bounds])})"


def _has_grown(place: Path, table: Table) -> bool:
    """Return whether a table's oldest file lacks a column that the table has today."""
    written = (
        path
        for segment in sorted(hot(place, table.name).iterdir())
        for path in sorted(segment.glob("*.parquet"))
        if path.name != _EMPTY
    )
    first = next(written, None)
    return first is not None and (
        not set(table.schema.names) <= set(pq.read_schema(first).names)
    )


def whereabouts(table: Table) -> tuple[str, ...]:
    """Return the columns that say where a row stands, and nothing of what it says."""
    stands: dict[str, tuple[str, ...]] = {
        each.name: kind.whereabouts for kind, each in TABLES.items()
    }
    return stands[table.name]


def connect(lake: Path) -> duckdb.DuckDBPyConnection:
    """Open the current catalogue to read it, and nothing but this lake.

    Raises:
        LakeError: If there is no lake.
    """
    file = catalog(lake)
    if not file.exists():
        raise LakeError(
            f"{lake}: no lake here (no {file.relative_to(lake)}); `tapewatch up` or"
            " `tapewatch replay` writes one, `--lake DIR` names another"
        )
    connection = duckdb.connect(str(file.resolve()), read_only=True)
    with _SEALING:
        ((sealed,),) = connection.execute(
            "select current_setting('lock_configuration')"
        ).fetchall()
        if not sealed:
            folder = str(lake.resolve())
            allowed = f"'{_quoted(folder)}', '{_quoted(glob.escape(folder))}'"
            connection.execute(f"set allowed_directories = [{allowed}]")
            connection.execute("set enable_external_access = false")
            connection.execute("set lock_configuration = true")
    return connection


def _lay_empty(lake: Path, table: Table) -> None:
    file = hot(lake, table.name) / "seg=000000000000" / _EMPTY
    if not file.exists() or pq.read_schema(file) != table.schema:
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_name(f".empty.{os.getpid()}.tmp")
        pq.write_table(table.schema.empty_table(), half)
        half.rename(file)


def _quoted(text: str) -> str:
    return text.replace("'", "''")
