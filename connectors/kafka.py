"""Kafka -> batches of records, resumable to the message.

One consumer reads all partitions of a flow's topics. Its place is kept in the flow's
recovery store, and mirrored to a consumer group so that any Kafka tool sees the lag.
(Bytewax's own source opens a consumer a partition, and skips in silence to the end of
the log when its place has been deleted; ours stops with an error.)
"""

from collections import defaultdict
from collections.abc import Sequence
from threading import Event
from typing import Any, Final

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaException,
    Message,
    TopicPartition,
)

from config.settings import Kafka
from operators.records.base import UNREADABLE, Record
from operators.records.dead import BURIED, DeadLetter
from operators.records.time import MS
from operators.records.topics import Topic

Offsets = dict[tuple[str, int], int]
Batch = tuple[str, list[Record]]

_METADATA_TIMEOUT_S: Final = 30.0


class KafkaError(Exception):
    """A broker that does not answer, or a topic that is not there."""


def consumer(kafka: Kafka, group: str) -> Consumer:
    """Return a consumer that reads only what it is assigned, and never skips."""
    return Consumer(
        {
            "bootstrap.servers": kafka.bootstrap,
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "fetch.queue.backoff.ms": 5,
            "fetch.wait.max.ms": 10,
            "fetch.message.max.bytes": kafka.max_message_bytes,
            "queued.max.messages.kbytes": 4 * kafka.max_message_bytes // 1024,
            "check.crcs": True,
        }
    )


def partitions(reader: Consumer, topic: str) -> list[int]:
    """Return the partitions of a topic.

    Raises:
        KafkaError: If the broker does not answer or has no such topic.
    """
    try:
        found = reader.list_topics(topic, timeout=_METADATA_TIMEOUT_S).topics[topic]
    except KafkaException as error:
        hint = "is it running? `tapewatch up` starts one, `kafka.bootstrap` names it"
        text = f"no answer from Kafka in {_METADATA_TIMEOUT_S:.0f} s; {hint}"
        raise KafkaError(f"{text}: {error.args[0].str()}") from error
    if found.error is not None or not found.partitions:
        hint = "`tapewatch topics apply` makes the topics"
        raise KafkaError(f"topic {topic} is not there; {hint}")
    return sorted(found.partitions)


class _Partition(StatefulSourcePartition[Batch, Offsets]):
    def __init__(
        self,
        kafka: Kafka,
        group: str,
        topics: Sequence[Topic[Any]],
        stop: Event,
        resume: Offsets | None,
    ) -> None:
        self._decode = {topic.name: topic.decode for topic in topics}
        self._only = len(topics) == 1
        self._size, self._wait_s = kafka.batch, kafka.wait_ms / 1_000
        self._stop = stop
        self._consumer = consumer(kafka, group)
        self._offsets: Offsets = {
            (name, number): OFFSET_BEGINNING
            for name in self._decode
            for number in partitions(self._consumer, name)
        }
        self._offsets.update(resume or {})
        self._consumer.assign(_places(self._offsets))

    def next_batch(self) -> list[Batch]:
        if self._stop.is_set():
            raise StopIteration
        groups: defaultdict[bytes | str, list[Record]] = defaultdict(list)
        decode = next(iter(self._decode.values()))
        for message in self._consumer.consume(self._size, self._wait_s):
            if not self._only:
                if failure := message.error():
                    raise KafkaException(failure)
                decode = self._decode[message.topic() or ""]
            try:
                record = decode(message.value() or b"")
            except UNREADABLE as error:
                if failure := message.error():  # the client's own, in a message's place
                    raise KafkaException(failure) from error
                groups[BURIED].append(dead_letter(message, str(error)))
            else:
                groups[message.key() or record.key].append(record)
        return [(_text(key), records) for key, records in groups.items()]

    def snapshot(self) -> Offsets:
        held = self._consumer.position(_places(self._offsets))
        moved = [place for place in held if place.offset >= 0]
        self._offsets.update({(p.topic, p.partition): p.offset for p in moved})
        if moved:
            self._consumer.commit(offsets=moved, asynchronous=True)
        return dict(self._offsets)

    def close(self) -> None:
        self._consumer.close()


def _text(key: bytes | str) -> str:
    return key if isinstance(key, str) else key.decode(errors="replace")


def _places(offsets: Offsets) -> list[TopicPartition]:
    return [
        TopicPartition(name, number, offset)
        for (name, number), offset in sorted(offsets.items())
    ]


def dead_letter(message: Message, reason: str) -> DeadLetter:
    """Return the dead letter that an unreadable message makes."""
    raw = message.value() or b""
    return DeadLetter(
        topic=message.topic() or "",
        partition=message.partition(),
        offset=message.offset(),
        received_ns=message.timestamp()[1] * MS,
        reason=reason,
        raw=raw,
        size=len(raw),
    )


class KafkaSource(FixedPartitionedSource[Batch, Offsets]):
    """Read topics from the beginning, or from where the flow left off.

    Out: batches of one key each; what is no record is a dead letter, under ``BURIED``.
    """

    def __init__(
        self, kafka: Kafka, group: str, topics: Sequence[Topic[Any]], stop: Event
    ) -> None:
        """Say what to read.

        Args:
            kafka: Where the broker is.
            group: The consumer group that the place is mirrored to.
            topics: What to read.
            stop: Ends the flow in good order when it is set.
        """
        self._args = (kafka, group, topics, stop)

    def list_parts(self) -> list[str]:
        """Return the one partition: a worker reads all it is given by one consumer."""
        return ["all"]

    def build_part(
        self, step_id: str, for_part: str, resume_state: Offsets | None
    ) -> _Partition:
        """Return the reader, at its old place where it had one."""
        return _Partition(*self._args, resume_state)
