"""How the mid moves from window to window of the grid."""

from math import log, sqrt

import msgspec

from operators.features.params import FeaturesParams
from operators.numerics.ewm_variance import EwmVariance
from operators.numerics.realised import middle
from operators.records.time import SECOND


class Move(msgspec.Struct, frozen=True, gc=False):
    """From a known mid at the end of a window to the next that is known.

    Attributes:
        since_ns: Where it begins.
        windows: How many windows it spans, mostly 1.
        square: The squared logarithmic return [1].
        middle: The squared median of it and the two before, each for one window; None
            where there were none [1].
        middle_since_ns: Where the first of those three begins.
    """

    since_ns: int
    windows: float
    square: float
    middle: float | None = None
    middle_since_ns: int = 0


class Moves(msgspec.Struct):
    """What is remembered of the mids.

    Attributes:
        mid: The last that was known [quote].
        at_ns: When; the end of a window.
        last: Size of the last return, for one window [1].
        last_ns: Where it began.
        former: Size of the one before [1].
        former_ns: Where it began.
        count: How many returns there were.
        variance: Of the returns, for a second [1/s].
    """

    mid: float = 0.0
    at_ns: int | None = None
    last: float = 0.0
    last_ns: int = 0
    former: float = 0.0
    former_ns: int = 0
    count: int = 0
    variance: EwmVariance = msgspec.field(default_factory=EwmVariance)

    def take(
        self, mid: float, at_ns: int, length_ns: int, memory_s: float
    ) -> Move | None:
        """Take in the mid at the end of a window; return the move to it, if any."""
        before, since_ns = self.mid, self.at_ns
        self.mid, self.at_ns = mid, at_ns
        if since_ns is None:
            return None
        span_ns = at_ns - since_ns
        windows = span_ns / length_ns
        move = log(mid / before)
        self.variance.update(move, span_ns / SECOND, memory_s)
        size = abs(move) if windows == 1.0 else abs(move) / sqrt(windows)
        former, former_ns = self.former, self.former_ns
        self.former, self.former_ns = self.last, self.last_ns
        self.last, self.last_ns = size, since_ns
        self.count += 1
        square = move * move
        if self.count < 3:
            return Move(since_ns, windows, square)
        median = middle(former, self.former, size)
        return Move(since_ns, windows, square, median * median, former_ns)

    def volatility(self, params: FeaturesParams) -> float | None:
        """Return the standard deviation for a second; None until it is known."""
        if self.variance.span < params.warm_s:
            return None
        return self.variance.deviation
