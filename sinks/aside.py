"""Files that cannot be read: set aside by name, never served, never fatal.

LAKE/aside/<table>/<segment>.<name>     the file as it was found
LAKE/aside/aside.jsonl                  what, when and why, a line each
"""

from pathlib import Path
from typing import Final

import msgspec

from sinks import manifest
from sinks.catalog import alone, published

_LIST: Final = "aside.jsonl"


class Aside(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was set aside.

    Attributes:
        at_ns: When [ns UTC].
        table: Of which table.
        path: Where it was, below the lake.
        now: Where it is, below the lake; empty where it was gone.
        why: Why.
    """

    at_ns: int
    table: str
    path: str
    now: str
    why: str


def set_aside(lake: Path, path: Path, why: str, at_ns: int) -> Aside:
    """Have a file be of the lake no longer; whoever has it open reads on.

    Raises:
        OSError: If the disk refuses.
    """
    table, segment = path.parent.parent.name, path.parent.name.removeprefix("seg=")
    into = lake / "aside" / table / f"{segment}.{path.name}"
    into.parent.mkdir(parents=True, exist_ok=True)
    below = str(path.relative_to(lake))
    with alone(lake):
        told = manifest.current(lake)
        if any(part.path == below for part in told.of(table)):
            published(lake, told.without(parts=[below]))
        try:
            path.rename(into)
            now = str(into.relative_to(lake))
        except FileNotFoundError:
            now = ""
        found = Aside(at_ns=at_ns, table=table, path=below, now=now, why=why)
        with (lake / "aside" / _LIST).open("ab") as file:
            file.write(msgspec.json.encode(found) + b"\n")
    return found


def listed(lake: Path) -> list[Aside]:
    """Return what was set aside, oldest first."""
    file = lake / "aside" / _LIST
    if not file.exists():
        return []
    lines = file.read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Aside) for line in lines]
