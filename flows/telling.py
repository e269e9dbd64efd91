"""tell: alerts -> people.

alerts ────────┬─► log
               └─► couriers, one a target ──► deliveries
system_health ───► beats, and an alert when it does not come
"""

import fcntl
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Final

from confluent_kafka import OFFSET_BEGINNING, KafkaException, Message, TopicPartition

from config.settings import Settings
from connectors.reader import Reader, bounds, consumer, partitions
from flows import metrics
from flows.tap import Tap
from flows.tell_metrics import TellMetrics
from operators.records import topics
from operators.records.alerts import Alert
from operators.records.base import UNREADABLE
from operators.records.health import SystemHealth
from operators.records.time import MS
from sinks import alerts as doors
from sinks.beats import Beater, Life
from sinks.courier import Courier, Waiting
from sinks.deliveries import Ledger, Past
from sinks.kafka import Publisher
from sinks.message import line
from sinks.told import TellError, Told, told

GROUP: Final = "tapewatch-tell"
_BATCH: Final = 1_000
_WAIT_S: Final = 0.1
_TAIL: Final = 100
_ANSWER_S: Final = 10.0
_FINISH_S: Final = 5.0


def run_tell(settings: Settings) -> None:
    """Tell until SIGTERM or SIGINT, and then what has been said by then.

    Raises:
        ConfigError: If a target's variable is missing, or holds no address.
        TellError: If another process tells.
        KafkaError: If the broker does not answer.
        DeliveryError: If it does not confirm what was or is to be told.
    """
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    opened = doors.opened(settings.alerts.targets, settings.alerts.timeout_s)
    with alone(Path(settings.recovery.path) / "tell"):
        Telling(settings, opened).run(stop)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Be the only one on this machine.

    Raises:
        TellError: If there is another.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            text = f"{folder}: another `tapewatch tell` runs; stop it first"
            raise TellError(f"{text}, or everything is told twice") from error
        yield


