"""A topic of Kafka, from near its end on, as an asyncio stream."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final, TypeVar

from confluent_kafka import KafkaException, TopicPartition

from config.settings import Kafka
from connectors.reader import KafkaError, Reader, bounds, consumer, partitions
from operators.records.base import UNREADABLE, Record
from operators.records.topics import Topic

R = TypeVar("R", bound=Record)

_WAIT_S: Final = 0.1
_ANSWER_S: Final = 1.0
_AGAIN_S: Final = 10.0


async def follow(
    kafka: Kafka, topic: Topic[R], back: int = 0
) -> AsyncGenerator[list[R] | None, None]:
    """Yield the records of a topic as they come, several at a time; for ever.

    None says, once after each beginning, that all has been read that there was. What
    is no record is passed over: the archive buries it. While the topic cannot be read
    it is tried again and again; what comes meanwhile is read later, unless the reading
    itself has failed and begins anew.

    Args:
        kafka: Where the broker is.
        topic: What to read.
        back: How many messages before the end of each partition to begin.

    Raises:
        AccessError: If the broker does not let us read it.
    """
    name = topic.name.partition(".")[0]
    while True:
        try:
            async with aclosing(_read(kafka, topic, back)) as stream:
                async for records in stream:
                    yield records
        except (KafkaError, KafkaException) as error:
            text = f"{name} cannot be read, trying again in {_AGAIN_S:.0f} s"
            print(f"ingest: {text}: {error}", file=sys.stderr, flush=True)
        await asyncio.sleep(_AGAIN_S)


async def _read(
    kafka: Kafka, topic: Topic[R], back: int
) -> AsyncGenerator[list[R] | None, None]:
    # It assigns itself and commits nothing, so several processes may share the name.
    reader = consumer(kafka, "tapewatch-ingest")
    try:
        while not await asyncio.to_thread(_answers, reader):
            pass
        left: dict[int, int] | None
        left = await asyncio.to_thread(_assign, reader, topic.name, back)
        while True:
            if left is not None and not left:
                left = None
                yield None
            records = []
            for message in await asyncio.to_thread(reader.consume, 100, _WAIT_S):
                if error := message.error():
                    raise reader.failed(error, topic.name)
                number, offset = message.partition() or 0, message.offset() or 0
                if left is not None and offset >= left.get(number, offset + 1) - 1:
                    del left[number]
                try:
                    records.append(topic.decode(message.value() or b""))
                except UNREADABLE:
                    continue
            if records:
                yield records
    finally:
        reader.close()


def _assign(reader: Reader, name: str, back: int) -> dict[int, int]:
    """Begin near the end; return the end of each partition that is not there yet."""
    places, left = [], {}
    for number in partitions(reader, name):
        low, high = bounds(reader, TopicPartition(name, number))
        first = max(low, high - back)
        places.append(TopicPartition(name, number, first))
        if first < high:
            left[number] = high
    reader.assign(places)
    return left


def _answers(reader: Reader) -> bool:
    """Return whether the broker does, soon: a thread that waits cannot be ended."""
    try:
        reader.list_topics(timeout=_ANSWER_S)
    except KafkaException:
        reader.poll(0)  # raises if we are not let in
        return False
    return True
