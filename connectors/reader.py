"""A client that reads Kafka: only what it is assigned, and without ever skipping."""

import time
from collections.abc import Callable
from typing import Any, Final

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka import KafkaError as Refusal
from confluent_kafka.admin import TopicMetadata

from config.access import AccessError, admitted, passes, refusal
from config.settings import Kafka

_METADATA_TIMEOUTS_S: Final = (1, 2, 4, 8, 15)
_ANSWER_S: Final = 30.0
_SETTLED_S: Final = 60.0
_RETRY_S: Final = 0.1


class KafkaError(Exception):
    """A broker that does not answer, or a topic that is not there."""


class Reader(Consumer):
    """A consumer that knows what a refusal means to its user."""

    def __init__(self, kafka: Kafka, settings: dict[str, Any]) -> None:
        """Take where the broker is, and librdkafka's other settings."""
        super().__init__(admitted(kafka) | settings)
        self._kafka = kafka

    def failed(self, error: Refusal, topic: str | None = None) -> Exception:
        """Return what to raise for an error in a message's place."""
        meant = refusal(self._kafka, error, "read", topic)
        return meant or KafkaException(error)


def consumer(kafka: Kafka, group: str) -> Reader:
    """Return a consumer that reads only what it is assigned, and never skips.

    Raises:
        ConfigError: If an environment variable or a file of its security is missing.
    """
    return Reader(
        kafka,
        {
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "fetch.queue.backoff.ms": 5,
            "fetch.wait.max.ms": 10,
            "fetch.message.max.bytes": kafka.max_message_bytes,
            "queued.max.messages.kbytes": 4 * kafka.max_message_bytes // 1024,
            "check.crcs": True,
        },
    )


def partitions(reader: Reader, topic: str) -> list[int]:
    """Return the partitions of a topic.

    Raises:
        AccessError: If the broker does not let us in, or not read the topic.
        KafkaError: If the broker does not answer or has no such topic.
    """
    found = _metadata(reader, topic)
    if found.error is not None:
        failure = reader.failed(found.error, topic)
        if isinstance(failure, AccessError):
            raise failure
    if found.error is not None or not found.partitions:
        hint = "`tapewatch topics apply` makes the topics"
        raise KafkaError(f"topic {topic} is not there; {hint}")
    return sorted(found.partitions)


def _metadata(reader: Reader, topic: str) -> TopicMetadata:
    """Return what the broker says of a topic.

    A client that asks does not hear that it is not let in: between shorter questions
    it does.
    """
    for timeout_s in _METADATA_TIMEOUTS_S:
        try:
            found: dict[str, TopicMetadata] = reader.list_topics(
                topic, timeout=timeout_s
            ).topics
            return found[topic]
        except KafkaException as error:
            reader.poll(0)
            last = error
    hint = "is it running? `tapewatch up` starts one, `kafka.bootstrap` names it"
    text = f"no answer from Kafka in {sum(_METADATA_TIMEOUTS_S)} s; {hint}"
    raise KafkaError(f"{text}: {last.args[0].str()}") from last


def bounds(reader: Consumer, place: TopicPartition) -> tuple[int, int]:
    """Return where a partition begins and ends; a moving leader is waited for.

    Raises:
        KafkaError: If it has no leader.
        KafkaException: If the broker does not answer.
    """
    where = f"{place.topic}[{place.partition}] has no leader"
    low, high = when_settled(
        lambda: reader.get_watermark_offsets(place, _ANSWER_S), where
    )
    return int(low), int(high)


def when_settled(ask: Callable[[], Any], trouble: str) -> Any:
    """Return an answer; who is about to move, or has just come back, is waited for.

    Raises:
        KafkaError: If that takes too long; it says what the trouble is.
        KafkaException: If it is something else.
    """
    deadline_s = time.monotonic() + _SETTLED_S
    while True:
        try:
            return ask()
        except KafkaException as error:
            if not passes(error.args[0]):
                raise
            if time.monotonic() > deadline_s:
                raise KafkaError(f"{trouble}: {error.args[0].str()}") from error
            time.sleep(_RETRY_S)
