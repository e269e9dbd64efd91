"""Three nodes keep what was written when one of them is killed."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from config.settings import Kafka
from infra.kafka import client, specs, topics
from infra.kafka.broker import choose
from infra.kafka.changes import Missing, Replicas
from infra.kafka.cluster import RealCluster
from infra.kafka.errors import BrokerError
from infra.kafka.installation import Installation

ANSWER_S = 60
NODES = {1, 2, 3}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def cluster(folder: Path, installation: Installation) -> Iterator[RealCluster]:
    assert installation.version
    with choose(folder, "kafka", nodes=3) as broker:
        assert isinstance(broker, RealCluster)
        yield broker


@pytest.fixture
def whole(cluster: RealCluster) -> RealCluster:
    """Return the cluster with all its nodes, whatever the test before did to it."""
    for node in NODES - cluster.pids.keys():
        cluster.restart(node)
    return cluster


def send(bootstrap: str, topic: str, *values: bytes) -> None:
    """Produce, and wait until enough of the nodes have it."""
    errors: list[object] = []
    settings = {"bootstrap.servers": bootstrap, "acks": "all"}
    producer = Producer(settings)
    for value in values:
        producer.produce(
            topic, value, partition=0, on_delivery=lambda error, _: errors.append(error)
        )
    assert producer.flush(ANSWER_S) == 0
    assert errors == [None] * len(values)


def receive(bootstrap: str, topic: str, count: int) -> list[bytes | None]:
    settings = {"bootstrap.servers": bootstrap, "group.id": "test"}
    consumer = Consumer(settings)
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        return [message.value() for message in consumer.consume(count, ANSWER_S)]
    finally:
        consumer.close()


def test_every_topic_is_kept_three_times_and_a_second_apply_changes_nothing(
    whole: RealCluster,
) -> None:
    wanted = specs.load()
    assert topics.apply(whole.bootstrap, wanted).done == [
        Missing(topic, 3) for topic in wanted
    ]
    assert topics.diff(whole.bootstrap, wanted) == []

    found = client.silent(Kafka(bootstrap=whole.bootstrap)).list_topics(timeout=10)
    partitions = [p for t in found.topics.values() for p in t.partitions.values()]
    assert {frozenset(partition.replicas) for partition in partitions} == {
        frozenset(NODES)
    }


def test_a_topic_on_fewer_brokers_is_told_refused_and_can_be_written(
    whole: RealCluster,
) -> None:
    (wanted,) = (spec for spec in specs.load() if spec.name == "bars.v1")
    single = msgspec.structs.replace(wanted, name="single.v1", replication=1)
    topics.apply(whole.bootstrap, [single])
    wanted = msgspec.structs.replace(single, replication=3)

    applied = topics.apply(whole.bootstrap, [wanted], force=True)

    assert (applied.done, applied.refused) == ([], [Replicas("single.v1", 1, 3)])
    assert applied.refused[0].sentence == (
        "single.v1 is kept on 1 of the brokers; 3 are wanted."
    )
    assert "kafka-reassign-partitions" in applied.refused[0].refusal
    send(whole.bootstrap, "single.v1", b"all the same")


def test_nothing_is_lost_and_all_goes_on_when_a_node_is_killed(
    whole: RealCluster,
) -> None:
    (spec,) = (spec for spec in specs.load() if spec.name == "bars.v1")
    topics.apply(whole.bootstrap, [msgspec.structs.replace(spec, name="kept.v1")])
    send(whole.bootstrap, "kept.v1", b"before")
    asking = client.silent(Kafka(bootstrap=whole.bootstrap))
    leader = asking.list_topics("kept.v1", timeout=10).topics["kept.v1"].partitions[0]

    whole.kill(leader.leader)
    assert whole.pids.keys() == NODES - {leader.leader}
    assert not whole.running
    send(whole.bootstrap, "kept.v1", b"meanwhile")
    assert topics.diff(whole.bootstrap, [spec])  # the others answer for it

    whole.restart(leader.leader)
    assert whole.running
    found = asking.list_topics("kept.v1", timeout=10).topics["kept.v1"].partitions[0]
    assert set(found.isrs) == NODES
    assert receive(whole.bootstrap, "kept.v1", 2) == [b"before", b"meanwhile"]


def test_it_says_which_broker_it_is(whole: RealCluster) -> None:
    assert "on 3 nodes" in whole.sentence
    assert whole.bootstrap in whole.sentence
    assert whole.bootstrap.count(",") == 2


def test_a_folder_in_use_is_named_and_the_others_are_left_alone(
    whole: RealCluster, installation: Installation, folder: Path
) -> None:
    with pytest.raises(BrokerError, match="Another broker works in"):
        RealCluster(folder, installation).start()
    assert whole.running


def test_logs_of_different_clusters_are_refused(
    tmp_path: Path, installation: Installation
) -> None:
    for number in NODES:
        log = tmp_path / "3-nodes" / str(number) / "log"
        log.mkdir(parents=True)
        (log / "meta.properties").write_text(f"cluster.id=T{number // 2}\n")
    with pytest.raises(BrokerError, match="are of different clusters"):
        RealCluster(tmp_path, installation).start()
