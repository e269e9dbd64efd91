"""The minute before which nothing is written any more, whatever a clock says.

Whoever puts segments together must know that no file will come to them. So writers hold
a lock that they share while they write, and keep to the floor; to raise it is to have
the lock alone for a moment.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sinks.lake import NEVER


@contextmanager
def writing(lake: Path) -> Iterator[str]:
    """Write files into the lake; yields the first segment that they may lie in.

    Raises:
        OSError: If the disk refuses.
    """
    with _held(lake, fcntl.LOCK_SH):
        yield floor(lake)


def floor(lake: Path) -> str:
    """Return the first segment that may still be written to."""
    try:
        return _file(lake).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return NEVER


def raise_floor(lake: Path, segment: str) -> str:
    """Have nothing written before a segment from now on; return the floor.

    Raises:
        OSError: If the disk refuses.
    """
    with _held(lake, fcntl.LOCK_EX):
        if segment <= (lowest := floor(lake)):
            return lowest
        half = _file(lake).with_suffix(".tmp")
        half.write_text(segment, encoding="ascii")
        half.replace(_file(lake))
        return segment


def _file(lake: Path) -> Path:
    return lake / "hot" / "floor"


@contextmanager
def _held(lake: Path, how: int) -> Iterator[None]:
    folder = lake / "hot"
    folder.mkdir(parents=True, exist_ok=True)
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, how)
        yield
    finally:
        os.close(held)
