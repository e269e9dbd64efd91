"""Set Superset up when anything that it is made of has changed, whole or not at all.

The metadata is set up as a copy that then takes the place of the one before: what is
interrupted, or fails, leaves it as it was.
"""

import contextlib
import hashlib
import hmac
import os
import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Final

from infra.superset import keys
from infra.superset.install import LOCK, Say
from infra.superset.server import run

METADATA: Final = "superset.db"
_STAMP: Final = "provisioned"
_HERE: Final = Path(__file__).parent
_MADE_OF: Final = (
    "keys.py",
    "provision.py",
    "seal.py",
    "superset_config.py",
    "viewer.py",
)


def set_up(
    home: Path,
    python: Path,
    bundle: Mapping[str, str],
    *,
    env: Mapping[str, str],
    say: Say,
    told: Event,
) -> bool:
    """Set Superset up if need be; return whether that was so.

    Args:
        home: The state folder, which is this process' own.
        python: Of Superset's environment.
        bundle: The dashboards, by path.
        env: The environment of Superset's programs.
        say: Takes lines of progress.
        told: Ends it early.

    Raises:
        SupersetError: If it cannot be set up: why.
        SecretError: If a secret cannot be used.
        ToldError: If it was ended early.
    """
    keys.make_all(home)
    metadata, stamp = home / METADATA, home / _STAMP
    wanted = stamp_of(home, bundle)
    if (
        metadata.is_file()
        and stamp.is_file()
        and stamp.read_text(encoding="utf-8") == wanted
    ):
        return False
    say("setting Superset up: tables, roles, users, dashboards (about a minute)")
    half = home / f".{METADATA}.tmp"
    _private(half)
    if metadata.is_file():
        _copy(metadata, half)
    folder = home / "bundle"
    shutil.rmtree(folder, ignore_errors=True)
    for path, text in bundle.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    words = (python, "-m", "infra.superset.provision", folder)
    half_env = {**env, "TAPEWATCH_SUPERSET_DATABASE": str(half)}
    run(words, home / "provision.log", half_env, told)
    stamp.unlink(missing_ok=True)
    half.replace(metadata)
    stamp.write_text(wanted, encoding="utf-8")
    return True


def stamp_of(home: Path, bundle: Mapping[str, str]) -> str:
    """Return what the stamp says when all is set up: what it was made of."""
    digest = hashlib.sha256(LOCK.read_bytes())
    for name in _MADE_OF:
        digest.update((_HERE / name).read_bytes())
    for path, text in sorted(bundle.items()):
        digest.update(f"\0{path}\0{text}".encode())
    secret = keys.known(home, keys.SECRET_KEY).value.encode()
    for name in (keys.ADMIN, keys.VIEWER):
        password = keys.known(home, name)
        if password.is_told:
            digest.update(hmac.digest(secret, password.value.encode(), "sha256"))
    return hmac.new(secret, digest.digest(), "sha256").hexdigest() + "\n"


def _private(file: Path) -> None:
    """Lay an empty file that only its owner can read; SQLite takes it for a new one."""
    for left in (file, file.with_name(f"{file.name}-journal")):
        left.unlink(missing_ok=True)
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _copy(source: Path, target: Path) -> None:
    """Copy a database, less what a process that was killed had begun."""
    with (
        contextlib.closing(sqlite3.connect(source)) as before,
        contextlib.closing(sqlite3.connect(target)) as after,
    ):
        before.backup(after)
