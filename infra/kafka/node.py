"""The folder of an Apache Kafka node, and the Java processes that work in it.

``log/`` is Kafka's; ``server.properties`` and ``log4j2.properties`` are written at each
start; ``broker.log`` holds warnings, ``console.log`` what Java itself said. Java runs
in the folder and is given relative names only, so that no character of the folder's
path (space, comma, accent) can be misread.
"""

import fcntl
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from infra import process
from infra.kafka.door import OPEN, Door
from infra.kafka.errors import BrokerError
from infra.kafka.installation import Installation
from infra.kafka.ports import HOST

HERE: Final = Path(__file__).parent
FORMAT_S: Final = 90.0
LOCK_S: Final = 3.0  # a broker just killed takes a moment to be gone
POLL_S: Final = 0.05
REPLICAS: Final = 3
JVM: Final = (
    "-Xms64m",
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
    "--enable-native-access=ALL-UNNAMED",
    "-Djava.awt.headless=true",
    "-Dlog4j2.configurationFile=log4j2.properties",
    "-Dtapewatch.log=broker.log",
)


class Seat(NamedTuple):
    """Where a node listens: its port for clients, and that for controllers."""

    port: int
    controller_port: int


Seats = Mapping[int, Seat]
"""Every node of a cluster, by its number."""


class Node:
    """One KRaft node's folder."""

    def __init__(
        self,
        folder: Path,
        installation: Installation,
        number: int = 1,
        of: int = 1,
        door: Door = OPEN,
    ) -> None:
        """Say which node of how many it is, and how clients come in."""
        self.folder = folder.resolve()
        self.number = number
        self._of = of
        self._door = door
        self._installation = installation
        self._log_start = 0

    @property
    def formatted(self) -> str:
        """The id of the log, empty if there is no log yet.

        Raises:
            BrokerError: If it is something else than a log.
        """
        log = self.folder / "log"
        if not log.exists():
            return ""
        meta = log / "meta.properties"
        for line in meta.read_text().splitlines() if meta.is_file() else []:
            key, _, value = line.partition("=")
            if key == "cluster.id":
                return value
        text = (
            f"{log} is not Apache Kafka's: it has no meta.properties with a cluster.id"
        )
        raise BrokerError(text)

    def format(self, identity: str) -> None:
        """Make a log with this id, if there is none.

        Formatted beside and renamed, so that a kill leaves a whole log or none.

        Raises:
            BrokerError: If it cannot be formatted, or the folder is in use.
        """
        log = self.folder / "log"
        with self._lock():
            if not log.exists():
                shutil.rmtree(self.folder / "log.new", ignore_errors=True)
                self._format("log.new", identity)
                (self.folder / "log.new").rename(log)

    def launch(self, seats: Seats) -> subprocess.Popen[bytes]:
        """Start the broker.

        Raises:
            BrokerError: If another one works in the folder.
        """
        with self._lock() as lock:
            self._write_properties("log", seats)
            return self._java("kafka.Kafka", "server.properties", keep=[lock])

    def last_lines(self, count: int = 20) -> str:
        """Return the end of what the latest process said."""
        lines = (self.folder / "console.log").read_text(errors="replace").splitlines()
        log = self.folder / "broker.log"
        if log.exists():
            with log.open("rb") as file:
                file.seek(self._log_start)
                lines += file.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-count:])

    def _format(self, log: str, identity: str) -> None:
        nowhere = {number: Seat(1, 2) for number in range(1, self._of + 1)}
        self._write_properties(log, nowhere)  # ports are not stored
        words = ["format", "--cluster-id", identity, "--config", "server.properties"]
        for user in self._door.users:
            words += ["--add-scram", user]
        tool = self._java("kafka.tools.StorageTool", *words)
        try:
            code = tool.wait(FORMAT_S)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            process.stop(tool, grace_s=0)
        if code != 0:
            how = f"did not end in {FORMAT_S:.0f} s" if code is None else "failed"
            text = (
                f"Formatting {self.folder} {how}. Its last lines:\n{self.last_lines()}"
            )
            raise BrokerError(text)

    def _write_properties(self, log: str, seats: Seats) -> None:
        fixed = (HERE / "server.properties").read_text()
        ours = self._place(log, seats) | replicated(self._of) | self._door.properties
        lines = "".join(f"{key}={value}\n" for key, value in ours.items())
        (self.folder / "server.properties").write_text(f"{fixed}\n{lines}")
        shutil.copy(HERE / "log4j2.properties", self.folder)

    def _place(self, log: str, seats: Seats) -> dict[str, str]:
        port, controller_port = seats[self.number]
        clients, controller = f"CLIENTS://{HOST}:{port}", f"{HOST}:{controller_port}"
        voters = (
            f"{number}@{HOST}:{seat.controller_port}" for number, seat in seats.items()
        )
        return {
            "node.id": str(self.number),
            "listeners": f"{clients},CONTROLLER://{controller}",
            "advertised.listeners": clients,
            "controller.quorum.voters": ",".join(voters),
            "log.dirs": log,
        }

    def _java(self, *words: str, keep: Sequence[int] = ()) -> subprocess.Popen[bytes]:
        console, log = self.folder / "console.log", self.folder / "broker.log"
        console.write_bytes(b"")
        self._log_start = log.stat().st_size if log.exists() else 0
        classpath = os.pathsep.join(map(str, self._installation.jars))
        argv = [str(self._installation.java), *JVM, "-cp", classpath, *words]
        return process.spawn(argv, log=console, cwd=self.folder, keep=keep)

    @contextmanager
    def _lock(self) -> Iterator[int]:
        """Have the folder to ourselves; a process that keeps the file keeps the lock.

        Kafka's own lock comes too late: a second broker on the folder has already
        written to the metadata log when it is turned away.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as file:
            deadline_s = time.monotonic() + LOCK_S
            while not _locked(file.fileno()):
                if time.monotonic() > deadline_s:
                    text = f"Another broker works in {self.folder}: stop it first"
                    raise BrokerError(text)
                time.sleep(POLL_S)
            yield file.fileno()


def new_identity() -> str:
    """Return an id for a log."""
    return "T" + secrets.token_urlsafe(16)[1:]  # may not begin with a dash


def replicated(nodes: int) -> dict[str, str]:
    """Return how often is kept what no topic of ours says, on so many nodes.

    All but one of the replicas must have a record: one node may be away.
    """
    copies = min(REPLICAS, nodes)
    confirmed = max(1, copies - 1)
    return {
        "default.replication.factor": str(copies),
        "min.insync.replicas": str(confirmed),
        "offsets.topic.replication.factor": str(copies),
        "transaction.state.log.replication.factor": str(copies),
        "transaction.state.log.min.isr": str(confirmed),
        "share.coordinator.state.topic.replication.factor": str(copies),
        "share.coordinator.state.topic.min.isr": str(confirmed),
    }


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
