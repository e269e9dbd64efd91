"""How far everyone is: what each topic holds, and where each flow stands in it."""

from collections.abc import Iterable
from typing import Any, Final

from confluent_kafka import TopicPartition

from config.settings import Kafka
from connectors.reader import bounds, consumer, partitions, when_settled
from operators.records import topics
from operators.records.topics import Topic

_TIMEOUT_S: Final = 30.0

Held = dict[tuple[str, int], int]


class Ledger:
    """Counts messages by the broker's own offsets, from the moment it is opened.

    Attributes:
        start: Where each partition ended at that moment.
        ends: Where each ends, as of the latest look.
    """

    def __init__(self, kafka: Kafka, wanted: Iterable[Topic[Any]] = topics.ALL) -> None:
        self._kafka = kafka
        self._reader = consumer(kafka, "tapewatch-ledger")
        self._partitions = [
            TopicPartition(topic.name, number)
            for topic in wanted
            for number in partitions(self._reader, topic.name)
        ]
        self.ends: Held = {}
        self.look()
        self.start = dict(self.ends)

    def look(self) -> None:
        """Ask the broker where every partition ends."""
        for place in self._partitions:
            _, end = bounds(self._reader, place)
            self.ends[place.topic, place.partition] = end

    def arrived(self, topic: Topic[Any]) -> int:
        """Return how many messages a topic has had since the ledger was opened."""
        return sum(
            end - self.start[place]
            for place, end in self.ends.items()
            if place[0] == topic.name
        )

    def lag(self, flow: str, wanted: Iterable[Topic[Any]]) -> int:
        """Return how many messages a flow has yet to take in, as of the latest look."""
        names = {topic.name for topic in wanted}
        places = [place for place in self._partitions if place.topic in names]
        reader = consumer(self._kafka, f"tapewatch-{flow}")
        held = when_settled(
            lambda: reader.committed(places, timeout=_TIMEOUT_S),
            f"tapewatch-{flow} has no coordinator",
        )
        reader.close()
        return sum(
            max(self.ends[place.topic, place.partition] - max(place.offset, 0), 0)
            for place in held
        )

    def close(self) -> None:
        """Let go of the broker."""
        self._reader.close()
