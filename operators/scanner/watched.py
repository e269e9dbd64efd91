"""What the scanner remembers of a symbol."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import log
from typing import NamedTuple

import msgspec

from operators.numerics.exponential_covariance import ExponentialCovariance
from operators.numerics.percentiles import percentiles
from operators.records.feature import Feature
from operators.scanner.params import LearningParams
from operators.scanner.tiers import Held
from operators.scanner.weights import Own

_BPS = 1e4


class Watched(msgspec.Struct):
    """A symbol.

    Attributes:
        own: What is learnt of it.
        window: The last window that it was ranked in.
        mid: Its mid at the end of that [quote].
        cost_bps: Its spread then; 0 if not known [bps].
        seen: What the regressions saw of it then.
        held: Its tier; None before the first.
        moves: How its returns go with those of the reference.
    """

    own: Own
    window: int
    mid: float | None = None
    cost_bps: float = 0.0
    seen: tuple[float, ...] = ()
    held: Held | None = None
    moves: ExponentialCovariance = msgspec.field(default_factory=ExponentialCovariance)

    def gone(self, feature: Feature, window: int) -> float | None:
        """Return its logarithmic return since the window before this one."""
        if self.window != window - 1 or not self.mid or not feature.mid:
            return None
        return log(feature.mid / self.mid)

    def note(self, feature: Feature, window: int, seen: tuple[float, ...]) -> None:
        """Remember a window for the next one."""
        self.window, self.mid, self.seen = window, feature.mid, seen
        self.cost_bps = feature.spread_bps or 0.0


class Moved(NamedTuple):
    """What a symbol did in a window.

    Attributes:
        watched: The symbol, as it was before.
        feature: Of the window.
        gone: Its logarithmic return in it, if known.
    """

    watched: Watched
    feature: Feature
    gone: float | None


def outcomes(
    moved: Iterable[Moved], params: LearningParams
) -> list[tuple[Watched, bool]]:
    """Return which symbols were worth watching, of those of whom that is known.

    Those were whose mid went farther beyond its cost, up or down, than that of most,
    and beyond it at all. By a share of all, so that a wild day teaches as much as a
    calm one; none where there are too few to tell.
    """
    known = [
        (each.watched, abs(each.gone) * _BPS - params.costs * each.watched.cost_bps)
        for each in moved
        if each.gone is not None
    ]
    if len(known) < params.least:
        return []
    places = percentiles([beyond for _, beyond in known])
    return [
        (watched, beyond > 0.0 and place > 1.0 - params.share)
        for (watched, beyond), place in zip(known, places, strict=True)
    ]


def references(moved: Sequence[Moved], base: str) -> dict[str, float]:
    """Return the return of the reference of each venue that has one.

    Of several symbols of that base asset, that of the one that is traded most.
    """
    found: defaultdict[str, list[tuple[float, str, float]]] = defaultdict(list)
    for watched, feature, gone in moved:
        del watched
        if gone is not None and feature.symbol.partition("-")[0] == base:
            traded = (feature.turnover, feature.symbol, gone)
            found[feature.venue].append(traded)
    return {venue: max(each)[2] for venue, each in found.items()}
