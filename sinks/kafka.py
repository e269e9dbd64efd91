"""Records -> Kafka, each at least once, none unconfirmed when the engine commits.

(Bytewax's own sink neither checks deliveries nor takes part in the commit: with a dead
broker its flow ends without an error, and everything is lost.)
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from confluent_kafka import KafkaError as Refusal
from confluent_kafka import KafkaException, Message, Producer

from config.settings import Kafka
from operators.records.base import Record
from operators.records.topics import Topic

_POLL_S: Final = 0.05


class DeliveryError(Exception):
    """Records that the broker did not confirm."""


class TooLargeError(Exception):
    """A record that no message can hold."""


class Publisher:
    """Send records, each to the topic of its class and the partition of its key.

    Keys go to partitions as Kafka's own Java clients do it (murmur2).
    """

    def __init__(self, kafka: Kafka, topics: Iterable[Topic[Any]]) -> None:
        """Open a producer for these topics."""
        self._routes: Mapping[type[Record], Topic[Any]] = {
            record: topic for topic in topics for record in topic.records
        }
        self._timeout_s = kafka.delivery_timeout_s
        self._refused: Refusal | None = None
        self._producer = Producer(
            {
                "bootstrap.servers": kafka.bootstrap,
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
        )

    @property
    def waiting(self) -> int:
        """How many messages are not confirmed yet."""
        return len(self._producer)

    def send(self, records: Iterable[Record]) -> None:
        """Queue records; wait while the queue is full.

        Raises:
            DeliveryError: If the broker has refused an earlier one.
            TooLargeError: If a record exceeds the limit of a message.
        """
        routes, produce = self._routes, self._producer.produce
        for record in records:
            topic = routes[record.__class__]
            value, key = topic.encode(record), record.key
            while True:
                try:
                    produce(topic.name, value, key, on_delivery=self._on_failure)
                    break
                except BufferError:
                    self._producer.poll(_POLL_S)
                except KafkaException as error:
                    if error.args[0].code() != Refusal.MSG_SIZE_TOO_LARGE:
                        raise
                    text = f"{len(value)} bytes for {topic.name}"
                    raise TooLargeError(text) from error
        self._producer.poll(0)
        self._check()

    def flush(self) -> None:
        """Wait until everything is confirmed.

        Raises:
            DeliveryError: If anything is not, in the delivery timeout.
        """
        left = self._producer.flush(self._timeout_s)
        self._check()
        if left:
            text = f"{left} messages unconfirmed after {self._timeout_s} s"
            raise DeliveryError(text)

    def _on_failure(self, error: Refusal | None, message: Message) -> None:
        self._refused = self._refused or error

    def _check(self) -> None:
        if self._refused is not None:
            raise DeliveryError(self._refused.str()) from KafkaException(self._refused)


class _Partition(StatefulSinkPartition[list[Record], None]):
    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    def write_batch(self, values: list[list[Record]]) -> None:
        for batch in values:
            self._publisher.send(batch)

    def snapshot(self) -> None:
        self._publisher.flush()


class KafkaSink(FixedPartitionedSink[list[Record], None]):
    """Write every record to the topic of its class, confirmed before each commit."""

    def __init__(self, kafka: Kafka, topics: Iterable[Topic[Any]]) -> None:
        """Say where to write.

        Args:
            kafka: Where the broker is.
            topics: The topics of all records that will come.
        """
        self._kafka = kafka
        self._topics = tuple(topics)

    def list_parts(self) -> list[str]:
        """Return the one partition: Kafka's own are chosen by key."""
        return ["all"]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> _Partition:
        """Return the writer; what it had sent after the last commit comes again."""
        return _Partition(Publisher(self._kafka, self._topics))
