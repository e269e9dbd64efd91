"""What rests on a side of a book, up to a price."""

from bisect import bisect_right
from collections.abc import Mapping
from operator import mul


def notional(
    ranks: list[float], quantities: Mapping[float, float], bound: float
) -> float:
    """Return the sum of price times quantity over the levels up to a rank.

    Args:
        ranks: Prices ascending; negative ones descending where they are bids [n].
        quantities: The quantity at each rank.
        bound: The last rank that counts.
    """
    near = ranks[: bisect_right(ranks, bound)]
    total: float = sum(map(mul, near, map(quantities.__getitem__, near)))
    return abs(total)
