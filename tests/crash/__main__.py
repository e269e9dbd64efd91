"""Run the crash test, and print what came of it.

python -m tests.crash [--kills 200] [--seed 1] [--workers 1] [--rate 0.25] [--keep DIR]
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.crash.harness import run
from tests.crash.run import Wish


def main() -> None:
    """Run it; exit with 1 if anything is amiss."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--kills", type=int, default=200)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--workers", type=int, default=1)
    asked.add_argument("--rate", type=float, default=0.25)
    asked.add_argument("--keep", type=Path, help="a new folder, to look at afterwards")
    given = asked.parse_args()
    if given.keep is not None and given.keep.exists():
        sys.exit(f"{given.keep} is there already; name a new folder")
    begun_s = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - begun_s:6.1f} s  {text}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        wish = Wish(
            given.keep or Path(folder),
            kills=given.kills,
            seed=given.seed,
            workers=given.workers,
            rate=given.rate,
        )
        done = run(wish, say)
    print(done)
    sys.exit(0 if done.is_well else 1)


if __name__ == "__main__":
    main()
