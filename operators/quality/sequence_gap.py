"""Something of a symbol's stream is missing, or its book was lost for it."""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from operators.quality.finding import Finding
from operators.records.book import BookState
from operators.records.market import Gap, Heartbeat
from operators.records.quality import IssueKind, Severity
from operators.records.time import SECOND

_GAP = IssueKind.SEQUENCE_GAP
_WELL = Finding(_GAP, None)
_REASONS = frozenset({"sequence", "line", "restart", "size"})


class SequenceGapParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`SequenceGap`.

    Attributes:
        restart_s: How long a book may take to come, at the start or after its venue
            began to count anew [s].
    """

    restart_s: Annotated[float, msgspec.Meta(ge=0)] = 30.0


class SequenceGapState(msgspec.Struct):
    """What :class:`SequenceGap` remembers of one symbol.

    Attributes:
        has_book: Whether a book of it is kept up.
        had_book: Whether that has ever been right.
        ok: Whether it is.
        reason: Why something is missing; empty while nothing is.
        since_ns: Since when, by the venue's clock.
    """

    has_book: bool = False
    had_book: bool = False
    ok: bool = False
    reason: str = ""
    since_ns: int = 0


class SequenceGap:
    """Say that something is missing, until the book is right again.

    HIGH. While a venue that began to count anew (``restart``) is about to send its
    book, LOW, and where there has not been a right book before, MEDIUM: both are HIGH
    when they last. Where no book is kept up that could be made right, or it never was
    wrong, it is over when a second has passed.
    """

    sees: tuple[type[Any], ...] = (Gap, BookState, Heartbeat)
    warm = True

    def __init__(self, params: SequenceGapParams) -> None:
        self._restart_ns = int(params.restart_s * SECOND)
        self.state = SequenceGapState()

    def look(self, seen: Any) -> Iterable[Finding]:
        """Take in a record; say whether something is missing."""
        kind = type(seen)
        if kind is BookState:
            return self._turn(seen)
        if kind is Gap:
            return self._open(seen.reason, seen.event_ns, _of(seen))
        return self._pass(seen.event_ns) if self.state.reason else ()

    def _turn(self, turned: BookState) -> Iterable[Finding]:
        state, was = self.state, self.state.reason
        state.has_book, state.ok = True, turned.ok
        if turned.ok:
            state.had_book, state.reason = True, ""
            return (_WELL,) if was else ()
        if turned.reason not in _REASONS or was:
            return ()
        text = f"the book is not right: {turned.reason}"
        return self._open(turned.reason, turned.event_ns, text)

    def _open(self, reason: str, at_ns: int, text: str) -> Iterable[Finding]:
        state = self.state
        if not state.reason:
            state.since_ns = at_ns
        state.reason = reason
        severity = Severity.HIGH if state.had_book else Severity.MEDIUM
        if reason == "restart":
            severity = Severity.LOW
        return (Finding(_GAP, severity, evidence=text),)

    def _pass(self, now_ns: int) -> Iterable[Finding]:
        """Let time pass while something is missing."""
        state, for_ns = self.state, now_ns - self.state.since_ns
        if not state.has_book or state.ok:
            if for_ns < SECOND:
                return ()
            state.reason = ""
            return (_WELL,)
        if for_ns < self._restart_ns:
            return ()
        value, bound = for_ns / SECOND, self._restart_ns / SECOND
        text = f"no book for {value:.0f} s: {state.reason}"
        return (Finding(_GAP, Severity.HIGH, value, bound, "s", text),)


def _of(gap: Gap) -> str:
    if gap.last is None or gap.next is None:
        return f"{gap.reason}: something is missing"
    return f"{gap.reason}: after {gap.last} came what follows on {gap.next}"
