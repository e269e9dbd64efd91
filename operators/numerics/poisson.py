"""How improbable a small count is."""

from math import exp, inf, lgamma, log

_LAST = 1e-17


def at_most(count: float, mean: float) -> float:
    """Return the probability that a Poisson count is at most ``count``.

    Summed from ``count`` downwards, where the terms fall, so that it is exact far out
    in the tail, and never larger than 1. Between whole counts it is that of the whole
    count below.

    Args:
        count: How many were counted, >= 0.
        mean: How many are expected, >= 0.
    """
    if mean <= 0.0 or count == inf:
        return 1.0
    k = float(int(count))
    if k >= mean + 10.0 * mean**0.5 + 50.0:
        return 1.0
    term = total = 1.0
    first = exp(k * log(mean) - mean - lgamma(k + 1.0))
    while k > 0.0 and term > _LAST * total:
        term *= k / mean
        total += term
        k -= 1.0
    return min(first * total, 1.0)
