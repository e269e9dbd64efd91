"""The secrets of Superset: from the environment, or made at first start.

    python -m infra.superset.keys FOLDER

What is made is kept in a file of the state folder that only its owner can read. There
are no defaults, and nothing here is ever printed. Only the standard library is used,
since Superset's own environment reads them too.
"""

import os
import secrets
import stat
import sys
from pathlib import Path
from typing import Final, NamedTuple

SECRET_KEY: Final = "secret_key"
ADMIN: Final = "admin_password"
VIEWER: Final = "viewer_password"

SHORTEST: Final = {SECRET_KEY: 32, ADMIN: 12, VIEWER: 12}
"""How many characters each must have, by its name."""

_BYTES: Final = {SECRET_KEY: 48, ADMIN: 18, VIEWER: 18}
_OTHERS: Final = 0o077


class SecretError(Exception):
    """A secret that is missing, too short, or open to others."""


class Secret(NamedTuple):
    """A secret.

    Attributes:
        value: It.
        is_told: Whether it came from the environment.
    """

    value: str
    is_told: bool


def variable(name: str) -> str:
    """Return which variable of the environment tells a secret."""
    return f"TAPEWATCH_SUPERSET_{name.upper()}"


def known(home: Path, name: str) -> Secret:
    """Return a secret that was told, or was made before.

    Raises:
        SecretError: If there is none, or others can read it.
    """
    told = os.environ.get(variable(name))
    if told:
        return Secret(_long_enough(told, name, variable(name)), is_told=True)
    file = home / name
    try:
        mode = file.stat().st_mode
        value = file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise SecretError(
            f"{file}: no such file, and {variable(name)} is not set either"
        ) from None
    if stat.S_IMODE(mode) & _OTHERS:
        raise SecretError(f"{file}: others can read it; chmod 600 {file}")
    return Secret(_long_enough(value, name, str(file)), is_told=False)


def make(home: Path, name: str) -> Secret:
    """Return a secret, made now if it is neither told nor there.

    Raises:
        SecretError: If it is too short, or others can read it.
    """
    file = home / name
    if not os.environ.get(variable(name)) and not file.exists():
        half = home / f".{name}.{os.getpid()}.tmp"
        half.unlink(missing_ok=True)
        opened = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "w", encoding="utf-8") as out:
            out.write(secrets.token_urlsafe(_BYTES[name]) + "\n")
        half.rename(file)
    return known(home, name)


def make_all(home: Path) -> None:
    """Make what is neither told nor there.

    Raises:
        SecretError: If one is too short, or others can read it.
    """
    for name in SHORTEST:
        make(home, name)


def _long_enough(value: str, name: str, where: str) -> str:
    if len(value) < SHORTEST[name]:
        raise SecretError(f"{where}: Expected {SHORTEST[name]} characters or more")
    return value


if __name__ == "__main__":
    make_all(Path(sys.argv[1]))
