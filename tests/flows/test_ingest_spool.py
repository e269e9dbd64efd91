"""Ingest while Kafka is away: a real process, a real broker, stopped or killed."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from confluent_kafka import Consumer, TopicPartition
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from infra.kafka.installation import Installation
from infra.kafka.real import RealBroker
from infra.kafka.specs import load
from infra.kafka.topics import apply
from operators.records import topics
from operators.records.connection import ConnectionEvent, LineEvent
from operators.records.frame import Frame, FrameKind
from operators.records.topics import Topic

ROOT = Path(__file__).parents[2]
BOUND_S = 60.0
POLL_S = 0.05
PADDING = "x" * 300
FRAMES = re.compile(r"([\d,]+) frames")


def until(condition: Callable[[], object]) -> None:
    deadline_s = time.monotonic() + BOUND_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(POLL_S)


class Venue:
    """An exchange that numbers what it sends on each socket."""

    def __init__(self) -> None:
        self.url = ""
        self.sent = 0
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Venue":
        self._thread.start()
        assert self._ready.wait(BOUND_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(BOUND_S)
        self._loop.close()

    def more(self, count: int) -> None:
        """Wait until so many more have been sent."""
        enough = self.sent + count
        until(lambda: self.sent >= enough)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        async with serve(self._talk, "127.0.0.1", 0) as opened:
            port = opened.sockets[0].getsockname()[1]
            self.url = f"ws://127.0.0.1:{port}/stream"
            self._ready.set()
            await self._stop.wait()

    async def _talk(self, socket: ServerConnection) -> None:
        try:
            await socket.recv()
            number = 0
            while True:
                trade = {"n": number, "padding": PADDING}
                text = json.dumps({"stream": "btcusdt@trade", "data": trade})
                await socket.send(text)
                number += 1
                self.sent += 1
                await asyncio.sleep(0.001)
        except ConnectionClosed:
            return


class Ingest:
    """``tapewatch ingest`` over a pair of lines, in a folder of its own."""

    def __init__(
        self, folder: Path, bootstrap: str, venue: Venue, **spool: object
    ) -> None:
        self.name = folder.name.replace("_", "-").lower()
        self.folder = folder
        self._settings = {
            "kafka": {"bootstrap": bootstrap},
            "ingest": {
                "heartbeat_ms": 100,
                "spool": {"path": "spool", "after_ms": 300, **spool},
                "connections": [
                    {
                        "name": self.name,
                        "venue": "binance",
                        "symbols": ["BTC-USDT"],
                        "silence_s": BOUND_S,
                        "lines": [{"name": n, "url": venue.url} for n in ("a", "b")],
                    }
                ],
            },
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        config = self.folder / "settings.yaml"
        config.write_text(yaml.safe_dump(self._settings))
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "flows", "ingest", "--config", str(config)],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stderr=log,
            )

    @property
    def spooled(self) -> int:
        return sum(p.stat().st_size for p in self.folder.glob("spool/*/*.spool"))

    def says(self, text: str, times: int = 1) -> None:
        """Wait until it has said so."""
        until(lambda: self.log().count(text) >= times)

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        assert self._process.wait(BOUND_S) == 0, self.log()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@pytest.fixture(scope="module")
def broker(
    installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealBroker]:
    with RealBroker(tmp_path_factory.mktemp("kafka"), installation) as started:
        apply(started.bootstrap, load())
        yield started


@pytest.fixture
def venue() -> Iterator[Venue]:
    with Venue() as opened:
        yield opened


@pytest.fixture
def make(
    broker: RealBroker, venue: Venue, tmp_path: Path
) -> Iterator[Callable[..., Ingest]]:
    made: list[Ingest] = []

    def start(**spool: object) -> Ingest:
        made.append(Ingest(tmp_path, broker.bootstrap, venue, **spool))
        made[-1].start()
        return made[-1]

    yield start
    if broker.pid is not None:
        os.kill(broker.pid, signal.SIGCONT)
    for each in made:
        each.kill()


def kept(broker: RealBroker, topic: Topic[Any], connection: str) -> list[Any]:
    """Return what is in a topic of a connection, in Kafka's order."""
    reader = Consumer(
        {
            "bootstrap.servers": broker.bootstrap,
            "group.id": "test",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 10,
        }
    )
    found = reader.list_topics(topic.name, timeout=BOUND_S).topics[topic.name]
    places = [TopicPartition(topic.name, number, 0) for number in found.partitions]
    left = {
        place.partition: reader.get_watermark_offsets(place, timeout=BOUND_S)[1]
        for place in places
    }
    reader.assign(places)
    records = []
    while any(left.values()):
        for message in reader.consume(1_000, POLL_S):
            assert message.error() is None
            left[message.partition()] -= 1
            record = topic.decode(message.value())
            if record.connection == connection:
                records.append(record)
    reader.close()
    return records


