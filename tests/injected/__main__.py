"""Put faults into the recordings of real venues, and print what is found of them.

python -m tests.injected [--only VENUE]
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.injected.captures import captures
from tests.injected.table import Tried, left_out, table, tried


def main() -> None:
    """Print the table; exit with 1 where there are no recordings."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--only", help="of this recording alone")
    only = asked.parse_args().only
    found: list[Tried] = []
    with tempfile.TemporaryDirectory() as folder:
        for capture in captures():
            if only in {None, capture.name}:
                mine = list(tried(capture, Path(folder)))
                seen = Counter(each.delay_ns is not None for each in mine)
                print(f"{capture.name:24} {seen.total():5} tried {seen[True]:5} found")
                found += mine
    if not found:
        sys.exit("the real recordings of ../shared are not here")
    print(table(found), left_out(found), sep="\n")


if __name__ == "__main__":
    main()
