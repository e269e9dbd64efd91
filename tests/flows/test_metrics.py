"""What a process shows to Prometheus, asked as Prometheus asks."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from threading import Event

import pytest
from prometheus_client.parser import text_string_to_metric_families

from config.load import ConfigError
from config.settings import Kafka, Metrics
from connectors.kafka import KafkaSource, Reading
from flows import metrics
from flows.tap import Tap
from infra.kafka.ports import free
from operators.records import topics
from operators.records.bar import Bar
from operators.records.base import Side
from operators.records.connection import ConnectionEvent, LineEvent
from operators.records.frame import Frame, FrameKind
from operators.records.market import Trade
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
    assert asked(port)["tapewatch_records_read_total"] >= 30
    assert asked(port)["tapewatch_epoch_time_seconds"] > 0


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


def trade(symbol: str, event_ns: int) -> Trade:
    return Trade(
        venue="binance",
        symbol=symbol,
        event_ns=event_ns,
        received_ns=event_ns,
        trade_id="1",
        price=1.0,
        quantity=1.0,
        side=Side.BUY,
    )


def event(what: LineEvent, frames: int) -> ConnectionEvent:
    return ConnectionEvent(
        venue="binance",
        connection="binance-0",
        line="a",
        received_ns=frames,
        event=what,
        url="",
        frames=frames,
        octets=10 * frames,
    )


def shown(tap: Tap) -> dict[str, float]:
    """Return every figure of a tap by its name and the values of its labels."""
    collector = metrics.FlowMetrics("any", [], tap)
    return {
        "/".join((sample.name.removeprefix("tapewatch_"), *sample.labels.values())): (
            sample.value
        )
        for family in collector.collect()
        for sample in family.samples
    }


def test_records_that_pass_are_counted_by_topic_and_table():
    tap = Tap()
    tap.expect([topics.MARKET, topics.BARS])
    one, two = trade("BTC-USDT", 5_000_000_000), trade("BTC-USDT", 7_000_000_000)
    tap([one, two])
    tap([trade("ETH-USDT", 6_000_000_000)])
    tap([])

    figures = shown(tap)

    assert figures["records_written_total/market.v1/trades"] == 3
    assert figures["records_written_total/market.v1/gaps"] == 0
    assert figures["records_written_total/bars.v1/bars"] == 0
    assert figures["event_time_seconds"] == 7
    assert Bar in tap.counts


def test_what_is_not_known_yet_is_absent_and_not_nothing():
    tap = Tap()
    tap.expect([topics.QUALITY_SCORES, topics.CONNECTION_HEALTH, topics.SYSTEM_HEALTH])

    names = {name.partition("/")[0] for name in shown(tap)}

    assert names == {"event_lag_seconds", "records_written_total"}


def test_a_line_s_frames_and_reconnects_are_those_that_it_says():
    tap = Tap()
    for what, frames in [
        (LineEvent.CONNECTING, 0),
        (LineEvent.OPEN, 1),
        (LineEvent.CLOSED, 40),
        (LineEvent.CONNECTING, 40),
        (LineEvent.HEARTBEAT, 90),
    ]:
        tap([event(what, frames)])

    figures = shown(tap)

    assert figures["line_frames_total/binance/binance-0/a"] == 90
    assert figures["line_octets_total/binance/binance-0/a"] == 900
    assert figures["reconnects_total/binance/binance-0/a"] == 1


SERVING = """
import os, sys
from config.settings import Metrics
from flows import metrics
leave = metrics.serve(
    Metrics(port=0, folder=sys.argv[1]), metrics.FlowMetrics("market", []),
    "market", "0-of-1")
print("ready", flush=True)
sys.stdin.readline()
leave()
"""


def serving(folder: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", SERVING, str(folder)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def told(folder: Path) -> tuple[int, dict[str, str]]:
    ((target,),) = (json.loads(f.read_text()) for f in folder.glob("*.json"))
    return int(target["targets"][0].rpartition(":")[2]), target["labels"]


def test_a_process_on_any_port_says_where_and_whether_it_was_missed(tmp_path):
    killed = serving(tmp_path)
    port, labels = told(tmp_path)
    assert labels["instance"] == "market-0-of-1"
    assert labels[metrics.RESTARTS] == "0"
    assert "process_start_time_seconds" in asked(port)
    killed.kill()
    killed.communicate()
    assert told(tmp_path)[0] == port

    again = serving(tmp_path)
    port, labels = told(tmp_path)
    assert labels[metrics.RESTARTS] == "1"
    assert labels[metrics.PID] == str(again.pid)
    assert asked(port)["tapewatch_event_lag_seconds"] == 0
    again.communicate("end in good order\n")

    assert again.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    wanted = Metrics(port=0, folder=str(tmp_path / "file" / "metrics"))

    with pytest.raises(ConfigError, match=r"file/metrics: .* `\$.metrics.folder`"):
        metrics.serve(wanted, metrics.FlowMetrics("market", []), "market", "0-of-1")
