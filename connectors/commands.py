"""Topic ``commands.v1``, from now on, as an asyncio stream."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from config.settings import Kafka
from connectors.follow import follow
from operators.records import topics
from operators.records.book import Command


async def commands(kafka: Kafka) -> AsyncGenerator[Command, None]:
    """Yield commands as they are given; old ones are not obeyed.

    While they cannot be read the lines go on without.

    Raises:
        AccessError: If the broker does not let us read them.
    """
    async with aclosing(follow(kafka, topics.COMMANDS)) as stream:
        async for given in stream:
            for command in given or ():
                yield command
