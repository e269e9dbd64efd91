"""What a process shows to Prometheus, asked as Prometheus asks."""

import urllib.request
from pathlib import Path
from threading import Event

import pytest
from prometheus_client.parser import text_string_to_metric_families

from config.load import ConfigError
from config.settings import Kafka, Metrics
from connectors.kafka import KafkaSource, Reading
from flows import metrics
from infra.kafka.ports import free
from operators.records import topics
from operators.records.frame import Frame, FrameKind
from sinks.kafka import Publisher
from sinks.segment import Entry
from sinks.spool import Spool
from sinks.spooling import SpoolingPublisher
from tests.e2e.site import Site


def asked(port: int) -> dict[str, float]:
    """Return every figure, by its name and partition."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    return {
        sample.name + sample.labels.get("partition", ""): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def frame(number: int) -> Frame:
    return Frame(
        venue="binance",
        connection="binance-0",
        line="a",
        kind=FrameKind.WS,
        received_ns=number,
        url="",
        data="{}",
    )


def test_a_flow_shows_how_many_messages_it_has_yet_to_take_in(real_kafka, tmp_path):
    settings = Kafka(bootstrap=real_kafka.bootstrap, batch=10)
    Site(tmp_path, settings)  # makes the topics
    publisher = Publisher(settings, [topics.FRAMES])
    source = KafkaSource(Reading(settings, "metrics", [topics.FRAMES], Event()))
    part = source.build_part("read", "all", None)
    part.snapshot()
    before = sum(source.lags.values())
    publisher.send(frame(number) for number in range(30))
    publisher.flush()
    (port,) = free(1)
    metrics.serve(Metrics(port=port), metrics.FlowMetrics("market", [source]))
    lag = 0.0
    for _ in range(1_000):
        part.next_batch()
        part.snapshot()
        shown = asked(port)
        lag = max(lag, *(v for k, v in shown.items() if "consumer_lag" in k))
        if source.newest_ms and not any(source.lags.values()):
            break
    part.close()

    assert lag > 0 or before > 0
    assert {k: v for k, v in asked(port).items() if "consumer_lag" in k and v} == {}
    assert asked(port)["tapewatch_event_lag_seconds"] == 0


def test_ingest_shows_what_waits_on_disk(tmp_path: Path):
    (nowhere, port) = free(2)
    spool = Spool(tmp_path / "spool", 1_000_000, print)
    spool.append([Entry("frames.v1", "k", each) for each in (b"one", b"two")])
    publisher = SpoolingPublisher(
        Kafka(bootstrap=f"127.0.0.1:{nowhere}"), [topics.FRAMES], spool, 1_000
    )
    metrics.serve(Metrics(port=port), metrics.IngestMetrics(publisher))

    shown = asked(port)

    assert shown["tapewatch_spool_messages"] == 2
    assert shown["tapewatch_spool_bytes"] == spool.size > 0
    assert shown["tapewatch_refused_messages"] == 0


def test_a_port_that_is_taken_is_named():
    (port,) = free(1)
    metrics.serve(Metrics(port=port), metrics.FlowMetrics("market", []))

    with pytest.raises(ConfigError, match=rf"127.0.0.1:{port}: .* `\$.metrics.port`"):
        metrics.serve(Metrics(port=port), metrics.FlowMetrics("market", []))
