"""A producer that tries for as long as it takes, and gives back what it still has."""

import time
from collections.abc import Callable
from typing import Final

from confluent_kafka import KafkaError as Refusal
from confluent_kafka import KafkaException, Message, Producer

from config.access import AccessError, refusal
from config.settings import Kafka
from sinks.answers import Answers
from sinks.kafka import DeliveryError, properties
from sinks.segment import Entry

_PURGE_S: Final = 1.0
_PURGED: Final = (Refusal._PURGE_QUEUE, Refusal._PURGE_INFLIGHT)


class Post:
    """Messages on their way to Kafka.

    Attributes:
        where: The address of Kafka.
        failure: What trying again cannot mend, if there is something.
    """

    def __init__(self, kafka: Kafka, after_ms: int) -> None:
        """Open a producer.

        Args:
            kafka: Where the broker is.
            after_ms: How long a message may wait until Kafka counts as away [ms].
        """
        self.where = kafka.bootstrap
        self.failure: Exception | None = None
        self._kafka = kafka
        self._after_s = after_ms / 1_000
        self._answers = Answers()
        self._returned: list[Entry] = []
        self._producer = Producer(
            properties(kafka)
            | {
                "delivery.timeout.ms": 0,  # without limit: the spool has one instead
                "reconnect.backoff.max.ms": 1_000,
                "statistics.interval.ms": min(max(after_ms // 5, 20), 200),
                "stats_cb": self._answers.take,
            }
        )

    def __len__(self) -> int:
        """Return how many messages are not confirmed."""
        return len(self._producer)

    @property
    def waited_s(self) -> float:
        """How long the oldest message has waited at least [s]."""
        return self._answers.waited_s

    @property
    def is_away(self) -> bool:
        """Whether Kafka has not answered for too long."""
        return self.waited_s >= self._after_s

    def poll(self) -> bool:
        """Take in what the broker has said; return whether everything is confirmed."""
        self._serve(self._producer.poll, 0)
        is_free = not len(self)
        if is_free:
            self._answers.settle()
        return is_free

    def put(self, entry: Entry) -> bool:
        """Take a message, and return whether there was room for it."""
        topic, key, value = entry
        for _ in range(2):
            try:
                self._producer.produce(topic, value, key, on_delivery=self._on_failure)
            except BufferError:
                self.poll()
            except KafkaException as error:
                self._give_back(entry, error.args[0])
                return True
            else:
                return True
        return False

    def flush(self, within_s: float) -> None:
        """Wait, but not for ever, until everything is confirmed."""
        self._serve(self._producer.flush, within_s)

    def purge(self) -> list[Entry]:
        """Give up; return what is not confirmed, each key's in order.

        What was under way may reach Kafka nevertheless.
        """
        self._producer.purge()
        until_s = time.monotonic() + _PURGE_S
        while len(self) and time.monotonic() < until_s:
            self.flush(_PURGE_S / 10)
        return self._returned

    def _serve(self, call: Callable[[float], int], seconds: float) -> None:
        try:
            call(seconds)
        except AccessError as error:
            self.failure = self.failure or error

    def _on_failure(self, error: Refusal | None, message: Message) -> None:
        key, value = message.key() or b"", message.value() or b""
        if error is not None:
            entry = Entry(message.topic() or "", key.decode(), value)
            self._give_back(entry, error)

    def _give_back(self, entry: Entry, error: Refusal) -> None:
        self._returned.append(entry)
        if self.failure is None and error.code() not in _PURGED:
            meant = refusal(self._kafka, error, "write", entry.topic)
            text = f"{entry.topic}, {len(entry.value):,} bytes: {error.str()}"
            self.failure = meant or DeliveryError(text)
