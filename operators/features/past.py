"""What the windows of one length remember of those before them."""

from math import log

import msgspec

from operators.features.bars import Window
from operators.features.params import FeaturesParams
from operators.numerics.efficiency import efficiency_ratio
from operators.numerics.wilder import WilderBank, true_range

Numbers = tuple[float | None, ...]


class Past(msgspec.Struct):
    """The past of one length.

    Attributes:
        bank: Average true ranges.
        close: The last trade's price of the last window with trades [quote].
        atr: What the bank says [quote].
        natr: The same beside the close [%].
        mids: At the ends of the last windows, the newest last; None where not known.
        end_ns: The end of the newest.
    """

    bank: WilderBank
    close: float | None = None
    atr: Numbers = ()
    natr: Numbers = ()
    mids: list[float | None] = msgspec.field(default_factory=list)
    end_ns: int | None = None

    def trade(self, bar: Window) -> None:
        """Take in a window with trades.

        The first has no true range, since that needs a close before it (as TA-Lib).
        """
        if self.close is not None:
            self.bank.update(true_range(bar.high, bar.low, self.close))
        self.close = close = bar.close
        self.atr = self.bank.means
        percent = 100.0 / close if close else None
        self.natr = tuple(
            [
                None if each is None or percent is None else each * percent
                for each in self.atr
            ]
        )

    def sample(self, mid: float | None, end_ns: int, length_ns: int, most: int) -> None:
        """Take in the mid at the end of a window.

        Args:
            mid: It, if known.
            end_ns: The end; windows between this and the last had none.
            length_ns: Length of the windows [ns].
            most: How many are remembered.
        """
        mids = self.mids
        if self.end_ns is not None:
            missing = (end_ns - self.end_ns) // length_ns - 1
            if missing:
                mids.extend([None] * min(missing, most))
        self.end_ns = end_ns
        mids.append(mid)
        if len(mids) > most:
            del mids[:-most]

    def returns(self, horizons: tuple[int, ...]) -> Numbers:
        """Return the logarithmic return over each of so many windows."""
        mids = self.mids
        now, count = mids[-1], len(mids)
        if now is None:
            return (None,) * len(horizons)
        befores = [mids[-1 - each] if each < count else None for each in horizons]
        return tuple([before and log(now / before) for before in befores])

    def efficiency(self, windows: int) -> float | None:
        """Return the efficiency ratio over so many windows, if all mids are known."""
        path = self.mids[-1 - windows :]
        if len(path) <= windows or None in path:
            return None
        return efficiency_ratio(path)  # type: ignore[arg-type]  # no None is in it


def nothing(params: FeaturesParams) -> Past:
    """Return a past of which nothing is known."""
    none = (None,) * len(params.atr_periods)
    return Past(WilderBank(params.atr_periods), atr=none, natr=none)


def remembered(params: FeaturesParams) -> int:
    """Return how many mids are needed."""
    return max(params.efficiency, *params.horizons, 0) + 1
