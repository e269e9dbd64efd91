"""ingest: what the venues send -> frames and connection events, in Kafka.

sockets ──► lines ──┬─► frames ──────┬─► Kafka
commands ────┤      └─► connections ─┴─► disk ──► Kafka, when it has been away
priorities ──┘
"""

import asyncio
import signal
from pathlib import Path
from typing import Any, Final

from config.settings import Settings
from connectors.attention import Attention, attend
from connectors.commands import commands
from connectors.supervisor import Only, Supervisor, check
from flows import metrics
from flows.tap import Tap
from operators.records import topics
from operators.records.base import Record
from operators.records.frame import Frame
from operators.records.topics import Topic
from sinks.kafka import TooLargeError
from sinks.oversized import oversized
from sinks.spool import Spool
from sinks.spooling import SpoolingPublisher, say

_KNOWN_S: Final = 2.0


def run_ingest(settings: Settings, only: Only) -> None:
    """Listen until SIGTERM or SIGINT; then confirm all, or leave it on disk, and end.

    Args:
        settings: The whole tree.
        only: Which lines of its connections to listen to.

    Raises:
        AccessError: If the broker does not let us in.
        ConfigError: If the connections cannot be opened as they are declared, there are
            no such lines, or the folder of the spool cannot be had.
        DeliveryError: If the broker refuses a message for good.
    """
    check(settings.ingest)
    only.check(settings.ingest)
    asyncio.run(_until_told(settings, only))


async def _until_told(settings: Settings, only: Only) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    limits = settings.ingest.spool
    folder = Path(limits.path) / only.name
    spool = Spool(folder, limits.max_bytes, say)
    kinds: list[Topic[Any]] = [topics.FRAMES, topics.CONNECTIONS, topics.DEAD]
    publisher = SpoolingPublisher(settings.kafka, kinds, spool, limits.after_ms)
    tap = Tap()
    tap.expect([topics.CONNECTIONS, topics.DEAD])

    def publish(record: Record) -> None:
        if record.__class__ is not Frame:
            tap([record])
        try:
            publisher.send(record)
        except TooLargeError as error:
            if not isinstance(record, Frame):
                raise
            publish(oversized(record, str(error)))

    attention, known = Attention(), asyncio.Event()
    supervisor = Supervisor(settings.ingest, publish, only, attention)
    shown = metrics.IngestMetrics(publisher, tap)
    leave = metrics.serve(settings.metrics, shown, "ingest", only.name)
    sending = asyncio.create_task(publisher.run())
    sending.add_done_callback(lambda _: stop.set())
    attending = asyncio.create_task(attend(settings.kafka, attention, known))
    try:
        await _soon(known, attending, stop)
        await supervisor.run(stop, commands(settings.kafka))
    except BaseExceptionGroup as group:
        raise _first(group) from group
    finally:
        attending.cancel()
        sending.cancel()
        await asyncio.wait({sending, attending})
        await publisher.close()
    if not sending.cancelled():
        sending.result()
    leave()


async def _soon(
    known: asyncio.Event, attending: asyncio.Task[None], stop: asyncio.Event
) -> None:
    """Wait until priorities are known, but not for long: lines matter more."""
    waits = [asyncio.create_task(each.wait()) for each in (known, stop)]
    await asyncio.wait(
        [*waits, attending], timeout=_KNOWN_S, return_when=asyncio.FIRST_COMPLETED
    )
    for each in waits:
        each.cancel()


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
