"""Findings of one subject -> its issues: each opens, is still there, and closes."""

from collections.abc import Iterator
from typing import Annotated, Final, NamedTuple

import msgspec

from operators.quality.finding import Finding
from operators.records.quality import IssueKind, Phase, QualityIssue, Severity
from operators.records.time import SECOND

NEVER: Final = 2**63
MOMENTARY: Final = frozenset(
    {
        IssueKind.DUPLICATE,
        IssueKind.IMPOSSIBLE_TRADE,
        IssueKind.LATE,
        IssueKind.MALFORMED,
        IssueKind.OUT_OF_ORDER,
        IssueKind.PRICE_JUMP,
    }
)
"""What happens in a moment: it is over when it has not happened for a while."""

AT_ONCE: Final = frozenset(
    {IssueKind.CHECKSUM, IssueKind.CROSSED_BOOK, IssueKind.SEQUENCE_GAP}
)
"""What is over the moment that it is well again: heal waits for it."""

RANKS: Final = {severity: rank for rank, severity in enumerate(Severity)}
"""How bad a severity is, for comparison."""

Key = tuple[IssueKind, str | None]
Seconds = Annotated[float, msgspec.Meta(gt=0)]


class IssuesParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`Issues`.

    Attributes:
        update_s: How often an open issue says that it is still there [s].
        calm_s: How long it must have been well before it closes; a book that is right
            again closes its issues at once, unless they had just been closed [s].
        quiet_s: After how long without another finding an issue closes that has no end
            of its own [s].
    """

    update_s: Seconds = 5.0
    calm_s: Seconds = 1.0
    quiet_s: Seconds = 30.0


class Moment(NamedTuple):
    """Of whom a finding is, and when it was made.

    Attributes:
        venue: Where.
        symbol: Of which symbol, or None where it is of a line.
        now_ns: The subject's clock, which waits are measured by; never goes back.
        event_ns: When it was seen [ns UTC].
        received_ns: Arrival of what showed it [ns UTC].
    """

    venue: str
    symbol: str | None
    now_ns: int
    event_ns: int
    received_ns: int


class Issue(msgspec.Struct):
    """An issue that is open.

    Attributes:
        latest: What was found last.
        severity: How bad, at worst.
        opened_ns: When it opened, as its records say [ns UTC].
        event_ns: When its latest record is dated [ns UTC].
        seen_ns: When it was found last, by the subject's clock.
        said_ns: When it last opened or updated, likewise.
        calm_ns: Since when it has been well, likewise; None while it is not.
        count: How often it has been found.
        flaps: Whether it had been closed just before it opened.
    """

    latest: Finding
    severity: Severity
    opened_ns: int
    event_ns: int
    seen_ns: int
    said_ns: int
    calm_ns: int | None = None
    count: int = 1
    flaps: bool = False


class Issues(msgspec.Struct):
    """The open issues of one subject; at most one of a kind, and line if of a line.

    Attributes:
        open: They.
        closed: When those were closed that close at once, by the subject's clock, and
            how their records were dated.
        due_ns: The time, by that clock, before which no issue moves by itself.
    """

    open: dict[Key, Issue] = msgspec.field(default_factory=dict)
    closed: dict[Key, tuple[int, int]] = msgspec.field(default_factory=dict)
    due_ns: int = NEVER

    def take(
        self, finding: Finding, moment: Moment, params: IssuesParams
    ) -> Iterator[QualityIssue]:
        """Take in a finding; yield what becomes of its issue at once."""
        key = (finding.kind, finding.line)
        issue = self.open.get(key)
        if finding.severity is not None:
            if issue is None:
                yield self._begin(key, finding, finding.severity, moment, params)
            elif self._worsen(issue, finding, finding.severity, moment):
                yield _said(issue, Phase.UPDATE, moment)
        elif issue is not None:
            if issue.calm_ns is None:
                issue.calm_ns = moment.now_ns
            if finding.kind in AT_ONCE and not issue.flaps:
                yield self._end(key, issue, moment)
            else:
                self.due_ns = min(self.due_ns, _due_ns(key, issue, params))

    def pass_time(self, moment: Moment, params: IssuesParams) -> Iterator[QualityIssue]:
        """Let the clock move on; yield what updates or closes by that."""
        now_ns = moment.now_ns
        if now_ns < self.due_ns:
            return
        for key, issue in list(self.open.items()):
            if now_ns >= _ends_ns(key, issue, params):
                yield self._end(key, issue, moment)
            elif now_ns >= issue.said_ns + _ns(params.update_s):
                issue.said_ns = now_ns
                yield _said(issue, Phase.UPDATE, moment)
        due = (_due_ns(key, issue, params) for key, issue in self.open.items())
        self.due_ns = min(due, default=NEVER)

    def set_clock(self, now_ns: int) -> None:
        """Begin to measure waits: what came before had no clock of its own."""
        for issue in self.open.values():
            issue.seen_ns = issue.said_ns = now_ns
            issue.calm_ns = None if issue.calm_ns is None else now_ns
        self.closed = {
            key: (now_ns, said_ns) for key, (_, said_ns) in self.closed.items()
        }
        self.due_ns = now_ns if self.open else NEVER

    def counts(self) -> dict[Severity, int]:
        """Return how many are open of each severity."""
        counts = dict.fromkeys(Severity, 0)
        for issue in self.open.values():
            counts[issue.severity] += 1
        return counts

    def _begin(
        self,
        key: Key,
        finding: Finding,
        severity: Severity,
        moment: Moment,
        params: IssuesParams,
    ) -> QualityIssue:
        at_ns, now_ns = moment.event_ns, moment.now_ns
        closed_ns, dated_ns = self.closed.pop(key, (-NEVER, 0))
        flaps = now_ns < closed_ns + _ns(params.calm_s)
        if flaps:  # no two issues of a kind open at one time
            at_ns = max(at_ns, dated_ns + 1)
        issue = Issue(finding, severity, at_ns, at_ns, now_ns, now_ns, flaps=flaps)
        self.open[key] = issue
        self.due_ns = min(self.due_ns, _due_ns(key, issue, params))
        return _said(issue, Phase.OPEN, moment)

    def _worsen(
        self, issue: Issue, finding: Finding, severity: Severity, moment: Moment
    ) -> bool:
        """Note that it was found again; return whether it is worse than ever."""
        issue.latest, issue.seen_ns, issue.calm_ns = finding, moment.now_ns, None
        issue.count += 1
        if RANKS[severity] <= RANKS[issue.severity]:
            return False
        issue.severity, issue.said_ns = severity, moment.now_ns
        return True

    def _end(self, key: Key, issue: Issue, moment: Moment) -> QualityIssue:
        del self.open[key]
        if key[0] in AT_ONCE:
            self.closed[key] = moment.now_ns, max(issue.event_ns, moment.event_ns)
        return _said(issue, Phase.CLOSE, moment)


def _ns(seconds: float) -> int:
    return int(seconds * SECOND)


def _ends_ns(key: Key, issue: Issue, params: IssuesParams) -> int:
    """Return when the issue closes if nothing more is found."""
    ends_ns = NEVER
    if issue.calm_ns is not None:
        ends_ns = issue.calm_ns + _ns(params.calm_s)
    if key[0] in MOMENTARY:
        ends_ns = min(ends_ns, issue.seen_ns + _ns(params.quiet_s))
    return ends_ns


def _due_ns(key: Key, issue: Issue, params: IssuesParams) -> int:
    """Return when the issue moves next if nothing more is found."""
    return min(issue.said_ns + _ns(params.update_s), _ends_ns(key, issue, params))


def _said(issue: Issue, phase: Phase, moment: Moment) -> QualityIssue:
    """Date the issue, and return its record."""
    found = issue.latest
    issue.event_ns = max(issue.event_ns, moment.event_ns)
    connection, _, line = (found.line or "").partition("/")
    ends = phase is Phase.CLOSE
    return QualityIssue(
        venue=moment.venue,
        symbol=moment.symbol,
        connection=connection or None,
        line=line or None,
        event_ns=issue.event_ns,
        received_ns=moment.received_ns,
        kind=found.kind,
        severity=issue.severity,
        phase=phase,
        opened_ns=issue.opened_ns,
        count=issue.count,
        value=found.value,
        bound=found.bound,
        unit=found.unit,
        evidence=found.evidence,
        duration_ns=issue.event_ns - issue.opened_ns if ends else None,
    )
