"""What ingest publishes by: straight to Kafka, or to the disk while Kafka is away."""

import asyncio
import json
import random
import resource
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from config.settings import Kafka
from operators.records import topics
from operators.records.connection import ConnectionEvent, LineEvent
from operators.records.frame import Frame, FrameKind
from operators.records.topics import Topic
from sinks.answers import Answers
from sinks.kafka import DeliveryError, Publisher, TooLargeError
from sinks.missing import Missing
from sinks.segment import Entry
from sinks.spool import Spool
from sinks.spooling import SpoolingPublisher

ROOMY = 10**9
AFTER_MS = 100
BOUND_S = 60.0
TAKEN: list[socket.socket] = []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "all.all"


def frame(number: int, text: str = "", line: str = "a") -> Frame:
    return Frame(
        venue="binance",
        connection="binance-0",
        line=line,
        kind=FrameKind.WS,
        received_ns=number,
        url="",
        data=text,
    )


def publisher(
    bootstrap: str, folder: Path, topic: Topic[Frame] = topics.FRAMES, **kafka: int
) -> SpoolingPublisher:
    spool = Spool(folder, ROOMY, print)
    settings = Kafka(bootstrap=bootstrap, **kafka)
    return SpoolingPublisher(settings, [topic, topics.CONNECTIONS], spool, AFTER_MS)


