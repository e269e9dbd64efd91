"""Superset's environment is what the lock says, whole, or made anew."""

import re
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.superset import install
from infra.superset.errors import SupersetError, ToldError
from infra.superset.install import LOCK, builder, installed

TEXT = LOCK.read_text(encoding="utf-8")
NEVER = Event()


def entries(text: str) -> list[str]:
    return re.split(r"\n(?=\S)", text.strip())


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """Return a lock of one package, which is real and small."""
    file = tmp_path / "small.lock"
    file.write_text(builder(TEXT), encoding="utf-8")
    return file


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def said() -> list[str]:
    return []


def packages(python: Path) -> str:
    words = [python, "-c", "import setuptools; print(setuptools.__version__)"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def test_every_package_is_pinned_by_hashes_and_no_address_is_named() -> None:
    for entry in entries(TEXT):
        assert re.match(r"[\w.-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry
    assert "://" not in TEXT
    assert not re.search(r"^--", TEXT, re.MULTILINE)


def test_what_is_asked_for_is_what_is_locked() -> None:
    asked = LOCK.with_name("requirements.in").read_text(encoding="utf-8")
    lines = (line.partition("#")[0].strip() for line in asked.splitlines())
    locked = {
        canonicalize_name(entry.partition("==")[0]): entry.partition("==")[2].split()[0]
        for entry in entries(TEXT)
    }
    for line in filter(None, lines):
        wanted = Requirement(line)
        assert str(wanted.specifier) == f"=={locked[canonicalize_name(wanted.name)]}"


def test_duckdb_is_the_version_that_writes_the_catalogue() -> None:
    ours = (Path(install.__file__).parents[2] / "requirements.lock").read_text()
    pin = r"^duckdb==(\S+)"
    assert re.findall(pin, TEXT, re.M) == re.findall(pin, ours, re.M)


def test_a_second_time_nothing_is_done(home: Path, lock: Path, said: list[str]) -> None:
    python = installed(home, said.append, NEVER, lock)
    version = packages(python)
    count = len(said)
    marker = home / "venv" / "marker"
    marker.touch()

    assert installed(home, said.append, NEVER, lock) == python
    assert marker.exists()
    assert len(said) == count > 0
    assert packages(python) == version


def test_an_interrupted_one_is_made_anew(
    home: Path, lock: Path, said: list[str]
) -> None:
    installed(home, said.append, NEVER, lock)
    (home / "venv" / "installed").unlink()
    (home / "venv" / "half-written").touch()

    python = installed(home, said.append, NEVER, lock)
    assert not (home / "venv" / "half-written").exists()
    assert packages(python)


def test_another_lock_makes_it_anew(home: Path, lock: Path, said: list[str]) -> None:
    installed(home, said.append, NEVER, lock)
    (home / "venv" / "of-before").touch()
    lock.write_text(lock.read_text() + "\n", encoding="utf-8")

    installed(home, said.append, NEVER, lock)
    assert not (home / "venv" / "of-before").exists()


def test_a_package_that_is_not_what_was_locked_is_refused(
    home: Path, lock: Path, said: list[str]
) -> None:
    text = re.sub(r"sha256:[0-9a-f]{64}", "sha256:" + "0" * 64, lock.read_text())
    lock.write_text(text, encoding="utf-8")
    with pytest.raises(SupersetError, match=r"(?i)hash"):
        installed(home, said.append, NEVER, lock)
    assert not (home / "venv" / "installed").exists()


def test_who_is_told_to_end_leaves_no_stamp(
    home: Path, lock: Path, said: list[str]
) -> None:
    told = Event()
    told.set()
    with pytest.raises(ToldError):
        installed(home, said.append, told, lock)
    assert not (home / "venv" / "installed").exists()


def test_a_python_that_the_lock_does_not_cover_is_told(
    home: Path, lock: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 13, 0, "final", 0))
    with pytest.raises(
        SupersetError, match=r"covers Python 3\.11 and 3\.12.* is 3\.13"
    ):
        installed(home, said.append, NEVER, lock)
    assert said == []


def test_without_uv_it_is_pip(
    home: Path, lock: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "uv_here", lambda: None)
    assert packages(installed(home, said.append, NEVER, lock))
    assert "with pip" in said[0]
