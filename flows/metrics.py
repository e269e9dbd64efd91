"""What a process shows to Prometheus; nothing of it leads back into the flows.

Where the settings let a process take any free port, it writes down which: a file of its
own in ``metrics.folder``, as Prometheus' ``file_sd_configs`` reads them. Who ends in
good order takes the file away; who does not is thus missed.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.core import Metric

from config.load import ConfigError
from config.settings import Metrics
from connectors.kafka import KafkaSource
from flows.figures import counter, followed, gauge
from flows.tap import Tap
from operators.records.time import MS, SECOND
from sinks.spooling import SpoolingPublisher

RESTARTS: Final = "__tapewatch_restarts"
PID: Final = "__tapewatch_pid"


class Target(msgspec.Struct, frozen=True):
    """Where a process listens, as Prometheus wants it told.

    Attributes:
        targets: One address, ``host:port``.
        labels: Its names, and what of it Prometheus does not keep.
    """

    targets: tuple[str, ...]
    labels: dict[str, str]


class Collector(Protocol):
    """What Prometheus asks."""

    def collect(self) -> Iterable[Metric]:
        """Return the figures as they are now."""
        ...


class FlowMetrics:
    """How far a flow is behind, and what it passed on."""

    def __init__(
        self,
        flow: str,
        sources: Sequence[KafkaSource],
        tap: Tap | None = None,
        folders: Mapping[str, Path] | None = None,
    ) -> None:
        """Take what is looked at.

        Args:
            flow: The flow's name.
            sources: What it reads.
            tap: What passes its sinks.
            folders: Where it writes to disk, by what is kept there.
        """
        self._flow = flow
        self._sources = sources
        self._tap = tap or Tap()
        self._folders = folders or {}

    def collect(self) -> Iterator[Metric]:
        """Return lags in messages and in time, and what was read and written."""
        by = "flow", "topic", "partition"
        lags = {
            (self._flow, topic, str(partition)): float(count)
            for source in self._sources
            for (topic, partition), count in dict(source.lags).items()
        }
        text = "Messages of a partition that the flow has yet to take in."
        yield from gauge("consumer_lag", text, lags, *by)
        text = "Age of the newest message taken in while there are more; else 0."
        behind = {(self._flow,): self._behind_s()}
        yield from gauge("event_lag_seconds", text, behind, "flow")
        read: dict[tuple[str], float] = {}
        for source in self._sources:
            for topic, count in dict(source.read).items():
                read[topic,] = read.get((topic,), 0.0) + count
        text = "Messages of a topic that the flow has taken in."
        yield from counter("records_read", text, read, "topic")
        kept = [source.kept_s for source in self._sources if source.kept_s]
        text = "When the flow last kept its place in all it reads."
        yield from gauge("epoch_time_seconds", text, {(): min(kept)} if kept else {})
        yield from followed(self._tap)
        yield from disks(self._folders)

    def _behind_s(self) -> float:
        ages = [
            time.time() - source.newest_ms * MS / SECOND
            for source in self._sources
            if source.newest_ms and any(dict(source.lags).values())
        ]
        return max(ages, default=0.0)


class IngestMetrics:
    """What the lines bring, and what ingest could not hand over yet, or at all."""

    def __init__(self, publisher: SpoolingPublisher, tap: Tap | None = None) -> None:
        """Take what ingest publishes by, and what passes there, frames apart."""
        self._publisher = publisher
        self._tap = tap or Tap()

    def collect(self) -> Iterator[Metric]:
        """Return what came, what waits, on disk and in memory, and what was refused."""
        publisher = self._publisher
        spool = publisher.spool
        for name, text, value in (
            ("spool_bytes", "Bytes on disk that wait for Kafka.", spool.size),
            ("spool_max_bytes", "The most of them.", spool.max_bytes),
            ("spool_messages", "Messages on disk that wait for Kafka.", spool.entries),
            ("spool_lost_messages", "Messages on disk that were damaged.", spool.lost),
            ("waiting_messages", "Messages not confirmed yet.", publisher.waiting),
            (
                "refused_messages",
                "Messages that found no room.",
                publisher.missing.count,
            ),
        ):
            yield from gauge(name, text, {(): value})
        yield from followed(self._tap)
        yield from disks({"spool": spool.folder})


def disks(folders: Mapping[str, Path]) -> Iterator[Metric]:
    """Yield the room where folders are; none for one that is not there."""
    free, size = {}, {}
    for name, folder in folders.items():
        with suppress(OSError):
            found = os.statvfs(folder)
            free[name,] = float(found.f_bavail * found.f_frsize)
            size[name,] = float(found.f_blocks * found.f_frsize)
    yield from gauge("disk_free_bytes", "Room that is left.", free, "folder")
    yield from gauge("disk_size_bytes", "Room that there is.", size, "folder")


def serve(
    metrics: Metrics, collector: Collector, process: str = "", name: str = ""
) -> Callable[[], None]:
    """Show figures for as long as the process lives, where the settings name a port.

    Args:
        metrics: Where.
        collector: What.
        process: Which process this is: a flow's name, ``ingest``, ``tell``.
        name: Which of its kind.

    Returns:
        What a process that ends in good order calls last.

    Raises:
        ConfigError: If the port is taken, or the folder cannot be written.
    """
    if metrics.port is None:
        return lambda: None
    registry = CollectorRegistry()
    registry.register(collector)
    ProcessCollector(registry=registry)
    try:
        server, _ = start_http_server(metrics.port, metrics.host, registry)
    except OSError as error:
        text = f"{metrics.host}:{metrics.port}: {error.strerror}"
        hint = "0 takes any free one"
        raise ConfigError(f"{text}; {hint} - at `$.metrics.port`") from error
    if metrics.port:
        return lambda: None
    host = "127.0.0.1" if metrics.host in {"", "0.0.0.0"} else metrics.host
    address = f"{host}:{server.server_port}"
    return _enter(Path(metrics.folder), process, f"{process}-{name}", address)


def _enter(
    folder: Path, process: str, instance: str, address: str
) -> Callable[[], None]:
    """Write down where a process listens; return what takes it away again."""
    file = folder / f"{instance}.json"
    before = listed(file)
    restarts = 1 + int(before.labels.get(RESTARTS, "0")) if before else 0
    labels = {"process": process, "instance": instance}
    more = {RESTARTS: str(restarts), PID: str(os.getpid())}
    half = folder / f".{instance}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        half.write_bytes(msgspec.json.encode([Target((address,), labels | more)]))
        half.replace(file)
    except OSError as error:
        text = f"{error.filename or folder}: {error.strerror}"
        raise ConfigError(f"{text} - at `$.metrics.folder`") from error
    return lambda: file.unlink(missing_ok=True)


def listed(file: Path) -> Target | None:
    """Return what a process wrote down, if it did, and it can be read."""
    with suppress(OSError, msgspec.DecodeError):
        (target,) = msgspec.json.decode(file.read_bytes(), type=tuple[Target])
        return target
    return None


def targets(folder: Path) -> list[Target]:
    """Return every process that has not ended in good order, by its name."""
    found: list[Any] = [listed(file) for file in sorted(folder.glob("*.json"))]
    return [target for target in found if target is not None]


def forget(folder: Path) -> None:
    """Forget the processes of an earlier run, none of which lives."""
    for file in folder.glob("*.json"):
        file.unlink(missing_ok=True)
