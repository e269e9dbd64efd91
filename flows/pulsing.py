"""pulse: our processes -> processes.

figures of each process, every few seconds ──► processes
"""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Final

from prometheus_client.core import Metric

from config.load import ConfigError
from config.settings import Settings
from flows import metrics, processes
from flows.figures import followed
from flows.tap import Tap
from operators.records import topics
from operators.records.process import ProcessState
from sinks.kafka import Publisher

_NAME: Final = "pulse"


def run_pulse(settings: Settings, folder: Path, name: str = "all") -> None:
    """Ask until SIGTERM or SIGINT; then confirm what was said, and end.

    Args:
        settings: The whole tree.
        folder: Where the processes are written down.
        name: Which of its kind.

    Raises:
        ConfigError: If the settings let nobody say how they do.
        DeliveryError: If the broker does not confirm what was said.
    """
    if settings.metrics.port is None:
        text = "Expected a port, 0 for any free one: without it nobody can be asked"
        raise ConfigError(f"{text} - at `$.metrics.port`")
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    pulse = Pulse(settings, folder)
    leave = metrics.serve(settings.metrics, pulse, _NAME, name)
    pulse.run(stop)
    leave()


class Pulse:
    """Asks everyone, and publishes what they say."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        """Open a producer; nobody is asked yet."""
        self._settings, self._folder = settings, folder
        self._publisher = Publisher(settings.kafka, [topics.PROCESSES])
        self._tap = Tap()
        self._tap.expect([topics.PROCESSES])

    def run(self, stop: Event) -> None:
        """Ask whenever our clock comes to a multiple of the settings' time."""
        while not self._is_told(stop):
            states = self.ask(time.time_ns())
            self._publisher.send(states)
            self._tap(states)
        self._publisher.flush()

    def _is_told(self, stop: Event) -> bool:
        """Wait for the next round; return whether it is told to end before."""
        every_s = self._settings.metrics.pulse_s
        due_s = (time.time() // every_s + 1) * every_s
        # A wait can end a little early, and our clock can be set back.
        while 0 < (left_s := due_s - time.time()) <= every_s:
            if stop.wait(left_s):
                return True
        return stop.is_set()

    def ask(self, now_ns: int) -> list[ProcessState]:
        """Return how everyone does who has not ended in good order.

        Args:
            now_ns: What time it is, by our clock [ns UTC].
        """
        asked = processes.known(self._settings, self._folder)
        told = processes.samples(asked)
        left = processes.known(self._settings, self._folder)  # some may have, meanwhile
        return [
            processes.state(target, samples, now_ns)
            for target, samples in zip(asked, told, strict=True)
            if samples is not None or target in left
        ]

    def collect(self) -> Iterator[Metric]:
        """Return the figures that it shows of itself."""
        yield from followed(self._tap)
