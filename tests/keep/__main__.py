"""Kill the keeper of a lake, and print what came of it.

python -m tests.keep [--kills 50] [--seed 1]
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.keep.run import run


def main() -> None:
    """Run it; exit with 1 if anything is amiss."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--kills", type=int, default=50)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        done = run(Path(folder), given.kills, given.seed)
    print(done)
    sys.exit(1 if done.troubles else 0)


if __name__ == "__main__":
    main()
