"""Apache Kafka starts, keeps, stops, and leaves nothing behind."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from infra.kafka import ports, topics
from infra.kafka.errors import BrokerError
from infra.kafka.installation import Installation
from infra.kafka.real import RealBroker
from infra.kafka.specs import Cleanup, Timestamps, TopicSpec

ROOT = Path(__file__).parents[3]
ANSWER_S = 30
FRAME_BYTES = 30_000_000
LARGEST_BYTES = 33_554_432

PARENT = """
import sys, time
from pathlib import Path
from infra.kafka.broker import choose
broker = choose(Path(sys.argv[1]), "kafka")
broker.start()
print(broker.pid, flush=True)
time.sleep(600)
"""


def spec(name: str) -> TopicSpec:
    return TopicSpec(
        name=name,
        partitions=2,
        retention_ms=3_600_000,
        cleanup=Cleanup.DELETE,
        timestamps=Timestamps.APPEND,
        max_message_bytes=LARGEST_BYTES,
        reason="For a test.",
    )


def send(bootstrap: str, topic: str, value: bytes, timestamp_ms: int = 0) -> None:
    """Produce one message to partition 0, and wait until the broker has it."""
    errors: list[object] = []
    settings = {"bootstrap.servers": bootstrap, "message.max.bytes": LARGEST_BYTES}
    producer = Producer(settings)
    producer.produce(
        topic,
        value,
        partition=0,
        timestamp=timestamp_ms,
        on_delivery=lambda error, _: errors.append(error),
    )
    assert producer.flush(ANSWER_S) == 0
    assert errors == [None]


def receive(bootstrap: str, topic: str, count: int) -> list[bytes | None]:
    """Consume the first messages of partition 0."""
    settings = {
        "bootstrap.servers": bootstrap,
        "group.id": "test",
        "enable.auto.commit": False,
        "fetch.message.max.bytes": LARGEST_BYTES,
    }
    consumer = Consumer(settings)
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        messages = consumer.consume(count, ANSWER_S)
        assert [message.error() for message in messages] == [None] * count
        return [message.value() for message in messages]
    finally:
        consumer.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder whose name holds what paths are misread for."""
    return tmp_path_factory.mktemp("real") / "a folder, with é"


@pytest.fixture(scope="module")
def shared(folder: Path, installation: Installation) -> Iterator[RealBroker]:
    with RealBroker(folder, installation) as broker:
        yield broker


@pytest.fixture
def broker(shared: RealBroker) -> RealBroker:
    """Return the module's broker, running whatever the test before did to it."""
    shared.start()
    return shared


def test_messages_and_identity_survive_a_restart(broker: RealBroker) -> None:
    topics.apply(broker.bootstrap, [spec("kept.v1")])
    send(broker.bootstrap, "kept.v1", b"before")
    before = (broker.incarnation, broker.bootstrap)

    broker.stop()
    assert not broker.running
    broker.start()

    assert (broker.incarnation, broker.bootstrap) == before
    send(broker.bootstrap, "kept.v1", b"after")
    assert receive(broker.bootstrap, "kept.v1", 2) == [b"before", b"after"]


def test_another_object_finds_the_log_on_another_port(
    broker: RealBroker, installation: Installation, folder: Path
) -> None:
    topics.apply(broker.bootstrap, [spec("moved.v1")])
    send(broker.bootstrap, "moved.v1", b"before")
    broker.stop()

    (port,) = ports.free(1)
    with RealBroker(folder, installation, port) as second:
        assert second.bootstrap == f"127.0.0.1:{port}"
        assert second.incarnation == broker.incarnation
        assert receive(second.bootstrap, "moved.v1", 1) == [b"before"]


def test_it_comes_back_after_being_killed(
    broker: RealBroker, ended: Callable[[int], bool]
) -> None:
    topics.apply(broker.bootstrap, [spec("killed.v1")])
    send(broker.bootstrap, "killed.v1", b"before")
    pid = broker.pid
    assert pid
    os.kill(pid, 9)
    assert ended(pid)

    broker.start()

    assert receive(broker.bootstrap, "killed.v1", 1) == [b"before"]


def test_a_large_frame_fits(broker: RealBroker) -> None:
    frame = os.urandom(FRAME_BYTES)
    topics.apply(broker.bootstrap, [spec("large.v1")])
    send(broker.bootstrap, "large.v1", frame)
    assert receive(broker.bootstrap, "large.v1", 1) == [frame]


def test_it_listens_on_the_loopback_only(broker: RealBroker) -> None:
    port = int(broker.bootstrap.rpartition(":")[2])
    elsewhere = "127.0.0.2"  # this machine too, under another address
    with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
        probe.connect((elsewhere, port))


def test_it_says_which_broker_it_is(broker: RealBroker) -> None:
    assert broker.kind.startswith("Apache Kafka 4.")
    assert broker.kind in broker.sentence
    assert broker.bootstrap in broker.sentence


def test_no_java_is_left_when_the_parent_is_killed(
    tmp_path: Path, installation: Installation, ended: Callable[[int], bool]
) -> None:
    words = [sys.executable, "-c", PARENT, str(tmp_path / "data")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=ROOT) as parent:
        assert parent.stdout
        java = int(parent.stdout.readline())
        parent.kill()
    assert ended(java)


def test_a_port_in_use_is_named(tmp_path: Path, installation: Installation) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(BrokerError, match=f"Port {port} of 127.0.0.1 is in use"):
            RealBroker(tmp_path, installation, port).start()


def test_a_folder_in_use_is_named_and_left_alone(
    broker: RealBroker, installation: Installation, folder: Path
) -> None:
    topics.apply(broker.bootstrap, [spec("used.v1")])
    with pytest.raises(BrokerError, match="Another broker works in"):
        RealBroker(folder, installation).start()
    send(broker.bootstrap, "used.v1", b"after")


def test_a_folder_of_something_else_is_refused(
    tmp_path: Path, installation: Installation
) -> None:
    (tmp_path / "log").mkdir()
    with pytest.raises(BrokerError, match="not Apache Kafka's"):
        RealBroker(tmp_path, installation).start()


def test_a_broker_that_cannot_start_tells_its_last_lines(
    tmp_path: Path, installation: Installation
) -> None:
    broker = RealBroker(tmp_path, installation)
    with broker:
        pass
    meta = tmp_path / "log" / "meta.properties"
    meta.write_text(meta.read_text().replace("node.id=1", "node.id=2"))
    with pytest.raises(BrokerError, match=r"(?s)stopped while starting.*node id 2"):
        broker.start()
    assert not broker.running
