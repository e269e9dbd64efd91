"""A store that cannot be used is named, with why and what to do."""

import sqlite3
from pathlib import Path

import pytest

from flows.store import Store, StoreError


def made(folder: Path) -> Path:
    """Make a store; return its file."""
    with Store(folder) as store:
        store.check()
    (file,) = (folder / "state").glob("*.sqlite3")
    return file


def test_a_file_that_cannot_even_be_opened_is_named(tmp_path: Path) -> None:
    file = made(tmp_path)
    file.unlink()
    file.mkdir()
    with pytest.raises(sqlite3.OperationalError):
        sqlite3.connect(file)

    with pytest.raises(StoreError, match=r"unable to open .* bring a copy") as found:
        Store(tmp_path).check()

    assert str(file) in str(found.value)


def test_a_file_that_is_no_store_is_named(tmp_path: Path) -> None:
    file = made(tmp_path)
    file.write_bytes(b"no database" * 100)

    with pytest.raises(StoreError, match=f"{file.name}: .* bring a copy"):
        Store(tmp_path).check()
