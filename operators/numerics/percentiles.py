"""Where each of some numbers stands among them."""

from collections.abc import Sequence
from itertools import groupby


def percentiles(values: Sequence[float]) -> list[float]:
    """Return the share of the numbers below each, half of its equals and itself.

    ``(rank - 1/2) / n``, where equals share the mean of their ranks from 1: between 0
    and 1, 1/2 on the mean, and 1/2 for one alone or where all are equal.

    Args:
        values: The numbers, ``n``; no NaN.

    Returns:
        One for each number, ``n``, in their order.

    Source:
        R. Hyndman and Y. Fan, "Sample quantiles in statistical packages", The American
        Statistician 50(4), 1996, definition 5.
    """
    found = [0.0] * len(values)
    order = sorted(range(len(values)), key=values.__getitem__)
    below = 0
    for _, equals in groupby(order, key=values.__getitem__):
        places = list(equals)
        share = (below + 0.5 * len(places)) / len(values)
        for place in places:
            found[place] = share
        below += len(places)
    return found
