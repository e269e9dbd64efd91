"""The broker on this machine: Apache Kafka where it can be had, else one in memory."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

from infra.kafka import installation, specs
from infra.kafka.cluster import RealCluster
from infra.kafka.errors import BrokerError, UnavailableError
from infra.kafka.maven import Say
from infra.kafka.memory import MemoryBroker
from infra.kafka.real import RealBroker
from infra.kafka.specs import TopicSpec

Wish = Literal["auto", "kafka", "memory"]


class Broker(Protocol):
    """A Kafka broker of our own, on the loopback.

    Attributes:
        bootstrap: Where clients connect, ``host:port``, several separated by commas;
            empty until started.
        kind: ``Apache Kafka 4.3.1`` or ``in-memory``.
        incarnation: The id of this log. Offsets taken in one mean nothing in another.
    """

    bootstrap: str
    kind: str
    incarnation: str

    @property
    def sentence(self) -> str:
        """Which broker this is, for the user."""

    @property
    def running(self) -> bool:
        """Whether it runs."""

    def start(self) -> None:
        """Start, and return when it answers; a second start changes nothing."""

    def stop(self) -> None:
        """Stop in order; a second stop changes nothing."""

    def __enter__(self) -> Self:
        """Start."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""


def choose(
    data: Path,
    wish: Wish = "auto",
    *,
    port: int | None = None,
    nodes: int = 1,
    topics: Sequence[TopicSpec] | None = None,
    say: Say = installation.say_to_stderr,
) -> Broker:
    """Return the broker to start; the first time, this fetches Apache Kafka.

    A jar that is not what the lock says is an error whatever the wish: only what is
    missing is made up for.

    Args:
        data: The folder of Apache Kafka's log.
        wish: ``auto`` takes Apache Kafka where it can be had, else the one in memory.
        port: Where Apache Kafka shall listen; without it on any free port.
        nodes: Of how many Apache Kafka is made; three outlast the loss of one. The one
            in memory is always alone.
        topics: What the one in memory makes; without it those of ``topics.yaml``.
        say: Takes lines of progress.

    Raises:
        BrokerError: If ``kafka`` is wished and cannot be had, or a jar is wrong.
    """
    why = "as asked for"
    if wish != "memory":
        try:
            found = installation.find(say)
            if nodes > 1:
                return RealCluster(data, found, nodes, port)
            return RealBroker(data, found, port)
        except UnavailableError as error:
            if wish == "kafka":
                raise
            why = str(error)
    return MemoryBroker(specs.load() if topics is None else topics, why)


__all__ = [
    "Broker",
    "BrokerError",
    "MemoryBroker",
    "RealBroker",
    "RealCluster",
    "Wish",
    "choose",
]
