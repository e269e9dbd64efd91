"""One slice of a fuzzing run: one target, so many inputs, in this process."""

import random
import re
import resource
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import Final

import msgspec

from tests.fuzz.corpus import KNOWN
from tests.fuzz.mutate import Seed, mutated, seed_of
from tests.fuzz.targets import Target

_HERE: Final = str(Path(__file__).resolve().parents[2])
_PACKAGES: Final = ("operators", "connectors", "config", "flows", "sinks", "tests")
_NUMBER: Final = re.compile(r"-?\d[\d.]*(?:[eE][+-]?\d+)?|\binf\b")
_KEPT_A_KIND: Final = 3
_OWN_WEIGHT: Final = 6


class HangError(BaseException):
    """An input took too long; no ``except Exception`` may swallow it."""


class Slice(msgspec.Struct):
    """What a slice of a run found.

    Attributes:
        target: Its name.
        inputs: How many were run.
        took_s: What they took, without being made [s].
        slowest_s: What the slowest took [s].
        slowest: That input.
        peak_bytes: The most memory that the process ever had.
        failures: How many inputs broke the law, by how.
        known: How many did that are known to.
        examples: The first inputs of each of these.
    """

    target: str
    inputs: int = 0
    took_s: float = 0.0
    slowest_s: float = 0.0
    slowest: bytes = b""
    peak_bytes: int = 0
    failures: dict[str, int] = {}
    known: int = 0
    examples: dict[str, list[bytes]] = {}


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise ``HangError`` within, once so much of the processor's time is spent."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise HangError

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def kind_of(error: BaseException) -> str:
    """Return what went wrong and where, in our own code."""
    where = "?"
    for frame in traceback.extract_tb(error.__traceback__):
        path = frame.filename.removeprefix(_HERE + "/")
        if path.split("/")[0] in _PACKAGES:
            where = f"{path}:{frame.name}"
    text = str(error)[:80] if isinstance(error, AssertionError) else ""
    words = _NUMBER.sub("0", text)
    return f"{type(error).__name__} in {where} {words}".strip()


def broken(target: Target, raw: bytes, limit_s: float) -> str:
    """Return how an input breaks the law, or nothing."""
    try:
        with limited(limit_s):
            target.run(raw)
    except (Exception, HangError) as error:
        return kind_of(error)
    return ""


def known(target: Target, limit_s: float) -> set[str]:
    """Return how a target is known to break the law."""
    return {broken(target, entry.raw, limit_s) for entry in target.knows()} - {""}


def seeds(target: Target, more: Sequence[bytes] = ()) -> list[Seed]:
    """Return what a target's inputs are made from."""
    sound = [entry for entry in target.entries() if KNOWN not in entry.name]
    mine = [each.raw for each in sound if each.name.startswith(target.folders[0])]
    other = [each.raw for each in sound if each.raw not in mine]
    return [seed_of(raw) for raw in (*mine * _OWN_WEIGHT, *other, *more)]


def run(
    target: Target, rng: random.Random, inputs: int, limit_s: float, more: list[bytes]
) -> Slice:
    """Run so many mutations through a target; go on after each that fails."""
    done = Slice(target.name, failures={}, examples={})
    made_of, known_of = seeds(target, more), known(target, limit_s)
    make = target.made
    for _ in range(inputs):
        raw = mutated(rng, made_of)
        if not target.blind:
            raw = make(raw)
        before_s = time.perf_counter()
        kind = broken(target, raw, limit_s)
        took_s = time.perf_counter() - before_s
        done.known += kind in known_of
        if kind and kind not in known_of:
            done.failures[kind] = done.failures.get(kind, 0) + 1
            kept = done.examples.setdefault(kind, [])
            if len(kept) < _KEPT_A_KIND:
                kept.append(raw)
        done.took_s += took_s
        if took_s > done.slowest_s:
            done.slowest_s, done.slowest = took_s, raw
    done.inputs = inputs
    done.peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024
    return done


def save(done: Slice, folder: Path) -> None:
    """Keep the inputs that failed, and how, and the slowest one."""
    mine = folder / done.target
    for kind, inputs in done.examples.items():
        mine.mkdir(parents=True, exist_ok=True)
        for raw in inputs:
            name = sha256(raw).hexdigest()[:12]
            (mine / f"{name}.bin").write_bytes(raw)
            (mine / f"{name}.txt").write_text(f"{kind}\n")
    slowest = folder / "slowest"
    slowest.mkdir(parents=True, exist_ok=True)
    name = f"{done.target}-{done.slowest_s * 1000:.0f}ms.bin"
    (slowest / name).write_bytes(done.slowest)
    if done.failures:
        print(f"{done.target}: {done.failures}", file=sys.stderr, flush=True)
