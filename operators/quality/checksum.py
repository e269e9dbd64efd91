"""A book that is not what its venue says it is."""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from operators.quality.finding import Finding
from operators.records.book import BookState
from operators.records.quality import IssueKind, Severity
from operators.records.time import SECOND

_CHECKSUM = IssueKind.CHECKSUM
_WELL = Finding(_CHECKSUM, None)


class ChecksumParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`Checksum`.

    Attributes:
        repeats: How many mismatches are CRITICAL.
        within_s: If they come within this time [s].
    """

    repeats: Annotated[int, msgspec.Meta(ge=1)] = 3
    within_s: Annotated[float, msgspec.Meta(gt=0)] = 300.0


class ChecksumState(msgspec.Struct):
    """What :class:`Checksum` remembers of one symbol.

    Attributes:
        is_wrong: Whether the book was lost for its checksum, and is not right yet.
        times_ns: When the latest mismatches were; no more than ``repeats``.
    """

    is_wrong: bool = False
    times_ns: list[int] = msgspec.field(default_factory=list)


class Checksum:
    """Say that a book did not agree with its checksum, until it is right again.

    HIGH; CRITICAL if it happens again and again: then a fresh snapshot does not help,
    and the fault is in the parser or at the venue.
    """

    sees: tuple[type[Any], ...] = (BookState,)
    warm = True

    def __init__(self, params: ChecksumParams) -> None:
        self._params = params
        self.state = ChecksumState()

    def look(self, seen: Any) -> Iterable[Finding]:
        """Take in a state of the book; say whether its checksum is at fault."""
        state, params = self.state, self._params
        if seen.ok:
            was_wrong, state.is_wrong = state.is_wrong, False
            return (_WELL,) if was_wrong else ()
        if seen.reason != "checksum":
            return ()
        state.is_wrong = True
        state.times_ns = [*state.times_ns, seen.event_ns][-params.repeats :]
        since_ns = seen.event_ns - int(params.within_s * SECOND)
        count = sum(at_ns >= since_ns for at_ns in state.times_ns)
        is_worse = count >= params.repeats
        severity = Severity.CRITICAL if is_worse else Severity.HIGH
        text = f"mismatch {count} within {params.within_s:.0f} s"
        return (Finding(_CHECKSUM, severity, count, evidence=text),)
