"""Kafka -> batches of records, resumable to the message.

One consumer reads all partitions of a flow's topics. Its place is kept in the flow's
recovery store, and mirrored to a consumer group so that any Kafka tool sees the lag.
(Bytewax's own source opens a consumer a partition, and skips in silence to the end of
the log when its place has been deleted; ours stops with an error.)
"""

import sys
import time
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from threading import Event
from typing import Any, Final, NamedTuple

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from confluent_kafka import (
    OFFSET_BEGINNING,
    Message,
    TopicPartition,
)
from confluent_kafka import KafkaError as Refusal

from config.access import passes
from config.settings import Kafka
from config.shard import WHOLE, Shard
from connectors.reader import (
    KafkaError,
    bounds,
    consumer,
    partitions,
    when_settled,
)
from operators.records.base import UNREADABLE, Record
from operators.records.dead import BURIED, DeadLetter
from operators.records.frame import Frame, locate
from operators.records.time import MS
from operators.records.topics import FENCE, Topic

Offsets = dict[tuple[str, int], int]
Batch = tuple[str, list[Record]]

_ANSWER_S: Final = 30.0
_AHEAD: Final = 2  # epochs that a source may be ahead of what is committed
_SPAN: Final = 250_000  # most messages that are handed on between two snapshots
_GONE: Final = (Refusal.UNKNOWN_TOPIC_OR_PART, Refusal._UNKNOWN_PARTITION)
"""What tells that there is no such partition, or no longer."""


class LostStateError(KafkaError):
    """A flow that has read before, and whose state is not here."""


class Reading(NamedTuple):
    """What a source reads, and how.

    Attributes:
        kafka: Where the broker is.
        group: The consumer group that the place is mirrored to.
        topics: What to read.
        stop: Ends the flow in good order when it is set.
        shard: Which of the partitions.
        placed: Whether frames are told their partition and offset, for the lake.
        rebuild: Whether to begin at the beginning where the place has been lost.
        skip_expired: Whether to go on at the oldest message where the place has been
            deleted.
    """

    kafka: Kafka
    group: str
    topics: Sequence[Topic[Any]]
    stop: Event
    shard: Shard = WHOLE
    placed: bool = False
    rebuild: bool = False
    skip_expired: bool = False


