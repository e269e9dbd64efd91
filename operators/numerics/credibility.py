"""How much each of several estimates counts, by how much it is known from."""

from collections.abc import Sequence
from math import exp, log


def credibility(doubt: float, n: float) -> float:
    """Return ``Z = n / (n + k)``, the weight of an own estimate beside the pool's.

    Args:
        doubt: ``k``: the variance of one observation about the own value, beside the
            variance of own values about the pool's.
        n: From how many observations it is known.

    Source:
        H. Bühlmann, "Experience rating and credibility", ASTIN Bulletin 4(3), 1967.
    """
    return n / (n + doubt) if n > 0.0 else 0.0


def shares(known: Sequence[float]) -> list[float]:
    """Return the weight of each estimate, 1 together; nothing if all know nothing.

    Args:
        known: [k], how many observations each is worth; the pool is worth ``k``.
    """
    total = sum(known)
    return [each / total for each in known] if total > 0.0 else []


def drawn(estimates: Sequence[tuple[float | None, float]]) -> float | None:
    """Return the mean of estimates on their logarithms, each by what it is worth.

    Args:
        estimates: Of each the value, > 0, None where it is not known, and how many
            observations it is worth.
    """
    total = weight = 0.0
    for value, known in estimates:
        if value is not None and known > 0.0:
            total += known * log(value)
            weight += known
    return exp(total / weight) if weight > 0.0 else None
