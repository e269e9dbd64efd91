"""Run every benchmark, and print each as a ratio.

python -m tests.benchmarks [--quick]
"""

import sys

from tests.benchmarks import frames, ohlcv


def main() -> None:
    """Run them."""
    frames.run()
    ohlcv.run(trades=100_000 if "--quick" in sys.argv else 1_000_000)


if __name__ == "__main__":
    main()
