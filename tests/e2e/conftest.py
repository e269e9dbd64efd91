"""Run ``tapewatch`` as its users do: a process in a folder of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

BOUND_S = 120

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def tapewatch(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts a ``tapewatch`` command in ``tmp_path``.

    ``up`` is without dashboards, unless asked for by name: test_dashboards has them.
    """
    started: list[subprocess.Popen[str]] = []

    def start(*words: str | Path, dashboards: bool = False) -> "subprocess.Popen[str]":
        if words[0] == "up" and not dashboards:
            words = (*words, "--no-dashboards")
        process = subprocess.Popen(
            [sys.executable, "-m", "flows", *map(str, words)],
            cwd=tmp_path,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def processes(tmp_path: Path) -> Callable[[], list[int]]:
    """Return a function that lists the processes that work in ``tmp_path``."""

    def listed() -> list[int]:
        found = []
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdigit() and tmp_path.samefile(folder / "cwd"):
                    found.append(int(folder.name))
            except OSError:  # gone, or not ours
                continue
        return found

    return listed


@pytest.fixture
def none_left(processes: Callable[[], list[int]]) -> Callable[[], list[int]]:
    """Return a function that waits, within bounds, until no process works there."""

    def wait() -> list[int]:
        deadline_s = time.monotonic() + BOUND_S
        while processes() and time.monotonic() < deadline_s:
            time.sleep(0.1)
        return processes()

    return wait


@pytest.fixture
def broker_wish() -> str:
    """Return which broker ``tapewatch up`` must take: in CI the real one."""
    return "kafka" if os.environ.get("CI") else "auto"
