"""The catalogue: DuckDB views over the lake's files, published in generations.

A generation is never changed once it is published; a symbolic link names the current
one. (DuckDB keeps one instance a real path, so a file replaced in place would stay
invisible to whoever has the old one open.) A view reads its table by a pattern of
files, so rows written later are seen without a new generation.
"""

import glob
import os
import shutil
from pathlib import Path
from threading import Lock
from typing import Final

import duckdb
import pyarrow.parquet as pq

from sinks.lake import TABLES, Table, catalog, hot

STORAGE: Final = "v1.4.0"

# Connections of one process to one file share their configuration.
_SEALING: Final = Lock()


class LakeError(Exception):
    """A lake that cannot be read or written."""


def publish(lake: Path) -> Path:
    """Make a new generation of the catalogue the current one; return its file.

    Also lays an empty file into each table, so that a view of it works from the start.
    """
    lake = lake.resolve()
    for table in TABLES.values():
        _lay_empty(lake, table)
    generations = lake / "catalog"
    generations.mkdir(exist_ok=True)
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
    generation = generations / f"gen-{number}"
    half.rename(generation)
    link = generations / f".current-{number}.tmp"
    link.symlink_to(generation.name)
    link.replace(generations / "current")
    return generation / catalog(lake).name


def view(lake: Path, table: Table) -> str:
    """Return the statement that makes a table's view.

    Each fact is shown once. Of rows with one natural key the earliest received is
    taken; such rows differ in nothing else.
    """
    folder = glob.escape(str(hot(lake, table.name)))
    files = _quoted(f"{folder}/*/*.parquet")
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
    key = ", ".join(f'"{name}"' for name in table.natural_key)
    order = "received_ns" if "received_ns" in names else "event_ns"
    return (
        f"create view made.{table.name} as select {columns}"
        f" from read_parquet('{files}', hive_partitioning = false)"
        f" qualify row_number() over (partition by {key} order by {order}) = 1"
    )


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
    folder = hot(lake, table.name) / "seg=000000000000"
    file = folder / "empty.parquet"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        half = folder / f".empty.{os.getpid()}.tmp"
        pq.write_table(table.schema.empty_table(), half)
        half.rename(file)


def _quoted(text: str) -> str:
    return text.replace("'", "''")
