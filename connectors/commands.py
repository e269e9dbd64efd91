"""Topic ``commands.v1``, from now on, as an asyncio stream."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from confluent_kafka import OFFSET_END, KafkaException, TopicPartition

from config.settings import Kafka
from connectors.kafka import consumer, partitions
from operators.records import topics
from operators.records.base import UNREADABLE
from operators.records.book import Command

_WAIT_S: Final = 0.1


async def commands(kafka: Kafka) -> AsyncIterator[Command]:
    """Yield commands as they are given; old ones are not obeyed.

    What is no command is passed over: the archive buries it.

    Raises:
        KafkaError: If the broker does not answer or has no such topic.
        KafkaException: If it fails later.
    """
    name = topics.COMMANDS.name
    reader = consumer(kafka, "tapewatch-ingest")
    here = await asyncio.to_thread(partitions, reader, name)
    reader.assign([TopicPartition(name, number, OFFSET_END) for number in here])
    try:
        while True:
            for message in await asyncio.to_thread(reader.consume, 100, _WAIT_S):
                if error := message.error():
                    raise KafkaException(error)
                try:
                    command = topics.COMMANDS.decode(message.value() or b"")
                except UNREADABLE:
                    continue
                yield command
    finally:
        reader.close()
