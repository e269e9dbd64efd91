"""What is said of all symbols in one window, beside each other."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from operators.records.feature import Feature
from operators.records.priority import Priority, PriorityWeights, Tier
from operators.records.quality import QualityScore
from operators.records.time import SECOND
from operators.scanner.components import Components, components
from operators.scanner.params import ScannerParams
from operators.scanner.tiers import Held, target
from operators.scanner.watched import Moved, Watched, outcomes, references
from operators.scanner.weights import (
    Own,
    Pool,
    beginning,
    credibility,
    drift,
    numbers,
    pooled,
)

Out = Priority | PriorityWeights

_NAMES: Final = Components._fields


class Ranked(msgspec.Struct):
    """What is known of those who are ranked.

    Attributes:
        watched: Each symbol that has been ranked.
        pool: What is learnt of all together; None before the first window.
    """

    watched: dict[str, Watched] = msgspec.field(default_factory=dict)
    pool: Pool | None = None


class Present(NamedTuple):
    """A symbol in a window.

    Attributes:
        moved: What it did in it.
        components: What makes it worth watching.
        tradable: Whether its data can be believed, as far as is known.
    """

    moved: Moved
    components: Components
    tradable: bool


class Ranking:
    """Judge what was said, learn from it, and rank anew: once a window."""

    def __init__(self, params: ScannerParams) -> None:
        self._params = params
        self._length_ns = params.length_ns
        self._drift = drift(params.learning)
        self._every = -(-params.learning.every_s * SECOND // self._length_ns)

    def rank(
        self,
        ranked: Ranked,
        window: int,
        features: Sequence[Feature],
        scores: Sequence[QualityScore | None],
    ) -> Iterator[Out]:
        """Yield what is said of the symbols of a window.

        Args:
            ranked: What is known of them; it is brought to this window.
            window: Its number.
            features: Of each symbol, in order of their keys.
            scores: The quality of each, where that is known.
        """
        pool = ranked.pool
        if pool is None:
            pool = ranked.pool = pooled(self._params.weights, self._params.learning)
        moved = [self._moved(ranked, each, window) for each in features]
        self._learn(pool, moved)
        yield from self._weigh(window, pool, moved)
        found = components(features, scores, self._params.dollars)
        present = [
            Present(one, these, score is None or score.tradable)
            for one, these, score in zip(moved, found, scores, strict=True)
        ]
        yield from self._ranked(present)
        for one, these, _ in present:
            one.watched.note(one.feature, window, numbers(these))

    def forget(self, ranked: Ranked, window: int, windows: int) -> None:
        """Forget who has not been ranked for so many windows, now and then."""
        if window % self._every == 0:
            watched, oldest = ranked.watched, window - windows
            for name in [each for each in watched if watched[each].window < oldest]:
                del watched[name]

    def _moved(self, ranked: Ranked, feature: Feature, window: int) -> Moved:
        watched = ranked.watched.get(feature.key)
        if watched is None:
            learnt = beginning(self._params.weights, self._params.learning)
            watched = Watched(Own(learnt, ()), window)
            ranked.watched[feature.key] = watched
        return Moved(watched, feature, watched.gone(feature, window))

    def _learn(self, pool: Pool, moved: Sequence[Moved]) -> None:
        """Learn from what followed on what was seen a window ago."""
        learning, intercept = self._params.learning, pool.intercept
        resolved = outcomes(moved, learning)
        for watched, happened in resolved:
            seen, most = watched.seen, learning.variance
            watched.own.learnt.update(seen, happened, self._drift, most, intercept)
            share = self._drift / len(resolved)
            pool.learnt.update((*seen, 1.0), happened, share, most)

    def _weigh(
        self, window: int, pool: Pool, moved: Sequence[Moved]
    ) -> Iterator[PriorityWeights]:
        """Yield the weights of symbols that are new, or have others from here on."""
        learning = self._params.learning
        is_due = window % self._every == 0
        general: Sequence[float] | None = None
        for watched, feature, _ in moved:
            own = watched.own
            is_new = not own.used
            if not is_due and not is_new:
                continue
            if general is None:
                general = pool.shares or self._params.weights.shares
            if is_new:
                own.used = tuple(general)
            else:
                own.step(general, self._every * self._length_ns, learning)
            if own.is_news(learning.tolerance):
                own.said = own.used
                yield PriorityWeights(
                    **feature.stamp,
                    reason="start" if is_new else "learnt",
                    n=own.learnt.n,
                    credibility=credibility(own.learnt.n, learning),
                    **dict(zip(_NAMES, own.used, strict=True)),
                )

    def _ranked(self, present: Sequence[Present]) -> Iterator[Priority]:
        """Yield the priority of each symbol."""
        params, count = self._params, len(present)
        weighed = [_score(each) for each in present]
        order = sorted(range(count), key=lambda at: (-weighed[at][0], at))
        ranks = [0] * count
        for rank, at in enumerate(order, 1):
            ranks[at] = rank
        others = references([each.moved for each in present], params.reference)
        for (one, found, tradable), (score, known), rank in zip(
            present, weighed, ranks, strict=True
        ):
            watched = one.watched
            place = (rank - 0.5) / count
            if watched.held is None:
                first = target(None, place, params.tiers) if tradable else Tier.LOW
                watched.held = Held(first)
            else:
                watched.held.move(place, tradable, params.tiers)
            beta, residual = self._beside(one, others.get(one.feature.venue))
            z = credibility(watched.own.learnt.n, params.learning)
            yield Priority(
                **one.feature.stamp,
                score=score,
                rank=rank,
                tier=watched.held.tier,
                **found._asdict(),
                confidence=z * known,
                beta=beta,
                residual=residual,
            )

    def _beside(
        self, one: Moved, reference: float | None
    ) -> tuple[float | None, float | None]:
        """Return beta as it was before the window, and what it leaves unexplained."""
        if reference is None or one.gone is None:
            return None, None
        moves, params = one.watched.moves, self._params
        beta = moves.slope if moves.n >= params.beta_least else None
        moves.update(reference, one.gone, params.beta_windows)
        return beta, None if beta is None else one.gone - beta * reference


def _score(present: Present) -> tuple[float, float]:
    """Return 0 to 100, and how much of the weights is of components that are known.

    The mean of the components that are known, by their weights; 0 where none is, and
    of a symbol that is not tradable.
    """
    total = known = 0.0
    used = present.moved.watched.own.used
    for weight, component in zip(used, present.components, strict=True):
        if component is not None:
            known += weight
            total += weight * component
    known = min(known, 1.0)
    score = 100.0 * min(total / known, 1.0) if known > 0.0 and present.tradable else 0.0
    return score, known
