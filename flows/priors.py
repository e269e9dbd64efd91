"""What each symbol begins from, for the flow ``calibration``: read at its start."""

import sys
from pathlib import Path

from config.calibrations import Calibrated, load
from operators.calibration.prior import Prior


class Priors:
    """The calibrations of a folder, read when the first symbol is asked for.

    What is refused is said once, and its symbols begin from the pool. Whether a fit is
    of the future or has expired is left to the operator, which knows the time of its
    events.
    """

    def __init__(self, folder: Path, length_ms: int) -> None:
        """Name the folder; nothing is read yet.

        Args:
            folder: The folder.
            length_ms: Fits on windows of another length are refused [ms].
        """
        self._folder, self._length_ms = folder, length_ms
        self._told: Calibrated | None = None

    def __call__(self, key: str) -> Prior:
        """Return what a symbol, by ``venue:symbol``, begins from."""
        told = self._told
        if told is None:
            told = self._told = load(self._folder, length_ms=self._length_ms)
            for refusal in told.refused:
                print(f"tapewatch: refused {refusal}", file=sys.stderr, flush=True)
        return told.prior(key)
