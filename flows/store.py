"""The recovery store of one worker: one process at a time, and whole.

It is a folder with Bytewax's own SQLite file in ``state``.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from bytewax.recovery import init_db_dir

_UNWRAPPED: Final = "called `Result::unwrap()`"
_DAMAGED: Final = (
    "bring a copy of it back; or move it away and begin at the oldest message with"
    " `tapewatch flow NAME --rebuild`: what was sent is not sent again"
)


@contextmanager
def panics(folder: Path) -> Iterator[None]:
    """Let the engine's panics be errors of the store that it works with.

    Raises:
        StoreError: What the engine could not get over: its own disk, as a rule.
    """
    try:
        yield
    except BaseException as error:
        panicked = type(error).__name__ == "PanicException"  # it is not exported
        if not panicked and _UNWRAPPED not in str(error):
            raise
        text = f"{folder}: the engine could not go on: {error}"
        raise StoreError(f"{text}; what it has committed is safe") from None


class StoreError(Exception):
    """A recovery store that cannot be used: where, why, what to do."""


class Store:
    """A worker's state on disk, held by this process until it ends.

    Attributes:
        folder: Where.
        state: What the engine is given.
        is_fresh: Whether it was made just now.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.is_fresh = False

    def __enter__(self) -> Self:
        """Take the store, and make it where there is none.

        Raises:
            StoreError: If another process has it, it is damaged, or cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._take()
            self.is_fresh = not any(self.state.glob("*.sqlite3"))
            if self.is_fresh:
                self._make()
        except OSError as error:
            text = f"{error.filename or self.folder}: {error.strerror}"
            raise StoreError(f"{text}; a flow keeps its state there") from error
        self.check()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of it."""
        self._lock.close()

    def forget(self) -> None:
        """Take back a store that was made just now, and is not to be."""
        if self.is_fresh:
            shutil.rmtree(self.state)

    def _make(self) -> None:
        """Make the store whole, or not at all."""
        half = self.folder / "state.new"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir()
        with panics(self.folder):
            init_db_dir(half, 1)
        shutil.rmtree(self.state, ignore_errors=True)
        half.rename(self.state)

    def check(self) -> None:
        """Refuse what is no whole store.

        Raises:
            StoreError: If a file of it is damaged, or cannot be read.
        """
        for file in self.state.glob("*.sqlite3"):
            try:
                with closing(sqlite3.connect(file)) as connection:
                    ((found,),) = connection.execute("pragma quick_check(1)")
                    connection.execute("select count(*) from snaps").fetchall()
            except (sqlite3.Error, ValueError) as error:
                raise StoreError(f"{file}: {error}; {_DAMAGED}") from error
            if found != "ok":
                raise StoreError(f"{file}: it is damaged ({found}); {_DAMAGED}")

    def _take(self) -> None:
        import fcntl  # noqa: PLC0415 - not on every system

        self._lock = (self.folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            text = f"{self.folder}: another process works with this state"
            raise StoreError(f"{text}; stop it first") from error
