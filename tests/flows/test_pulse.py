"""Every process is asked how it does, and what it says is kept, or its silence."""

import json
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from prometheus_client.core import Metric

from config.load import ConfigError, save
from config.settings import Kafka, Metrics, Settings
from connectors.reader import bounds, consumer
from flows import metrics, pulsing
from flows.figures import gauge
from flows.pulsing import Pulse, run_pulse
from infra.kafka.ports import free
from operators.records import topics
from operators.records.process import ProcessState
from operators.records.time import SECOND

ROOT = Path(__file__).parents[2]
BOUND_S = 60.0
POLL_S = 0.02
NOW_NS = 1_700_000_000 * SECOND


class Figures:
    """A process with these figures."""

    def __init__(self, **values: float) -> None:
        self._values = values

    def collect(self) -> Iterator[Metric]:
        for name, value in self._values.items():
            yield from gauge(name, "A figure.", {("a",): value}, "topic")


def settings(folder: Path, kafka: Kafka | None = None, **more: Any) -> Settings:
    shown = Metrics(**{"port": 0, "folder": str(folder / "metrics")} | more)
    return Settings(metrics=shown, kafka=kafka or Kafka())


def shown(folder: Path, process: str, **values: float) -> Any:
    """Show figures as a process of `up` does; return what ends it in good order."""
    where = settings(folder).metrics
    return metrics.serve(where, Figures(**values), process, "0-of-1")


def written_down(folder: Path, process: str, port: int, restarts: int = 0) -> None:
    """Write down a process that is not ours."""
    labels = {"instance": f"{process}-0-of-1", "process": process}
    labels[metrics.RESTARTS] = str(restarts)
    target = [{"targets": [f"127.0.0.1:{port}"], "labels": labels}]
    (folder / "metrics").mkdir(exist_ok=True)
    (folder / "metrics" / f"{process}-0-of-1.json").write_text(json.dumps(target))


def asked(folder: Path, **more: Any) -> dict[str, ProcessState]:
    """Return how everyone does, by name."""
    states = Pulse(settings(folder, **more), folder / "metrics").ask(NOW_NS)
    by = {each.name: each for each in states}
    assert len(by) == len(states)
    assert {each.event_ns for each in states} <= {NOW_NS}
    return by


@pytest.fixture
def answering() -> Iterator[Any]:
    """Yield what answers every question with the same bytes, and returns where."""
    doors: list[socket.socket] = []

    def serve(raw: bytes) -> int:
        door = socket.create_server(("127.0.0.1", 0))
        doors.append(door)

        def answer() -> None:
            try:
                while True:
                    talk, _ = door.accept()
                    with talk:
                        talk.recv(65_536)
                        talk.sendall(raw)
            except OSError:
                return

        threading.Thread(target=answer, daemon=True).start()
        port: int = door.getsockname()[1]
        return port

    yield serve
    for door in doors:
        door.shutdown(socket.SHUT_RDWR)
        door.close()


def test_what_a_process_says_is_what_its_figures_say(tmp_path):
    values = {"consumer_lag": 250.0, "event_lag_seconds": 0.125}
    shown(tmp_path, "market", **values)
    shown(tmp_path, "ingest", waiting_messages=7.0)

    found = asked(tmp_path)

    market, ingest = found["market-0-of-1"], found["ingest-0-of-1"]
    assert (market.process, ingest.process) == ("market", "ingest")
    assert market.is_up
    assert (market.lag, market.behind_s, market.waiting) == (250, 0.125, None)
    assert (ingest.lag, ingest.behind_s, ingest.waiting) == (None, None, 7)
    assert market.restarts == 0
    assert 0 < market.started_ns < time.time_ns()
    status = Path("/proc/self/status").read_text().split("VmRSS:")[1]
    assert market.memory_bytes == pytest.approx(int(status.split()[0]) * 1024, rel=0.5)


def test_who_does_not_answer_is_down_and_of_it_nothing_else_is_known(tmp_path):
    (nobody,) = free(1)
    written_down(tmp_path, "market", nobody, restarts=2)

    (market,) = asked(tmp_path).values()

    assert market == ProcessState(
        name="market-0-of-1",
        process="market",
        event_ns=NOW_NS,
        is_up=False,
        restarts=2,
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xff\xff\xff\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut",
        b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n\xff\xfe",
        b"HTTP/1.1 200 OK\r\n\r\ntapewatch_consumer_lag many\n",
    ],
)
def test_who_answers_with_anything_but_figures_is_down(tmp_path, answering, raw):
    written_down(tmp_path, "market", answering(raw))

    (market,) = asked(tmp_path).values()

    assert not market.is_up
    assert market.lag is None


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 2.0**63, 1e300])
def test_a_figure_that_no_column_can_hold_is_not_known(tmp_path, value):
    values = dict.fromkeys(("consumer_lag", "waiting_messages"), value)
    shown(tmp_path, "market", **values, event_lag_seconds=value)

    (market,) = asked(tmp_path).values()

    assert market.is_up
    assert (market.lag, market.waiting) == (None, None)
    assert market.behind_s == (value if math.isfinite(value) else None)
    assert topics.PROCESSES.decode(topics.PROCESSES.encode(market)) == market


