"""Superset's own environment, from requirements.lock, by its hashes.

It is made once, and anew when the lock or Python has changed. Its stamp is written when
all is in place: one without it was interrupted, and is made anew (what was fetched is
in the installer's cache).
"""

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Final

from infra.superset.errors import SupersetError
from infra.superset.server import run

LOCK: Final = Path(__file__).with_name("requirements.lock")
_COVERED: Final = ((3, 11), (3, 12))
_STAMP: Final = "installed"
_BUILDER: Final = "setuptools"

Say = Callable[[str], None]


def installed(home: Path, say: Say, told: Event, lock: Path = LOCK) -> Path:
    """Return the Python of Superset's environment, which is made if need be.

    Args:
        home: The state folder, which is this process' own.
        say: Takes lines of progress.
        told: Ends it early.
        lock: What to install.

    Raises:
        SupersetError: If it cannot be installed: why.
        ToldError: If it was ended early.
    """
    venv = home / "venv"
    stamp = venv / _STAMP
    wanted = stamp_of(lock)
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return venv / "bin" / "python"
    if sys.version_info[:2] not in _COVERED:
        version = ".".join(map(str, sys.version_info[:2]))
        raise SupersetError(
            f"{lock.name} covers Python 3.11 and 3.12, and this is {version}: make the"
            " environment of Tapewatch with one of them"
        )
    if venv.exists():
        say("removing the environment of before, which is another's or was interrupted")
        stamp.unlink(missing_ok=True)
        shutil.rmtree(venv)
    _Install(venv, lock, say, told).run(home / "install.log")
    half = stamp.with_suffix(".tmp")
    half.write_text(wanted, encoding="utf-8")
    half.rename(stamp)
    return venv / "bin" / "python"


def stamp_of(lock: Path) -> str:
    """Return what the stamp says of an environment of this lock and this Python."""
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    return f"{digest} {sys.implementation.cache_tag} {sys.base_prefix}\n"


def builder(lock: str) -> str:
    """Return the entry of what builds the packages that come as source.

    It is installed first, so that building fetches nothing that has no hash.
    """
    entry = re.search(rf"^{_BUILDER}==.*(?:\n[ ].*)*", lock, re.MULTILINE)
    if entry is None:
        raise SupersetError(f"requirements.lock: Expected an entry of {_BUILDER}")
    return entry[0] + "\n"


def uv_here() -> str | None:
    """Return the uv that our own environment was made with, if it has one."""
    return shutil.which("uv", path=str(Path(sys.executable).parent))


class _Install:
    """An installation under way: by uv where it is, else by pip."""

    def __init__(self, venv: Path, lock: Path, say: Say, told: Event) -> None:
        self._venv, self._lock, self._say, self._told = venv, lock, say, told
        self._said = ""
        self._env = os.environ | {"VIRTUAL_ENV": str(venv), "PYTHONPATH": ""}

    def run(self, log: Path) -> None:
        uv = uv_here()
        self._say(
            f"installing Superset with {'uv' if uv else 'pip'}: about 250 MB to fetch,"
            " 700 MB on disk, this once"
        )
        first = log.with_name("builder.lock")
        first.write_text(builder(self._lock.read_text(encoding="utf-8")))
        made: tuple[str | Path, ...]
        fill: tuple[str | Path, ...]
        if uv:
            made = (uv, "venv", "--quiet", "--python", sys.executable, self._venv)
            fill = (uv, "pip", "install")
        else:
            made = (sys.executable, "-m", "venv", self._venv)
            fill = (self._venv / "bin" / "python", "-m", "pip", "install")
        hashed = ("--require-hashes", "--no-deps", "-r")
        for words in (
            made,
            (*fill, *hashed, first),
            (*fill, "--no-build-isolation", *hashed, self._lock),
        ):
            run(words, log, self._env, self._told, lambda: self._look(log))

    def _look(self, log: Path) -> None:
        """Say how far it is, if that has changed."""
        said = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        asked = len(re.findall(r"^ *Downloading \S", said, re.MULTILINE))
        come = len(re.findall(r"^ *Downloaded \S", said, re.MULTILINE))
        resolved = re.search(r"^Resolved (\d+) packages", said, re.MULTILINE)
        placed = sum(1 for _ in self._venv.glob("lib/*/site-packages/*.dist-info"))
        if resolved is None:
            return
        line = f"installing Superset: {placed} of {resolved[1]} packages"
        if asked > come:
            line += f", {asked - come} large ones still to fetch"
        if line != self._said:
            self._said = line
            self._say(line)