class Telling:
    """Everything between the topics and the targets."""

    def __init__(self, settings: Settings, opened: dict[str, doors.Door]) -> None:
        """Put it together; nothing runs yet."""
        self._kafka = kafka = settings.kafka
        self._settings = params = settings.alerts
        self._metrics = settings.metrics
        self._tap = Tap()
        self._tap.expect([topics.ALERTS, topics.DELIVERIES])
        past, unread = Past(kafka).deliveries()
        if unread:
            _say(f"{unread} messages of {topics.DELIVERIES.name} are no deliveries")
        before = told(past)
        self._couriers = [
            Courier(
                target,
                params,
                door=opened[target.name],
                ledger=Ledger(kafka, self._tap, _say),
                told=before.get(target.name, Told()),
                say=_say,
            )
            for target in params.targets
            if not target.deadman
        ]
        self._beaters = [
            Beater(target, opened[target.name], _say)
            for target in params.targets
            if target.deadman
        ]
        self._life = Life(params.deadman, time.monotonic())
        self._own = Publisher(kafka, [topics.ALERTS])
        self._places: list[TopicPartition] = []
        self._next: dict[int, int] = {}
        self._is_first = True
        self._tail: dict[int, int] = {}

    def run(self, stop: Event) -> None:
        """Tell until it is told to end; end with what a courier could not get over."""
        names = [each.name for each in self._settings.targets if not each.deadman]
        couriers = dict(zip(names, self._couriers, strict=True))
        shown = TellMetrics(self._tap, couriers)
        leave = metrics.serve(self._metrics, shown, "tell", "all")
        started: list[Courier | Beater] = []
        reader = consumer(self._kafka, GROUP)
        try:
            self._assign(reader)
            runners: list[Courier | Beater] = [*self._couriers, *self._beaters]
            for runner in runners:
                runner.start()
                started.append(runner)
            while not stop.is_set():
                self._take(reader, reader.consume(_BATCH, _WAIT_S))
                self._look_after()
            self._finish(reader)
        finally:
            for runner in started:
                runner.stop()
            reader.close()
        self._own.flush()
        leave()

    def _assign(self, reader: Reader) -> None:
        """Read all alerts, and what is new of the system's health."""
        name = topics.ALERTS.name
        here = [TopicPartition(name, number) for number in partitions(reader, name)]
        try:
            kept = reader.committed(here, timeout=_ANSWER_S)
        except KafkaException:  # then some lines are in the log twice
            kept = []
        self._next = {p.partition: p.offset for p in kept if p.offset >= 0}
        self._is_first = not self._next
        self._places = here
        places = [TopicPartition(name, p.partition, OFFSET_BEGINNING) for p in here]
        name = topics.SYSTEM_HEALTH.name
        for number in partitions(reader, name):
            low, high = bounds(reader, TopicPartition(name, number))
            self._tail[number] = high
            places.append(TopicPartition(name, number, max(low, high - _TAIL)))
        reader.assign(places)

    def _finish(self, reader: Reader) -> None:
        """Tell what has been said already, as far as that can be done soon."""
        until_s = time.monotonic() + _FINISH_S
        try:
            ends = [reader.get_watermark_offsets(p, _FINISH_S) for p in self._places]
        except KafkaException:  # it is away; then what came from it before
            ends = []
        while time.monotonic() < until_s:
            held = reader.position(self._places)
            pairs = zip(held, ends, strict=False)
            is_read = all(max(at.offset, low) >= high for at, (low, high) in pairs)
            if is_read and all(each.is_done for each in self._couriers):
                return
            self._take(reader, reader.consume(_BATCH, _WAIT_S))
            self._check_couriers()
        _say("not everything has been told yet; the next start goes on with it")

    def _take(self, reader: Reader, messages: Iterable[Message]) -> None:
        moved = False
        for message in messages:
            if error := message.error():
                raise reader.failed(error, message.topic())
            if (value := message.value()) is None:
                continue
            try:
                if message.topic() == topics.ALERTS.name:
                    self._on_alert(message, topics.ALERTS.decode(value))
                    moved = True
                else:
                    self._on_health(message, topics.SYSTEM_HEALTH.decode(value))
            except UNREADABLE:  # the archive buries it
                _say(f"{message.topic()}, {message.offset()}: no record of this topic")
        if moved:
            reader.commit(
                offsets=[
                    TopicPartition(topics.ALERTS.name, number, offset)
                    for number, offset in self._next.items()
                ],
                asynchronous=True,
            )

    def _on_alert(self, message: Message, alert: Alert) -> None:
        number, offset = message.partition() or 0, message.offset() or 0
        _, appended_ms = message.timestamp()
        age_s = time.time() - appended_ms * MS / 1e9
        if offset >= self._next.get(number, 0):
            self._next[number] = offset + 1
            if not self._is_first or age_s < self._settings.max_age_s:
                print(line(alert), flush=True)
        self._life.recall(alert)
        for courier in self._couriers:
            courier.offer(Waiting(alert, appended_ms))

    def _on_health(self, message: Message, health: SystemHealth) -> None:
        if (message.offset() or 0) < self._tail.get(message.partition() or 0, 0):
            self._life.remember(health)
            return
        now_s = time.monotonic()
        self._say_own(self._life.take(health, now_s))
        if not health.venue and self._life.is_due(now_s):
            for beater in self._beaters:
                beater.beat(health)

    def _look_after(self) -> None:
        self._say_own(self._life.missed(time.monotonic(), time.time_ns()))
        self._check_couriers()

    def _check_couriers(self) -> None:
        for courier in self._couriers:
            if courier.failure is not None:
                raise courier.failure

    def _say_own(self, alert: Alert | None) -> None:
        """Tell at once what may have to be told without Kafka; keep it there too."""
        if alert is None:
            return
        for courier in self._couriers:
            courier.offer(Waiting(alert, time.time_ns() // MS))
        _say(line(alert))
        self._own.send([alert])
        self._tap([alert])


def _say(text: str) -> None:
    print(f"tell: {text}", file=sys.stderr, flush=True)
