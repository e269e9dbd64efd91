"""ingest: what the venues send -> frames and connection events, in Kafka.

sockets ──► lines ──┬─► frames
commands ────┘      └─► connections
"""

import asyncio
import signal

from config.settings import Settings
from connectors.commands import commands
from connectors.supervisor import Supervisor
from connectors.websocket import Publish
from operators.records import topics
from operators.records.base import Record
from operators.records.dead import DeadLetter
from operators.records.frame import Frame
from sinks.kafka import Publisher, TooLargeError

_KEPT_OF_TOO_LARGE = 65_536


def run_ingest(settings: Settings) -> None:
    """Listen to every connection until SIGTERM or SIGINT; then confirm all and end.

    Raises:
        ConfigError: If the connections cannot be opened as they are declared.
        DeliveryError: If the broker did not confirm everything.
    """
    publisher = Publisher(
        settings.kafka, [topics.FRAMES, topics.CONNECTIONS, topics.DEAD]
    )

    def publish(record: Record) -> None:
        try:
            publisher.send((record,))
        except TooLargeError as error:
            if not isinstance(record, Frame):
                raise
            publisher.send((_too_large(record, str(error)),))

    asyncio.run(_until_told(settings, publish))
    publisher.flush()


async def _until_told(settings: Settings, publish: Publish) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    supervisor = Supervisor(settings.ingest, publish)
    await supervisor.run(stop, commands(settings.kafka))


def _too_large(frame: Frame, reason: str) -> DeadLetter:
    payload = frame.payload
    data = payload.encode() if isinstance(payload, str) else payload
    return DeadLetter(
        **frame.place,
        topic=topics.FRAMES.name,
        url=frame.url,
        reason=f"too large to keep: {reason}; its first bytes are",
        raw=data[:_KEPT_OF_TOO_LARGE],
        size=len(data),
    )
