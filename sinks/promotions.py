"""Rows that were computed again and are shown in place of a lake's own.

    LAKE/promoted/<number>/hot/<table>/seg=<minute>/*.parquet
    LAKE/promoted/<number>/promotion.json      written last; what is promoted
    LAKE/promoted/<number>/undone              there once it was taken back

The newest wins where several speak of one moment. Nothing is ever deleted, so whoever
is reading by an older catalogue is not disturbed.
"""

import errno
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from operators.records.span import Span
from sinks.lake import hot

_FILE: Final = "promotion.json"
_UNDONE: Final = "undone"


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """One promotion.

    Attributes:
        number: Which one; a later one has a higher.
        from_ns: The first moment that it speaks of [ns UTC]; None for all before.
        to_ns: The first moment behind [ns UTC]; None for all after.
        tables: Of which tables it has the rows.
        origin: What made the rows, in that program's own words.
        undone: Whether it was taken back.
    """

    number: int
    from_ns: int | None
    to_ns: int | None
    tables: tuple[str, ...]
    origin: dict[str, Any]
    undone: bool = False

    @property
    def span(self) -> Span:
        """When its rows are dated."""
        return Span(self.from_ns, self.to_ns)


def folder(lake: Path, number: int) -> Path:
    """Return where a promotion's files are: laid out as a lake."""
    return lake / "promoted" / f"{number:06d}"


def listed(lake: Path) -> list[Promotion]:
    """Return all promotions of a lake, oldest first, those taken back too."""
    found = []
    for file in sorted(lake.glob(f"promoted/*/{_FILE}")):
        promotion = msgspec.json.decode(file.read_bytes(), type=Promotion)
        undone = (file.parent / _UNDONE).exists()
        found.append(msgspec.structs.replace(promotion, undone=undone))
    return found


def shown(lake: Path, table: str | None = None) -> list[Promotion]:
    """Return those that are shown, of a table or at all, oldest first."""
    return [
        each
        for each in listed(lake)
        if not each.undone and (table is None or table in each.tables)
    ]


def add(
    lake: Path, source: Path, span: Span, tables: Iterable[str], origin: dict[str, Any]
) -> Promotion:
    """Take another lake's files of some tables; they count once it is published.

    Args:
        lake: The lake that shall show them.
        source: The lake that has them; it stays as it is.
        span: Of when its rows are taken.
        tables: Of which tables.
        origin: What made the rows.
    """
    numbers = [int(path.name) for path in lake.glob("promoted/[0-9]*")]
    promotion = Promotion(
        number=1 + max(numbers, default=0),
        from_ns=span.from_ns,
        to_ns=span.to_ns,
        tables=tuple(tables),
        origin=origin,
    )
    target = folder(lake, promotion.number)
    target.mkdir(parents=True)
    for table in promotion.tables:
        for path in sorted(hot(source, table).glob("*/*.parquet")):
            _take(path, target / path.relative_to(source))
    half = target / f".{_FILE}.tmp"
    half.write_bytes(msgspec.json.format(msgspec.json.encode(promotion)))
    half.rename(target / _FILE)
    return promotion


def undo(lake: Path) -> Promotion | None:
    """Take the newest that is shown back, if there is one; counts once published."""
    promotions = shown(lake)
    if not promotions:
        return None
    (folder(lake, promotions[-1].number) / _UNDONE).touch()
    return msgspec.structs.replace(promotions[-1], undone=True)


def _take(path: Path, into: Path) -> None:
    """Link a file, or copy it where that cannot be: it is never written again."""
    into.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, into)
    except OSError as error:
        if error.errno not in {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP}:
            raise
        half = into.with_name(f".{into.name}.tmp")
        shutil.copyfile(path, half)
        half.rename(into)