def test_who_has_ended_in_good_order_says_nothing_more(tmp_path):
    leave = shown(tmp_path, "market")
    assert list(asked(tmp_path)) == ["market-0-of-1"]

    leave()

    assert asked(tmp_path) == {}


def test_who_ends_in_good_order_while_it_is_asked_is_not_down(tmp_path):
    gone = threading.Event()
    door = socket.create_server(("127.0.0.1", 0))
    written_down(tmp_path, "market", door.getsockname()[1])

    def end() -> None:
        talk, _ = door.accept()
        (tmp_path / "metrics" / "market-0-of-1.json").unlink()
        talk.close()
        gone.set()

    threading.Thread(target=end, daemon=True).start()

    assert asked(tmp_path) == {}
    assert gone.is_set()
    door.close()


def test_without_a_folder_the_one_at_the_fixed_port_is_asked(tmp_path):
    (port,) = free(1)
    metrics.serve(Metrics(port=port), Figures(consumer_lag=3.0))

    (one,) = asked(tmp_path, port=port).values()

    assert one.name == f"127.0.0.1:{port}"
    assert (one.process, one.is_up, one.lag) == ("", True, 3)


def test_without_a_port_nobody_could_be_asked(tmp_path):
    with pytest.raises(ConfigError, match=r"at `\$\.metrics\.port`"):
        run_pulse(settings(tmp_path, port=None), tmp_path)


def kept(kafka: Kafka, since: int) -> list[ProcessState]:
    """Return all that stands in the topic from a place on."""
    reader = consumer(kafka, "test-pulse")
    place = TopicPartition(topics.PROCESSES.name, 0, since)
    _, end = bounds(reader, place)
    found, at = [], since
    reader.assign([place])
    while at < end:
        for message in reader.consume(1_000, 0.1):
            at = message.offset() + 1
            found.append(topics.PROCESSES.decode(message.value()))
    reader.close()
    return found


def test_a_round_is_one_row_a_process_itself_included_until_it_is_told_to_end(
    tmp_path, kafka
):
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    topic = topics.PROCESSES.name
    if topic not in admin.list_topics(timeout=30).topics:
        admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)
    where = Kafka(bootstrap=kafka.bootstrap)
    whole = settings(tmp_path, where, pulse_s=0.2)
    file = tmp_path / "settings.yaml"
    save(whole, file)
    (nobody,) = free(1)
    written_down(tmp_path, "book", nobody)
    shown(tmp_path, "market", consumer_lag=1.0)
    before = len(kept(where, 0))
    pulse = subprocess.Popen(
        [sys.executable, "-m", "flows", "pulse", "--config", str(file)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    try:
        ends_s = time.monotonic() + BOUND_S
        while len(kept(where, before)) < 12:
            assert time.monotonic() < ends_s
            time.sleep(POLL_S)
        pulse.send_signal(signal.SIGTERM)
        assert pulse.wait(BOUND_S) == 0
    finally:
        pulse.kill()
        pulse.wait()

    rounds: dict[int, dict[str, bool]] = {}
    rows = kept(where, before)
    for each in rows:
        rounds.setdefault(each.event_ns, {})[each.name] = each.is_up
    up = {"market-0-of-1": True, "book-0-of-1": False, "pulse-all": True}
    assert len(rounds) >= 4
    assert len({at_ns // (SECOND // 5) for at_ns in rounds}) == len(rounds)
    assert all(said == up for said in rounds.values())
    assert len(rows) == sum(map(len, rounds.values()))
    left = {path.name for path in (tmp_path / "metrics").iterdir()}
    assert left == {"market-0-of-1.json", "book-0-of-1.json"}


def test_a_clock_that_is_set_back_delays_no_round_for_long(tmp_path, monkeypatch):
    pulse = Pulse(settings(tmp_path, pulse_s=0.05), tmp_path / "metrics")
    times = iter([1_000.0, 1_000.01, 0.0])
    clock = SimpleNamespace(time=lambda: next(times))
    monkeypatch.setattr(pulsing, "time", clock)

    assert not pulse._is_told(Event())
