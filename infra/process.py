"""Children that never outlive this process, not even when it is killed -9.

Linux kills a child for us when its parent dies (``PR_SET_PDEATHSIG``), but "parent"
means the *thread* that forked, and a parent that died before the call goes unnoticed.
So one thread starts all children and lasts as long as the process, and each child
passes through this very file, run as a script: it makes the call, looks whether its
parent is still there, and then becomes the wanted program. Elsewhere than on Linux
children are started plainly.

A child has a session of its own: a terminal's Ctrl-C reaches us and not it, so that we
can stop children in order.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue

_PR_SET_PDEATHSIG = 1

_Start = Callable[[], subprocess.Popen[bytes]]


class _Spawner:
    """The thread that starts the children of one process.

    It ends with the process and not before: children die with the thread.
    """

    def __init__(self) -> None:
        self._asked: SimpleQueue[tuple[_Start, Future[subprocess.Popen[bytes]]]]
        self._asked = SimpleQueue()
        threading.Thread(target=self._run, name="spawner", daemon=True).start()

    def _run(self) -> None:
        while True:
            start, answer = self._asked.get()
            try:
                answer.set_result(start())
            except Exception as error:  # the caller's; here it would end the thread
                answer.set_exception(error)

    def ask(self, start: _Start) -> subprocess.Popen[bytes]:
        answer: Future[subprocess.Popen[bytes]] = Future()
        self._asked.put((start, answer))
        return answer.result()


_lock = threading.Lock()
_spawners: dict[int, _Spawner] = {}  # by process: threads do not survive a fork


def _spawner() -> _Spawner:
    with _lock:
        pid = os.getpid()
        if pid not in _spawners:
            _spawners[pid] = _Spawner()
        return _spawners[pid]


def spawn(
    argv: Sequence[str | Path],
    *,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    keep: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a program that dies when this process dies, by whatever means.

    Args:
        argv: The program and its arguments; a name without a slash is sought on PATH.
        log: Where its output and errors are appended; without it they are ours.
        env: Its environment; without it ours.
        cwd: The folder it runs in; without it ours.
        keep: Open files that it inherits, and with them the locks on them.

    Raises:
        FileNotFoundError: If there is no such program.
    """
    words = [os.fspath(word) for word in argv]
    program = shutil.which(words[0])
    if program is None:
        text = f"There is no program {words[0]}"
        raise FileNotFoundError(text)
    words[0] = program
    if sys.platform == "linux":
        words = [sys.executable, "-I", "-S", __file__, str(os.getpid()), *words]

    def start() -> subprocess.Popen[bytes]:
        out = log.open("ab") if log else None
        try:
            return subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=env,
                cwd=cwd,
                pass_fds=keep,
                start_new_session=True,
            )
        finally:
            if out:
                out.close()

    return _spawner().ask(start)


def stop(process: subprocess.Popen[bytes], grace_s: float) -> int:
    """Ask a spawned process to end, kill its group after the grace; return its code."""
    if process.poll() is None:
        process.terminate()
        try:
            return process.wait(grace_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def _become(parent: int, argv: list[str]) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == parent:
        os.execv(argv[0], argv)


if __name__ == "__main__":
    _become(int(sys.argv[1]), sys.argv[2:])
    sys.exit("The process that wanted this child is gone.")
