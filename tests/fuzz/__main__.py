"""Fuzz every decoder, outside CI.

python -m tests.fuzz --inputs 10000000 --processes 2 [--target venue-okx]

Inputs are shared out over the targets, and run in rounds, so that every target has had
some soon. An input that breaks the law is kept in the folder, and the run goes on; it
ends with 1 if there was any. With ``--guided`` coverage leads the mutations (Atheris),
where that can be imported.
"""

import argparse
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Final

from tests.fuzz.run import Slice, save
from tests.fuzz.shared import recorded
from tests.fuzz.targets import named
from tests.fuzz.work import begin, work

_ROUNDS: Final = 10
_LIMIT_S: Final = 10.0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", action="append", default=[], help="its beginning")
    parser.add_argument("--limit-s", type=float, default=_LIMIT_S)
    parser.add_argument("--guided", action="store_true")
    default = Path(tempfile.gettempdir()) / "tapewatch-fuzz"
    parser.add_argument("--out", type=Path, default=default)
    return parser.parse_args()


def _slices(options: argparse.Namespace) -> Iterator[tuple[str, int, int, float]]:
    """Yield what to run: a target, a seed, how many inputs, how long each may take."""
    targets = named(options.target)
    whole = sum(target.share for target in targets)
    for number in range(_ROUNDS):
        for target in targets:
            inputs = round(options.inputs * target.share / whole / _ROUNDS) or 1
            yield target.name, options.seed * 1_000 + number, inputs, options.limit_s


def _add(total: Slice, done: Slice) -> None:
    total.inputs += done.inputs
    total.took_s += done.took_s
    total.known += done.known
    total.peak_bytes = max(total.peak_bytes, done.peak_bytes)
    if done.slowest_s > total.slowest_s:
        total.slowest_s, total.slowest = done.slowest_s, done.slowest
    for kind, count in done.failures.items():
        total.failures[kind] = total.failures.get(kind, 0) + count


def _row(done: Slice) -> str:
    rate = done.inputs / done.took_s if done.took_s else 0.0
    return (
        f"{done.target:22} {done.inputs:10,} {rate:8,.0f}/s "
        f"slowest {done.slowest_s * 1_000:6,.0f} ms "
        f"peak {done.peak_bytes / 2**20:5,.0f} MiB "
        f"{sum(done.failures.values()):,} broke, {done.known:,} as known"
    )


def main() -> int:
    """Run it; return 1 if any input broke the law."""
    options = _options()
    if options.guided:
        return _guided(options)
    totals: dict[str, Slice] = {}
    begun_s = time.monotonic()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        options.processes, context, initializer=begin, initargs=(recorded(),)
    ) as pool:
        slices = [pool.submit(work, *each) for each in _slices(options)]
        for each in as_completed(slices):
            done = each.result()
            save(done, options.out)
            new = Slice(done.target, failures={}, examples={})
            _add(totals.setdefault(done.target, new), done)
            count = sum(total.inputs for total in totals.values())
            rate = count / (time.monotonic() - begun_s)
            print(f"{count:,} inputs, {rate:,.0f}/s; {_row(done)}", flush=True)
    print(*map(_row, totals.values()), sep="\n")
    kinds = {kind for total in totals.values() for kind in total.failures}
    print(*(f"BROKE {kind}" for kind in sorted(kinds)), sep="\n")
    mine = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    took_s = time.monotonic() - begun_s
    print(f"{took_s:,.0f} s; {options.out}; this process {mine:,.0f} MiB")
    return 1 if kinds else 0


def _guided(options: argparse.Namespace) -> int:
    """Hand each target to a process of its own: Atheris never returns from one."""
    targets = named(options.target)
    runs = round(options.inputs / len(targets))
    codes = []
    for target in targets:
        words = [target.name, str(runs), str(options.out / "guided")]
        guide = [sys.executable, "-m", "tests.fuzz.guided", *words]
        codes.append(subprocess.run(guide, check=False).returncode)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
