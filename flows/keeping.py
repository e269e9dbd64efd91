"""keep: the lake's many small files -> few.

hot files ──► cold files ──► a new generation of the catalogue
"""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Final

from prometheus_client.core import Metric

from config.settings import Settings
from flows import metrics
from flows.figures import counter, gauge
from operators.records import topics
from sinks.keeping import Keeper, keeping

_NICE: Final = 10
_AFTER_S: Final = 3.0  # writers have begun the next segment by then


def run_keep(settings: Settings, lake: Path) -> None:
    """Keep a lake until SIGTERM or SIGINT.

    Raises:
        LakeError: If another process keeps it.
        OSError: If the disk refuses.
    """
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    os.nice(_NICE)
    wanted = settings.lake
    with keeping(lake):
        rounds = Rounds(settings, lake)
        leave = metrics.serve(settings.metrics, rounds, "keep", "0")
        due_s = 0.0
        while not stop.is_set():
            rounds.look()
            if time.time() >= due_s:
                rounds.go()
                done = (time.time() - _AFTER_S) // wanted.round_s
                due_s = (done + 1) * wanted.round_s + _AFTER_S
            stop.wait(wanted.look_s)
        leave()


def keep_once(settings: Settings, lake: Path) -> str:
    """Do one round; return what was done.

    Raises:
        LakeError: If another process keeps the lake.
        OSError: If the disk refuses.
    """
    with keeping(lake):
        rounds = Rounds(settings, lake)
        rounds.look()
        return rounds.go()


class Rounds:
    """What a keeper does, counted."""

    def __init__(self, settings: Settings, lake: Path) -> None:
        """Take a lake that no other process keeps."""
        self._keeper = Keeper(lake, days_of_tables(settings), settings.lake.grace_s)
        self._counts = dict.fromkeys(("merged", "removed", "aside"), 0)
        self._seconds = self._at_s = 0.0

    def look(self) -> None:
        """Set aside what cannot be read, and say so."""
        self._keeper.look()
        self._tell()

    def go(self) -> str:
        """Do a round; return what was done."""
        start_s = time.monotonic()
        done = self._keeper.round(time.time())
        self._seconds, self._at_s = time.monotonic() - start_s, time.time()
        self._counts["merged"] += done.merged
        self._counts["removed"] += done.removed
        self._tell()
        return (
            f"{done.merged:,} files became {done.into:,}; {done.dropped:,} were too"
            f" old; {done.removed:,} removed; {self._counts['aside']:,} set aside"
        )

    def collect(self) -> Iterator[Metric]:
        """Return counts since the start, and how long the last round took."""
        for name, text in (
            ("merged", "Files that were put together."),
            ("removed", "Files removed, since nobody could be reading them."),
            ("aside", "Files that could not be read, and were set aside."),
        ):
            yield from counter(f"lake_files_{name}", text, {(): self._counts[name]})
        if self._at_s:
            text = "How long the last round took."
            yield from gauge("lake_round_seconds", text, {(): self._seconds})
            text = "When the last round ended."
            yield from gauge("lake_round_time_seconds", text, {(): self._at_s})

    def _tell(self) -> None:
        for each in self._keeper.aside[self._counts["aside"] :]:
            text = f"tapewatch: set aside {each.path}: {each.why}"
            print(text, file=sys.stderr, flush=True)
            self._counts["aside"] += 1


def days_of_tables(settings: Settings) -> dict[str, float]:
    """Return how long rows are kept, by table [d]."""
    return {
        record.table: days
        for name, days in settings.lake.keep_days.items()
        for topic in topics.named([name])
        for record in topic.records
    }
