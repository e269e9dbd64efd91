"""How far our clock is ahead of the venue's, by the shortest delays."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from operators.numerics.drifting_minimum import DriftingMinimum
from operators.numerics.recent import percentile

_MS = 1_000_000
_SECOND = 1_000_000_000
_SETTLED = 100
_STRAYS = 2
_WIDER = 1.5


class ClockSkewParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`ClockSkew`.

    Attributes:
        drift_ppm: How fast two clocks may drift apart; a slowness that lasts is taken
            for such a drift no faster: at 50, by 180 ms in an hour [1e-6].
        step_ms: By how much all delays must change at once to be a step of a clock and
            no slowness [ms].
        step_s: For how long they must stay so [s].
        step_spread_ms: How far their minima of five seconds may then lie apart [ms].
        step_alike_ms: How far all but a twentieth of the last 100 may then lie above
            the least; half as much again as before the step, if that is more [ms].
    """

    drift_ppm: Annotated[int, msgspec.Meta(ge=0)] = 50
    step_ms: Annotated[int, msgspec.Meta(ge=1)] = 5_000
    step_s: Annotated[int, msgspec.Meta(ge=5)] = 30
    step_spread_ms: Annotated[int, msgspec.Meta(ge=1)] = 250
    step_alike_ms: Annotated[int, msgspec.Meta(ge=1)] = 500


class Suspect(msgspec.Struct):
    """Windows in a row whose delays all lie far above the floor.

    Attributes:
        since_ns: The end of the first of them [ns UTC].
        low_ns: The least of their minima [ns].
        high_ns: The largest of their minima [ns].
    """

    since_ns: int
    low_ns: int
    high_ns: int


class ClockSkew(msgspec.Struct):
    """The floor of the delays of one line, less half the shortest round trip.

    A delay is the skew plus the time that the message took. The shortest take next to
    nothing beyond the way itself, which is half a round trip where that is known; where
    it is not, the way counts as skew. So a feed that was equally slow from its first
    message on cannot be told from a skewed clock; one that becomes slow can.

    The floor is no single delay: of the last 100, the two smallest are passed over, for
    a venue may once state a time to come. It falls at once, and rises as a
    :class:`DriftingMinimum`. A step of a clock is more than a latency can be, for
    longer, and for all alike, since what piles up comes unevenly: then it begins anew.
    Where that is in doubt a line is slow, not its clock wrong.

    Attributes:
        floor: The floor.
        seen: Delays seen, up to where it no longer matters.
        window_low_ns: The least delay of the present window, or None [ns].
        spread_ns: How far all but a twentieth of the last 100 lay above the least,
            before what may become a step upwards [ns].
        suspect: What may become one.
        stepped_ns: When a clock was last seen to have stepped [ns UTC].
    """

    floor: DriftingMinimum = msgspec.field(default_factory=DriftingMinimum)
    seen: int = 0
    window_low_ns: int | None = None
    spread_ns: float = 0.0
    suspect: Suspect | None = None
    stepped_ns: int | None = None

    def update(
        self,
        at_ns: int,
        delays_ns: Sequence[int],
        recent_ns: Sequence[int],
        params: ClockSkewParams,
    ) -> bool:
        """Take in delays; return whether a clock has stepped.

        Args:
            at_ns: When they were told [ns UTC].
            delays_ns: The new ones.
            recent_ns: The last 100, the new ones among them.
            params: The settings.
        """
        if not delays_ns:
            return False
        low_ns = min(delays_ns)
        window_ns = self.window_low_ns
        self.window_low_ns = low_ns if window_ns is None else min(window_ns, low_ns)
        sample_ns = _least(sorted(recent_ns))
        self.floor.drift_ppm = params.drift_ppm
        before_ns, settled = self.floor.value, self.seen >= _SETTLED
        self.seen = min(self.seen + len(delays_ns), _SETTLED)
        if before_ns is None or not settled:
            self.floor.begin(at_ns, sample_ns)
            return False
        floor_ns = self.floor.update(at_ns, sample_ns)
        if before_ns - floor_ns <= params.step_ms * _MS:
            return False
        self.stepped_ns = at_ns
        return True

    def end_window(
        self, at_ns: int, recent_ns: Sequence[int], params: ClockSkewParams
    ) -> bool:
        """Take in that a window ends; return whether a clock has stepped upwards.

        Args:
            at_ns: When it ends [ns UTC].
            recent_ns: The last 100 delays.
            params: The settings.
        """
        low_ns, floor_ns = self.window_low_ns, self.floor.value
        self.window_low_ns = None
        if low_ns is None or floor_ns is None:
            return False
        ordered = sorted(recent_ns)
        spread_ns = percentile(ordered, 95) - _least(ordered)
        if low_ns - floor_ns <= params.step_ms * _MS:
            self.suspect, self.spread_ns = None, spread_ns
            return False
        if spread_ns > max(params.step_alike_ms * _MS, _WIDER * self.spread_ns):
            self.suspect = None
            return False
        suspect = self.suspect or Suspect(at_ns, low_ns, low_ns)
        suspect.low_ns = min(suspect.low_ns, low_ns)
        suspect.high_ns = max(suspect.high_ns, low_ns)
        if suspect.high_ns - suspect.low_ns > params.step_spread_ms * _MS:
            suspect = Suspect(at_ns, low_ns, low_ns)
        self.suspect = suspect
        if at_ns - suspect.since_ns < params.step_s * _SECOND:
            return False
        self.floor.begin(at_ns, suspect.low_ns)
        self.suspect, self.stepped_ns = None, at_ns
        return True

    def skew_ns(self, shortest_trip_ns: int | None) -> int | None:
        """Return how far our clock is ahead of the venue's, or None if not known [ns].

        Args:
            shortest_trip_ns: The shortest round trip; None if not known [ns].
        """
        if self.floor.value is None:
            return None
        return self.floor.value - (shortest_trip_ns or 0) // 2


def _least(ordered: list[int]) -> int:
    return ordered[min(_STRAYS, len(ordered) - 1)]
