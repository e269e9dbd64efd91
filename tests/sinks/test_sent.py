"""A writer that resumes does not send again what it had sent, on a real broker."""

import random
from collections import Counter

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from config.settings import Kafka
from operators.records.frame import Frame, FrameKind
from operators.records.topics import Topic
from sinks.kafka import KafkaSink


def frame(connection: str, text: str) -> Frame:
    return Frame(
        venue="binance",
        connection=connection,
        line="a",
        kind=FrameKind.WS,
        received_ns=1,
        url="",
        data=text,
    )


@pytest.fixture
def topic(real_kafka, request) -> Topic[Frame]:
    """Make a topic of three partitions for this test alone."""
    name = f"frames.{abs(hash(request.node.name))}"
    admin = AdminClient({"bootstrap.servers": real_kafka.bootstrap})
    admin.create_topics([NewTopic(name, 3, 1)])[name].result(30)
    return Topic(name, Frame)


@pytest.fixture
def kafka_settings(real_kafka) -> Kafka:
    return Kafka(bootstrap=real_kafka.bootstrap)


def values(bootstrap: str, topic: Topic[Frame]) -> dict[str, list[str]]:
    """Return what stands in a topic: texts, by key and in order."""
    reader = Consumer({"bootstrap.servers": bootstrap, "group.id": "test"})
    found: dict[str, list[str]] = {}
    for number in range(3):
        place = TopicPartition(topic.name, number, 0)
        _, end = reader.get_watermark_offsets(place, timeout=30)
        reader.assign([place])
        count = 0
        while count < end:
            for message in reader.consume(1_000, 1):
                text = topic.decode(message.value()).data
                found.setdefault(message.key().decode(), []).append(text)
                count += 1
    reader.close()
    return found


@pytest.mark.parametrize("seed", range(3))
def test_wherever_a_writer_dies_each_record_is_in_the_topic_once(
    kafka_settings, topic, seed
):
    chance = random.Random(seed)
    wanted = [frame(f"c{n % 7}", f"{n}") for n in range(300)]
    sink = KafkaSink(kafka_settings, [topic])
    state, place = None, 0
    while place < len(wanted):
        part = sink.build_part("write", "all", state)
        at = place
        for _ in range(chance.randrange(1, 4)):  # epochs before it dies
            size = chance.randrange(1, 80)
            part.write_batch([wanted[at : at + size]])
            at += size
            state, place = part.snapshot(), at
        part.write_batch([wanted[at : at + chance.randrange(80)]])
        part.snapshot()  # it was sent, and the commit was never made

    found = values(kafka_settings.bootstrap, topic)

    assert found == {
        key: [each.data for each in wanted if each.key == key]
        for key in {each.key for each in wanted}
    }


def test_equal_records_are_left_out_as_often_as_they_were_sent(kafka_settings, topic):
    sink = KafkaSink(kafka_settings, [topic])
    sink.build_part("write", "all", None).snapshot()
    dead = sink.build_part("write", "all", None)
    dead.write_batch([[frame("c", "same"), frame("c", "same")]])
    dead.snapshot()

    again = sink.build_part("write", "all", None)
    again.write_batch([[frame("c", "same")] * 3])
    again.snapshot()

    found = values(kafka_settings.bootstrap, topic)
    assert Counter(found["binance:c"]) == {"same": 3}


def test_what_others_wrote_meanwhile_is_not_taken_for_its_own(kafka_settings, topic):
    sink = KafkaSink(kafka_settings, [topic])
    mine = sink.build_part("write", "all", None)
    mine.write_batch([[frame("mine", "1")]])
    state = mine.snapshot()
    other = sink.build_part("write", "all", None)
    other.write_batch([[frame("other", "1"), frame("other", "2")]])
    other.snapshot()

    again = sink.build_part("write", "all", state)
    again.write_batch([[frame("mine", "2")]])
    again.snapshot()

    found = values(kafka_settings.bootstrap, topic)
    assert found == {"binance:mine": ["1", "2"], "binance:other": ["1", "2"]}


def test_places_stay_until_all_that_was_read_back_has_been_said_again(
    kafka_settings, topic
):
    past = []
    sink = KafkaSink(kafka_settings, [topic], lambda: bool(past))
    dead = sink.build_part("write", "all", None)
    dead.write_batch([[frame("c", "1"), frame("c", "2"), frame("c", "3")]])
    dead.snapshot()

    again = sink.build_part("write", "all", None)
    again.write_batch([[frame("c", "1")]])
    assert again.snapshot() is None
    past.append(True)  # whatever it has not said by now, it never will
    again.snapshot()
    again.write_batch([[frame("c", "4")]])
    state = again.snapshot()

    assert sum(state.values()) == len(
        values(kafka_settings.bootstrap, topic)["binance:c"]
    )
