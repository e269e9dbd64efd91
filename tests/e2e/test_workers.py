"""However many workers share the flows, and whenever that changes: one lake."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from config.settings import Kafka
from infra.kafka.broker import choose
from tests.e2e.rows import check_same
from tests.e2e.site import Site, frames

pytestmark = pytest.mark.soak
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


def test_a_rescale_between_two_parts_changes_nothing(site, tmp_path):
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

    check_same(here.lake, tmp_path, given, COUNT)
