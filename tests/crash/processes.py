"""Processes that are killed, and started again at once, as a supervisor would."""

import os
import re
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from subprocess import Popen
from threading import Event, Thread
from typing import Final

from infra.kafka.errors import BrokerError
from infra.kafka.real import RealBroker
from infra.process import spawn, stop

_READY: Final = re.compile(r"ready on 127\.0\.0\.1:(\d+)")
_BOUND_S: Final = 60.0
_LOOK_S: Final = 0.05
_LAST_LINES: Final = 12


class Process:
    """A ``tapewatch`` command; its log is kept from one life to the next.

    Attributes:
        name: What it is called; its log is ``<name>.log``.
        endings: What it said when it ended without having been killed.
    """

    def __init__(self, name: str, words: tuple[str, ...], folder: Path) -> None:
        self.name = name
        self.endings: list[str] = []
        self._words = [sys.executable, "-m", "flows", *words]
        self._log = folder / f"{name}.log"
        self._start()

    def _start(self) -> None:
        self._begins = self._log.stat().st_size if self._log.exists() else 0
        self._since_s = time.monotonic()
        self._process: Popen[bytes] = spawn(self._words, log=self._log)

    @property
    def lived_s(self) -> float:
        """How long it has lived [s]."""
        return time.monotonic() - self._since_s

    @property
    def runs(self) -> bool:
        """Whether there is a process to kill."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Kill it with SIGKILL, and start it again."""
        self._process.kill()
        self._process.wait()
        self._start()

    def keep_alive(self) -> None:
        """Start it again if it has ended by itself, and remember what it said."""
        if self._process.poll() is not None:
            said = self.last_lines().splitlines() or ["nothing said"]
            code = self._process.returncode
            self.endings.append(f"{self.name}, exit code {code}: {said[-1]}")
            self._start()

    def stop(self) -> None:
        """Stop it in good order."""
        code = stop(self._process, _BOUND_S)
        assert code == 0, f"{self.name}, exit code {code}: {self.last_lines()}"

    def end(self) -> None:
        """Make sure that it is gone."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def port(self) -> int:
        """Wait until it says on which port it listens; return the port."""
        deadline_s = time.monotonic() + _BOUND_S
        while time.monotonic() < deadline_s and self._process.poll() is None:
            if found := _READY.search(self._said()):
                return int(found[1])
            time.sleep(_LOOK_S)
        raise AssertionError(f"{self.name} did not get ready: {self.last_lines()}")

    def last_lines(self) -> str:
        """Return the end of what it has said in this life."""
        return "\n".join(self._said().splitlines()[-_LAST_LINES:])

    def _said(self) -> str:
        if not self._log.exists():
            return ""
        with self._log.open("rb") as file:
            file.seek(self._begins)
            return file.read().decode(errors="replace")


class Power:
    """Keeps a broker running: whenever its process is gone, it starts it again.

    A thread does it, so that others can be killed while the broker is starting, and the
    broker itself too.
    """

    def __init__(self, broker: RealBroker) -> None:
        self._broker = broker
        self._off = Event()
        self._thread = Thread(target=self._keep, name="power", daemon=True)
        self._since_s = time.monotonic()
        broker.start()
        self._thread.start()

    @property
    def lived_s(self) -> float:
        """How long its process has lived [s]."""
        return time.monotonic() - self._since_s

    @property
    def runs(self) -> bool:
        """Whether there is a process to kill."""
        return self._broker.pid is not None

    def kill(self) -> None:
        """Kill it with SIGKILL; it will be started again."""
        pid = self._broker.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        self._since_s = time.monotonic()

    def stop(self) -> None:
        """Stop the broker in good order."""
        self._off.set()
        self._thread.join(_BOUND_S)
        self._broker.stop()

    def _keep(self) -> None:
        while not self._off.wait(_LOOK_S):
            if self._broker.pid is None:
                self._since_s = time.monotonic()
                with suppress(BrokerError):  # killed once more while it was starting
                    self._broker.restart(1)
