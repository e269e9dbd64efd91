"""Readings of a connection -> what of its lines cannot be believed."""

from collections.abc import Iterable, Iterator
from math import exp
from typing import Annotated, Final

import msgspec

from operators.numerics.silence import Silence
from operators.quality.clocks import Clocks, ClocksParams
from operators.quality.finding import Finding
from operators.quality.issues import Issues, IssuesParams, Moment
from operators.records.connection import LineEvent
from operators.records.health import Reading
from operators.records.quality import IssueKind, QualityIssue, Severity
from operators.records.time import MINUTE, SECOND

_MEMORY_S: Final = 3_600.0
_DOWN: Final = frozenset({LineEvent.CONNECTING, LineEvent.CLOSED, LineEvent.FAILED})

Positive = Annotated[float, msgspec.Meta(gt=0)]


class LinesParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`Lines`.

    Attributes:
        clocks: What clocks and delays are held to.
        silence_s: Shortest silence of an open line that counts [s].
        silence_gaps: And how many times its own normal time between frames [1].
        silence_worse: So many times as long a silence is HIGH, not MEDIUM [1].
        malformed_per_minute: Dead frames a minute beyond which they are MEDIUM [1/min].
        malformed_share: Share of dead frames beyond which they are HIGH [1].
        malformed_least: But not for fewer dead frames in a minute than this.
    """

    clocks: ClocksParams = ClocksParams()
    silence_s: Positive = 30.0
    silence_gaps: Positive = 10.0
    silence_worse: Positive = 10.0
    malformed_per_minute: Positive = 10.0
    malformed_share: Positive = 0.5
    malformed_least: Positive = 3.0


class LineState(msgspec.Struct):
    """What :class:`Lines` remembers of one line.

    Attributes:
        is_open: Whether frames can come at all.
        latest_ns: When frames last came, or it opened or was first seen [ns UTC].
        normal: How long it is normally silent, to the second [s].
        told_ns: The time of its newest reading [ns UTC].
        frames: Frames received in about the last minute, older ones counting less.
        dead: Likewise those that could not be read.
        clocks: What its delays say.
        issues: What is wrong.
    """

    is_open: bool = True
    latest_ns: int | None = None
    normal: Silence = msgspec.field(default_factory=lambda: Silence(_MEMORY_S))
    told_ns: int = 0
    frames: float = 0.0
    dead: float = 0.0
    clocks: Clocks = msgspec.field(default_factory=Clocks)
    issues: Issues = msgspec.field(default_factory=Issues)


class Lines:
    """Judge each line of a connection by what it brings.

    Time is the arrival by our clock. A line that is not open is silent by right. One
    that is, and of which nothing at all is kept, not even that a second has passed,
    lets no time pass: in a recording without status frames nobody sees a silence.

    In:  Reading, one connection, each line in order.
    Out: QualityIssue of a line: HEARTBEAT_MISSING, CLOCK_SKEW, LATE, MALFORMED.
    """

    def __init__(self, params: LinesParams, issues: IssuesParams) -> None:
        self._params = params
        self._issues = issues
        self.state: dict[str, LineState] = {}

    def update(self, readings: Iterable[Reading]) -> Iterator[QualityIssue]:
        """Take in readings; yield what becomes of the lines' issues."""
        for reading in readings:
            name = f"{reading.connection}/{reading.line}"
            line = self.state.setdefault(name, LineState())
            at_ns = max(reading.received_ns, line.told_ns)
            moment = Moment(reading.venue, None, at_ns, at_ns, reading.received_ns)
            yield from line.issues.pass_time(moment, self._issues)
            for finding in self._findings(name, line, reading):
                yield from line.issues.take(finding, moment, self._issues)
            line.told_ns = at_ns

    def close(self) -> Iterable[QualityIssue]:
        """Nothing is left to say at the end: what is open stays open."""
        return ()

    def _findings(
        self, name: str, line: LineState, reading: Reading
    ) -> Iterator[Finding]:
        yield self._silence(name, line, reading)
        yield from line.clocks.take(reading, name, self._params.clocks)
        yield from self._malformed(name, line, reading)

    def _silence(self, name: str, line: LineState, reading: Reading) -> Finding:
        at_ns = reading.received_ns
        if reading.event in _DOWN:
            line.is_open = False
        elif reading.frames or reading.event is LineEvent.OPEN:
            if reading.frames and line.is_open and line.latest_ns is not None:
                gap_s = (at_ns - line.latest_ns) / SECOND
                line.normal.update(min(gap_s, self._bound_s(line)))
            line.is_open, line.latest_ns = True, at_ns
        elif line.latest_ns is None:
            line.latest_ns = at_ns
        elif line.is_open:
            silent_ns, told_ns = at_ns - line.latest_ns, reading.silence_ns
            if told_ns is not None:
                silent_ns = min(silent_ns, told_ns)
            return self._silent(name, line, silent_ns / SECOND)
        return Finding(IssueKind.HEARTBEAT_MISSING, None, line=name)

    def _bound_s(self, line: LineState) -> float:
        params = self._params
        return max(params.silence_s, params.silence_gaps * (line.normal.value or 0.0))

    def _silent(self, name: str, line: LineState, silent_s: float) -> Finding:
        bound_s, severity = self._bound_s(line), None
        if silent_s >= self._params.silence_worse * bound_s:
            severity = Severity.HIGH
        elif silent_s >= bound_s:
            severity = Severity.MEDIUM
        normal_s = line.normal.value or 0.0
        return Finding(
            IssueKind.HEARTBEAT_MISSING,
            severity,
            value=silent_s,
            bound=bound_s,
            unit="s",
            evidence=f"nothing at all for {silent_s:.0f} s, normally {normal_s:.1f} s",
            line=name,
        )

    def _malformed(
        self, name: str, line: LineState, reading: Reading
    ) -> Iterator[Finding]:
        params, passed_ns = self._params, reading.received_ns - line.told_ns
        kept = exp(-max(passed_ns, 0) / MINUTE)
        line.frames = line.frames * kept + reading.frames
        line.dead = line.dead * kept + reading.dead
        if not reading.dead:
            return
        severity = Severity.LOW
        most = line.dead > params.malformed_share * line.frames
        if most and line.dead >= params.malformed_least:
            severity = Severity.HIGH
        elif line.dead > params.malformed_per_minute:
            severity = Severity.MEDIUM
        yield Finding(
            IssueKind.MALFORMED,
            severity,
            value=line.dead,
            bound=params.malformed_per_minute,
            unit="1/min",
            evidence=f"{line.dead:.0f} of {line.frames:.0f} frames of about a minute",
            line=name,
        )
