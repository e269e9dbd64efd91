"""Whether a symbol was then worth watching -> how much each component counts for it.

A logistic regression for each symbol and one for all together. Weights are what they
say of each component, none below 0, 1 together; the symbol's own are drawn to those of
all by ``Z = n / (n + k)``.

Only the regression of all has an intercept, and lends it to the others: one of its own
would learn how often the symbol is worth watching at all, which no weight can say, and
symbols could no longer be compared (on real bars that cost 0.024 of the area under the
curve; see tests/operators/scanner/test_learning.py).
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from operators.numerics.logistic import Logistic, unlearnt
from operators.records.time import MINUTE
from operators.scanner.components import Components
from operators.scanner.params import LearningParams, Weights

DAY_NS: Final = 1_440 * MINUTE
_MIDDLE: Final = (*(0.5,) * 6, 1.0)
"""What says nothing of a symbol: the middle of all, and data beyond doubt."""
_INFORMATION: Final = 1 / 64
"""What an outcome tells of a coefficient: ``p (1 - p)`` of a quarter, times the 1/12
that a place varies by, about."""


def numbers(found: Components) -> tuple[float, ...]:
    """Return what a regression sees of components."""
    return tuple(
        0.0 if each is None else each - middle
        for each, middle in zip(found, _MIDDLE, strict=True)
    )


def beginning(weights: Weights, params: LearningParams) -> Logistic:
    """Return a regression of one symbol that says what is given."""
    given = [params.strength * each for each in weights.shares]
    return unlearnt(given, params.variance)


class Pool(msgspec.Struct):
    """What is learnt of all symbols together.

    Attributes:
        learnt: Its regression: the components, and the intercept behind them.
    """

    learnt: Logistic

    @property
    def intercept(self) -> float:
        """How probable it is that any is worth watching, in logits."""
        return self.learnt.coefficients[-1]

    @property
    def shares(self) -> list[float]:
        """The weights that it says; empty where it says none."""
        return shares(self.learnt.coefficients[:-1])


def pooled(weights: Weights, params: LearningParams) -> Pool:
    """Return a regression of all that says what is given."""
    given = [params.strength * each for each in weights.shares]
    return Pool(unlearnt([*given, 0.0], params.variance))


def drift(params: LearningParams) -> float:
    """Return by how much variance grows an outcome, so that memory is as long.

    In balance, growth is what an outcome takes away: ``q = P^2 I``, and the share of an
    outcome in what is known is ``P I``, of which memory is the inverse.
    """
    return min(1.0 / (params.memory**2 * _INFORMATION), params.variance)


def shares(coefficients: Sequence[float]) -> list[float]:
    """Return the weights that coefficients say; empty where they say none."""
    positive = [max(each, 0.0) for each in coefficients]
    total = sum(positive)
    return [each / total for each in positive] if total > 0.0 else []


def credibility(n: int, params: LearningParams) -> float:
    """Return how far a symbol's own weights are believed; what is forgotten no more."""
    known = min(n, params.memory)
    return known / (known + params.doubt)


class Own(msgspec.Struct):
    """What is learnt of one symbol, and how much of it is made use of.

    Attributes:
        learnt: Its regression.
        used: The weights that count, 1 together.
        said: Those that were said last; empty before the first.
    """

    learnt: Logistic
    used: tuple[float, ...]
    said: tuple[float, ...] = ()

    def step(
        self, pool: Sequence[float], elapsed_ns: int, params: LearningParams
    ) -> None:
        """Go as far towards what is learnt as is allowed in a time.

        All weights go the same share of their way, so that they stay 1 together.
        """
        z = credibility(self.learnt.n, params)
        own = shares(self.learnt.coefficients) or pool
        aims = [
            z * mine + (1.0 - z) * all_ for mine, all_ in zip(own, pool, strict=True)
        ]
        farthest = max(
            abs(aim - used) for aim, used in zip(aims, self.used, strict=True)
        )
        allowed = params.step * elapsed_ns / DAY_NS
        part = 1.0 if farthest <= allowed else allowed / farthest
        self.used = tuple(
            used + part * (aim - used)
            for aim, used in zip(aims, self.used, strict=True)
        )

    def is_news(self, tolerance: float) -> bool:
        """Return whether the weights are far from those that were said."""
        return not self.said or any(
            abs(used - said) > tolerance
            for used, said in zip(self.used, self.said, strict=True)
        )
