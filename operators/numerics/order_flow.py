"""What was added to a side of a book between two sights of it."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

Level = tuple[float, float]
_NONE: Final = (0.0, 0.0)


def added(
    now: Sequence[Level], before: Sequence[Level], *, up: bool
) -> tuple[float, float]:
    """Return what was added at the best level, and at all levels together.

    Of a level: its quantity, if its price is better than that of the same level before;
    less the quantity before, if it is worse; what there is more of, if it is the same.
    A level that is new is better than none, one that is gone is worse. That of the bids
    less that of the asks is the order-flow imbalance ``e`` of Cont and others at the
    best level, and the sum of those of Cont, Cucuringu and Zhang over levels.

    Source:
        R. Cont, A. Kukanov and S. Stoikov, "The price impact of order book events",
        Journal of Financial Econometrics 12(1), 2014, section 2.1. R. Cont, M.
        Cucuringu and C. Zhang, "Cross-impact of order flow imbalance in equity
        markets", Quantitative Finance 23(10), 2023, section 2.

    Args:
        now: Price and quantity of each level, best first [n].
        before: Likewise, before [m].
        up: Whether a higher price is a better one: of bids.
    """
    if now == before:
        return _NONE
    if len(now) != len(before):
        steps = [_step(new, old, up=up) for new, old in zip_longest(now, before)]
        return steps[0], sum(steps)
    (price, size), (was, had) = now[0], before[0]
    best = size - had if price == was else size if (price > was) is up else -had
    deep = 0.0
    for (price, size), (was, had) in zip(now, before, strict=True):
        if price == was:
            deep += size - had
        elif (price > was) is up:
            deep += size
        else:
            deep -= had
    return best, deep


def _step(now: Level | None, before: Level | None, *, up: bool) -> float:
    if before is None:
        return now[1] if now else 0.0
    if now is None:
        return -before[1]
    if now[0] == before[0]:
        return now[1] - before[1]
    return now[1] if (now[0] > before[0]) is up else -before[1]
