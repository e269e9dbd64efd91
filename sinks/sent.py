"""What a flow had sent after its last commit, so that it does not send it again.

A flow that resumes says once more what it had said since its last commit, byte for
byte, for its operators are deterministic. So before it sends anything it reads back
what stands in its topics behind the places of that commit, and leaves each of these
messages out once. A topic then holds each record once, for any reader, and nothing is
paid for it while all goes well. The places move on only when all that was read back
has been said again, or cannot be any more; else a second crash would forget the rest.

Where a topic has copies, a message may be in the log and not yet be shown to readers.
A tombstone, sent and confirmed by all copies, then marks how far to read: what lies
before it is shown.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka import KafkaError as Refusal
from confluent_kafka.admin import AdminClient, OffsetSpec, TopicMetadata

from config.access import admitted, passes, refusal
from config.settings import Kafka
from operators.records.topics import FENCE

Places = dict[tuple[str, int], int]
"""Offsets, by topic and partition."""

Already = dict[str, Counter[int]]
"""How often each message was sent, by its key and what it says."""

_ANSWER_S: Final = 30.0
_BATCH: Final = 1_000
_WAIT_S: Final = 0.02
_MOST: Final = 5_000_000
_RETRY_S: Final = 0.1


Note = Callable[[str, str, bytes], None]


class SentError(Exception):
    """What was sent before cannot be read back."""


def said(topic: str, value: bytes) -> int:
    """Return what tells a message from others with its key, in this process."""
    return hash((topic, value))


class Sent:
    """Topics, as one who writes into them sees them."""

    def __init__(self, kafka: Kafka, topics: Iterable[str]) -> None:
        """Name the topics.

        Args:
            kafka: Where the broker is.
            topics: Their names.
        """
        self._kafka = kafka
        self._topics = sorted(topics)
        self._client = admitted(kafka)
        self._admin = AdminClient(self._client)
        self._partitions: list[TopicPartition] = []
        self._copied: list[TopicPartition] = []

    def ends(self) -> Places:
        """Return where each partition ends, of what has been confirmed.

        Raises:
            KafkaException: If the broker does not answer.
        """
        self._look_up()
        deadline_s = time.monotonic() + self._kafka.delivery_timeout_s
        while True:
            try:
                return self._ask()
            except KafkaException as error:
                if not passes(error.args[0]) or time.monotonic() > deadline_s:
                    raise
                time.sleep(_RETRY_S)
                # The client may believe in a leader that is none any more, for ever.
                self._admin = AdminClient(self._client)

    def _ask(self) -> Places:
        wanted = {place: OffsetSpec.latest() for place in self._partitions}
        answers = self._admin.list_offsets(wanted, request_timeout=_ANSWER_S)
        return {
            (place.topic, place.partition): answer.result().offset
            for place, answer in answers.items()
        }

    def since(self, places: Places | None) -> Already:
        """Return what stands behind these places; with none, all there is.

        Raises:
            SentError: If it is too much to be kept in mind, or no broker answers.
            KafkaException: If a topic is not there, or the broker fails later.
        """
        self._look_up()
        self._fence()
        ends = self.ends()
        starts = {
            place: (places or {}).get(place, OFFSET_BEGINNING)
            for place, end in ends.items()
            if end > (places or {}).get(place, 0)
        }
        already: Already = {}
        room = iter(range(_MOST))

        def note(topic: str, key: str, value: bytes) -> None:
            _count(already, topic, key, value)
            if next(room, None) is None:
                text = f"more than {_MOST:,} messages behind the last commit"
                raise SentError(f"{', '.join(self._topics)}: {text}")

        self._read(starts, ends, note)
        return already

    def among(self, wanted: Already, since_ms: int) -> Already:
        """Return which of these messages were sent since a moment.

        Args:
            wanted: The messages.
            since_ms: The moment, by the broker's clock [ms UTC].

        Raises:
            SentError: If no broker answers.
            KafkaException: If a topic is not there, or the broker fails later.
        """
        self._look_up()
        self._fence()
        ends = self.ends()
        moments = {
            place: OffsetSpec.for_timestamp(since_ms) for place in self._partitions
        }
        answers = self._admin.list_offsets(moments, request_timeout=_ANSWER_S)
        found = {
            (place.topic, place.partition): answer.result().offset
            for place, answer in answers.items()
        }
        starts = {
            place: offset
            for place, offset in found.items()
            if 0 <= offset < ends[place]
        }
        already: Already = {}

        def note(topic: str, key: str, value: bytes) -> None:
            if said(topic, value) in wanted.get(key, ()):
                _count(already, topic, key, value)

        self._read(starts, ends, note)
        return already

    def _look_up(self) -> None:
        if self._partitions:
            return
        for topic in self._topics:
            found = self._metadata(topic)
            if found.error is not None:
                meant = refusal(self._kafka, found.error, "write", topic)
                raise meant or KafkaException(found.error)
            for number, partition in sorted(found.partitions.items()):
                place = TopicPartition(topic, number)
                self._partitions.append(place)
                if len(partition.replicas) > 1:
                    self._copied.append(place)

    def _metadata(self, topic: str) -> TopicMetadata:
        timeout_s = min(_ANSWER_S, self._kafka.delivery_timeout_s)
        try:
            return self._admin.list_topics(topic, timeout=timeout_s).topics[topic]
        except KafkaException as error:
            text = f"no answer from Kafka at {self._kafka.bootstrap} in {timeout_s} s"
            raise SentError(f"{text}: {error.args[0].str()}") from error

    def _fence(self) -> None:
        """Mark the ends of topics with copies by what all copies have confirmed."""
        if not self._copied:
            return
        refused: list[Refusal] = []

        def confirmed(error: Refusal | None, _: Message) -> None:
            if error is not None:
                refused.append(error)

        settings = {"acks": "all", "enable.idempotence": True, "linger.ms": 0}
        producer = Producer(self._client | settings)
        for place in self._copied:
            producer.produce(
                place.topic,
                key=FENCE,
                partition=place.partition,
                on_delivery=confirmed,
            )
        left = producer.flush(self._kafka.delivery_timeout_s)
        if refused:
            raise KafkaException(refused[0])
        if left:
            text = f"{left} partitions of {', '.join(self._topics)} take no messages"
            raise SentError(text)

    def _read(self, starts: Places, ends: Places, note: Note) -> None:
        if not starts:
            return
        reader = Consumer(
            self._client
            | {
                "group.id": "tapewatch-sent",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "fetch.queue.backoff.ms": 5,
                "fetch.wait.max.ms": 10,
                "fetch.message.max.bytes": self._kafka.max_message_bytes,
            }
        )
        try:
            reader.assign(
                [TopicPartition(*place, start) for place, start in starts.items()]
            )
            self._read_until(reader, {place: ends[place] for place in starts}, note)
        finally:
            reader.close()

    def _read_until(self, reader: Consumer, ends: Places, note: Note) -> None:
        left = set(ends)
        heard_s = time.monotonic()
        while left:
            messages = reader.consume(_BATCH, _WAIT_S)
            if messages:
                heard_s = time.monotonic()
            elif time.monotonic() - heard_s > self._kafka.delivery_timeout_s:
                text = f"no answer; {len(left)} partitions unread"
                raise SentError(f"reading back {', '.join(self._topics)}: {text}")
            for message in messages:
                place = (message.topic() or "", message.partition() or 0)
                if error := message.error():
                    if error.code() != Refusal._PARTITION_EOF:
                        meant = refusal(self._kafka, error, "read", place[0])
                        raise meant or KafkaException(error)
                    left.discard(place)
                    continue
                offset, value = message.offset() or 0, message.value()
                if offset >= ends[place] - 1:
                    left.discard(place)
                if value is not None and offset < ends[place]:
                    key = (message.key() or b"").decode(errors="replace")
                    note(place[0], key, value)


def listed(messages: Iterable[tuple[str, str, bytes]]) -> Already:
    """Return messages (topic, key, value) as :meth:`Sent.among` looks for them."""
    found: Already = {}
    for message in messages:
        _count(found, *message)
    return found


def _count(already: Already, topic: str, key: str, value: bytes) -> None:
    already.setdefault(key, Counter())[said(topic, value)] += 1


def take(already: Already, topic: str, key: str, value: bytes) -> bool:
    """Return whether a message was sent before, and count it as sent again."""
    counts = already.get(key)
    if counts is None:
        return False
    what = said(topic, value)
    left = counts[what]
    if not left:
        return False
    if left > 1:
        counts[what] = left - 1
    else:
        del counts[what]
        if not counts:
            del already[key]
    return True
