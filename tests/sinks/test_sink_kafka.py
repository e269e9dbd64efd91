"""The publisher on a real broker: nothing is taken for sent that is not."""

import random

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from config.settings import Kafka
from infra.kafka.ports import free
from operators.records.frame import Frame, FrameKind
from operators.records.topics import Topic
from sinks.kafka import DeliveryError, KafkaSink, Publisher, TooLargeError
from sinks.sent import SentError


def frame(text: str) -> Frame:
    return Frame(
        venue="binance",
        connection="binance-0",
        line="a",
        kind=FrameKind.WS,
        received_ns=1,
        url="",
        data=text,
    )


TOPIC = Topic("frames.sink", Frame)


def test_what_the_broker_never_confirms_is_an_error_before_the_commit():
    (port,) = free(1)
    nowhere = Kafka(bootstrap=f"127.0.0.1:{port}", delivery_timeout_s=1)
    publisher = Publisher(nowhere, [TOPIC])
    publisher.send([frame("lost?")])

    with pytest.raises(DeliveryError):
        publisher.flush()
    with pytest.raises(SentError, match=f"no answer from Kafka at 127.0.0.1:{port}"):
        KafkaSink(nowhere, [TOPIC]).build_part("write", "all", None)


def test_a_record_that_no_message_can_hold_is_refused_by_name(real_kafka):
    publisher = Publisher(
        Kafka(bootstrap=real_kafka.bootstrap, max_message_bytes=10_000), [TOPIC]
    )

    with pytest.raises(TooLargeError, match=r"bytes for frames\.sink"):
        publisher.send([frame("x" * 20_000)])


def test_a_message_that_the_topic_refuses_is_an_error(real_kafka):
    admin = AdminClient({"bootstrap.servers": real_kafka.bootstrap})
    small = NewTopic("frames.small", 1, 1, config={"max.message.bytes": "1000"})
    admin.create_topics([small])["frames.small"].result(30)
    publisher = Publisher(
        Kafka(bootstrap=real_kafka.bootstrap), [Topic("frames.small", Frame)]
    )
    noise = random.Random(1).randbytes(50_000).hex()  # does not compress below 1 kB
    publisher.send([frame(noise)])

    with pytest.raises(DeliveryError, match=r"(?i)too large"):
        publisher.flush()


def test_after_a_flush_nothing_waits(real_kafka):
    admin = AdminClient({"bootstrap.servers": real_kafka.bootstrap})
    admin.create_topics([NewTopic(TOPIC.name, 1, 1)])[TOPIC.name].result(30)
    publisher = Publisher(Kafka(bootstrap=real_kafka.bootstrap), [TOPIC])
    publisher.send([frame(str(number)) for number in range(1_000)])
    publisher.flush()

    assert publisher.waiting == 0
