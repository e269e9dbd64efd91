"""The seeds of the targets: files beside this one, a folder each.

A file ``bug-...`` once broke the law and must not again. A file ``known-...`` breaks it
still, in a part that is not mended yet: it must, or it is to be renamed.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

FOLDER: Final = Path(__file__).with_name("corpus")
KNOWN: Final = "known-"


class Entry(NamedTuple):
    """An input and its file's name."""

    name: str
    raw: bytes


def entries(folders: Iterable[str]) -> list[Entry]:
    """Return the inputs in these folders, by name.

    Raises:
        FileNotFoundError: If there are none.
    """
    found = [
        Entry(f"{folder}/{path.name}", path.read_bytes())
        for folder in folders
        for path in sorted((FOLDER / folder).glob("*"))
    ]
    if not found:
        raise FileNotFoundError(f"{FOLDER}: no seeds in {', '.join(folders)}")
    return found
