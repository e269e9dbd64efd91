"""What is known of a window before it is said; longer ones are put together from it."""

from typing import Final

import msgspec

from operators.features.bars import Window
from operators.features.moves import Move


class Sample(msgspec.Struct, frozen=True, gc=False):
    """What stands at the end of a window of the grid; units as in :class:`Feature`."""

    at_ns: int
    mid: float | None = None
    microprice: float | None = None
    spread_bps: float | None = None
    volatility: float | None = None
    reach_bps: float | None = None
    bid_depth: float | None = None
    ask_depth: float | None = None
    move: Move | None = None


UNSEEN: Final = Sample(at_ns=0)
"""Of a window at whose end nothing was known."""


class Slice(msgspec.Struct, gc=False):
    """A window that is still open.

    Attributes:
        traded: Its trades; None of none.
        signed: Bought less sold [base].
        sample: What stood at its latest known end.
        area: Sum of spreads times how long each stood [bps ns].
        time_ns: How long there was a spread [ns].
        flow: Order flow; None where it is not known [base].
        deep: Likewise of several levels [base].
        squares: Sum of squared returns within it [1].
        covered: How many windows of the grid they span.
        medians: Sum of squared medians within it [1].
        triples: How many there are.
    """

    traded: Window | None = None
    signed: float = 0.0
    sample: Sample | None = None
    area: float = 0.0
    time_ns: int = 0
    flow: float | None = None
    deep: float | None = None
    squares: float = 0.0
    covered: float = 0.0
    medians: float = 0.0
    triples: int = 0

    def merge(self, later: "Slice", start_ns: int) -> None:
        """Take in a window of the grid that lies wholly behind what is in this one.

        Args:
            later: The window.
            start_ns: Where this one starts.
        """
        if later.traded is not None:
            self.signed += later.signed
            if self.traded is None:
                self.traded = msgspec.structs.replace(later.traded)
            else:
                self.traded.merge(later.traded)
        if later.flow is not None:
            self.flow = later.flow + (self.flow or 0.0)
            self.area += later.area
            self.time_ns += later.time_ns
            if later.deep is not None:
                self.deep = later.deep + (self.deep or 0.0)
        if later.sample is not None:
            self.see(later.sample, start_ns)

    def see(self, sample: Sample, start_ns: int) -> None:
        """Take in what stands at the end of a window of the grid.

        A move counts where all of it lies within, and so does a median of three.
        """
        self.sample = sample
        move = sample.move
        if move is None or move.since_ns < start_ns:
            return
        self.squares += move.square
        self.covered += move.windows
        if move.middle is not None and move.middle_since_ns >= start_ns:
            self.medians += move.middle
            self.triples += 1
