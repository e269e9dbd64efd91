"""Kill the keeper, and now and then the writer, at random moments, and look."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

from sinks import manifest
from sinks.catalog import connect, publish
from sinks.lake import catalog

_READERS = 3
_READY_S = 60.0
_LONGEST_S = 2.5


class Done(NamedTuple):
    """What came of it.

    Attributes:
        kills: Of the keeper.
        writer_kills: Of the writer.
        reads: Answers that readers had, each of them checked.
        rows: Rows at the end.
        generations: How many there were.
        merged: Files at the end that hold the rows of many.
        troubles: What was wrong, in words.
    """

    kills: int
    writer_kills: int
    reads: int
    rows: int
    generations: int
    merged: int
    troubles: list[str]


class Actor:
    """A process that takes part."""

    def __init__(self, role: str, lake: Path, number: int = 0) -> None:
        self._words = [sys.executable, "-m", "tests.keep.actors", role, str(lake)]
        self.log = lake.parent / f"{role}-{number}.log"
        self.start()

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        with self.log.open("w") as log:
            self.process = subprocess.Popen(self._words, stdout=log, stderr=log)
        deadline = time.monotonic() + _READY_S
        while "ready" not in self.log.read_text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{self.log}: {self.log.read_text()[-2_000:]}")
            time.sleep(0.01)

    def kill(self) -> str:
        """Kill it; return what was wrong if it had ended by itself."""
        code = self.process.poll()
        self.process.kill()
        self.process.wait()
        if code is None:
            return ""
        return f"{self.log.name} ended with {code}: {self.log.read_text()[-2_000:]}"


def run(
    folder: Path, kills: int, seed: int, say: Callable[[str], None] = print
) -> Done:
    """Kill a keeper so many times, under a writer and readers."""
    chance = random.Random(seed)
    lake = folder / "lake"
    publish(lake)
    troubles: list[str] = []
    writer_kills = 0
    writer, keeper = Actor("writer", lake), Actor("keeper", lake)
    readers = [Actor("reader", lake, number) for number in range(_READERS)]
    try:
        for number in range(kills):
            if number % 2:  # so that it gets on; the other kills are in mid-round
                _wait_for_another(catalog(lake).resolve(), lake)
            time.sleep(chance.uniform(0.0, _LONGEST_S))
            troubles.append(keeper.kill())
            troubles += _wrong_files(lake)
            if chance.random() < 0.2:
                troubles.append(writer.kill())
                writer.start()
                writer_kills += 1
            keeper.start()
            say(f"kill {number + 1}: {catalog(lake).parent.resolve().name}")
        time.sleep(_LONGEST_S)
    finally:
        troubles += [actor.kill() for actor in (keeper, writer, *readers)]
    reads = [each.log.read_text().count("\n") - 1 for each in readers]
    with connect(lake) as connection:
        ((rows, distinct),) = connection.execute(
            "select count(*), count(distinct event_ns) from heartbeats"
        ).fetchall()
    if rows != distinct:
        troubles.append(f"{rows} rows at the end, {distinct} of them distinct")
    parts = manifest.current(lake).of("heartbeats")
    return Done(
        kills,
        writer_kills,
        sum(reads),
        rows,
        int(catalog(lake).parent.resolve().name[4:]),
        sum(part.writer is None for part in parts),
        [*filter(None, troubles)],
    )


def _wait_for_another(generation: Path, lake: Path) -> None:
    deadline = time.monotonic() + _READY_S
    while catalog(lake).resolve() == generation and time.monotonic() < deadline:
        time.sleep(0.02)


def _wrong_files(lake: Path) -> list[str]:
    """Look at the files themselves, where a view would hide what is there twice."""
    while True:
        try:
            found = manifest.files(lake, "heartbeats")
            numbers = [
                n for p in found for n in pq.read_table(p)["event_ns"].to_pylist()
            ]
            break
        except FileNotFoundError:  # the writer was started again meanwhile
            continue
    if sorted(numbers) == list(range(len(numbers))):
        return []
    twice = len(numbers) - len(set(numbers))
    return [f"{len(numbers)} rows in files, {twice} of them twice"]
