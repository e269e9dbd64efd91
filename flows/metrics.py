"""What a process shows to Prometheus; nothing of it leads back into the flows."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric

from config.load import ConfigError
from config.settings import Metrics
from connectors.kafka import KafkaSource
from operators.records.time import MS, SECOND
from sinks.spooling import SpoolingPublisher


class Collector(Protocol):
    """What Prometheus asks."""

    def collect(self) -> Iterable[Metric]:
        """Return the figures as they are now."""
        ...


class FlowMetrics:
    """How far a flow is behind."""

    def __init__(self, flow: str, sources: Sequence[KafkaSource]) -> None:
        """Take what the flow reads."""
        self._flow = flow
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        """Return lags in messages and in time."""
        lag = GaugeMetricFamily(
            "tapewatch_consumer_lag",
            "Messages of a partition that the flow has yet to take in.",
            labels=["flow", "topic", "partition"],
        )
        behind = GaugeMetricFamily(
            "tapewatch_event_lag_seconds",
            "Age of the newest message taken in while there are more; else 0.",
            labels=["flow"],
        )
        for source in self._sources:
            for (topic, partition), count in source.lags.items():
                lag.add_metric([self._flow, topic, str(partition)], count)
        behind.add_metric([self._flow], self._behind_s())
        yield lag
        yield behind

    def _behind_s(self) -> float:
        ages = [
            time.time() - source.newest_ms * MS / SECOND
            for source in self._sources
            if source.newest_ms and any(source.lags.values())
        ]
        return max(ages, default=0.0)


class IngestMetrics:
    """What ingest has not been able to hand over yet, or at all."""

    def __init__(self, publisher: SpoolingPublisher) -> None:
        """Take what ingest publishes by."""
        self._publisher = publisher

    def collect(self) -> Iterator[Metric]:
        """Return what waits, on disk and in memory, and what was refused."""
        publisher = self._publisher
        spool = publisher.spool
        for name, text, value in (
            ("spool_bytes", "Bytes on disk that wait for Kafka.", spool.size),
            ("spool_messages", "Messages on disk that wait for Kafka.", spool.entries),
            ("waiting_messages", "Messages not confirmed yet.", publisher.waiting),
            (
                "refused_messages",
                "Messages that found no room.",
                publisher.missing.count,
            ),
        ):
            gauge = GaugeMetricFamily(f"tapewatch_{name}", text)
            gauge.add_metric([], value)
            yield gauge


def serve(metrics: Metrics, collector: Collector) -> None:
    """Show figures for as long as the process lives, where the settings name a port.

    Raises:
        ConfigError: If the port is taken.
    """
    if metrics.port is None:
        return
    registry = CollectorRegistry()
    registry.register(collector)
    try:
        start_http_server(metrics.port, metrics.host, registry)
    except OSError as error:
        text = f"{metrics.host}:{metrics.port}: {error.strerror}"
        raise ConfigError(f"{text} - at `$.metrics.port`") from error
