"""A symbol whose data has stopped while its venue's time goes on."""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from operators.numerics.silence import Silence
from operators.quality.finding import Finding
from operators.records.market import BookDelta, BookSnapshot, Heartbeat, Top, Trade
from operators.records.quality import IssueKind, Severity
from operators.records.time import SECOND

Positive = Annotated[float, msgspec.Meta(gt=0)]

_STALE = IssueKind.STALE
_WELL = Finding(_STALE, None)


class StaleParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`Stale`.

    Attributes:
        silence_s: Shortest silence that counts [s].
        gaps: And how many times the symbol's own normal silence [1].
        worse: How many times that bound is worse, of a busy symbol [1].
        busy_s: A symbol is busy if its normal silence is no longer than this [s].
        warm_up: How many gaps must have been seen before any silence is judged.
        warm_up_s: And how much time they must span [s].
        memory_s: Over how long the normal silence is an average [s].
    """

    silence_s: Positive = 30.0
    gaps: Positive = 10.0
    worse: Annotated[float, msgspec.Meta(ge=1)] = 10.0
    busy_s: Positive = 1.0
    warm_up: Annotated[int, msgspec.Meta(ge=1)] = 20
    warm_up_s: Annotated[float, msgspec.Meta(ge=0)] = 30.0
    memory_s: Positive = 3_600.0


class StaleState(msgspec.Struct):
    """What :class:`Stale` remembers of one symbol.

    Attributes:
        normal: How long its silences normally are [s].
        latest_ns: When it last had data, by the venue's clock.
        first_ns: When it first had data.
        is_stale: Whether it was said to be stale, and not yet to be well.
    """

    normal: Silence
    latest_ns: int | None = None
    first_ns: int = 0
    is_stale: bool = False


class Stale:
    """Notice a symbol that is silent for longer than is normal for this symbol.

    Time is the venue's, as the line's other symbols tell it by heartbeats. Trades,
    quotes and the book are data; heartbeats are none, nor is what the venue says of a
    perpetual without being asked, its mark price. A symbol that has had little data
    has no normal yet and is left alone. MEDIUM; HIGH of one that is normally busy,
    and has been for longer than it is silent now, when that is ten times too long.
    """

    sees: tuple[type[Any], ...] = (Trade, Top, BookDelta, BookSnapshot, Heartbeat)

    def __init__(self, params: StaleParams) -> None:
        self._params = params
        self.state = StaleState(Silence(params.memory_s))

    @property
    def warm(self) -> bool:
        """Whether its normal silence is known."""
        state, params = self.state, self._params
        seen_ns = (state.latest_ns or 0) - state.first_ns
        is_long = seen_ns >= params.warm_up_s * SECOND
        return is_long and state.normal.gaps >= params.warm_up

    def look(self, seen: Any) -> Iterable[Finding]:
        """Take in a record; say whether the symbol is stale."""
        state, at_ns = self.state, seen.event_ns
        latest_ns = state.latest_ns
        if type(seen) is Heartbeat:
            return () if latest_ns is None else self._judge(at_ns - latest_ns)
        if latest_ns is None:
            state.first_ns = state.latest_ns = at_ns
        elif at_ns > latest_ns:
            state.normal.update((at_ns - latest_ns) / SECOND)
            state.latest_ns = at_ns
        if not state.is_stale:
            return ()
        state.is_stale = False
        return (_WELL,)

    def _judge(self, silent_ns: int) -> Iterable[Finding]:
        state, params, silent_s = self.state, self._params, silent_ns / SECOND
        if silent_s < params.silence_s or not self.warm:
            return ()
        normal_s = state.normal.value or 0.0
        bound_s = max(params.silence_s, params.gaps * normal_s)
        if silent_s < bound_s:
            return ()
        state.is_stale = True
        seen_ns = (state.latest_ns or 0) - state.first_ns
        is_busy = normal_s <= params.busy_s and seen_ns >= silent_ns
        is_worse = is_busy and silent_s >= params.worse * bound_s
        severity = Severity.HIGH if is_worse else Severity.MEDIUM
        text = f"silent for {silent_s:.0f} s, normally {normal_s:.1f} s"
        return (Finding(_STALE, severity, silent_s, bound_s, "s", text),)
