"""Children never outlive us."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra import process

ROOT = Path(__file__).parents[2]
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
BOUND_S = 30
POLL_S = 0.05

DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""

PARENT = """
import sys, time
from infra import process
child = process.spawn([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="a promise of Linux")


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    child = process.spawn(SLEEP)
    yield child
    process.stop(child, grace_s=0)


@needs_linux
def test_a_child_dies_when_its_parent_is_killed(ended: Callable[[int], bool]) -> None:
    words = [sys.executable, "-c", PARENT]
    with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=ROOT) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        os.kill(child, 0)
        parent.kill()
    assert ended(child)


@needs_linux
def test_a_child_outlives_the_thread_that_asked_for_it() -> None:
    children = []
    thread = threading.Thread(target=lambda: children.append(process.spawn(SLEEP)))
    thread.start()
    thread.join()
    with pytest.raises(subprocess.TimeoutExpired):
        children[0].wait(0.5)
    assert process.stop(children[0], BOUND_S) == -signal.SIGTERM


@needs_linux
def test_a_child_whose_parent_is_gone_before_it_begins_does_not_begin() -> None:
    words = [sys.executable, process.__file__, "1", *SLEEP]
    late = subprocess.run(words, capture_output=True, timeout=BOUND_S, check=False)
    assert late.returncode == 1
    assert b"is gone" in late.stderr


def test_a_child_has_a_session_of_its_own(sleeper: subprocess.Popen[bytes]) -> None:
    assert os.getsid(sleeper.pid) == sleeper.pid
    assert os.getsid(sleeper.pid) != os.getsid(0)


def test_a_child_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = process.spawn([sys.executable, "-c", DEAF], log=log)
    while b"deaf" not in log.read_bytes():
        time.sleep(POLL_S)
    assert process.stop(child, grace_s=0.1) == -signal.SIGKILL


def test_a_child_that_has_ended_keeps_its_code() -> None:
    child = process.spawn([sys.executable, "-c", "raise SystemExit(3)"])
    child.wait(BOUND_S)
    assert process.stop(child, grace_s=0) == 3


def test_output_environment_and_folder_are_as_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")
    words = [sys.executable, "-c", "import os; print(os.environ['A'], os.getcwd())"]
    child = process.spawn(words, log=log, env={"A": "b"}, cwd=tmp_path)
    child.wait(BOUND_S)
    assert log.read_text() == f"before\nb {tmp_path.resolve()}\n"


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="no program tapewatch-nowhere"):
        process.spawn(["tapewatch-nowhere"])
