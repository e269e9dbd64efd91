"""Issues of a symbol -> what ingest is to do about them."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from operators.healing.case import Case, Limit
from operators.healing.decided import Cause, Said, Stamp, decided
from operators.healing.params import HealParams
from operators.records.book import Action
from operators.records.healing import Decision
from operators.records.quality import IssueKind, Phase, QualityIssue

REMEDIES: Final = {
    IssueKind.SEQUENCE_GAP: Action.RESYNC,
    IssueKind.CHECKSUM: Action.RESYNC,
    IssueKind.CROSSED_BOOK: Action.RESYNC,
    IssueKind.STALE: Action.RESUBSCRIBE,
}
"""What mends an issue of a symbol; of all others we only know."""


class Treated(msgspec.Struct):
    """What is done about the issues that one action mends.

    Attributes:
        issues: When each kind of them that is open had opened [ns UTC].
        case: What has been ordered.
    """

    issues: dict[str, int] = msgspec.field(default_factory=dict)
    case: Case = msgspec.field(default_factory=Case)


class HealSymbolsState(msgspec.Struct):
    """What :class:`HealSymbols` remembers of one symbol.

    Attributes:
        treated: By action.
        stamp: When its newest decision is dated.
        now_ns: The newest time of any of its issues [ns UTC].
    """

    treated: dict[str, Treated] = msgspec.field(default_factory=dict)
    stamp: Stamp = msgspec.field(default_factory=Stamp)
    now_ns: int = -(2**63)


class HealSymbols:
    """Have ingest mend what is wrong with a symbol.

    At once where an issue opens, and again when it is still there after a pause, which
    its updates tell: they are the clock. Issues that the same action mends are one
    case: it is well when the last of them closes. One that opens anew is a new case,
    mended at once, so that only the limit an hour holds up what comes and goes.

    In:  QualityIssue, one symbol, in order; those of lines say nothing here.
    Out: Command; Healing for each decision.
    """

    def __init__(self, params: HealParams) -> None:
        self._limits: dict[Action, Limit] = {
            Action.RESYNC: params.resync,
            Action.RESUBSCRIBE: params.resubscribe,
        }
        self.state = HealSymbolsState()

    def update(self, issues: Iterable[QualityIssue]) -> Iterator[Said]:
        """Take in issues; yield what is decided."""
        for issue in issues:
            action = REMEDIES.get(issue.kind)
            if action is not None and issue.symbol is not None:
                yield from self._treat(issue, action)

    def close(self) -> Iterable[Said]:
        """Nothing is left to say at the end."""
        return ()

    def _treat(self, issue: QualityIssue, action: Action) -> Iterator[Said]:
        state = self.state
        state.now_ns = max(state.now_ns, issue.event_ns)
        treated = state.treated.setdefault(action, Treated())
        known_ns = treated.issues.get(issue.kind)
        if issue.phase is Phase.CLOSE:
            treated.issues.pop(issue.kind, None)
            if not treated.issues:
                if treated.case.is_open:
                    yield from self._say(Decision.HEALED, issue, action, treated)
                treated.case.heal()
            return
        # Another opening without a close between: whoever watched it began anew.
        if treated.issues == {issue.kind: known_ns} and known_ns != issue.opened_ns:
            treated.case.heal()
        treated.issues[issue.kind] = issue.opened_ns
        decision = treated.case.wish(state.now_ns, self._limits[action])
        if decision is not None:
            yield from self._say(decision, issue, action, treated)

    def _say(
        self, decision: Decision, issue: QualityIssue, action: Action, treated: Treated
    ) -> Iterator[Said]:
        text = f"{issue.kind}: {issue.evidence}" if issue.evidence else issue.kind.value
        cause = Cause(
            venue=issue.venue,
            symbol=issue.symbol,
            text=text,
            event_ns=self.state.now_ns,
            received_ns=issue.received_ns,
        )
        yield from decided(decision, action, treated.case, cause, self.state.stamp)
