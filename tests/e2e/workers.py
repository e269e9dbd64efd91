"""One recording, on any number of workers, paced or not, live or again: one lake.

``python -m tests.e2e.workers RECORDING`` runs it on an Apache Kafka of its own, on 1, 2
and 4 workers and through a rescale 1 -> 3 -> 2; then it reprocesses from Kafka and from
the lake, and compares each lake with that of a replay. It takes some minutes.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from config.settings import Kafka, Settings
from connectors.recording import Recording
from flows.compare import compare
from flows.past import Wish
from flows.replay import replay
from flows.reprocess import reprocess
from infra.kafka.broker import choose
from operators.records import topics
from operators.records.frame import Frame
from tests.e2e.site import Site

PACE = 2_000.0  # frames a second, where frames come at a pace


class Course:
    """The lakes that one recording has become."""

    def __init__(self, folder: Path, recording: Path) -> None:
        self._folder = folder
        with Recording(recording) as source:
            self.frames = [each for each in source if isinstance(each, Frame)]
        plain = folder / "frames.jsonl"
        plain.write_bytes(
            b"".join(topics.FRAMES.encode(each) + b"\n" for each in self.frames)
        )
        self._whole = folder / "replayed"
        replay(Settings(), plain, self._whole, closes=False)
        self.is_equal = True

    def live(self, *workers: int, pace: float | None = None) -> None:
        """Put the recording through so many workers, one part after the other."""
        name = f"{'->'.join(map(str, workers))}{' paced' if pace else ''}"
        folder = self._folder / name.replace(" ", "-").replace(">", "")
        with choose(folder / "kafka", "kafka") as broker:
            here = Site(folder, Kafka(bootstrap=broker.bootstrap))
            start_s = time.monotonic()
            try:
                for number, (count, part) in enumerate(
                    zip(workers, self._parts(len(workers)), strict=True)
                ):
                    if number:
                        here.rescale(count)
                    here.start(count)
                    here.feed(part, pace)
                    here.drain()
                    here.stop()
            finally:
                here.kill()
            self._compare(f"workers {name}", here.lake, time.monotonic() - start_s)
            if workers == (4,) and pace is None:
                self._again(here)

    def _again(self, here: Site) -> None:
        for source in ("kafka", "lake"):
            into, start_s = self._folder / f"again-{source}", time.monotonic()
            wish = Wish(into, source=source, lake=here.lake, warm_up_s=0)
            done = reprocess(here.settings, wish)
            passed_s = time.monotonic() - start_s
            self._compare(f"reprocessed from {source}", into, passed_s)
            print(f"    {done.speed:,.0f} x real time")

    def _parts(self, count: int) -> Iterator[list[Frame]]:
        ends = [len(self.frames) * number // count for number in range(count + 1)]
        for start, end in pairwise(ends):
            yield self.frames[start:end]

    def _compare(self, name: str, lake: Path, seconds: float) -> None:
        done = compare(Settings(), self._whole, lake)
        equal = sum(each.equal for each in done.verdicts)
        rest = sum(e.missing + e.extra + e.different for e in done.verdicts)
        twice = sum(e.repeated_b - e.repeated_a for e in done.verdicts)
        self.is_equal &= done.is_equal and not twice
        print(
            f"{name:<24} {len(done.verdicts)} tables, {equal:,} rows equal,"
            f" {rest} not, {twice} twice; {seconds:.1f} s",
            flush=True,
        )


def main() -> None:
    """Run the whole course."""
    with tempfile.TemporaryDirectory(prefix="workers-") as folder:
        course = Course(Path(folder), Path(sys.argv[1]))
        print(f"{len(course.frames):,} frames", flush=True)
        for workers in ((1,), (2,), (4,), (1, 3, 2)):
            course.live(*workers)
        course.live(2, pace=PACE)
        course.live(1, 3, 2, pace=PACE)
    sys.exit(0 if course.is_equal else 1)


if __name__ == "__main__":
    main()
