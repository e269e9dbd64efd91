"""What disk, broker and clock can do to a flow: it says so, and nothing is lost.

Each test breaks one thing under a process as its users run it, reads what it says,
mends it as it says, and compares the lake with that of an undisturbed replay.
"""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import OFFSET_END, TopicPartition
from confluent_kafka.admin import AdminClient

from config.settings import Kafka, Settings
from flows.children import Child
from flows.past import Wish
from flows.promote import promote
from flows.reprocess import reprocess
from flows.sql import QueryError, ask
from infra.kafka.broker import Broker, choose
from operators.records import topics
from operators.records.time import SECOND
from sinks.catalog import connect
from tests.e2e.rows import FOLLOWS, check_same, rows, undisturbed
from tests.e2e.site import Site, frames

COUNT = 600
BOUND_S = 120
HOUR_NS = 3_600 * SECOND


@pytest.fixture
def broker(tmp_path: Path, installation: object) -> Iterator[Broker]:
    with choose(tmp_path / "kafka", "kafka") as started:
        yield started


@pytest.fixture
def site(tmp_path: Path, broker: Broker) -> Iterator[Site]:
    made = Site(tmp_path / "site", Kafka(bootstrap=broker.bootstrap))
    yield made
    made.kill()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Callable[[Path, str], None]]:
    """Return a function that gives a folder a disk of its own, of some size."""
    mounted: list[Path] = []

    def mount(folder: Path, size: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        how = ("-o", f"remount,size={size}") if folder in mounted else ()
        how = how or ("-t", "tmpfs", "-o", f"size={size}")
        words = ["mount", *how, "tmpfs", str(folder)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
        mounted.append(folder)

    yield mount
    for folder in set(mounted):
        subprocess.run(["umount", "-l", str(folder)], check=True)


def ends(worker: Child) -> str:
    """Wait until a process has ended, not in order; return its last line."""
    assert worker.process.wait(BOUND_S) != 0
    return " ".join(worker.log().split())


def test_a_full_disk_under_the_lake_stops_the_archive_until_there_is_room(
    site, small, tmp_path
):
    small(tmp_path / "site" / "lake", "400k")
    site.start(1)
    site.feed(frames(COUNT))

    said = ends(site.workers["archive-0-of-1"])

    assert "No space left on device" in said
    assert str(site.lake) in said
    small(tmp_path / "site" / "lake", "200m")
    assert site.workers["archive-0-of-1"].keep_alive()
    site.drain()
    site.stop()
    check_same(site.lake, tmp_path, frames(COUNT), COUNT)


def test_a_full_disk_under_the_state_stops_a_flow_until_there_is_room(
    site, small, tmp_path
):
    small(tmp_path / "site" / "recovery", "300k")
    site.start(1)
    site.feed(frames(COUNT))

    said = [ends(site.workers[f"{name}-0-of-1"]) for name in ("market", "book")]

    assert all("disk is full" in each or "No space left" in each for each in said)
    assert all("the engine could not go on" in each for each in said)
    site.kill()
    small(tmp_path / "site" / "recovery", "200m")
    site.start(1)
    site.drain()
    site.stop()
    check_same(site.lake, tmp_path, frames(COUNT), COUNT)


def test_a_folder_that_may_not_be_written_is_named(site, small, tmp_path):
    for flow, folder in (("market", "recovery"), ("archive", "lake")):
        path = tmp_path / "site" / folder
        if os.geteuid() == 0:  # who may write everywhere but where nobody can
            small(path, "4m")
            site.open("archive").stop()
            subprocess.run(["mount", "-o", "remount,ro", str(path)], check=True)
        else:
            path.mkdir(exist_ok=True)
            path.chmod(0o500)

        said = ends(site.open(flow))

        assert str(path) in said
        assert "Read-only file system" in said or "Permission denied" in said
        assert "Traceback" not in said


def test_a_damaged_state_is_refused_and_rebuilt_and_nothing_comes_twice(site, tmp_path):
    given = list(frames(COUNT))
    site.start(1)
    site.feed(given[: len(given) // 2])
    site.drain()
    site.stop()
    store = tmp_path / "site" / "recovery" / "market-v2" / "0-of-1"
    (file,) = store.glob("state/*.sqlite3")
    raw = bytearray(file.read_bytes())
    raw[4_096:12_288] = bytes(8_192)
    file.write_bytes(raw)

    site.start(1)
    said = ends(site.workers["market-0-of-1"])
    assert str(file) in said
    assert "--rebuild" in said

    store.rename(store.with_name("damaged"))
    site.feed(given[len(given) // 2 :])
    assert site.workers["market-0-of-1"].keep_alive()
    assert "its state is not here" in ends(site.workers["market-0-of-1"])
    rebuilt = site.open("market", "--rebuild")
    site.drain()
    site.stop()
    assert rebuilt.ended == 0
    check_same(site.lake, tmp_path, frames(COUNT), COUNT)


def test_a_place_that_kafka_has_deleted_stops_the_flow_with_what_to_do(
    site, broker, tmp_path
):
    given = list(frames(COUNT))
    site.start(1)
    site.feed(given[: len(given) // 2])
    site.drain()
    site.stop()
    site.feed(given[len(given) // 2 :])
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    name = topics.FRAMES.name
    numbers = admin.list_topics(name).topics[name].partitions
    places = [TopicPartition(name, number, OFFSET_END) for number in numbers]
    for answer in admin.delete_records(places).values():
        answer.result(30)

    site.start(1)
    said = ends(site.workers["market-0-of-1"])

    assert "the oldest message that Kafka still has" in said
    assert "--skip-expired" in said
    assert "tapewatch reprocess" in said
    assert site.workers["archive-0-of-1"].process.wait(BOUND_S) != 0
    for flow in ("market", "archive"):  # both read what was deleted
        site.open(flow, "--skip-expired")
    site.drain()
    site.stop()


@pytest.mark.parametrize("jump_ns", [-HOUR_NS, HOUR_NS])
def test_an_hour_s_jump_of_the_clock_loses_nothing(tmp_path, jump_ns):
    given = list(frames(COUNT))
    half = len(given) // 2
    jumped = given[:half] + [
        msgspec.structs.replace(each, received_ns=each.received_ns + jump_ns)
        for each in given[half:]
    ]

    straight = undisturbed(tmp_path / "straight", given)
    other = undisturbed(tmp_path / "jumped", jumped)

    for table, columns in (
        ("trades", "venue, symbol, event_ns, trade_id, price, quantity, side"),
        ("book_deltas", "venue, symbol, event_ns, bids, asks"),
        ("bars", "*"),
        ("dead_letters", "*"),
        ("gaps", "venue, symbol, event_ns, last, next, reason"),
    ):
        found = []
        for lake in (straight, other):
            with connect(lake) as connection:
                query = f"select {columns} from {table} order by all"
                found.append(connection.execute(query).fetchall())
        assert found[0] == found[1], table


def test_a_damaged_file_of_the_lake_is_named_and_its_time_computed_again(tmp_path):
    lake = undisturbed(tmp_path, list(frames(COUNT)))
    before = {table: rows(lake, table) for table in FOLLOWS}
    (file,) = (path for path in lake.glob("hot/trades/*/*") if "empty" not in path.name)
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 3 : len(raw) // 2] = bytes(len(raw) // 2 - len(raw) // 3)
    file.write_bytes(raw)

    with pytest.raises(QueryError, match=re.escape(file.name)):
        ask("select sum(price) from trades", lake, "csv")

    file.unlink()
    assert rows(lake, "trades") == []
    wish = Wish(tmp_path / "again", source="lake", lake=lake, warm_up_s=0)
    reprocess(Settings(), wish)
    promote(lake, tmp_path / "again", ["trades"])
    assert {table: rows(lake, table) for table in FOLLOWS} == before
