"""Three brokers, each record thrice: one dies and comes back, and nothing is lost.

Workers go on as a rule; one that cannot ends, and is started again, as everywhere.
"""

import random
import threading
from itertools import islice

import pytest

from config.settings import Kafka
from flows.children import ChildError
from infra.kafka.cluster import RealCluster
from tests.e2e.rows import check_same
from tests.e2e.site import Site, frames

pytestmark = pytest.mark.soak
COUNT = 2_000
KILLS = 4


def test_one_of_three_brokers_dies_and_comes_back_and_nothing_is_lost(
    tmp_path, installation
):
    with RealCluster(tmp_path / "kafka", installation, nodes=3) as brokers:
        here = Site(tmp_path / "site", Kafka(bootstrap=brokers.bootstrap))
        given = frames(COUNT)
        total = len(list(frames(COUNT)))
        here.start(2)
        try:
            here.feed(islice(given, total // 4))
            here.drain()
            fed = threading.Thread(target=here.feed, args=(given, total / 12))
            fed.start()
            brokers.kill(2)
            kill_workers(here, random.Random(1))  # while a third of the copies is away
            brokers.restart(2)
            fed.join()
            kill_workers(here, random.Random(2))
            here.drain(supervised=True)
            here.stop()
        finally:
            here.kill()

    check_same(here.lake, tmp_path, frames(COUNT), COUNT)


def kill_workers(here: Site, chance: random.Random) -> None:
    """Kill some of the workers, one after the other; each is started again at once."""
    for name in chance.sample(sorted(here.workers), KILLS):
        worker = here.workers[name]
        worker.process.kill()
        worker.process.wait()
        try:
            assert worker.keep_alive()
        except ChildError:  # it had been killed as often as it takes to be given up
            raise AssertionError(worker.log()) from None
