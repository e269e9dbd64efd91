"""The processes of ``tapewatch up``: each logs to a file, and is started again."""

import os
import re
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from threading import Event
from typing import Final

from config.load import ConfigError
from infra.process import spawn, stop

_READY: Final = re.compile(r"ready on 127\.0\.0\.1:(\d+)")
_GRACE_S: Final = 30.0
_LIVED_S: Final = 20.0
_TRIES: Final = 5
_LAST_LINES: Final = 15


class ChildError(Exception):
    """A process that does not start, or ends again and again."""


class Child:
    """One process of ours: a ``tapewatch`` command of its own.

    Attributes:
        name: What it is called in messages; its log is ``<name>.log``.
        restarts: How often it had to be started again.
    """

    def __init__(self, name: str, words: Sequence[str], logs: Path) -> None:
        self.name = name
        self.restarts = 0
        self._words = [sys.executable, "-m", "flows", *words]
        self._log = logs / f"{name}.log"
        self._log.unlink(missing_ok=True)
        self._quick_ends = 0
        self._start()

    def _start(self) -> None:
        self._since_s = time.monotonic()
        self.process: Popen[bytes] = spawn(self._words, log=self._log)

    @property
    def ended(self) -> int | None:
        """Its exit code, once it has ended."""
        return self.process.poll()

    def port(self, within_s: float = 30.0) -> int:
        """Wait until it says on which port it listens; return the port.

        Raises:
            ChildError: If it ends before, or does not say so in time.
        """
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if found := _READY.search(self.log()):
                return int(found[1])
            if self.ended is not None:
                break
            time.sleep(0.05)
        raise ChildError(self._trouble("did not get ready"))

    def keep_alive(self) -> bool:
        """Start it again if it has ended; return whether that was so.

        Raises:
            ChildError: If it ends again and again.
        """
        if self.ended is None:
            return False
        lived_s = time.monotonic() - self._since_s
        self._quick_ends = self._quick_ends + 1 if lived_s < _LIVED_S else 1
        if self._quick_ends >= _TRIES:
            raise ChildError(self._trouble(f"ended {_TRIES} times in a row"))
        self.restarts += 1
        self._start()
        return True

    def stop(self) -> int:
        """Stop it in good order, by force after a while; return its exit code."""
        return stop(self.process, _GRACE_S)

    def log(self) -> str:
        """Return what it has said."""
        if not self._log.exists():
            return ""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _trouble(self, what: str) -> str:
        last = "\n  ".join(self.log().splitlines()[-_LAST_LINES:])
        code = self.ended
        ending = "" if code is None else f", exit code {code}"
        return f"{self.name} {what}{ending}; the end of {self._log}:\n  {last}"


def only_one(state: Path) -> object:
    """Take the state folder for this process; return what holds it.

    Raises:
        ConfigError: If another process has it.
    """
    import fcntl  # noqa: PLC0415 - not on every system

    state.mkdir(parents=True, exist_ok=True)
    lock = (state / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        text = f"{state}: another `tapewatch up` is using this folder; stop it first"
        raise ConfigError(text) from error
    return lock


@contextmanager
def told_to_end(stop_with_parent: bool) -> Iterator[Event]:
    """Yield what is set by Ctrl-C and its like, or when the caller has gone away."""
    told = _Told(os.getppid() if stop_with_parent else None)
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, lambda *_: told.set()) for number in numbers]
    try:
        yield told
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


class _Told(Event):
    def __init__(self, parent: int | None) -> None:
        super().__init__()
        self._parent = parent

    def is_set(self) -> bool:
        gone = self._parent is not None and os.getppid() != self._parent
        return gone or super().is_set()
