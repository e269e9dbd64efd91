"""A lake with made but plausible rows of all that dashboards show, which grows."""

import time
from pathlib import Path
from threading import Event, Thread
from typing import Final, Self

from sinks.catalog import publish
from sinks.parquet import LakeSink
from tests.e2e.dashboards.made_rows import HAPPENS_S, happenings, steady

STEP_S: Final = 5
PAST_S: Final = 3 * 3600
_MINUTE_S: Final = 60
_FINE_S: Final = 300


class MadeLake:
    """A lake that is empty until it is filled, and then grows by itself.

    While it is frozen its rows go on being dated now, and say what the last one said:
    what is shown of them as it is now does not change.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        publish(folder)
        self._part = LakeSink(folder, "made").build_part("write", "made", None)
        self._stop, self.frozen = Event(), Event()
        self._phase_s = 0
        self._thread = Thread(target=self._grow)

    def fill(self) -> Self:
        """Write what happened in the last hours, and begin to grow."""
        now_s = int(time.time()) // STEP_S * STEP_S
        for at_s in range(now_s - PAST_S, now_s, STEP_S):
            if at_s % _MINUTE_S == 0 or now_s - at_s <= _FINE_S:
                self._write(at_s, at_s)
        self._part.snapshot()
        self._thread.start()
        return self

    def close(self) -> None:
        """Grow no more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _grow(self) -> None:
        done_s = int(time.time()) // STEP_S * STEP_S - STEP_S
        while not self._stop.wait(0.2):
            at_s = int(time.time()) // STEP_S * STEP_S
            if at_s > done_s:
                done_s = at_s
                if not self.frozen.is_set():
                    self._phase_s = at_s
                self._write(at_s, self._phase_s)
                self._part.snapshot()

    def _write(self, at_s: int, phase_s: int) -> None:
        records = [*steady(at_s, phase_s)]
        if at_s % HAPPENS_S == 0 and at_s == phase_s:
            records += happenings(at_s)
        self._part.write_batch([records])
