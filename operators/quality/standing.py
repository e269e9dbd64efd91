"""How a symbol stands: what is wrong, how far to believe it, and may it be traded."""

from collections.abc import Iterator

import msgspec

from operators.quality.finding import Finding
from operators.quality.gate import gate
from operators.quality.issues import Issues, IssuesParams, Moment
from operators.quality.score import Score, ScoreParams
from operators.records.book import BookState
from operators.records.market import MarketEvent
from operators.records.quality import QualityIssue, QualityScore, Severity
from operators.records.time import SECOND


class Standing(msgspec.Struct):
    """How a symbol stands.

    Waits are measured by the symbol's clock; what is said is dated by that clock or by
    its cause, whichever is later.

    Attributes:
        clock_ns: The symbol's clock; 0 before its first time.
        due_ns: The time, by that clock, before which nothing is due.
        data_ns: The clock at its newest data; None before any.
        has_book: Whether it has ever had a book.
        wrong: Why its book is not proven right; empty where it is.
        reason: Why it may not be traded on; empty where it may.
        moved: Whether something has changed since it was last weighed.
        changed: When ``tradable`` last changed, and the arrival that did it [ns UTC].
        issues: What is wrong.
        score: How far it can be believed.
    """

    clock_ns: int = 0
    due_ns: int = 0
    data_ns: int | None = None
    has_book: bool = False
    wrong: str = ""
    reason: str = gate((), has_book=False, wrong="")
    moved: bool = False
    changed: tuple[int, int] = (0, 0)
    issues: Issues = msgspec.field(default_factory=Issues)
    score: Score = msgspec.field(default_factory=Score)

    def note(self, book: BookState) -> None:
        """Take in whether the book can be believed."""
        self.has_book = self.has_book or book.ok
        self.wrong = "" if book.ok else book.reason
        self.moved = True

    def take(
        self, finding: Finding, cause: MarketEvent, params: IssuesParams
    ) -> Iterator[QualityIssue]:
        """Take in a finding; yield what becomes of its issue."""
        for said in self.issues.take(finding, self._moment(cause), params):
            self.moved = True
            yield said
        self.due_ns = min(self.due_ns, self.issues.due_ns)

    def pass_time(
        self,
        event: MarketEvent,
        issues: IssuesParams,
        params: ScoreParams,
        *,
        warm: bool,
    ) -> Iterator[QualityIssue | QualityScore]:
        """Let the clock move on to an event; yield what is due by then."""
        before_ns, now_ns = self.clock_ns, event.event_ns
        every_ns = params.every_s * SECOND
        whole_ns = now_ns - now_ns % every_ns
        if before_ns == 0:
            self.issues.set_clock(now_ns)
            self.data_ns = None if self.data_ns is None else now_ns
            self.score.pass_time(now_ns, params)
        elif whole_ns > before_ns:
            self.score.pass_time(whole_ns, params)
            yield self._scored(event, whole_ns, params, warm=warm)
        self.clock_ns = now_ns
        for said in self.issues.pass_time(self._moment(event), issues):
            self.moved = True
            yield said
        self.due_ns = min(whole_ns + every_ns, self.issues.due_ns)

    def weigh(
        self, cause: MarketEvent, params: ScoreParams, *, warm: bool
    ) -> Iterator[QualityScore]:
        """Weigh what is open; yield the score where ``tradable`` changes."""
        self.moved = False
        if self.clock_ns:
            self.score.pass_time(self.clock_ns, params)
        self.score.weigh(self.issues.counts(), params)
        critical = [
            kind
            for (kind, _), issue in self.issues.open.items()
            if issue.severity is Severity.CRITICAL
        ]
        was = self.reason
        self.reason = gate(critical, has_book=self.has_book, wrong=self.wrong)
        if bool(was) != bool(self.reason):
            at_ns = max(self.clock_ns, cause.event_ns)
            if cause.received_ns == self.changed[1]:  # changes of one moment, in order
                at_ns = max(at_ns, self.changed[0] + 1)
            self.changed = at_ns, cause.received_ns
            yield self._scored(cause, at_ns, params, warm=warm, is_change=True)

    def _scored(
        self,
        cause: MarketEvent,
        at_ns: int,
        params: ScoreParams,
        *,
        warm: bool,
        is_change: bool = False,
    ) -> QualityScore:
        counts, data_ns = self.issues.counts(), self.data_ns
        active_ns = params.active_s * SECOND
        return QualityScore(
            venue=cause.venue,
            symbol=cause.symbol,
            event_ns=at_ns,
            received_ns=cause.received_ns,
            is_change=is_change,
            score=round(self.score.points, 3),
            tradable=not self.reason,
            reason=self.reason,
            has_book=self.has_book,
            book_ok=self.has_book and not self.wrong,
            active=data_ns is not None and at_ns - data_ns < active_ns,
            open_critical=counts[Severity.CRITICAL],
            open_high=counts[Severity.HIGH],
            open_medium=counts[Severity.MEDIUM],
            open_low=counts[Severity.LOW],
            warm=warm,
        )

    def _moment(self, cause: MarketEvent) -> Moment:
        event_ns = max(self.clock_ns, cause.event_ns)
        return Moment(
            cause.venue,
            cause.symbol,
            self.clock_ns or event_ns,
            event_ns,
            cause.received_ns,
        )
