"""Variance of a price from its returns on a grid, or from four prices."""

from math import log, pi, sqrt
from typing import Final

MEDIANS: Final = pi / (6.0 - 4.0 * sqrt(3.0) + pi)
"""What makes squared medians of three normal numbers as large as their variance."""


def middle(a: float, b: float, c: float) -> float:
    """Return the median of three numbers."""
    return max(min(a, b), min(max(a, b), c))


def realised_variance(squares: float, covered: float, windows: int) -> float | None:
    """Return the variance of a span of time from squared returns (RV).

    Where returns are missing it is taken to have gone on likewise; where less than half
    is covered, it is None. Of all returns it is their sum.

    Source:
        O. E. Barndorff-Nielsen and N. Shephard, "Power and bipower variation with
        stochastic volatility and jumps", Journal of Financial Econometrics 2(1), 2004.

    Args:
        squares: Sum of the squared logarithmic returns.
        covered: How many steps of the grid they span.
        windows: How many steps the span of time has.
    """
    if 2 * covered < windows or not covered:
        return None
    return squares if covered == windows else squares * windows / covered


def median_variance(squares: float, triples: int, windows: int) -> float | None:
    """Return the variance of a span of time without its jumps (MedRV).

    ``MEDIANS * n / (n - 2) * sum(med(|r[i-1]|, |r[i]|, |r[i+1]|)**2)``, where ``n - 2``
    is how many threes there are. Where some are missing, as above. A price that rests
    most of the time has medians of zero: then all of its variance seems to be jumps.

    Source:
        T. G. Andersen, D. Dobrev and E. Schaumburg, "Jump-robust volatility estimation
        using nearest neighbor truncation", Journal of Econometrics 169(1), 2012.

    Args:
        squares: Sum of the squared medians.
        triples: How many there are.
        windows: How many steps the span of time has, ``n``.
    """
    if not triples or 2 * (triples + 2) < windows:
        return None
    return MEDIANS * squares * windows / triples


def jump_share(realised: float | None, median: float | None) -> float | None:
    """Return the share of a variance that is jumps, 0 to 1; None where nothing moved.

    Args:
        realised: The variance, jumps included (RV).
        median: The same without them (MedRV).
    """
    if not realised or median is None:
        return None
    return max(1.0 - median / realised, 0.0)


def rogers_satchell(first: float, high: float, low: float, last: float) -> float | None:
    """Return the variance of a span of time from its prices, whatever the drift.

    ``ln(H/C) ln(H/O) + ln(L/C) ln(L/O)``; None unless all prices are positive.

    Source:
        L. C. G. Rogers and S. E. Satchell, "Estimating variance from high, low and
        closing prices", Annals of Applied Probability 1(4), 1991.

    Args:
        first: The first price, ``O``.
        high: The highest, ``H``.
        low: The lowest, ``L``.
        last: The last, ``C``.
    """
    if low <= 0.0:
        return None
    above = log(high / last) * log(high / first)
    return above + log(low / last) * log(low / first)
