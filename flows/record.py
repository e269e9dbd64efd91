"""Write topic ``frames.v1`` to a recording, as the frames come."""

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

from confluent_kafka import OFFSET_END, TopicPartition

from config.settings import Settings
from connectors.reader import consumer, partitions
from connectors.recording import open_to_write
from operators.records import topics


def record(
    settings: Settings,
    out: Path,
    seconds: float | None,
    stop: Event,
    progress: Callable[[int], None],
) -> int:
    """Record from now on; return how many frames were written.

    Within a partition, and so within a connection, frames are in order of arrival.

    Args:
        settings: The whole tree.
        out: The new file.
        seconds: For how long, or None until told to stop.
        stop: Ends it.
        progress: Told now and then how many frames have been written.

    Raises:
        RecordingError: If the file exists or cannot be made.
        KafkaError: If the broker does not answer.
    """
    name = topics.FRAMES.name
    reader = consumer(settings.kafka, "tapewatch-record")
    here = partitions(reader, name)
    ends = None if seconds is None else time.monotonic() + seconds
    count = 0
    with open_to_write(out) as file:
        reader.assign([TopicPartition(name, number, OFFSET_END) for number in here])
        while not stop.is_set() and (ends is None or time.monotonic() < ends):
            for message in reader.consume(settings.kafka.batch, 0.1):
                if error := message.error():
                    raise reader.failed(error, name)
                file.write((message.value() or b"") + b"\n")
                count += 1
            progress(count)
    reader.close()
    return count
