"""A cut between the workers and the broker: they wait, go on, and nothing is lost.

The workers run in a network namespace of their own, joined to ours by one cable. At its
ends two forwarders make the broker's loopback address be the broker on both sides, so
that what is cut is packets, as on a real network. ``CUT_S=60`` cuts for longer.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from config.settings import Kafka
from flows.catalogue import FLOWS
from infra import process
from infra.kafka.broker import choose
from tests.e2e.rows import check_same
from tests.e2e.site import Site, frames

COUNT = 3_000
CUT_S = float(os.environ.get("CUT_S", "4"))
FORWARD = Path(__file__).with_name("forward.py")
GRACE_S = 30.0


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


class Cable:
    """A namespace, and the only cable that leads to it."""

    def __init__(self, number: int) -> None:
        self.space = f"tw{number}"
        self._end = f"twh{number}"
        self.host = f"10.231.{number % 250}.1"
        ip("netns", "add", self.space)
        ip(
            "link",
            "add",
            self._end,
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            "netns",
            self.space,
        )
        ip("addr", "add", f"{self.host}/30", "dev", self._end)
        ip("link", "set", self._end, "up")
        for words in (
            ("addr", "add", f"10.231.{number % 250}.2/30", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
            ("link", "set", "lo", "up"),
        ):
            ip("-n", self.space, *words)

    def cut(self) -> None:
        ip("link", "set", self._end, "down")

    def mend(self) -> None:
        ip("link", "set", self._end, "up")

    def remove(self) -> None:
        ip("netns", "del", self.space)


@pytest.fixture
def cable() -> Iterator[Cable]:
    """Yield a cable to a fresh namespace."""
    try:
        made = Cable(os.getpid() % 30_000)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no network namespace can be made here: {error}")
    yield made
    made.remove()


Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts a program, and stops it in the end."""
    started: list[subprocess.Popen[bytes]] = []

    def run(name: str, *words: str) -> "subprocess.Popen[bytes]":
        started.append(process.spawn(words, log=tmp_path / f"{name}.log"))
        return started[-1]

    yield run
    for each in started:
        process.stop(each, GRACE_S)


def test_nothing_is_lost_when_the_cable_is_cut(tmp_path, installation, cable, start):
    with choose(tmp_path / "kafka", "kafka") as broker:
        here = Site(tmp_path / "site", Kafka(bootstrap=broker.bootstrap))
        port = broker.bootstrap.rpartition(":")[2]
        within = ("ip", "netns", "exec", cable.space)
        near, far = f"{cable.host}:{port}", f"127.0.0.1:{port}"
        start("near", sys.executable, str(FORWARD), near, far)
        start("far", *within, sys.executable, str(FORWARD), far, near)
        config = ("--config", str(tmp_path / "site" / "settings.yaml"))
        words = [*within, sys.executable, "-m", "flows", "flow"]
        flows = {name: start(name, *words, name, *config) for name in FLOWS}
        given = frames(COUNT)
        total = len(list(frames(COUNT)))

        here.feed(islice(given, total // 3))
        here.drain()
        cable.cut()
        fed = threading.Thread(target=here.feed, args=(islice(given, total // 3),))
        fed.start()
        time.sleep(CUT_S)  # the cut itself
        fed.join()
        cable.mend()
        here.feed(given)
        here.drain()

        logs = {name: (tmp_path / f"{name}.log").read_text() for name in flows}
        assert {name: flow.poll() for name, flow in flows.items()} == dict.fromkeys(
            FLOWS
        ), logs
        for flow in flows.values():
            assert process.stop(flow, GRACE_S) == 0

    check_same(here.lake, tmp_path, frames(COUNT), COUNT)