def nowhere() -> str:
    """Return an address where nobody listens, nor can as long as the tests run."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    TAKEN.append(taken)
    return f"127.0.0.1:{taken.getsockname()[1]}"


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(BOUND_S):
        while not condition():
            await asyncio.sleep(0.01)


def left(folder: Path, topic: Topic[Frame] = topics.FRAMES) -> list[int]:
    spool = Spool(folder, ROOMY, print)
    found = []
    while not spool.is_read:
        found += [topic.decode(entry.value).received_ns for entry in spool.read(1_000)]
    spool.close()
    return found


def test_with_no_kafka_at_all_everything_is_left_on_disk_in_order(folder, capsys):
    bootstrap = nowhere()

    async def run() -> None:
        sending = publisher(bootstrap, folder)
        running = asyncio.create_task(sending.run())
        for number in range(500):
            sending.send(frame(number))
        await until(lambda: not sending.is_straight)
        for number in range(500, 1_000):
            sending.send(frame(number))
        await until(lambda: sending.spool.entries == 500)
        await until(lambda: sending.waiting == 1_000)
        running.cancel()
        await sending.close()

    asyncio.run(run())

    assert left(folder) == list(range(1_000))
    told = capsys.readouterr().err.splitlines()
    assert f"s at {bootstrap}: frames go to {folder} (0 of " in told[0]
    assert "1,000 messages are left for the next start" in told[1]


def test_what_an_earlier_run_left_comes_before_what_is_sent(real_kafka, folder):
    topic = Topic("frames.left", Frame)
    admin = AdminClient({"bootstrap.servers": real_kafka.bootstrap})
    admin.create_topics([NewTopic(topic.name, 1, 1)])[topic.name].result(30)
    spool = Spool(folder, ROOMY, print)
    spool.append(
        [Entry(topic.name, "k", topic.encode(frame(number))) for number in range(5_000)]
    )
    spool.close()

    async def run() -> None:
        sending = publisher(real_kafka.bootstrap, folder, topic)
        running = asyncio.create_task(sending.run())
        number = 5_000
        async with asyncio.timeout(BOUND_S):
            while not sending.is_straight or number < 6_000:
                sending.send(frame(number))
                number += 1
                if number % 50 == 0:
                    await asyncio.sleep(0.001)
        assert sending.replayed >= 5_000
        running.cancel()
        await sending.close()
        assert left(folder, topic) == []
        assert numbers(real_kafka.bootstrap, topic, number) == list(range(number))

    asyncio.run(run())


def test_what_an_earlier_run_had_sent_unconfirmed_is_not_sent_again(real_kafka, folder):
    topic = Topic("frames.unsure", Frame)
    admin = AdminClient({"bootstrap.servers": real_kafka.bootstrap})
    admin.create_topics([NewTopic(topic.name, 1, 1)])[topic.name].result(30)
    entries = [
        Entry(topic.name, frame(number).key, topic.encode(frame(number)))
        for number in range(3_000)
    ]
    spool = Spool(folder, ROOMY, print)
    spool.append(entries)
    spool.close()
    earlier = Publisher(Kafka(bootstrap=real_kafka.bootstrap), [topic])
    earlier.send(frame(number) for number in range(1_234))  # and then it was killed
    earlier.flush()

    async def run() -> None:
        sending = publisher(real_kafka.bootstrap, folder, topic)
        running = asyncio.create_task(sending.run())
        await until(lambda: sending.is_straight)
        running.cancel()
        await sending.close()

    asyncio.run(run())

    assert left(folder, topic) == []
    assert numbers(real_kafka.bootstrap, topic, 3_000) == list(range(3_000))


def numbers(bootstrap: str, topic: Topic[Frame], count: int) -> list[int]:
    reader = Consumer({"bootstrap.servers": bootstrap, "group.id": "test"})
    reader.assign([TopicPartition(topic.name, 0, 0)])
    place = TopicPartition(topic.name, 0)
    assert reader.get_watermark_offsets(place, timeout=BOUND_S) == (0, count)
    found: list[int] = []
    while len(found) < count:
        for message in reader.consume(1_000, 0.1):
            found.append(topic.decode(message.value()).received_ns)
    reader.close()
    return found


def test_a_part_of_the_spool_that_is_not_confirmed_stays_in_it(folder):
    spool = Spool(folder, ROOMY, print)
    encode = topics.FRAMES.encode
    spool.append([Entry(topics.FRAMES.name, "k", encode(frame(n))) for n in range(100)])
    spool.close()

    async def run() -> None:
        sending = publisher(nowhere(), folder)
        sending._is_unsure = False  # as after it has looked what Kafka has
        running = asyncio.create_task(sending.run())
        sending.send(frame(100))
        await until(lambda: sending._part and sending.spool.entries == 101)
        await until(lambda: sending.waiting == 101)
        running.cancel()
        await sending.close()

    asyncio.run(run())

    assert left(folder) == list(range(101))


def test_messages_left_under_other_lines_are_told_of(tmp_path, capsys):
    for name in ("all.a", "all.b", "all.c"):
        spool = Spool(tmp_path / name, ROOMY, print)
        if name != "all.c":
            spool.append([Entry("t", "k", b"")])
        if name != "all.b":
            spool.close()

    async def run() -> None:
        await publisher(nowhere(), tmp_path / "all.all").close()

    asyncio.run(run())

    (told,) = capsys.readouterr().err.splitlines()
    assert f"{tmp_path / 'all.a'} has messages of a process with other lines" in told


def test_what_the_broker_refuses_for_good_ends_it_and_is_kept(real_kafka, folder):
    topic = Topic("frames.narrow", Frame)
    admin = AdminClient({"bootstrap.servers": real_kafka.bootstrap})
    small = NewTopic(topic.name, 1, 1, config={"max.message.bytes": "1000"})
    admin.create_topics([small])[topic.name].result(30)
    noise = random.Random(1).randbytes(50_000).hex()

    async def run() -> None:
        sending = publisher(real_kafka.bootstrap, folder, topic)
        sending.send(frame(1, noise))
        with pytest.raises(DeliveryError, match=r"frames.narrow, 1.* bytes: .*large"):
            async with asyncio.timeout(BOUND_S):
                await sending.run()
        with pytest.raises(DeliveryError):
            await sending.close()

    asyncio.run(run())

    assert left(folder, topic) == [1]


def test_what_no_message_can_hold_is_refused_whether_kafka_is_there_or_not(folder):
    async def run() -> None:
        sending = publisher(nowhere(), folder, max_message_bytes=10_000)
        with pytest.raises(TooLargeError, match=r"bytes for frames\.v1"):
            sending.send(frame(1, "x" * 10_000))
        running = asyncio.create_task(sending.run())
        sending.send(frame(2))
        await until(lambda: not sending.is_straight)
        with pytest.raises(TooLargeError, match=r"bytes for frames\.v1"):
            sending.send(frame(3, "x" * 10_000))
        running.cancel()
        await sending.close()

    asyncio.run(run())

    assert left(folder) == [2]


def test_a_disk_that_refuses_ends_nothing_and_what_is_missing_is_counted(
    folder, capsys
):
    """The kernel itself refuses: no file of this process may grow beyond a limit."""

    async def run() -> None:
        sending = publisher(nowhere(), folder)
        running = asyncio.create_task(sending.run())
        sending.send(frame(0))
        await until(lambda: not sending.is_straight)
        before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
        try:
            for number in range(1, 1_001):
                sending.send(frame(number, "x" * 1_000, "ab"[number % 2]))
                await asyncio.sleep(0)
            # Not by what is held: a portion may be on its way to the disk.
            await until(lambda: sending.missing.count + sending.spool.entries >= 1_000)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))
            signal.signal(signal.SIGXFSZ, ignored)
        refused = sending.missing.count
        assert refused > 900
        sending.send(frame(1_001))
        await until(lambda: not sending.missing.lines)
        running.cancel()
        await sending.close()

        spool = Spool(folder, ROOMY, print)
        found = spool.read(ROOMY)
        frames = [entry for entry in found if entry.topic == topics.FRAMES.name]
        assert len(frames) == 1_002 - refused
        reasons = {
            event.line: event.reason
            for entry in found
            if entry.topic == topics.CONNECTIONS.name
            for event in [topics.CONNECTIONS.decode(entry.value)]
        }
        assert set(reasons) == {"a", "b"}
        text = "not kept: the disk refuses: File too large"
        assert all(text in reason for reason in reasons.values())
        counts = [int(reason.split()[0]) for reason in reasons.values()]
        assert sum(counts) == refused

    asyncio.run(run())

    assert "messages could not be kept: the disk refuses" in capsys.readouterr().err


def test_the_event_of_what_is_missing_is_not_lost_when_it_is_refused_itself():
    missing = Missing([topics.FRAMES, topics.CONNECTIONS], print)

    def entry(number: int) -> Entry:
        return Entry(topics.FRAMES.name, "k", topics.FRAMES.encode(frame(number)))

    missing.note([entry(1), entry(2)], "full")
    missing.note(missing.taken(), "full")
    missing.note([entry(3)], "full")
    (only,) = missing.taken()
    event: ConnectionEvent = topics.CONNECTIONS.decode(only.value)

    assert (event.event, event.line) == (LineEvent.SPOOL_FULL, "a")
    assert event.reason == "3 frames not kept: full"
    assert missing.count == 3
    assert missing.taken() == []


def statistics(ts: int, **lanes: tuple[int, int, int]) -> str:
    partitions = {
        name.strip("p"): {"msgs": given, "acked_msgid": acked, "msgq_cnt": waiting}
        for name, (given, acked, waiting) in lanes.items()
    }
    return json.dumps({"ts": ts, "topics": {"frames.v1": {"partitions": partitions}}})


def test_one_partition_that_waits_is_seen_though_the_others_flow():
    answers = Answers()
    for second in range(4):
        flowing = (100 * second, 100 * second - 5, 5)
        later = (9, 0, 9) if second > 1 else (0, 0, 0)
        lanes = {"p0": flowing, "p1": (7, 0, 7), "p2": later, "p3": flowing}
        answers.take(statistics(second * 10**6, **lanes))

    assert answers.waited_s == 3.0


def test_partitions_that_are_always_behind_and_always_move_do_not_wait():
    answers = Answers()
    for second in range(10):
        lane = (1_000 * second, 1_000 * second - 500, 500)
        answers.take(statistics(second * 10**6, p0=lane))

    assert answers.waited_s == 0.0
