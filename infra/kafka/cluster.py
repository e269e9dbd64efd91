"""Apache Kafka on this machine: KRaft nodes on the loopback, without Docker."""

import os
import signal
import subprocess
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import PartitionMetadata

from config.settings import Kafka
from infra import process
from infra.kafka import client, ports
from infra.kafka.door import OPEN, Door
from infra.kafka.errors import BrokerError
from infra.kafka.installation import Installation
from infra.kafka.node import POLL_S, Node, Seat, new_identity

START_S: Final = 90.0
STOP_S: Final = 20.0
TRIES: Final = 3


class _PortTakenError(BrokerError):
    """Between our choice and the broker's bind somebody else took a port."""


class RealCluster:
    """Apache Kafka whose logs live in a folder and outlive the processes.

    Each node is broker and controller. Started again, this object keeps its ports if
    they are still free, so that clients find the brokers again. Each number of nodes
    has a log of its own in the folder, and with it an incarnation of its own.

    Attributes:
        bootstrap: ``host:port``, of all nodes, by commas; empty until started.
        kind: ``Apache Kafka 4.3.1``.
        incarnation: The cluster id, made with the folder; empty until started.
    """

    def __init__(
        self,
        data: Path,
        installation: Installation,
        nodes: int = 3,
        port: int | None = None,
        door: Door = OPEN,
    ) -> None:
        """Say where and what.

        Args:
            data: The folder.
            installation: What is run.
            nodes: How many.
            port: Of the first node, the others follow; without it any that are free.
            door: How clients come in.
        """
        self.bootstrap = ""
        self.kind = f"Apache Kafka {installation.version}"
        self.incarnation = ""
        inside = data / f"{nodes}-nodes"
        self._nodes = {
            number: Node(
                data if nodes == 1 else inside / str(number),
                installation,
                number,
                nodes,
                door,
            )
            for number in range(1, nodes + 1)
        }
        self._folder = (data if nodes == 1 else inside).resolve()
        self._port = port
        self._door = door
        self._seats: dict[int, Seat] = {}
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def sentence(self) -> str:
        """Which broker this is, for the user."""
        count = len(self._nodes)
        what = f"{self.kind} on {count} nodes" if count > 1 else self.kind
        where = f"at {self.bootstrap}, with its data in {self._folder}"
        return f"The broker is {what} {where}."

    @property
    def pids(self) -> dict[int, int]:
        """The processes that run, by the number of the node."""
        return {n: p.pid for n, p in self._processes.items() if p.poll() is None}

    @property
    def running(self) -> bool:
        """Whether every node's process runs."""
        return len(self.pids) == len(self._nodes)

    def start(self) -> None:
        """Start, and return when every node answers and every replica is in step.

        Raises:
            BrokerError: If one does not, with the last lines of its log.
        """
        if self.running:
            return
        self.stop()
        self.incarnation = self._identity()
        for _ in range(TRIES - 1):
            with suppress(_PortTakenError):
                self._start_once()
                return
        self._start_once()

    def stop(self) -> None:
        """Let the nodes close their logs, or kill what takes too long."""
        for each in self._processes.values():  # together: a last one would wait in vain
            each.terminate()
        for each in self._processes.values():
            process.stop(each, STOP_S)
        self._processes.clear()

    def kill(self, node: int) -> None:
        """Kill a node with SIGKILL; return when it is gone."""
        os.killpg(self._processes[node].pid, signal.SIGKILL)
        self._processes.pop(node).wait()

    def restart(self, node: int) -> None:
        """Start a node that was killed, where it was; return when all are in step.

        Raises:
            BrokerError: If it does not start, or its port has been taken.
        """
        if node not in self.pids:
            self._processes[node] = self._nodes[node].launch(self._seats)
        self._wait([node] + [other for other in self._processes if other != node])

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

    def _identity(self) -> str:
        """Return the id of the logs, formatting those that are missing."""
        found = {node.formatted for node in self._nodes.values()} - {""}
        if len(found) > 1:
            text = f"The nodes in {self._folder} are of different clusters: {found}"
            raise BrokerError(text)
        identity = found.pop() if found else new_identity()
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda node: node.format(identity), self._nodes.values()))
        return identity

    def _start_once(self) -> None:
        self._seats = self._choose_seats()
        addresses = [f"{ports.HOST}:{seat.port}" for seat in self._seats.values()]
        self.bootstrap = ",".join(addresses)
        try:
            for number, node in self._nodes.items():
                self._processes[number] = node.launch(self._seats)
            self._wait(self._nodes)
        except BaseException:
            self.stop()
            raise

    def _choose_seats(self) -> dict[int, Seat]:
        free = iter(ports.free(2 * len(self._nodes)))
        seats = {number: Seat(next(free), next(free)) for number in self._nodes}
        for number, seat in seats.items():
            if self._port is not None:
                port = self._port + number - 1
                if not ports.is_free(port):
                    text = f"Port {port} of {ports.HOST} is in use; name another"
                    raise BrokerError(text)
                seats[number] = seat._replace(port=port)
            elif number in self._seats and ports.is_free(self._seats[number].port):
                seats[number] = seat._replace(port=self._seats[number].port)
        return seats

    def _wait(self, nodes: Collection[int]) -> None:
        deadline_s = time.monotonic() + START_S
        while not all(self._answers(node) for node in nodes):
            for number, java in self._processes.items():
                if java.poll() is not None:
                    raise self._stopped(number, java.returncode)
            if time.monotonic() > deadline_s:
                what = f"did not answer within {START_S:.0f} s"
                raise BrokerError(self._told(next(iter(self._processes)), what))
            time.sleep(POLL_S)

    def _answers(self, node: int) -> bool:
        """Return whether a node answers, and sees all of ours with replicas in step.

        It is asked by a new client, which knows no other yet.
        """
        try:
            cluster = client.silent(self._access(node)).list_topics(timeout=0.5)
        except KafkaException:
            return False
        partitions = [p for t in cluster.topics.values() for p in t.partitions.values()]
        return (
            cluster.cluster_id == self.incarnation
            and cluster.brokers.keys() == self._processes.keys()
            and all(_in_step(each, self._processes.keys()) for each in partitions)
        )

    def _access(self, node: int) -> Kafka:
        address = f"{ports.HOST}:{self._seats[node].port}"
        return Kafka(bootstrap=address, security=self._door.security)

    def _stopped(self, node: int, code: int) -> BrokerError:
        text = self._told(node, f"stopped while starting (exit code {code})")
        return (_PortTakenError if "already in use" in text else BrokerError)(text)

    def _told(self, node: int, what: str) -> str:
        who = f"{self.kind} (node {node})" if len(self._nodes) > 1 else self.kind
        return f"{who} {what}. Its last lines:\n{self._nodes[node].last_lines()}"


def _in_step(partition: PartitionMetadata, nodes: Collection[int]) -> bool:
    """Return whether it has a leader, and what these nodes keep of it is complete."""
    behind = set(partition.replicas) - set(partition.isrs)
    return partition.leader >= 0 and behind.isdisjoint(nodes)
