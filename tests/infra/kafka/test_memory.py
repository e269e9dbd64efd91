"""The stand-in in memory does what it promises, and says what it does not."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, TopicPartition

from config.settings import Kafka
from infra.kafka import client, specs, topics
from infra.kafka.errors import TopicsError
from infra.kafka.memory import MemoryBroker

ANSWER_S = 30

PRODUCE = """
import sys
from confluent_kafka import Producer
producer = Producer({"bootstrap.servers": sys.argv[1]})
producer.produce("market.v1", b"from elsewhere", partition=11)
sys.exit(producer.flush(30))
"""


@pytest.fixture
def memory() -> Iterator[MemoryBroker]:
    with MemoryBroker(specs.load(), "for a test") as broker:
        yield broker


def test_topics_have_the_partitions_of_the_file(memory: MemoryBroker) -> None:
    cluster = client.silent(Kafka(bootstrap=memory.bootstrap)).list_topics(
        timeout=ANSWER_S
    )
    found = {name: len(topic.partitions) for name, topic in cluster.topics.items()}
    assert found == {topic.name: topic.partitions for topic in specs.load()}


def test_another_process_produces_what_we_consume(memory: MemoryBroker) -> None:
    words = [sys.executable, "-c", PRODUCE, memory.bootstrap]
    subprocess.run(words, check=True, timeout=ANSWER_S * 2)
    consumer = Consumer({"bootstrap.servers": memory.bootstrap, "group.id": "test"})
    try:
        consumer.assign([TopicPartition("market.v1", 11, 0)])
        message = consumer.poll(ANSWER_S)
        assert message is not None
        assert message.value() == b"from elsewhere"
    finally:
        consumer.close()


def test_each_start_is_another_incarnation(memory: MemoryBroker) -> None:
    first = memory.incarnation
    memory.stop()
    assert not memory.running
    memory.start()
    assert memory.running
    assert memory.incarnation != first


def test_it_says_why_and_what_it_costs(memory: MemoryBroker) -> None:
    assert "for a test" in memory.sentence
    assert "forgets everything" in memory.sentence
    assert memory.kind == "in-memory"


def test_its_topics_cannot_be_administered(memory: MemoryBroker) -> None:
    with pytest.raises(TopicsError, match="is the one in memory"):
        topics.diff(memory.bootstrap, specs.load())
