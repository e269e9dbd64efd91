"""A number that goes to and fro."""

import math


def wave(at_s: float, period_s: float, low: float, high: float) -> float:
    """Return a number that goes to and fro between two others."""
    share = (1 + math.sin(2 * math.pi * at_s / period_s)) / 2
    return round(low + (high - low) * share, 3)
