"""How far a symbol's data can be believed, 0 to 100.

    score = 100 (1 - A)        dA/dt = (b - A) / memory        b = min(1, W)

``W`` is the sum of the weights of the issues that are open, by their severity; ``A`` is
its average over about the last ``memory_s`` of the symbol's own time, older time
counting exponentially less. A moment's fault costs little, a lasting one all that its
weight says: one CRITICAL issue costs 3 points after 10 s, 63 after five minutes, 100 in
the end; one HIGH 50 in the end, one MEDIUM 10, one LOW 1. Time before the symbol was
first seen counts as good.
"""

from collections.abc import Mapping
from math import exp
from typing import Annotated

import msgspec

from operators.records.quality import Severity
from operators.records.time import SECOND

Weight = Annotated[float, msgspec.Meta(ge=0, le=1)]


class ScoreParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`Score`.

    Attributes:
        every_s: How often the score is said [s].
        memory_s: Over how long it is an average [s].
        active_s: How long after its last data a symbol is still active [s].
        critical: Weight of an open issue of that severity [1].
        high: Likewise.
        medium: Likewise.
        low: Likewise.
    """

    every_s: Annotated[int, msgspec.Meta(ge=1)] = 5
    memory_s: Annotated[float, msgspec.Meta(gt=0)] = 300.0
    active_s: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    critical: Weight = 1.0
    high: Weight = 0.5
    medium: Weight = 0.1
    low: Weight = 0.01


class Score(msgspec.Struct):
    """The average, and what goes into it.

    Attributes:
        average: ``A`` at ``at_ns`` [1].
        badness: ``b`` since then [1].
        at_ns: Until when time has been counted [ns UTC]; None before any.
    """

    average: float = 0.0
    badness: float = 0.0
    at_ns: int | None = None

    @property
    def points(self) -> float:
        """0 to 100."""
        return 100.0 * (1.0 - self.average)

    def pass_time(self, to_ns: int, params: ScoreParams) -> None:
        """Count the time until then; one that lies behind changes nothing."""
        if self.at_ns is None:
            self.at_ns = to_ns
        if to_ns > self.at_ns:
            kept = exp((self.at_ns - to_ns) / (params.memory_s * SECOND))
            self.average = self.badness + (self.average - self.badness) * kept
            self.at_ns = to_ns

    def weigh(self, counts: Mapping[Severity, int], params: ScoreParams) -> None:
        """Take in how many issues are open from now on."""
        weight = (
            params.critical * counts[Severity.CRITICAL]
            + params.high * counts[Severity.HIGH]
            + params.medium * counts[Severity.MEDIUM]
            + params.low * counts[Severity.LOW]
        )
        self.badness = min(1.0, weight)
