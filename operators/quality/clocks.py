"""Delays of a line -> how far the clocks are apart, and how late it is beside that."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Final

import msgspec

from operators.numerics.clock_skew import ClockSkew, ClockSkewParams
from operators.numerics.recent import Recent, percentile
from operators.quality.finding import Finding
from operators.records.connection import LineEvent
from operators.records.health import Reading
from operators.records.quality import IssueKind, Severity
from operators.records.time import MS, SECOND

_RECENT: Final = 100
_BETTER: Final = 0.8
_WINDOW_NS: Final = 5 * SECOND
_ASKED: Final = frozenset({LineEvent.OPEN, LineEvent.RESYNC, LineEvent.COMMANDED})

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
        settle_s: For how long after a line has opened its delays are passed over, and
            after it was asked to send something anew are not late: what it then sends
            may be old [s].
        least: How many delays must be known before they are judged.
        skew: How the skew is estimated.
    """

    skew_low_ms: Positive = 500.0
    skew_medium_ms: Positive = 5_000.0
    skew_high_ms: Positive = 60_000.0
    late_medium_ms: Positive = 500.0
    late_high_ms: Positive = 5_000.0
    settle_s: Annotated[float, msgspec.Meta(ge=0)] = 10.0
    least: Annotated[int, msgspec.Meta(ge=1, le=_RECENT)] = 20
    skew: ClockSkewParams = ClockSkewParams()


class Clocks(msgspec.Struct):
    """Our clock beside the venue's, as one line shows it.

    What a delay is longer than the skew is lateness.

    Attributes:
        opened_ns: When it was first seen, or opened [ns UTC].
        asked_ns: When it last was, or was asked for something [ns UTC].
        shown: The newest delays, skew and all [ns].
        feed: Those of them that nobody had asked for.
        skew: How far the clocks are apart.
        window: The number of the present five seconds.
        ping_ns: The smallest round trip, once known [ns].
    """

    opened_ns: int | None = None
    asked_ns: int = 0
    shown: Recent = msgspec.field(default_factory=Recent)
    feed: Recent = msgspec.field(default_factory=Recent)
    skew: ClockSkew = msgspec.field(default_factory=ClockSkew)
    window: int = 0
    ping_ns: int | None = None

    def take(
        self, reading: Reading, line: str, params: ClocksParams
    ) -> Iterator[Finding]:
        """Take in a reading; yield what it says of the clocks and of lateness."""
        ping_ns, at_ns = reading.round_trip_ns, reading.received_ns
        if ping_ns is not None:
            known_ns = ping_ns if self.ping_ns is None else self.ping_ns
            self.ping_ns = min(ping_ns, known_ns)
        if self.opened_ns is None or reading.event is LineEvent.OPEN:
            self.opened_ns = at_ns
        if self.opened_ns == at_ns or reading.event in _ASKED:
            self.asked_ns = at_ns
        settle_ns, delays_ns = params.settle_s * SECOND, reading.delays_ns
        if at_ns - self.opened_ns < settle_ns:
            delays_ns = ()
        if self._has_stepped(at_ns, delays_ns, params.skew):
            self.shown.values, self.feed.values = list(delays_ns), []
        skew_ns = self.skew.skew_ns(self.ping_ns)
        count = len(self.shown.values)
        if not delays_ns or skew_ns is None or count < params.least:
            return
        yield from _skewed(skew_ns / MS, line, params)
        if at_ns - self.asked_ns < settle_ns:
            return
        self.feed.extend(delays_ns)
        feed = sorted(self.feed.values)
        if len(feed) >= params.least:
            late_ms = (percentile(feed, 95) - skew_ns) / MS
            yield from _late(late_ms, len(feed), line, params)

    def _has_stepped(
        self, at_ns: int, delays_ns: Sequence[int], params: ClockSkewParams
    ) -> bool:
        """Take in delays; return whether those before them are void."""
        window, before = at_ns // _WINDOW_NS, self.window
        self.window = window
        shown = self.shown.values
        rose = window != before and self.skew.end_window(at_ns, shown, params)
        self.shown.extend(delays_ns)
        return self.skew.update(at_ns, delays_ns, self.shown.values, params) or rose


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