def numbers(frames: list[Frame], line: str) -> list[int]:
    return [
        json.loads(frame.payload)["data"]["n"]
        for frame in frames
        if frame.line == line and frame.kind is FrameKind.WS
    ]


def received(broker: RealBroker, ingest: Ingest) -> dict[str, int]:
    """Return how many frames each line received, by its last word."""
    events: list[ConnectionEvent] = kept(broker, topics.CONNECTIONS, ingest.name)
    closed = [e for e in events if e.event is LineEvent.CLOSED]
    assert {event.line for event in closed} == {"a", "b"}
    return {event.line: event.frames for event in closed}


@pytest.mark.parametrize("outage", ["stopped", "killed"])
def test_what_comes_while_kafka_is_away_is_all_there_afterwards(
    broker, venue, make, outage
):
    ingest = make()
    venue.more(300)
    pid = broker.pid
    os.kill(pid, signal.SIGSTOP if outage == "stopped" else signal.SIGKILL)
    ingest.says(f"at {broker.bootstrap}: frames go to spool/all.all")
    venue.more(1_000)
    until(lambda: ingest.spooled > 200_000)
    if outage == "stopped":
        os.kill(pid, signal.SIGCONT)
    else:
        broker.start()
    ingest.says("has all after")
    venue.more(300)
    ingest.stop()

    assert "could not be kept" not in ingest.log()
    assert ingest.spooled == 0
    frames = kept(broker, topics.FRAMES, ingest.name)
    places = Counter(tuple(frame.place.values()) for frame in frames)
    assert set(places.values()) == {1}
    counts = received(broker, ingest)
    assert sum(counts.values()) > 1_600
    for line, count in counts.items():
        assert numbers(frames, line) == list(range(count))
        stamps = [frame.received_ns for frame in frames if frame.line == line]
        assert stamps == sorted(stamps)


def test_told_to_end_while_kafka_is_away_it_leaves_all_for_the_next_start(
    broker, venue, make
):
    ingest = make()
    venue.more(300)
    os.kill(broker.pid, signal.SIGSTOP)
    ingest.says("frames go to")
    venue.more(500)
    ingest.stop()
    assert ingest.spooled > 100_000
    assert "messages are left for the next start" in ingest.log()
    os.kill(broker.pid, signal.SIGCONT)
    ingest.start()
    ingest.says("has all after")
    ingest.stop()

    frames: list[Frame] = kept(broker, topics.FRAMES, ingest.name)
    first: dict[tuple[object, ...], Frame] = {}
    for frame in frames:  # what was under way when it ended may be there twice
        first.setdefault(tuple(frame.place.values()), frame)
    for line in ("a", "b"):
        found = numbers(list(first.values()), line)
        again = found.index(0, 1)  # where the second process begins
        assert found == [*range(again), *range(len(found) - again)]
        closed = [
            event.frames
            for event in kept(broker, topics.CONNECTIONS, ingest.name)
            if event.event is LineEvent.CLOSED and event.line == line
        ]
        assert closed == [again, len(found) - again]


def test_what_a_full_spool_refuses_is_counted_by_line_and_told(broker, venue, make):
    ingest = make(max_bytes=200_000)
    venue.more(300)
    os.kill(broker.pid, signal.SIGSTOP)
    ingest.says("messages could not be kept: the spool is full (200,000 bytes)")
    venue.more(300)
    os.kill(broker.pid, signal.SIGCONT)
    ingest.says("has all after")
    venue.more(300)
    ingest.stop()

    assert "Traceback" not in ingest.log()
    frames = kept(broker, topics.FRAMES, ingest.name)
    refused: Counter[str] = Counter()
    for event in kept(broker, topics.CONNECTIONS, ingest.name):
        if event.event is LineEvent.SPOOL_FULL:
            assert "not kept: the spool is full (200,000 bytes)" in event.reason
            found = FRAMES.search(event.reason)
            refused[event.line] += int(found[1].replace(",", "")) if found else 0
    for line, count in received(broker, ingest).items():
        found = numbers(frames, line)
        assert found == sorted(set(found))
        assert refused[line] > 100
        assert count - len(found) == refused[line]
