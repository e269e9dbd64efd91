"""Run every benchmark, and print each as a ratio.

python -m tests.benchmarks [--quick]
"""

import sys

from tests.benchmarks import features, frames, lake, ohlcv, scanner


def main() -> None:
    """Run them."""
    quick = "--quick" in sys.argv
    frames.run()
    ohlcv.run(trades=100_000 if quick else 1_000_000)
    features.run(records=100_000 if quick else 400_000)
    scanner.run(windows=20 if quick else 100)
    lake.run((1, 3) if quick else (1, 30, 365))


if __name__ == "__main__":
    main()
