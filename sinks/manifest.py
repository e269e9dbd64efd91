"""Which files of the lake count: a generation of the catalogue says so, for good.

A table is its parts, listed by name, and all hot files of segments from the watermark
on. So one swap of the current generation shows rows in one file in place of many: never
twice, and never not at all. What an older generation lists stays where it is for as
long as somebody may be reading by it.
"""

import fcntl
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import pyarrow.parquet as pq

from sinks.lake import EMPTY, NEVER, LakeError, hot

_FILE: Final = "manifest.json"
_NAME: Final = re.compile(r"(.+)-(\d+)\.parquet")
MERGED: Final = "merged."
"""How names of files begin that hold the rows of many."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is listed by name.

    Attributes:
        path: Where it is, below the lake.
        rows: How many rows it has.
        octets: How large it is [bytes].
        first: The first segment that it has rows of.
        last: The last one.
        columns: What :func:`columns_of` says of its columns.
        span_us: The oldest and the newest event time of its rows; None where one has
            none, or that is not known [us UTC].
        writer: Who wrote it, where it is one writer's own file that its writer may yet
            take back; else None.
        number: Which of that writer's files it is.
    """

    path: str
    rows: int
    octets: int
    first: str
    last: str
    columns: str = ""
    span_us: tuple[int, int] | None = None
    writer: str | None = None
    number: int | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The files of one generation.

    Attributes:
        watermark: The first segment whose hot files count.
        parts: The files listed by name, by table, oldest first.
        withdrawn: Hot files that do not count, below the lake: their writer has taken
            them back, and somebody may still be reading them.
    """

    watermark: str = NEVER
    parts: dict[str, tuple[Part, ...]] = msgspec.field(default_factory=dict)
    withdrawn: tuple[str, ...] = ()

    def of(self, table: str) -> tuple[Part, ...]:
        """Return a table's parts."""
        return self.parts.get(table, ())

    def without(self, parts: Iterable[str] = (), hot: Iterable[str] = ()) -> "Manifest":
        """Return it without some parts, and without some hot files, by their paths."""
        gone = set(parts)
        kept = {
            table: tuple(part for part in of_table if part.path not in gone)
            for table, of_table in self.parts.items()
        }
        withdrawn = tuple(sorted({*self.withdrawn, *hot}))
        return Manifest(watermark=self.watermark, parts=kept, withdrawn=withdrawn)


class Written(NamedTuple):
    """A hot file's name, taken apart.

    Attributes:
        writer: Who wrote it; empty where the name does not say.
        number: Which of the writer's files it is.
        segment: The minute that it was written in.
    """

    writer: str
    number: int
    segment: str


def written(path: Path) -> Written:
    """Return what a hot file's path says."""
    match = _NAME.fullmatch(path.name)
    segment = path.parent.name.removeprefix("seg=")
    return (
        Written(match[1], int(match[2]), segment) if match else Written("", 0, segment)
    )


def read(generation: Path) -> Manifest:
    """Return what a generation says; of one that is older than manifests: all is hot.

    Raises:
        LakeError: If it cannot be read.
    """
    file = generation / _FILE
    try:
        return msgspec.json.decode(file.read_bytes(), type=Manifest)
    except FileNotFoundError:
        return Manifest()
    except msgspec.DecodeError as error:
        raise LakeError(f"{file}: {error}") from error


def current(lake: Path) -> Manifest:
    """Return what counts now.

    Where no generation is left to say so, all files do: a row that is in two of them is
    the same fact, and views show it once.

    Raises:
        LakeError: If it cannot be read.
    """
    generation = lake / "catalog" / "current"
    return read(generation.resolve()) if generation.exists() else _found(lake)


def write(generation: Path, manifest: Manifest) -> None:
    """Write it into a generation that is not published yet."""
    (generation / _FILE).write_bytes(
        msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    )


def hot_files(lake: Path, table: str, told: Manifest) -> list[Path]:
    """Return a table's hot files that count, oldest first."""
    withdrawn = {lake / path for path in told.withdrawn}
    return sorted(
        path
        for folder in hot(lake, table).glob("seg=*")
        if NEVER < folder.name[4:] >= told.watermark
        for path in folder.glob("*.parquet")
        if path.name != EMPTY and path not in withdrawn
    )


def files(lake: Path, table: str, manifest: Manifest | None = None) -> list[Path]:
    """Return all files of a table that count, oldest first."""
    told = manifest or current(lake)
    parts = [lake / part.path for part in told.of(table)]
    return parts + hot_files(lake, table, told)


def columns_of(names: Iterable[str]) -> str:
    """Return a word for the columns of a file, whatever their order."""
    return f"{zlib.crc32(','.join(sorted(names)).encode()):08x}"


@contextmanager
def leased(generation: Path) -> Iterator[None]:
    """Have everything that a generation lists stay where it is meanwhile."""
    held = lease(generation)
    try:
        yield
    finally:
        os.close(held)


def lease(generation: Path) -> int:
    """Take a lease that ends when what is returned is closed."""
    held = os.open(generation, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_SH)
    return held


def is_leased(generation: Path) -> bool:
    """Return whether anybody reads by a generation and has said so."""
    held = os.open(generation, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(held)
    return False


def _found(lake: Path) -> Manifest:
    """Return the cold files that are there, read from their own footers."""
    parts: dict[str, list[Part]] = {}
    for path in sorted(lake.glob("cold/*/seg=*/*.parquet")):
        told = written(path)
        footer, merged = pq.read_metadata(path), path.name.startswith(MERGED)
        table = path.parent.parent.name
        last = path.name.split(".")[1] if merged else told.segment
        parts.setdefault(table, []).append(
            Part(
                path=str(path.relative_to(lake)),
                rows=footer.num_rows,
                octets=path.stat().st_size,
                first=told.segment,
                last=last,
                columns=columns_of(footer.schema.to_arrow_schema().names),
                writer=None if merged else told.writer,
                number=None if merged else told.number,
            )
        )
    return Manifest(parts={name: tuple(each) for name, each in parts.items()})
