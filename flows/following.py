"""follow: calibrations, weights -> the files of calibrations.

calibrations, weights ──► the newest of each symbol ──► `live` in its file
"""

import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Event
from typing import Any, Final

from confluent_kafka import OFFSET_BEGINNING, Message, TopicPartition
from prometheus_client.core import Metric

from config.settings import Settings
from connectors.reader import consumer, partitions
from flows import metrics
from flows.figures import counter
from operators.records import topics
from operators.records.base import UNREADABLE
from sinks.calibrations import CalibrationsError, Live, Store

GROUP: Final = "tapewatch-follow"
_TOPICS: Final[dict[str, tuple[str, Any]]] = {
    topics.CALIBRATIONS.name: ("calibration", topics.CALIBRATIONS),
    topics.WEIGHTS.name: ("weights", topics.WEIGHTS),
}
_BATCH: Final = 1_000
_WAIT_S: Final = 0.2


def run_follow(settings: Settings) -> None:
    """Follow until SIGTERM or SIGINT; then write what is not written yet, and end.

    Raises:
        AccessError: If the broker does not let us read.
        KafkaError: If it does not answer, or has no such topics.
        OSError: If the disk refuses.
    """
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    follow = Follow(settings)
    leave = metrics.serve(settings.metrics, follow, "follow", "all")
    follow.run(stop)
    leave()


class Follow:
    """Keeps the newest of each symbol, and writes it now and then."""

    def __init__(self, settings: Settings) -> None:
        """Take what is followed; nothing is read yet."""
        self._kafka = settings.kafka
        params = settings.calibrations
        self._store = Store(Path(params.path), params.past)
        self._every_s = params.write_s
        self._newest: dict[str, dict[str, Live]] = {}
        self._due_s: dict[str, float] = {}
        self._counts: Counter[str] = Counter(written=0, refused=0)

    def run(self, stop: Event) -> None:
        """Read both topics from their beginning, which is the newest of each key."""
        reader = consumer(self._kafka, GROUP)
        try:
            reader.assign(
                [
                    TopicPartition(name, number, OFFSET_BEGINNING)
                    for name in _TOPICS
                    for number in partitions(reader, name)
                ]
            )
            while not stop.is_set():
                messages = reader.consume(_BATCH, _WAIT_S)
                for message in messages:
                    if error := message.error():
                        raise reader.failed(error, message.topic())
                self.take(messages)
                if len(messages) < _BATCH:  # what is behind is not written one by one
                    self.write(time.monotonic())
        finally:
            reader.close()
        self.write(None)

    def take(self, messages: Iterable[Message]) -> None:
        """Take in messages; what is no record of its topic the archive buries."""
        for message in messages:
            value = message.value()
            if value is None:
                continue
            name, topic = _TOPICS[message.topic() or ""]
            try:
                record = topic.decode(value)
            except UNREADABLE:
                continue
            mine = self._newest.setdefault(record.key, {})
            known = mine.get(name)
            if known is None or record.event_ns >= known.event_ns:
                mine[name] = record

    def write(self, now_s: float | None) -> None:
        """Write what is new of the symbols whose turn it is; of all where no time is.

        A file that a person has broken is left as it is, and named, each time anew.
        """
        for key in list(self._newest):
            if now_s is not None and now_s < self._due_s.get(key, 0.0):
                continue
            try:
                self._store.live(self._newest.pop(key))
                self._counts["written"] += 1
            except (CalibrationsError, ValueError) as error:
                self._counts["refused"] += 1
                print(f"tapewatch: {error}", file=sys.stderr, flush=True)
            if now_s is not None:
                self._due_s[key] = now_s + self._every_s

    def collect(self) -> Iterator[Metric]:
        """Return counts since the start."""
        for name, text in (
            ("written", "Files of calibrations that were written."),
            ("refused", "Files of calibrations that could not be written over."),
        ):
            values = {(): float(self._counts[name])}
            yield from counter(f"calibration_files_{name}", text, values)
