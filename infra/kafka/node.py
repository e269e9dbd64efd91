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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from infra import process
from infra.kafka.errors import BrokerError
from infra.kafka.installation import Installation
from infra.kafka.ports import HOST

HERE: Final = Path(__file__).parent
FORMAT_S: Final = 90.0
LOCK_S: Final = 3.0  # a broker just killed takes a moment to be gone
POLL_S: Final = 0.05
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


class Node:
    """One KRaft node's folder."""

    def __init__(self, folder: Path, installation: Installation) -> None:
        self.folder = folder.resolve()
        self._installation = installation
        self._log_start = 0

    def cluster_id(self) -> str:
        """Return the id of the log, formatting it first if there is none.

        Formatted beside and renamed, so that a kill leaves a whole log or none.

        Raises:
            BrokerError: If it cannot be formatted, is something else, or in use.
        """
        log = self.folder / "log"
        with self._lock():
            if not log.exists():
                shutil.rmtree(self.folder / "log.new", ignore_errors=True)
                self._format("log.new")
                (self.folder / "log.new").rename(log)
        meta = log / "meta.properties"
        for line in meta.read_text().splitlines() if meta.is_file() else []:
            key, _, value = line.partition("=")
            if key == "cluster.id":
                return value
        text = (
            f"{log} is not Apache Kafka's: it has no meta.properties with a cluster.id"
        )
        raise BrokerError(text)

    def launch(self, port: int, controller_port: int) -> subprocess.Popen[bytes]:
        """Start the broker.

        Raises:
            BrokerError: If another one works in the folder.
        """
        with self._lock() as lock:
            self._write_properties("log", port, controller_port)
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

    def _format(self, log: str) -> None:
        self._write_properties(log, port=1, controller_port=2)  # not stored
        identity = "T" + secrets.token_urlsafe(16)[1:]  # may not begin with a dash
        words = ["format", "--cluster-id", identity, "--config", "server.properties"]
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

    def _write_properties(self, log: str, port: int, controller_port: int) -> None:
        fixed = (HERE / "server.properties").read_text()
        ours = {
            "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
            "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
            "controller.quorum.voters": f"1@{HOST}:{controller_port}",
            "log.dirs": log,
        }
        lines = "".join(f"{key}={value}\n" for key, value in ours.items())
        (self.folder / "server.properties").write_text(f"{fixed}\n{lines}")
        shutil.copy(HERE / "log4j2.properties", self.folder)

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


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
