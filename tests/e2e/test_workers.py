"""However many workers share the flows, and whenever that changes: one lake."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from config.settings import Kafka, Settings
from flows.replay import replay
from infra.kafka.broker import choose
from operators.records import topics
from tests.e2e.rows import FOLLOWS, rows
from tests.e2e.site import Site, frames

COUNT = 4_000


@pytest.fixture
def site(tmp_path: Path, installation: object) -> Iterator[Callable[[], Site]]:
    """Return a function that makes a site, each on a broker's log of its own."""
    made: list[Site] = []
    brokers = []

    def make() -> Site:
        folder = tmp_path / f"site-{len(made)}"
        broker = choose(folder / "kafka", "kafka")
        broker.start()
        brokers.append(broker)
        made.append(Site(folder, Kafka(bootstrap=broker.bootstrap)))
        return made[-1]

    yield make
    for each in made:
        each.kill()
    for broker in brokers:
        broker.stop()


@pytest.fixture
def undisturbed(tmp_path: Path) -> Path:
    """Return the lake of a replay of the same frames."""
    recording = tmp_path / "frames.jsonl"
    with recording.open("wb") as file:
        for frame in frames(COUNT):
            file.write(topics.FRAMES.encode(frame) + b"\n")
    replay(Settings(), recording, tmp_path / "undisturbed", closes=False)
    return tmp_path / "undisturbed"


def test_a_rescale_between_two_halves_changes_nothing(site, undisturbed):
    here = site()
    given = list(frames(COUNT))
    parts = [0, len(given) // 3, 2 * len(given) // 3, len(given)]
    for (start, end), workers in zip(pairwise(parts), (1, 3, 2), strict=True):
        if start:
            here.rescale(workers)
        here.start(workers)
        here.feed(given[start:end])
        here.drain()
        here.stop()

    assert len(rows(here.lake, "trades")) == COUNT
    for table in FOLLOWS:
        assert rows(here.lake, table) == rows(undisturbed, table), table
