"""A trade that comes long after what happened later."""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from operators.quality.finding import Finding
from operators.records.market import BookDelta, BookSnapshot, Heartbeat, Top, Trade
from operators.records.quality import IssueKind, Severity
from operators.records.time import SECOND


class LateParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`Late`.

    Attributes:
        late_s: How far behind the newest a trade is late [s].
        worse_s: And how far is worse [s].
    """

    late_s: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    worse_s: Annotated[float, msgspec.Meta(gt=0)] = 10.0


class LateState(msgspec.Struct):
    """What :class:`Late` remembers of one symbol.

    Attributes:
        newest_ns: The newest time seen, by the venue's clock.
        oldest_ns: The time of the first record but trades; None before it.
    """

    newest_ns: int = 0
    oldest_ns: int | None = None


class Late:
    """Judge how far a trade lies behind the newest that was seen of the symbol.

    LOW; MEDIUM when it is long. A trade from before the symbol was first seen is no
    late one: venues send the latest trades when they are subscribed to.
    """

    sees: tuple[type[Any], ...] = (Trade, Top, BookDelta, BookSnapshot, Heartbeat)
    warm = True

    def __init__(self, params: LateParams) -> None:
        self._late_ns = int(params.late_s * SECOND)
        self._worse_ns = int(params.worse_s * SECOND)
        self.state = LateState()

    def look(self, seen: Any) -> Iterable[Finding]:
        """Take in a record; say whether it is a late trade."""
        state, at_ns = self.state, seen.event_ns
        if at_ns > state.newest_ns:
            state.newest_ns = at_ns
            if state.oldest_ns is None and type(seen) is not Trade:
                state.oldest_ns = at_ns
            return ()
        behind_ns = state.newest_ns - at_ns
        if behind_ns <= self._late_ns or type(seen) is not Trade:
            return ()
        if state.oldest_ns is None or at_ns < state.oldest_ns:
            return ()
        severity = Severity.MEDIUM if behind_ns > self._worse_ns else Severity.LOW
        behind_s, bound_s = behind_ns / SECOND, self._late_ns / SECOND
        text = f"trade {seen.trade_id} is {behind_s:.3f} s behind the newest record"
        return (Finding(IssueKind.LATE, severity, behind_s, bound_s, "s", text),)
