"""How long a silence is normal, of something that happens now and then."""

from math import exp

import msgspec


class Silence(msgspec.Struct):
    """The mean length of the gap in which a random moment lies, recent ones first.

    ``sum(g^2) / sum(g)`` over the gaps ``g``, each weighted by ``exp(-age / memory)``.
    Of a steady beat it is the gap, of a Poisson process twice the mean gap; and where
    events come in bursts it is the time between bursts, not that within one.

    >>> silence = Silence(memory=1e9)
    >>> for gap in (0.0, 0.0, 0.0, 60.0):
    ...     silence.update(gap)
    >>> round(silence.value, 6)
    60.0

    Source:
        W. Feller, "An Introduction to Probability Theory and Its Applications" II,
        Wiley 1971, I.4 (the waiting time paradox).

    Attributes:
        memory: After how long a gap counts 1/e, in the unit of the gaps.
        gaps: How many gaps have been taken in.
        span: Sum of the gaps, as they still count.
        square: Sum of their squares, likewise.
    """

    memory: float
    gaps: int = 0
    span: float = 0.0
    square: float = 0.0

    def update(self, gap: float) -> None:
        """Take in the time between an event and the next, >= 0."""
        self.gaps += 1
        keeps = exp(-gap / self.memory) if gap else 1.0
        self.span = self.span * keeps + gap
        self.square = self.square * keeps + gap * gap

    @property
    def value(self) -> float | None:
        """The normal silence; None before any time has passed."""
        return self.square / self.span if self.span > 0.0 else None
