"""A symbol whose data has stopped while its line lives: have it subscribed to again."""

from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec

from operators.records.book import Action, Command
from operators.records.market import Gap, Heartbeat, MarketEvent
from operators.records.time import SECOND

_EASE = 0.02


class StaleParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`Stale`.

    Attributes:
        silence_s: Shortest silence that counts [s].
        gaps: And how many times the symbol's own normal time between records [1].
    """

    silence_s: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    gaps: Annotated[float, msgspec.Meta(gt=0)] = 10.0


class StaleState(msgspec.Struct):
    """What :class:`Stale` remembers of one symbol.

    Attributes:
        latest_ns: When it last had data, by the venue's clock.
        gap_ns: Its smoothed time between records, or None before the second [ns].
        asked_ns: When it was last subscribed to again.
    """

    latest_ns: int | None = None
    gap_ns: float | None = None
    asked_ns: int | None = None


class Stale:
    """Notice a symbol that is silent for longer than is normal for this symbol.

    Time is the venue's, as the line's other symbols tell it by heartbeats; heartbeats
    are no data. A symbol that never had data, or one record only, has no normal yet and
    is left alone. While the silence lasts, the command is repeated after as long again.

    In:  MarketEvent, one symbol, in order.
    Out: Command, to subscribe to the symbol again.
    """

    def __init__(self, params: StaleParams) -> None:
        self._params = params
        self.state = StaleState()

    def update(self, events: Iterable[MarketEvent]) -> Iterator[Command]:
        """Take in events; yield at most one command each."""
        state = self.state
        for event in events:
            at_ns, latest_ns = event.event_ns, state.latest_ns
            if type(event) is Heartbeat:
                yield from self._look(event)
            elif type(event) is not Gap and (latest_ns is None or at_ns > latest_ns):
                if latest_ns is not None:
                    gap_ns = float(at_ns - latest_ns)
                    before_ns = gap_ns if state.gap_ns is None else state.gap_ns
                    state.gap_ns = before_ns + _EASE * (gap_ns - before_ns)
                state.latest_ns, state.asked_ns = at_ns, None

    def close(self) -> Iterable[Command]:
        """Nothing is left to say at the end."""
        return ()

    def _look(self, beat: Heartbeat) -> Iterator[Command]:
        state, params = self.state, self._params
        if state.latest_ns is None or state.gap_ns is None:
            return
        limit_ns = max(params.silence_s * SECOND, params.gaps * state.gap_ns)
        since_ns = state.latest_ns if state.asked_ns is None else state.asked_ns
        if beat.event_ns - since_ns < limit_ns:
            return
        state.asked_ns = beat.event_ns
        silent_s = (beat.event_ns - state.latest_ns) / SECOND
        reason = f"silent for {silent_s:.0f} s, normally {state.gap_ns / SECOND:.1f} s"
        yield Command(**beat.stamp, action=Action.RESUBSCRIBE, reason=reason)
