"""What a topic still holds of a span of time, read once and to a fixed end.

It reads beside everyone: by a consumer of its own that commits nothing. A topic's own
times are those of its log, so they only say where to begin; what is in the span is
decided by when each record was received.
"""

import time
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from confluent_kafka import KafkaError as Refusal
from confluent_kafka import KafkaException, Message, TopicPartition

from config.settings import Kafka
from connectors.arrivals import Arrivals
from connectors.kafka import dead_letter
from connectors.reader import KafkaError, bounds, consumer, partitions
from operators.records.base import UNREADABLE, Record
from operators.records.frame import Frame, locate
from operators.records.span import Span
from operators.records.time import MINUTE, MS
from operators.records.topics import FENCE, Topic

_TIMEOUT_S: Final = 30.0
_SLACK_NS: Final = MINUTE
"""How far a log's times and those of arrival may be apart, and two arrivals cross."""
_MOST_HELD: Final = 20_000


class _Held(NamedTuple):
    """Which offsets of a partition there are: ``[low, high)``."""

    low: int
    high: int


class KafkaHistory:
    """The records of a topic that were received in a span, in order of arrival.

    It ends where the topic ended when it was opened.

    Attributes:
        size: How many messages there are to read, at most.
        position: How many have been read.
    """

    def __init__(
        self,
        kafka: Kafka,
        topic: Topic[Any],
        span: Span,
        *,
        most_held: int = _MOST_HELD,
    ) -> None:
        """Find where the span begins, and where the topic ends.

        Args:
            kafka: Where the broker is.
            topic: What to read.
            span: When it was received.
            most_held: How many messages one partition may be read ahead of others.

        Raises:
            KafkaError: If the broker does not answer or has no such topic.
        """
        self._topic, self._span, self._most = topic, span, most_held
        self._batch, self._wait_s = kafka.batch, max(kafka.wait_ms / 1_000, 0.1)
        self._reader = consumer(kafka, "tapewatch-reprocess")
        numbers = partitions(self._reader, topic.name)
        try:
            self._held = {number: self._bounds(number) for number in numbers}
            self._starts = {number: self._start(number) for number in numbers}
        except KafkaException as error:
            raise KafkaError(f"{topic.name}: {error.args[0].str()}") from error
        self.position = 0
        self.size = sum(
            self._held[number].high - start for number, start in self._starts.items()
        )

    def reaches(self, at_ns: int | None) -> bool:
        """Return whether nothing that was received since then has been deleted.

        Args:
            at_ns: Since when [ns UTC]; None for since ever.
        """
        older = False
        for number, (low, high) in self._held.items():
            if low in {0, high}:
                continue
            first_ns = self._received_ns(number, low)
            if at_ns is None or first_ns is None or first_ns >= at_ns:
                return False
            older = True
        emptied = any(low == high > 0 for low, high in self._held.values())
        return older or not emptied

    def since_ns(self) -> int | None:
        """Return since when no partition that still has records has lost one."""
        firsts = [
            self._received_ns(number, low)
            for number, (low, high) in self._held.items()
            if 0 < low < high
        ]
        return max((each for each in firsts if each is not None), default=None)

    def first_ns(self) -> int | None:
        """Return when the oldest record that is held was received [ns UTC]."""
        # Two processes may feed one partition: its first record need not be the oldest.
        firsts = [
            received_ns
            for number, (low, high) in self._held.items()
            if low < high
            for received_ns in self._arrivals(number, low, self._batch)
        ]
        return min(firsts, default=None)

    def __iter__(self) -> Iterator[Record]:
        """Yield the records; what is none is a dead letter.

        Raises:
            KafkaError: If the broker falls silent, or has deleted what comes next.
        """
        arrivals = Arrivals()
        ends = {
            number: self._held[number].high
            for number, start in self._starts.items()
            if start < self._held[number].high
        }
        waiting: set[int] = set()
        self._reader.assign([self._place(n, self._starts[n]) for n in ends])
        while ends:
            for message in self._next(self._batch):
                self._take(message, arrivals, ends)
            yield from arrivals.before(min(map(arrivals.newest_ns, ends), default=0))
            self._throttle(arrivals, ends, waiting)
        yield from arrivals.rest()

    def _take(self, message: Message, arrivals: Arrivals, ends: dict[int, int]) -> None:
        number, offset = message.partition() or 0, message.offset() or 0
        if number not in ends:
            return
        self.position += 1
        record = self._record(message)
        received_ns: int | None = getattr(record, "received_ns", None)
        if received_ns is not None and isinstance(record, self._topic.records):
            arrivals.see(number, received_ns)
        in_span = offset < ends[number] and self._span.holds(received_ns)
        if record is not None and in_span:
            arrivals.hold(number, record)
        if self._is_beyond(message, received_ns) or offset >= ends[number] - 1:
            self.position += ends.pop(number) - 1 - offset
            self._reader.incremental_unassign([self._place(number)])

    def _is_beyond(self, message: Message, received_ns: int | None) -> bool:
        """Return whether nothing of the span can follow, by both clocks."""
        if self._span.to_ns is None or received_ns is None:
            return False
        return min(received_ns, message.timestamp()[1] * MS) >= (
            self._span.to_ns + _SLACK_NS
        )

    def _next(self, most: int) -> list[Message]:
        """Return the next messages, at least one."""
        silent_s = time.monotonic() + _TIMEOUT_S
        while time.monotonic() < silent_s:
            messages: list[Message] = self._reader.consume(most, self._wait_s)
            for message in messages:
                if error := message.error():
                    raise self._failed(error)
            if messages:
                return messages
        text = f"nothing more of {self._topic.name} in {_TIMEOUT_S:.0f} s"
        raise KafkaError(f"{text}; is the broker still there?")

    def _throttle(
        self, arrivals: Arrivals, ends: dict[int, int], waiting: set[int]
    ) -> None:
        """Let partitions that are read too far ahead wait for the last one."""
        waiting.intersection_update(ends)
        behind = min(ends, key=arrivals.newest_ns, default=None)
        for number in ends:
            count = arrivals.held[number]
            if number in waiting:
                if number == behind or count <= self._most // 2:
                    waiting.discard(number)
                    self._reader.resume([self._place(number)])
            elif count > self._most and number != behind:
                waiting.add(number)
                self._reader.pause([self._place(number)])

    def _failed(self, error: Refusal) -> Exception:
        if error.code() == Refusal._AUTO_OFFSET_RESET:
            hint = "what Kafka has deleted may be in a lake: --source lake"
            return KafkaError(f"{self._topic.name}: {error.str()}; {hint}")
        return self._reader.failed(error, self._topic.name)

    def _record(self, message: Message) -> Record | None:
        """Return the record in a message, or its dead letter; None if it is a mark."""
        if message.value() is None and message.key() == FENCE:
            return None
        try:
            record: Record = self._topic.decode(message.value() or b"")
        except UNREADABLE as error:
            return dead_letter(message, str(error))
        if isinstance(record, Frame):
            locate(record, message.partition(), message.offset())
        return record

    def _place(self, number: int, offset: int = -1) -> TopicPartition:
        return TopicPartition(self._topic.name, number, offset)

    def _bounds(self, number: int) -> _Held:
        return _Held(*bounds(self._reader, self._place(number)))

    def _start(self, number: int) -> int:
        low, high = self._held[number]
        if self._span.from_ns is None or low == high:
            return low
        since_ns = max(self._span.from_ns - _SLACK_NS, 0)
        place = self._place(number, since_ns // MS)
        (found,) = self._reader.offsets_for_times([place], timeout=_TIMEOUT_S)
        if 0 <= found.offset <= high:
            return max(found.offset, low)
        # Behind the end; or a broker (that in memory) that does not know times.
        last_ns = self._received_ns(number, high - 1)
        return low if last_ns is None or last_ns >= since_ns else high

    def _received_ns(self, number: int, offset: int) -> int | None:
        """Return when the record at a place was received; None if it is none."""
        return next(iter(self._arrivals(number, offset, 1)), None)

    def _arrivals(self, number: int, offset: int, most: int) -> list[int]:
        """Return when records from a place on were received."""
        self._reader.assign([self._place(number, offset)])
        records = map(self._record, self._next(most))
        found = [getattr(record, "received_ns", None) for record in records]
        self._reader.unassign()
        return [received_ns for received_ns in found if received_ns is not None]

    def close(self) -> None:
        """Let go of the broker."""
        self._reader.close()
