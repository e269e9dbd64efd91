"""Run programs of Superset's own environment: to their end, or until told to end."""

import http.client
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from threading import Event
from typing import Final

from infra import process
from infra.superset.errors import SupersetError, ToldError

HOST: Final = "127.0.0.1"
_HERE: Final = Path(__file__).parent
_LOOK_S: Final = 0.2
_GRACE_S: Final = 8.0
_START_S: Final = 180.0
_KEEP_ALIVE_S: Final = 75
_THREADS: Final = 8
_LAST_LINES: Final = 12
_OTHERS: Final = ("FLASK_", "SUPERSET_", "PYTHON", "VIRTUAL_ENV", "GUNICORN_")

Look = Callable[[], None]


def environment(home: Path, lake: Path, longest_s: float) -> dict[str, str]:
    """Return the environment of Superset's programs.

    Of this project they see the package ``infra`` alone, by a link of the state folder,
    and use no more of it than Superset's own environment can run.

    Args:
        home: The state folder.
        lake: The lake that the charts read.
        longest_s: How long a query may take [s].
    """
    code = home / "code"
    code.mkdir(exist_ok=True)
    link, infra = code / "infra", _HERE.parent
    if not (link.is_symlink() and link.readlink() == infra):
        link.unlink(missing_ok=True)
        link.symlink_to(infra)
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_OTHERS)
    }
    return inherited | {
        "PYTHONPATH": str(code),
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
        "SUPERSET_CONFIG_PATH": str(_HERE / "superset_config.py"),
        "TAPEWATCH_SUPERSET_HOME": str(home),
        "TAPEWATCH_SUPERSET_LAKE": str(lake),
        "TAPEWATCH_SUPERSET_QUERY_TIMEOUT_S": str(longest_s),
        "TZ": "UTC",
    }


def run(
    argv: Sequence[str | Path],
    log: Path,
    env: Mapping[str, str],
    told: Event,
    look: Look = lambda: None,
) -> None:
    """Run a program to its end.

    Args:
        argv: The program and its arguments.
        log: What it says, and nothing of before.
        env: Its environment.
        told: Ends it early.
        look: Is called every now and then meanwhile.

    Raises:
        SupersetError: If it fails.
        ToldError: If it was ended early.
    """
    log.unlink(missing_ok=True)
    running = process.spawn(argv, log=log, env=env)
    try:
        while (code := running.poll()) is None:
            if told.wait(_LOOK_S):
                raise ToldError
            look()
    finally:
        process.stop(running, _GRACE_S)
    if code:
        what = Path(argv[0]).name
        raise SupersetError(f"{what} ended with code {code}; {_end_of(log)}")


@contextmanager
def serving(
    python: Path, port: int, workers: int, log: Path, env: Mapping[str, str]
) -> Iterator["Popen[bytes]"]:
    """Serve on a port of the loopback for as long as the context lasts."""
    log.unlink(missing_ok=True)
    running = process.spawn(words(python, port, workers), log=log, env=env)
    try:
        yield running
    finally:
        process.stop(running, _GRACE_S)


def words(python: Path, port: int, workers: int) -> list[str]:
    """Return the command that serves."""
    made = [str(python), "-m", "gunicorn", "superset.app:create_app()"]
    made += ["--bind", f"{HOST}:{port}", "--workers", str(workers)]
    made += ["--worker-class", "gthread", "--threads", str(_THREADS)]
    made += ["--keep-alive", str(_KEEP_ALIVE_S), "--timeout", "120"]
    made += ["--graceful-timeout", "3", "--worker-tmp-dir", _in_memory()]
    return [*made, "--log-level", "warning"]


def wait_ready(running: "Popen[bytes]", port: int, log: Path, told: Event) -> None:
    """Wait until the server answers.

    Raises:
        SupersetError: If it ends before, or does not answer in time.
        ToldError: If we were told to end before.
    """
    deadline_s = time.monotonic() + _START_S
    while time.monotonic() < deadline_s:
        if running.poll() is not None:
            raise SupersetError(f"the server did not start; {_end_of(log)}")
        if _answers(port):
            return
        if told.wait(_LOOK_S):
            raise ToldError
    raise SupersetError(
        f"the server did not answer in {_START_S:.0f} s; {_end_of(log)}"
    )


def _answers(port: int) -> bool:
    asked = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        asked.request("GET", "/health")
        return asked.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        asked.close()


def _in_memory() -> str:
    """Return a folder where a worker's sign of life never waits for a disk."""
    shared = "/dev/shm"
    return shared if os.access(shared, os.W_OK) else "."


def _end_of(log: Path) -> str:
    said = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    last = "\n  ".join(said.splitlines()[-_LAST_LINES:])
    return f"the end of {log}:\n  {last}"
