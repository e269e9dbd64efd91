"""Delays of a line -> how far the clocks are apart, and how late it is beside that."""

from collections.abc import Iterator
from typing import Annotated, Final

import msgspec

from operators.numerics.drifting_minimum import DriftingMinimum
from operators.numerics.recent import percentile
from operators.quality.finding import Finding
from operators.records.connection import LineEvent
from operators.records.health import Reading
from operators.records.quality import IssueKind, Severity
from operators.records.time import MS, SECOND

_RECENT: Final = 100
_STRAYS: Final = 2
_BETTER: Final = 0.8
_ANEW: Final = frozenset({LineEvent.OPEN, LineEvent.RESYNC, LineEvent.COMMANDED})

Positive = Annotated[float, msgspec.Meta(gt=0)]
Bounds = tuple[tuple[Severity, float], ...]


class ClocksParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`Clocks`.

    Attributes:
        skew_low_ms: Clocks that are further apart than this are LOW [ms].
        skew_medium_ms: Likewise MEDIUM [ms].
        skew_high_ms: Likewise HIGH [ms].
        late_medium_ms: A 95th percentile of the delays, clock skew taken out, that is
            longer than this is MEDIUM [ms].
        late_high_ms: Likewise HIGH [ms].
        settle_s: For how long after a line has opened, or was asked to send something
            anew, its delays are passed over: what it then sends may be old [s].
        least: How many delays must be known before they are judged.
        step_s: Where all delays have grown alike by more than this, a clock was set,
            if that lasts [s].
        step_after_s: For so long [s].
    """

    skew_low_ms: Positive = 500.0
    skew_medium_ms: Positive = 5_000.0
    skew_high_ms: Positive = 60_000.0
    late_medium_ms: Positive = 500.0
    late_high_ms: Positive = 5_000.0
    settle_s: Annotated[float, msgspec.Meta(ge=0)] = 10.0
    least: Annotated[int, msgspec.Meta(ge=1, le=_RECENT)] = 20
    step_s: Positive = 5.0
    step_after_s: Positive = 30.0


class Clocks(msgspec.Struct):
    """Our clock beside the venue's, as one line shows it.

    A delay is skew and true delay. Its floor, which may rise only by a bounded drift,
    less half of the smallest round trip is the skew; without a round trip, the shortest
    true delay is counted as skew. What a delay is longer than the skew is lateness.
    The floor is no single delay, for a venue may once state a time to come: of the last
    100, the two smallest are passed over.

    Attributes:
        begun_ns: When it was first seen, opened, or was asked for something [ns UTC].
        delays_ns: The newest delays, skew and all [ns].
        floor: Their floor.
        ping_ns: The smallest round trip, once known [ns].
        stepped_ns: Since when all delays lie far above the floor, if they do [ns UTC].
    """

    begun_ns: int | None = None
    delays_ns: tuple[int, ...] = ()
    floor: DriftingMinimum = msgspec.field(default_factory=DriftingMinimum)
    ping_ns: int | None = None
    stepped_ns: int | None = None

    def take(
        self, reading: Reading, line: str, params: ClocksParams
    ) -> Iterator[Finding]:
        """Take in a reading; yield what it says of the clocks and of lateness."""
        ping_ns, at_ns = reading.round_trip_ns, reading.received_ns
        if ping_ns is not None:
            self.ping_ns = min(
                ping_ns, ping_ns if self.ping_ns is None else self.ping_ns
            )
        if self.begun_ns is None or reading.event in _ANEW:
            self.begun_ns = at_ns
        settled_ns = self.begun_ns + params.settle_s * SECOND
        if not reading.delays_ns or at_ns < settled_ns:
            return
        self.delays_ns = (*self.delays_ns, *reading.delays_ns)[-_RECENT:]
        ordered = sorted(self.delays_ns)
        low_ns, p95_ns = (
            ordered[min(_STRAYS, len(ordered) - 1)],
            percentile(ordered, 95),
        )
        if len(ordered) < _RECENT:
            self.floor.begin(at_ns, low_ns)
        floor_ns = self.floor.update(at_ns, low_ns)
        if len(ordered) < params.least:
            return
        alike = p95_ns - low_ns <= params.late_medium_ms * MS
        if self._is_set(at_ns, low_ns - floor_ns, params, alike=alike):
            self.floor.begin(at_ns, low_ns)
            floor_ns = low_ns
        skew_ms = (floor_ns - (self.ping_ns or 0) // 2) / MS
        yield from _skewed(skew_ms, line, params)
        yield from _late(p95_ns / MS - skew_ms, len(ordered), line, params)

    def _is_set(
        self, at_ns: int, above_ns: int, params: ClocksParams, *, alike: bool
    ) -> bool:
        """Return whether a clock was set: a line that lags behind lags unevenly."""
        if above_ns <= params.step_s * SECOND or not alike:
            self.stepped_ns = None
            return False
        if self.stepped_ns is None:
            self.stepped_ns = at_ns
        if at_ns - self.stepped_ns < params.step_after_s * SECOND:
            return False
        self.stepped_ns = None
        return True


def _skewed(skew_ms: float, line: str, params: ClocksParams) -> Iterator[Finding]:
    bounds: Bounds = (
        (Severity.HIGH, params.skew_high_ms),
        (Severity.MEDIUM, params.skew_medium_ms),
        (Severity.LOW, params.skew_low_ms),
    )
    said = f"our clock is {skew_ms:+.0f} ms from the venue's"
    yield from _judged(IssueKind.CLOCK_SKEW, skew_ms, bounds, said, line)


def _late(
    late_ms: float, count: int, line: str, params: ClocksParams
) -> Iterator[Finding]:
    bounds: Bounds = (
        (Severity.HIGH, params.late_high_ms),
        (Severity.MEDIUM, params.late_medium_ms),
    )
    said = f"95th percentile of {count} delays is {late_ms:.0f} ms"
    yield from _judged(IssueKind.LATE, late_ms, bounds, said, line)


def _judged(
    kind: IssueKind, value: float, bounds: Bounds, said: str, line: str
) -> Iterator[Finding]:
    """Yield the worst bound that is passed; well only where it is well within."""
    for severity, bound in bounds:
        if abs(value) > bound:
            yield Finding(kind, severity, value, bound, "ms", said, line)
            return
    if abs(value) < _BETTER * bounds[-1][1]:
        yield Finding(kind, None, line=line)
