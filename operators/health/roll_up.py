"""Connections and symbols in one window -> how a venue does, or all.

The score is ``100 * C * Q``. C is the mean over the connections: 1 for GREEN, 0.7 for
YELLOW, 0 for RED or absent. Q is the mean over the symbols: a hundredth of its quality
score for one that is active, 0 for one that was there and says nothing more; a symbol
that is quiet by nature has no part in it. Where there are no connections C is 0, for
nothing is heard; where no symbol has a part, Q is 1.
"""

from collections.abc import Sequence
from math import fsum
from typing import Final, NamedTuple

from operators.records.health import ConnectionHealth, Level, SystemHealth
from operators.records.quality import QualityScore

_POINTS: Final = {Level.GREEN: 1.0, Level.YELLOW: 0.7, Level.RED: 0.0}
_NAMED: Final = 3


class Counted(NamedTuple):
    """Who counts in a window; None in place of the word of one who is absent.

    Attributes:
        connections: The connections.
        symbols: The symbols.
    """

    connections: Sequence[ConnectionHealth | None]
    symbols: Sequence[QualityScore | None]


def roll_up(venue: str, event_ns: int, counted: Counted) -> SystemHealth:
    """Return how a venue does; its level is by the worst case alone.

    RED where no connection is better, YELLOW where any is RED or absent, else GREEN:
    the score has not been looked at yet.
    """
    heard = [each for each in counted.connections if each is not None]
    scores = [each for each in counted.symbols if each is not None]
    active = [each for each in scores if each.active]
    levels = [each.level for each in heard]
    connections = len(counted.connections)
    absent = len(counted.symbols) - len(scores)
    up = fsum(_POINTS[level] for level in levels) / connections if connections else 0.0
    quality = fsum(each.score for each in active)
    parts = len(active) + absent
    believed = quality / (100 * parts) if parts else 1.0
    return SystemHealth(
        venue=venue,
        event_ns=event_ns,
        score=round(100 * up * believed, 3),
        level=_worst(counted),
        issues=_issues(counted),
        connections=connections,
        connections_green=levels.count(Level.GREEN),
        connections_yellow=levels.count(Level.YELLOW),
        connections_red=levels.count(Level.RED),
        connections_absent=connections - len(heard),
        feed_p95_ms=max(
            (each.feed_p95_ms for each in heard if each.feed_p95_ms is not None),
            default=None,
        ),
        rate=round(fsum(each.rate for each in heard), 6),
        uptime_24h=_mean(
            [each.uptime_24h for each in heard if each.uptime_24h is not None]
        ),
        symbols=len(active),
        symbols_absent=absent,
        quality_score=_mean([each.score for each in active]),
        open_critical=sum(each.open_critical for each in scores),
        open_high=sum(each.open_high for each in scores),
        open_medium=sum(each.open_medium for each in scores),
        open_low=sum(each.open_low for each in scores),
        books=sum(each.has_book for each in scores),
        books_wrong=sum(each.has_book and not each.book_ok for each in scores),
    )


def _worst(counted: Counted) -> Level:
    bad = [each is None or each.level is Level.RED for each in counted.connections]
    if all(bad):
        return Level.RED
    return Level.YELLOW if any(bad) else Level.GREEN


def _mean(values: Sequence[float]) -> float | None:
    return round(fsum(values) / len(values), 5) if values else None


def _issues(counted: Counted) -> str:
    """Return what lowers the score, in a few words."""
    heard = [each for each in counted.connections if each is not None]
    scores = [each for each in counted.symbols if each is not None]
    said = []
    for level in (Level.RED, Level.YELLOW):
        names = sorted(
            f"{each.connection} {each.issues}".strip().replace(", ", " and ")
            for each in heard
            if each.level is level
        )
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            said.append(f"{level}: {'; '.join(names[:_NAMED])}{more}")
    for count, what in (
        (len(counted.connections) - len(heard), "connections absent"),
        (len(counted.symbols) - len(scores), "symbols absent"),
        (sum(each.open_critical for each in scores), "critical issues"),
        (sum(each.open_high for each in scores), "high issues"),
        (sum(each.has_book and not each.book_ok for each in scores), "books not right"),
    ):
        if count:
            said.append(f"{count} {what}")
    return ", ".join(said)