class _Partition(StatefulSourcePartition[Batch, Offsets]):
    def __init__(self, reading: Reading, resume: Offsets | None) -> None:
        kafka = reading.kafka
        self._placed = reading.placed
        self._decode = {topic.name: topic.decode for topic in reading.topics}
        self._only = len(reading.topics) == 1
        self._size, self._wait_s = kafka.batch, kafka.wait_ms / 1_000
        self._stop = reading.stop
        self._consumer = consumer(kafka, reading.group)
        self._offsets: Offsets = {
            (name, number): OFFSET_BEGINNING
            for name in self._decode
            for number in partitions(self._consumer, name)
            if reading.shard.takes(number)
        }
        if resume is None and not reading.rebuild:
            self._check_new(reading)
        self._offsets.update(resume or {})
        self._kept: deque[list[TopicPartition]] = deque()
        self._ends = self._settle(reading)
        self._count = self._total = 0
        self.is_past = not self._ends
        self.lags: Offsets = {}
        self.read: Counter[str] = Counter(dict.fromkeys(self._decode, 0))
        self.newest_ms = 0
        self.kept_s = 0.0
        self._consumer.assign(_places(self._offsets))

    def _check_new(self, reading: Reading) -> None:
        """Refuse to begin anew where a place is known, and the state is not."""
        held = when_settled(
            lambda: self._consumer.committed(_places(self._offsets), _ANSWER_S),
            f"{reading.group} has no coordinator",
        )
        if not any(place.offset > 0 for place in held):
            return
        first, *more = self._decode
        what = f"{first} and {len(more)} more topics" if more else first
        raise LostStateError(
            f"{reading.group} has read {what} before, and its state is not here: bring"
            " its recovery folder back; or, after another number of workers, run"
            " `tapewatch rescale`; or begin at the oldest message with `tapewatch flow"
            " NAME --rebuild`: what was sent is not sent again"
        )

    def _settle(self, reading: Reading) -> Offsets:
        """Compare the places with the broker's log; return where that ends.

        Raises:
            KafkaError: If a place is not in the log any more, or not yet.
        """
        ends = {}
        for place in _places(self._offsets):
            low, high = bounds(self._consumer, place)
            if place.offset == OFFSET_BEGINNING:
                place.offset = low
            where = f"{place.topic}[{place.partition}]"
            if place.offset > high:
                text = f"the flow stood at {place.offset}, and the log ends at {high}"
                hint = "the broker has lost messages, or it is another one"
                raise KafkaError(f"{where}: {text}: {hint}")
            if place.offset < low:
                text = (
                    f"{where}: the flow stood at {place.offset}, and the oldest message"
                    f" that Kafka still has is {low}: {low - place.offset} are missing"
                )
                if not reading.skip_expired:
                    raise KafkaError(
                        f"{text}; `tapewatch flow NAME --skip-expired` goes on without"
                        " them, `tapewatch reprocess` makes up for them from the lake"
                    )
                print(f"tapewatch: {text}; going on", file=sys.stderr, flush=True)
                place.offset = low
            if place.offset < high:
                ends[place.topic, place.partition] = high
            self._offsets[place.topic, place.partition] = place.offset
        return ends

    def next_batch(self) -> list[Batch]:
        if self._stop.is_set():
            raise StopIteration
        if self._count >= _SPAN:
            return []
        groups: defaultdict[bytes | str, list[Record]] = defaultdict(list)
        decode = next(iter(self._decode.values()))
        only, placed, message = self._only, self._placed, None
        messages = self._consumer.consume(self._size, self._wait_s)
        for message in messages:
            if not only:
                if failure := message.error():
                    self._meet(failure, message.topic())
                    continue
                decode = self._decode[message.topic() or ""]
            try:
                record = decode(message.value() or b"")
            except UNREADABLE as error:
                if failure := message.error():  # the client's own, in a message's place
                    self._meet(failure, message.topic())
                elif message.value() is not None or message.key() != FENCE:
                    groups[BURIED].append(dead_letter(message, str(error)))
            else:
                if placed and isinstance(record, Frame):
                    locate(record, message.partition(), message.offset())
                groups[message.key() or record.key].append(record)
        if message is not None:
            self._count += len(messages)
            self.newest_ms = message.timestamp()[1]
        return [(_text(key), records) for key, records in groups.items()]

    def _meet(self, failure: Refusal, topic: str | None) -> None:
        """Raise what trying cannot mend; the client tries again by itself.

        A topic that is gone is not waited for: what it held is lost.
        """
        if failure.code() in _GONE or not passes(failure):
            raise self._consumer.failed(failure, topic)

    def snapshot(self) -> Offsets:
        held = self._consumer.position(_places(self._offsets))
        for place in held:
            if place.offset >= 0:
                at = place.topic, place.partition
                self.read[place.topic] += place.offset - self._offsets[at]
                self._offsets[at] = place.offset
        self._kept.append(_places(self._offsets))
        if len(self._kept) > _AHEAD:  # only what the recovery store has by now
            self._consumer.commit(offsets=self._kept.popleft(), asynchronous=True)
        self._total += self._count
        self._count = 0
        if not self.is_past:
            self.is_past = self._total >= 2 * _SPAN or all(
                self._offsets[place] >= end for place, end in self._ends.items()
            )
        for place in _places(self._offsets):
            _, high = self._consumer.get_watermark_offsets(place, cached=True)
            self.lags[place.topic, place.partition] = max(high - place.offset, 0)
        self.kept_s = time.time()
        return dict(self._offsets)

    def close(self) -> None:
        if self._kept and self._stop.is_set():
            self._consumer.commit(offsets=self._kept[-1], asynchronous=True)
        self._kept.clear()
        self._consumer.close()  # waits for the commit


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

    def __init__(self, reading: Reading) -> None:
        """Say what to read."""
        self._reading = reading
        self._part: _Partition | None = None

    @property
    def is_past(self) -> bool:
        """Whether all has been read that can have been read before it was resumed."""
        return self._part is not None and self._part.is_past

    @property
    def lags(self) -> Offsets:
        """How many messages are still to be read, by topic and partition."""
        return {} if self._part is None else self._part.lags

    @property
    def read(self) -> Counter[str]:
        """How many messages have been read since the start, by topic."""
        return Counter() if self._part is None else self._part.read

    @property
    def kept_s(self) -> float:
        """When the place was last kept [s UTC]; 0: not yet."""
        return 0.0 if self._part is None else self._part.kept_s

    @property
    def newest_ms(self) -> int:
        """When the newest message that was read had been appended [ms UTC]; 0: none."""
        return 0 if self._part is None else self._part.newest_ms

    def list_parts(self) -> list[str]:
        """Return the one partition: a worker reads all it is given by one consumer."""
        return ["all"]

    def build_part(
        self, step_id: str, for_part: str, resume_state: Offsets | None
    ) -> _Partition:
        """Return the reader, at its old place where it had one."""
        self._part = _Partition(self._reading, resume_state)
        return self._part
