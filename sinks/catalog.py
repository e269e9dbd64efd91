"""The catalogue: DuckDB views over the lake's files, published in generations.

A generation is never changed once it is published; a symbolic link names the current
one. (DuckDB keeps one instance a real path, so a file replaced in place would stay
invisible to whoever has the old one open.) A view reads its table's newest files by a
pattern, so rows written later are seen without a new generation; the rest it names.
What was promoted is shown by every generation that is published from then on. Behind
the tables' views come those of ``sinks/views``, which charts show.
"""

import fcntl
import glob
import os
import shutil
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

import duckdb
import pyarrow.parquet as pq

from sinks import manifest
from sinks.lake import (
    EMPTY,
    NEVER,
    TABLES,
    LakeError,
    Table,
    catalog,
    cold,
    dated,
    hot,
)
from sinks.manifest import Manifest
from sinks.rows import literal, view

STORAGE: Final = "v1.4.0"
_VIEWS: Final = Path(__file__).with_name("views")

# What DuckDB 1.5.6 makes of `row_number() = 1` can end in an internal error where the
# rows are filtered: charts' views ask like that, and queries of people do.
_FAULTY: Final = "top_n_window_elimination"

# Connections of one process to one file share their configuration.
_SEALING: Final = Lock()


def publish(
    lake: Path, change: Callable[[Manifest], Manifest] = lambda told: told
) -> Path:
    """Make a new generation of the catalogue the current one; return its file.

    Also lays an empty file into each table, so that a view of it works from the start.

    Args:
        lake: The lake.
        change: What counts from now on, of what counted until now.

    Raises:
        LakeError: If the current generation cannot be read.
    """
    with alone(lake):
        return published(lake, change(manifest.current(lake)))


def published(lake: Path, told: Manifest) -> Path:
    """Do the same within :func:`alone`, where what counts is known already."""
    lake = lake.resolve()
    for table in TABLES.values():
        _lay_empty(lake, table)
    generations = lake / "catalog"
    number = 1 + max((number_of(path) for path in generations.glob("gen-*")), default=0)
    half = generations / f".gen-{number}.tmp"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir()
    manifest.write(half, told)
    _make(half / catalog(lake).name, lake, told)
    generation = generations / f"gen-{number}"
    half.rename(generation)
    link = generations / f".current-{number}.tmp"
    link.unlink(missing_ok=True)
    link.symlink_to(generation.name)
    link.replace(generations / "current")
    return generation / catalog(lake).name


def _make(file: Path, lake: Path, told: Manifest) -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute(
            f"attach {literal(str(file))} as made (storage_version '{STORAGE}')"
        )
        connection.execute("use made")
        for table in TABLES.values():
            query = view(lake, table, told)
            connection.execute(f"create view {table.name} as {query}")
        for statements in sorted(_VIEWS.glob("*.sql")):
            connection.execute(statements.read_text(encoding="utf-8"))


def number_of(generation: Path) -> int:
    """Return which generation a folder is."""
    return int(generation.name.removeprefix("gen-"))


@contextmanager
def alone(lake: Path) -> Iterator[None]:
    """Publish while no other process does."""
    generations = lake / "catalog"
    generations.mkdir(parents=True, exist_ok=True)
    folder = os.open(generations, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def connect(lake: Path) -> duckdb.DuckDBPyConnection:
    """Open the current catalogue to read it, and nothing but this lake.

    What it lists stays where it is for as long as the connection lives.

    Raises:
        LakeError: If there is no lake.
    """
    file = catalog(lake)
    if not file.exists():
        raise LakeError(
            f"{lake}: no lake here (no {file.relative_to(lake)}); `tapewatch up` or"
            " `tapewatch replay` writes one, `--lake DIR` names another"
        )
    file = file.resolve()
    held = manifest.lease(file.parent)
    try:
        connection = duckdb.connect(str(file), read_only=True)
    except BaseException:
        os.close(held)
        raise
    weakref.finalize(connection, os.close, held)
    with _SEALING:
        ((sealed,),) = connection.execute(
            "select current_setting('lock_configuration')"
        ).fetchall()
        if not sealed:
            folder = str(lake.resolve())
            allowed = f"{literal(folder)}, {literal(glob.escape(folder))}"
            connection.execute(f"set disabled_optimizers = '{_FAULTY}'")
            connection.execute(f"set allowed_directories = [{allowed}]")
            connection.execute("set enable_external_access = false")
            connection.execute("set lock_configuration = true")
    return connection


def _lay_empty(lake: Path, table: Table) -> None:
    for folder, schema in (
        (hot(lake, table.name) / f"seg={NEVER}", table.schema),
        (cold(lake, table.name), dated(table.schema)),
    ):
        file = folder / EMPTY
        if not file.exists() or pq.read_schema(file) != schema:
            folder.mkdir(parents=True, exist_ok=True)
            half = file.with_name(f".empty.{os.getpid()}.tmp")
            pq.write_table(schema.empty_table(), half)
            half.rename(file)
