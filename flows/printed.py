"""What came from outside, written so that it does nothing to a terminal."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.table import Table

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WIDTH: Final = 200
_ROW: Final = 16


class Format(StrEnum):
    """How a list is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def utc(at_ns: int) -> str:
    """Return a time for a person, to the microsecond."""
    at = EPOCH + timedelta(microseconds=at_ns // 1_000)
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def safe(text: str) -> str:
    """Return a text that does nothing to a terminal: what does not print, escaped."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode()
        for each in text
    )


def dump(raw: bytes) -> str:
    """Return bytes as a dump: where they are, their digits, what of them is ASCII."""
    lines = []
    for start in range(0, len(raw), _ROW):
        row = raw[start : start + _ROW]
        text = "".join(chr(each) if 32 <= each < 127 else "." for each in row)
        lines.append(f"{start:08x}  {row.hex(' '):<{3 * _ROW}} {text}")
    return "\n".join(lines)


def written(names: Sequence[str], rows: Sequence[Sequence[Any]], form: Format) -> str:
    """Return rows as a table, as CSV or as JSON; whatever they hold, it only prints."""
    safe_rows = [
        [safe(each) if isinstance(each, str) else each for each in row] for row in rows
    ]
    if form is Format.JSON:
        values = [dict(zip(names, row, strict=True)) for row in safe_rows]
        return msgspec.json.format(msgspec.json.encode(values)).decode() + "\n"
    out = io.StringIO()
    if form is Format.CSV:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerows([names, *safe_rows])
        return out.getvalue()
    table = Table(*names)
    for row in safe_rows:
        table.add_row(*map(str, row))
    console = Console(
        file=out, width=_WIDTH, markup=False, emoji=False, highlight=False
    )
    console.print(table)
    return f"{out.getvalue()}{len(rows)} row{'' if len(rows) == 1 else 's'}\n"
