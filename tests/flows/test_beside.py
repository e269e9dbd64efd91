"""The pipeline of `up` goes on whatever becomes of the dashboards beside it."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from flows.beside import Beside
from sinks.catalog import publish

BOUND_S = 60


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    file = tmp_path / "settings.yaml"
    tree = {
        "lake": {"path": str(tmp_path / "lake")},
        "dashboards": {"path": str(tmp_path / "superset"), "port": 0},
    }
    file.write_text(yaml.safe_dump(tree))
    return file


def wait(until: Callable[[], bool]) -> bool:
    deadline_s = time.monotonic() + BOUND_S
    while not until() and time.monotonic() < deadline_s:
        time.sleep(0.05)
    return until()


def test_a_failure_is_said_once_and_it_is_left_so(
    settings: Path, tmp_path: Path
) -> None:
    beside, said = Beside(), list[str]()
    beside.start(settings, tmp_path)  # there is no lake

    def is_said() -> bool:
        beside.look(said.append)
        return bool(said)

    assert wait(is_said)
    for _ in range(3):
        beside.look(said.append)
    (line,) = said
    assert line.startswith("no dashboards, and the rest goes on without them: ")
    assert "no lake here" in line
    assert beside.restarts == 0
    assert "`tapewatch dashboards` says why" in beside.last_words
    beside.stop()


def test_it_can_be_stopped_in_the_midst_of_installing(
    settings: Path, tmp_path: Path, ended: Callable[[int], bool]
) -> None:
    publish(tmp_path / "lake")
    beside, said = Beside(), list[str]()
    beside.start(settings, tmp_path)

    def is_installing() -> bool:
        beside.look(said.append)
        return any("installing Superset" in line for line in said)

    assert wait(is_installing), said
    inner = children(tmp_path)
    assert inner
    beside.stop()
    assert all(ended(pid) for pid in inner)
    assert not (tmp_path / "superset" / "venv" / "installed").exists()
    assert "not ready yet: installing Superset" in beside.last_words
    assert "`tapewatch dashboards` goes on" in beside.last_words


def test_without_it_nothing_is_said() -> None:
    beside = Beside()
    beside.look(pytest.fail)
    beside.stop()
    assert (beside.last_words, beside.restarts) == ("", 0)


def children(folder: Path) -> list[int]:
    """Return the processes that have this folder in their command lines."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if (
                process.name.isdigit()
                and str(folder).encode() in (process / "cmdline").read_bytes()
            ):
                found.append(int(process.name))
        except OSError:  # gone
            continue
    return found
