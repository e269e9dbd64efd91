"""What tests of all folders share: one broker for the whole session."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.kafka import installation as installations
from infra.kafka.broker import Broker, Wish, choose
from infra.kafka.errors import UnavailableError
from infra.kafka.installation import Installation

BOUND_S = 60
POLL_S = 0.05

Ended = Callable[[int], bool]


def pytest_configure(config: pytest.Config) -> None:
    """Let kafka-python be imported: it reads its schemas in a deprecated way."""
    line = "ignore:(read|open)_text is deprecated:DeprecationWarning"
    config.addinivalue_line("filterwarnings", line)


@pytest.fixture(scope="session")
def installation() -> Installation:
    """Return Apache Kafka; where it cannot be had, skip, or in CI fail."""
    try:
        return installations.find()
    except UnavailableError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Yield a started broker without topics of ours, its log in a fresh folder.

    It is Apache Kafka; the one in memory only where that cannot be had, and never in
    CI. A test that needs Apache Kafka takes ``real_kafka``.
    """
    wish: Wish = "kafka" if os.environ.get("CI") else "auto"
    with choose(tmp_path_factory.mktemp("kafka"), wish, topics=[]) as broker:
        yield broker


@pytest.fixture
def real_kafka(kafka: Broker, installation: Installation) -> Broker:
    """Return the session's broker, which is Apache Kafka."""
    assert kafka.kind == f"Apache Kafka {installation.version}"
    return kafka


def _is_gone(pid: int) -> bool:
    """Return whether a process has ended with all its threads, reaped or not."""
    process = Path("/proc") / str(pid)
    try:
        state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        return state in "ZX" and len(list((process / "task").iterdir())) <= 1
    except OSError:
        return True


@pytest.fixture
def ended() -> Ended:
    """Return a function that waits, within bounds, until a process has ended."""

    def wait(pid: int) -> bool:
        deadline_s = time.monotonic() + BOUND_S
        while not _is_gone(pid) and time.monotonic() < deadline_s:
            time.sleep(POLL_S)
        return _is_gone(pid)

    return wait
