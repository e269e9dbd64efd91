"""Deliveries in Kafka: written before and after each telling, read from the first."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from config.access import AccessError
from config.settings import Kafka
from operators.records import topics
from operators.records.alerts import Delivery
from operators.records.base import UNREADABLE, Record
from sinks.kafka import DeliveryError, Publisher
from sinks.sent import Sent

_SOON_S: Final = 5

Tap = Callable[[Sequence[Record]], None]


class Past(Sent):
    """What stands in the topic, all that has been confirmed included."""

    def __init__(self, kafka: Kafka) -> None:
        """Say where."""
        super().__init__(kafka, [topics.DELIVERIES.name])

    def deliveries(self) -> tuple[list[Delivery], int]:
        """Return all deliveries in their order, and how many messages are none.

        Raises:
            SentError: If no broker answers.
            KafkaException: If the topic is not there.
        """
        self._look_up()
        self._fence()
        ends = {place: end for place, end in self.ends().items() if end}
        found: list[Delivery] = []
        unread = 0

        def note(_topic: str, _key: str, value: bytes) -> None:
            nonlocal unread
            try:
                found.append(topics.DELIVERIES.decode(value))
            except UNREADABLE:  # the archive buries it
                unread += 1

        self._read(dict.fromkeys(ends, 0), ends, note)
        return found, unread


class Ledger:
    """Writes deliveries, and knows them written when it returns."""

    def __init__(self, kafka: Kafka, tap: Tap, say: Callable[[str], None]) -> None:
        """Open a producer.

        Args:
            kafka: Where the broker is.
            tap: What looks at what was written.
            say: Tells the log a line.
        """
        self._kafka, self._tap, self._say = kafka, tap, say
        self._publisher = Publisher(kafka, [topics.DELIVERIES])

    def write(self, deliveries: Sequence[Delivery]) -> None:
        """Write deliveries; wait until they are confirmed.

        Raises:
            AccessError: If the broker does not let us.
            DeliveryError: If it does not confirm them.
        """
        self._publisher.send(deliveries)
        self._publisher.flush()
        self._tap(deliveries)

    def write_soon(self, deliveries: Sequence[Delivery]) -> None:
        """Write what must not wait for Kafka, since it may be that Kafka is away."""
        kafka = msgspec.structs.replace(self._kafka, delivery_timeout_s=_SOON_S)
        try:
            publisher = Publisher(kafka, [topics.DELIVERIES])
            publisher.send(deliveries)
            publisher.flush()
        except (DeliveryError, AccessError) as error:
            self._say(f"a delivery could not be recorded: {error}")
        else:
            self._tap(deliveries)
