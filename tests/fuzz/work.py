"""What a process of a fuzzing run does."""

import random
import resource
from pathlib import Path
from typing import Final

from tests.fuzz.run import Slice, run
from tests.fuzz.targets import TARGETS

_MORE_BYTES: Final = 3 * 1024**3
_RECORDED: dict[str, list[bytes]] = {}


def begin(recorded: dict[str, list[bytes]]) -> None:
    """Take the seeds that are recorded; bound this process's memory."""
    bound_memory(_MORE_BYTES)
    _RECORDED.update(recorded)


def bound_memory(more_bytes: int) -> None:
    """Let this process grow by so much and no further: it then has a MemoryError."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def work(name: str, seed: int, inputs: int, limit_s: float) -> Slice:
    """Run a slice: a target, what it draws from, how many inputs, how long each."""
    target = TARGETS[name]
    more = [raw for each in target.folders for raw in _RECORDED.get(each, ())]
    return run(target, random.Random(f"{name}/{seed}"), inputs, limit_s, more)
