"""Topic ``commands.v1``, from now on, as an asyncio stream."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from confluent_kafka import OFFSET_END, KafkaException, TopicPartition

from config.settings import Kafka
from connectors.reader import KafkaError, Reader, consumer, partitions
from operators.records import topics
from operators.records.base import UNREADABLE
from operators.records.book import Command

_WAIT_S: Final = 0.1
_ANSWER_S: Final = 1.0
_AGAIN_S: Final = 10.0


async def commands(kafka: Kafka) -> AsyncGenerator[Command, None]:
    """Yield commands as they are given; old ones are not obeyed.

    What is no command is passed over: the archive buries it. While they cannot be read
    the lines go on without; those that are given meanwhile are obeyed later, unless the
    reading itself has failed and begins anew.

    Raises:
        AccessError: If the broker does not let us read them.
    """
    while True:
        try:
            async with aclosing(_read(kafka)) as stream:
                async for command in stream:
                    yield command
        except (KafkaError, KafkaException) as error:
            text = f"commands cannot be read, trying again in {_AGAIN_S:.0f} s"
            print(f"ingest: {text}: {error}", file=sys.stderr, flush=True)
        await asyncio.sleep(_AGAIN_S)


async def _read(kafka: Kafka) -> AsyncGenerator[Command, None]:
    name = topics.COMMANDS.name
    # It assigns itself and commits nothing, so several processes may share the name.
    reader = consumer(kafka, "tapewatch-ingest")
    try:
        while not await asyncio.to_thread(_answers, reader):
            pass
        here = await asyncio.to_thread(partitions, reader, name)
        reader.assign([TopicPartition(name, number, OFFSET_END) for number in here])
        while True:
            for message in await asyncio.to_thread(reader.consume, 100, _WAIT_S):
                if error := message.error():
                    raise reader.failed(error, name)
                try:
                    command = topics.COMMANDS.decode(message.value() or b"")
                except UNREADABLE:
                    continue
                yield command
    finally:
        reader.close()


def _answers(reader: Reader) -> bool:
    """Return whether the broker does, soon: a thread that waits cannot be ended."""
    try:
        reader.list_topics(timeout=_ANSWER_S)
    except KafkaException:
        reader.poll(0)  # raises if we are not let in
        return False
    return True
