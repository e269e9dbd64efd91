"""Apache Kafka on this machine: one KRaft node on the loopback, without Docker."""

import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from infra import process
from infra.kafka import client, ports
from infra.kafka.errors import BrokerError
from infra.kafka.installation import Installation
from infra.kafka.node import Node

START_S: Final = 90.0
STOP_S: Final = 20.0
TRIES: Final = 3


class _PortTakenError(BrokerError):
    """Between our choice and the broker's bind somebody else took a port."""


class RealBroker:
    """Apache Kafka whose log lives in a folder and outlives the process.

    Started again, this object keeps its port if it is still free, so that clients find
    the broker again.

    Attributes:
        bootstrap: ``host:port``; empty until started.
        kind: ``Apache Kafka 4.3.1``.
        incarnation: The cluster id, made with the folder; empty until started.
    """

    def __init__(
        self, folder: Path, installation: Installation, port: int | None = None
    ) -> None:
        self.bootstrap = ""
        self.kind = f"Apache Kafka {installation.version}"
        self.incarnation = ""
        self._node = Node(folder, installation)
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def sentence(self) -> str:
        """Which broker this is, for the user."""
        folder = self._node.folder
        return (
            f"The broker is {self.kind} at {self.bootstrap}, with its data in {folder}."
        )

    @property
    def pid(self) -> int | None:
        """The process, while it runs."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process and running else None

    @property
    def running(self) -> bool:
        """Whether the broker's process runs."""
        return self.pid is not None

    def start(self) -> None:
        """Start, and return when the broker answers and every partition has a leader.

        Raises:
            BrokerError: If it does not, with the last lines of its log.
        """
        if self.running:
            return
        self.incarnation = self._node.cluster_id()
        for _ in range(TRIES - 1):
            with suppress(_PortTakenError):
                self._start_once()
                return
        self._start_once()

    def stop(self) -> None:
        """Let the broker close its log, or kill it if that takes too long."""
        if self._process is not None:
            process.stop(self._process, STOP_S)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _start_once(self) -> None:
        port, controller_port = self._choose_ports()
        self.bootstrap = f"{ports.HOST}:{port}"
        self._process = self._node.launch(port, controller_port)
        try:
            self._wait(self._process)
        except BaseException:
            self.stop()
            raise

    def _choose_ports(self) -> tuple[int, int]:
        port, controller_port = ports.free(2)
        if self._port is not None:
            if not ports.is_free(self._port):
                text = f"Port {self._port} of {ports.HOST} is in use; name another"
                raise BrokerError(text)
            return self._port, controller_port
        before = int(self.bootstrap.rpartition(":")[2] or 0)
        return (before if before and ports.is_free(before) else port), controller_port

    def _wait(self, java: subprocess.Popen[bytes]) -> None:
        asking = client.silent(self.bootstrap)
        deadline_s = time.monotonic() + START_S
        while not self._answers(asking):
            if java.poll() is not None:
                raise self._stopped(java.returncode)
            if time.monotonic() > deadline_s:
                raise BrokerError(self._told(f"did not answer within {START_S:.0f} s"))

    def _answers(self, asking: AdminClient) -> bool:
        """Return whether this very broker answers, and leads every partition."""
        try:
            cluster = asking.list_topics(timeout=0.5)
        except KafkaException:
            return False
        partitions = [p for t in cluster.topics.values() for p in t.partitions.values()]
        return (
            cluster.cluster_id == self.incarnation
            and bool(cluster.brokers)
            and all(partition.leader >= 0 for partition in partitions)
        )

    def _stopped(self, code: int) -> BrokerError:
        text = self._told(f"stopped while starting (exit code {code})")
        return (_PortTakenError if "already in use" in text else BrokerError)(text)

    def _told(self, what: str) -> str:
        return f"{self.kind} {what}. Its last lines:\n{self._node.last_lines()}"
