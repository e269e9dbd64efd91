"""The state folder of Superset: nobody else can read it, and one process has it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.superset.errors import SupersetError


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Have the folder, made if it is missing, for as long as the context lasts.

    Raises:
        SupersetError: If another process has it.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    home.chmod(0o700)
    lock = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SupersetError(
                f"{home}: another `tapewatch dashboards` or `tapewatch up` has this"
                " Superset; stop it first, or name another folder in `dashboards.path`"
            ) from None
        yield
    finally:
        os.close(lock)
