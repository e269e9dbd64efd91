"""Whose a spool's folder is, and up to where Kafka has what is in it."""

import fcntl
import os
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from config.load import ConfigError
from sinks.segment import Segment, around, segments

_NAME: Final = "position"


class Place(NamedTuple):
    """An entry's number, the first of its segment, and where in that it begins."""

    number: int
    first: int
    offset: int


def kept_place(folder: Path) -> Place | None:
    """Return the place that was kept in a folder, if it can be believed."""
    with suppress(OSError, ValueError):
        text = (folder / _NAME).read_text(encoding="ascii")
        place, _, checksum = text.strip().rpartition(" ")
        if zlib.crc32(place.encode()) == int(checksum):
            number, first, offset = map(int, place.split())
            return Place(number, first, offset)
    return None


def keep_place(folder: Path, place: Place) -> None:
    """Keep a place, whole or not at all.

    Raises:
        OSError: If the disk refuses.
    """
    text = " ".join(map(str, place))
    beside = folder / f"{_NAME}.new"
    beside.write_text(f"{text} {zlib.crc32(text.encode())}\n", encoding="ascii")
    beside.replace(folder / _NAME)


def forget_place(folder: Path) -> None:
    """Have no place kept: the first entry is the next.

    Raises:
        OSError: If the disk refuses.
    """
    (folder / _NAME).unlink(missing_ok=True)


def resumed(folder: Path, found: list[Segment], end: int) -> Place:
    """Return where to go on: what was kept, or, if that cannot be, a little before.

    Args:
        folder: The spool's.
        found: Its segments, oldest first.
        end: The number that follows on the last entry.
    """
    place = kept_place(folder)
    if not found or (place and place.number >= end):
        end = max(end, place.number if place else 0)
        return Place(end, end, 0)
    head = found[0].first
    if place is None or place.number < head:
        return Place(head, head, 0)
    segment, _ = around(found, place.number, end)
    if segment.first != place.first or place.offset > segment.size:
        return Place(segment.first, segment.first, 0)
    return place


def left_behind(folder: Path) -> list[Path]:
    """Return the spools beside this one that have messages and no process."""
    found = []
    for other in sorted(folder.parent.iterdir()):
        if other != folder and any(segments(other)):
            with suppress(ConfigError, OSError):
                os.close(locked(other))
                found.append(other)
    return found


def locked(folder: Path) -> int:
    """Take a folder for this process, made if missing; return what holds it.

    Raises:
        ConfigError: If another process has it.
        OSError: If it cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(file)
        text = f"{folder}: another `tapewatch ingest` keeps its spool here; stop it, or"
        raise ConfigError(f"{text} give each its lines by `--line`") from error
    return file
