"""How far groups differ truly, beside how far each of them is only guessed."""

from collections.abc import Sequence
from typing import Final, NamedTuple

MOST: Final = 1e9
"""The greatest ``k``: the groups do not differ, and each is the pool."""


class Parts(NamedTuple):
    """What the differences between observations are made of.

    Attributes:
        mean: Of all groups together, each weighing by its credibility.
        within: The variance of an observation of weight 1 about its group's mean.
        between: The variance of the groups' true means; 0 where they do not differ.
        k: At what weight a group's own mean counts as much as that of all.
    """

    mean: float
    within: float
    between: float
    k: float

    def credibility(self, weight: float) -> float:
        """Return how much of an estimate is the group's own, ``Z``, 0 to 1."""
        return weight / (weight + self.k)

    def drawn(self, own: float, weight: float) -> float:
        """Return a group's estimate, drawn to the mean of all."""
        return self.mean + self.credibility(weight) * (own - self.mean)


def parts(
    groups: Sequence[Sequence[tuple[float, float]]], within: float | None = None
) -> Parts | None:
    """Estimate them by the method of moments; None if that takes more observations.

    Both estimates are unbiased, the second before it is floored at 0:

        within  = sum_sj w_sj (x_sj - x_s)^2 / sum_s (n_s - 1)
        between = (sum_s w_s (x_s - x)^2 - (S - 1) within) / (w - sum_s w_s^2 / w)

    Args:
        groups: Of each group its observations, as pairs of a weight > 0 and a value.
        within: Where it is known already.

    Source:
        H. Bühlmann and E. Straub, "Glaubwürdigkeit für Schadensätze", Bulletin of the
        Swiss Association of Actuaries 70, 1970.
    """
    filled = [group for group in groups if group]
    spare = sum(len(group) - 1 for group in filled)
    if len(filled) < 2 or (within is None and spare < 1):
        return None
    weights = [sum(w for w, _ in group) for group in filled]
    means = [
        sum(w * x for w, x in group) / weight
        for group, weight in zip(filled, weights, strict=True)
    ]
    if within is None:
        squares = sum(
            w * (x - mean) ** 2
            for group, mean in zip(filled, means, strict=True)
            for w, x in group
        )
        within = squares / spare
    total = sum(weights)
    mean = sum(w * x for w, x in zip(weights, means, strict=True)) / total
    apart = sum(w * (x - mean) ** 2 for w, x in zip(weights, means, strict=True))
    scale = total - sum(w * w for w in weights) / total
    between = max((apart - (len(filled) - 1) * within) / scale, 0.0)
    k = min(within / between, MOST) if between > 0 else MOST
    trust = [w / (w + k) for w in weights]
    mean = sum(z * x for z, x in zip(trust, means, strict=True)) / sum(trust)
    return Parts(mean, within, between, k)
