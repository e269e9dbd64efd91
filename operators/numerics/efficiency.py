"""How straight a way was."""

from collections.abc import Sequence
from itertools import pairwise


def efficiency_ratio(path: Sequence[float]) -> float | None:
    """Return how far it is from end to end, beside the way that was gone, 0 to 1.

    None where nothing moved.

    Source:
        P. J. Kaufman, "Smarter Trading", 1995 (efficiency ratio).

    Args:
        path: At least one place [n].
    """
    way = sum([abs(b - a) for a, b in pairwise(path)])
    return min(abs(path[-1] - path[0]) / way, 1.0) if way else None
