"""Records -> Kafka, each once, none unconfirmed when the engine commits.

(Bytewax's own sink neither checks deliveries nor takes part in the commit: with a dead
broker its flow ends without an error, and everything is lost.)
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from confluent_kafka import KafkaError as Refusal
from confluent_kafka import KafkaException, Message, Producer

from config.access import AccessError, admitted, refusal
from config.settings import Kafka
from operators.records.base import Record
from operators.records.topics import Topic
from sinks.sent import Already, Places, Sent, take

_POLL_S: Final = 0.05

Tap = Callable[[Sequence[Record]], None]
"""What looks at records that were sent; it must be quick, and change nothing."""


class DeliveryError(Exception):
    """Records that the broker did not confirm."""


class TooLargeError(Exception):
    """A record that no message can hold."""


def properties(kafka: Kafka) -> dict[str, Any]:
    """Return how our producers are set up, in librdkafka's words."""
    return {
        **admitted(kafka),
        "enable.idempotence": True,
        "acks": "all",
        "compression.type": "lz4",
        "linger.ms": kafka.linger_ms,
        "partitioner": "murmur2_random",
        "message.max.bytes": kafka.max_message_bytes,
        "queue.buffering.max.kbytes": 256 * 1024,
        "delivery.timeout.ms": kafka.delivery_timeout_s * 1_000,
        "delivery.report.only.error": True,
    }


class Publisher:
    """Send records, each to the topic of its class and the partition of its key.

    Keys go to partitions as Kafka's own Java clients do it (murmur2).
    """

    def __init__(
        self,
        kafka: Kafka,
        topics: Iterable[Topic[Any]],
        already: Already | None = None,
    ) -> None:
        """Open a producer for these topics.

        Args:
            kafka: Where the broker is.
            topics: The topics of all records that will come.
            already: Messages that were sent before, and are left out once each.
        """
        self._already = {} if already is None else already
        self._routes: Mapping[type[Record], Topic[Any]] = {
            record: topic for topic in topics for record in topic.records
        }
        self._kafka = kafka
        self._timeout_s = kafka.delivery_timeout_s
        self._refused: Refusal | None = None
        self._refused_topic: str | None = None
        self._shut: AccessError | None = None
        self._producer = Producer(properties(kafka) | {"error_cb": self._on_error})

    @property
    def waiting(self) -> int:
        """How many messages are not confirmed yet."""
        return len(self._producer)

    def send(self, records: Iterable[Record]) -> None:
        """Queue records; wait while the queue is full.

        Raises:
            AccessError: If the broker does not let us in, or not write there.
            DeliveryError: If the broker has refused an earlier one.
            TooLargeError: If a record exceeds the limit of a message.
        """
        routes, produce = self._routes, self._producer.produce
        already = self._already
        for record in records:
            topic = routes[record.__class__]
            value, key = topic.encode(record), record.key
            if already and take(already, topic.name, key, value):
                continue
            while True:
                try:
                    produce(topic.name, value, key, on_delivery=self._on_failure)
                    break
                except BufferError:
                    self._serve(self._producer.poll, _POLL_S)
                except KafkaException as error:
                    meant = refusal(self._kafka, error.args[0], "write", topic.name)
                    if meant or error.args[0].code() != Refusal.MSG_SIZE_TOO_LARGE:
                        raise meant or error from None
                    text = f"{len(value)} bytes for {topic.name}"
                    raise TooLargeError(text) from error
        self._serve(self._producer.poll, 0)
        self._check()

    def flush(self) -> None:
        """Wait until everything is confirmed.

        Raises:
            AccessError: If the broker does not let us in, or not write there.
            DeliveryError: If anything is not, in the delivery timeout.
        """
        left = self._serve(self._producer.flush, self._timeout_s)
        self._check()
        if left:
            text = f"{left} messages unconfirmed after {self._timeout_s} s"
            raise DeliveryError(text)

    def _serve(self, call: Callable[[float], int], wait_s: float) -> int:
        """Let the client report; what it cannot get over, it raises from there."""
        try:
            return call(wait_s)
        except (KafkaException, SystemError) as error:
            if self._shut is not None:  # it may be lost on its way through the client
                raise self._shut from error
            cause = error if isinstance(error, KafkaException) else error.__cause__
            if not isinstance(cause, KafkaException):
                raise
            raise refusal(self._kafka, cause.args[0], "write") or cause from error

    def _on_error(self, error: Refusal) -> None:
        if meant := refusal(self._kafka, error):
            self._shut = meant
            raise meant

    def _on_failure(self, error: Refusal | None, message: Message) -> None:
        if error is not None and self._refused is None:
            self._refused, self._refused_topic = error, message.topic()

    def _check(self) -> None:
        if (said := self._refused) is not None:
            meant = refusal(self._kafka, said, "write", self._refused_topic)
            raise meant or DeliveryError(said.str()) from KafkaException(said)


class _Partition(StatefulSinkPartition[list[Record], Places | None]):
    def __init__(
        self,
        kafka: Kafka,
        topics: tuple[Topic[Any], ...],
        is_past: Callable[[], bool],
        tap: Tap | None,
        places: Places | None,
    ) -> None:
        self._sent = Sent(kafka, [topic.name for topic in topics])
        self._places = places
        self._already = self._sent.since(places)
        self._publisher = Publisher(kafka, topics, self._already)
        self._is_past = is_past
        self._tap = tap
        self._is_new = self._was_past = False

    def write_batch(self, values: list[list[Record]]) -> None:
        self._is_new = True
        for batch in values:
            self._publisher.send(batch)
            if self._tap is not None:
                self._tap(batch)

    def snapshot(self) -> Places | None:
        self._publisher.flush()
        if self._already:  # the source may be an epoch ahead of us: wait for one more
            if self._was_past:
                self._already.clear()
            self._was_past = self._is_past()
        if self._is_new and not self._already:
            self._places = self._sent.ends()
            self._is_new = False
        return self._places


class KafkaSink(FixedPartitionedSink[list[Record], Places | None]):
    """Write every record to the topic of its class, once, confirmed before each commit.

    The state is where the topics ended at the commit.
    """

    def __init__(
        self,
        kafka: Kafka,
        topics: Iterable[Topic[Any]],
        is_past: Callable[[], bool] = lambda: False,
        tap: Tap | None = None,
    ) -> None:
        """Say where to write.

        Args:
            kafka: Where the broker is.
            topics: The topics of all records that will come.
            is_past: Says whether the flow has read everything that it can have read
                before it was resumed.
            tap: What looks at records that were sent, if anything does.
        """
        self._args = kafka, tuple(topics), is_past, tap

    def list_parts(self) -> list[str]:
        """Return the one partition: Kafka's own are chosen by key."""
        return ["all"]

    def build_part(
        self, step_id: str, for_part: str, resume_state: Places | None
    ) -> _Partition:
        """Return the writer, which leaves out what it had sent after that state."""
        return _Partition(*self._args, resume_state)
