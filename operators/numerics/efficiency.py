"""How straight a way was."""

from collections.abc import Sequence
from itertools import islice
from operator import sub


def efficiency_ratio(path: Sequence[float]) -> float | None:
    """Return how far it is from end to end, beside the way that was gone, 0 to 1.

    None where nothing moved.

    Source:
        P. J. Kaufman, "Smarter Trading", 1995 (efficiency ratio).

    Args:
        path: At least one place [n].
    """
    way = sum(map(abs, map(sub, islice(path, 1, None), path)))
    return min(abs(path[-1] - path[0]) / way, 1.0) if way else None
