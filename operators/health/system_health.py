"""How connections and symbols do -> how each venue does, and all, in one window."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Annotated, Final, TypeVar

import msgspec

from operators.health.roll_up import Counted, roll_up
from operators.members import Members, Standing, Waits
from operators.progress import Progress
from operators.records.health import ConnectionHealth, Level, SystemHealth
from operators.records.quality import QualityScore
from operators.records.time import SECOND

WINDOW_NS: Final = 5 * SECOND
_RANKS: Final = {Level.GREEN: 0, Level.YELLOW: 1, Level.RED: 2}

K = TypeVar("K", ConnectionHealth, QualityScore)
Points = Annotated[float, msgspec.Meta(ge=0, le=100)]
Seconds = Annotated[int, msgspec.Meta(ge=5, le=10**7)]


class SystemHealthParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`SystemHealths`.

    Attributes:
        patience_s: How far one member of a topic may be behind another, and how long
            one is waited for that says nothing more [s].
        apart_s: How far one of the two topics is read ahead of the other, at most,
            until it is believed that the other is silent; more than the windows that a
            batch of 1,000 can hold. Where no connection brings anything, that is
            believed after the patience [s].
        forget_s: After how long a member that is absent was never there [s].
        green: The lowest score that is GREEN.
        yellow: The lowest score that is YELLOW.
        calm: For how many windows it must have done better until the level says so.
    """

    patience_s: Seconds = 30
    apart_s: Seconds = 6_000
    forget_s: Seconds = 86_400
    green: Points = 90.0
    yellow: Points = 60.0
    calm: Annotated[int, msgspec.Meta(ge=1)] = 3


class Graded(msgspec.Struct):
    """A venue's level.

    Attributes:
        level: As it was said last.
        better: For how many windows it has done better than that.
    """

    level: Level
    better: int = 0


class SystemHealthState(Progress):
    """What :class:`SystemHealths` remembers of all.

    Attributes:
        connections: Who speaks of connections.
        symbols: Who speaks of symbols.
        late: Words that came when their window was over, since the last record.
        grades: The level of each venue; of all, by an empty name.
    """

    connections: Members[ConnectionHealth] = msgspec.field(default_factory=Members)
    symbols: Members[QualityScore] = msgspec.field(default_factory=Members)
    late: int = 0
    grades: dict[str, Graded] = msgspec.field(default_factory=dict)

    def topics(self) -> tuple[Members[ConnectionHealth], Members[QualityScore]]:
        """Return who speaks."""
        return self.connections, self.symbols


class SystemHealths:
    """Say every five seconds how the whole does: one operator for all keys.

    Time is arrival, by our clock, of connections and symbols alike, so that a venue
    whose clock is wrong is not apart from the others. A window is over when everybody
    in both topics has passed it; see :mod:`operators.members` for who is waited
    for. What is said does not depend on the order between members, nor on how far one
    topic is read ahead of the other; what comes too late for that is counted, and named
    in ``issues``. Nothing is said of a window in which nobody is present, nor of a
    venue before its first connection counts, so nothing for a patience from the start.

    In:  ConnectionHealth and QualityScore, all of them, each connection and symbol in
         order. Of connections the whole at the end of a window, of symbols the whole
         five seconds; changes between are passed over.
    Out: SystemHealth of each venue, and of all.
    """

    def __init__(self, params: SystemHealthParams) -> None:
        self._params = params
        patience, apart, forget = (
            seconds * SECOND // WINDOW_NS
            for seconds in (params.patience_s, params.apart_s, params.forget_s)
        )
        self._patience, self._apart = patience, apart
        self._waits = Waits(patience, forget)
        self.state = SystemHealthState()

    def update(
        self, words: Iterable[ConnectionHealth | QualityScore]
    ) -> Iterator[SystemHealth]:
        """Take in how members do; yield the windows that are over by that."""
        state, waits = self.state, self._waits
        for word in words:
            if word.is_change:
                continue
            window = -(-word.received_ns // WINDOW_NS)
            if isinstance(word, QualityScore):
                state.symbols.note(window, state.said)
                late = state.hear(state.symbols, word.key, window, word, waits)
                state.late += late
            elif not word.line:
                name = f"{word.venue}:{word.connection}"
                known = ((word.said_ns or word.received_ns) - 1) // WINDOW_NS
                state.connections.note(max(window, known), state.said)
                late = state.hear(state.connections, name, window, word, waits)
                state.late += late
            while state.awaited is not None and self._is_over(state.awaited):
                yield from self._say(state.awaited)

    def close(self) -> Iterator[SystemHealth]:
        """Yield the windows that are left: nobody will be heard any more."""
        state = self.state
        last = state.newest()
        while state.awaited is not None and state.awaited <= last:
            yield from self._say(state.awaited)

    def _is_over(self, window: int) -> bool:
        """Return whether all has been heard that is to be heard of a window."""
        state, patience = self.state, self._patience
        connections, symbols = state.connections, state.symbols
        if not connections.is_over(window, patience):
            return symbols.is_over(window, patience) and symbols.is_far(
                window, self._apart
            )
        if symbols.is_over(window, patience):
            return True
        if connections.is_far(window, self._apart):
            return True
        return connections.is_far(window, patience) and self._is_silent(window)

    def _is_silent(self, window: int) -> bool:
        """Return whether no connection brings anything from which symbols could be."""
        return all(word.rate == 0 for word in self.state.connections.words(window))

    def _say(self, window: int) -> Iterator[SystemHealth]:
        """Yield the records of a window, and go on to the next."""
        state = self.state
        connections = state.connections.move(window, self._waits)
        symbols = state.symbols.move(window, self._waits)
        alone = not (_any_present(connections) or _any_present(symbols))
        if not alone:
            by_venue = _by_venue(connections), _by_venue(symbols)
            yield from self._rolled(window * WINDOW_NS, *by_venue)
        state.move_on(window, self._patience, alone=alone)

    def _rolled(
        self,
        event_ns: int,
        connections: dict[str, list[ConnectionHealth | None]],
        symbols: dict[str, list[QualityScore | None]],
    ) -> Iterator[SystemHealth]:
        """Yield the record of each venue that has connections, and of all."""
        venues = sorted(connections)
        if not venues:
            return
        for venue in venues:
            counted = Counted(connections[venue], symbols.get(venue, ()))
            yield self._graded(roll_up(venue, event_ns, counted))
        counted = Counted(
            [each for venue in venues for each in connections[venue]],
            [each for venue in venues for each in symbols.get(venue, ())],
        )
        whole = self._graded(roll_up("", event_ns, counted))
        if self.state.late:
            named = ", ".join(
                filter(None, (whole.issues, f"{self.state.late} late records"))
            )
            whole = msgspec.structs.replace(whole, issues=named)
            self.state.late = 0
        yield whole

    def _graded(self, health: SystemHealth) -> SystemHealth:
        """Return the record with its level: by score and worst case, and not hasty."""
        params = self._params
        by_score = (
            Level.GREEN
            if health.score >= params.green
            else Level.YELLOW
            if health.score >= params.yellow
            else Level.RED
        )
        now = max(by_score, health.level, key=_RANKS.__getitem__)
        graded = self.state.grades.setdefault(health.venue, Graded(now))
        graded.better = graded.better + 1 if _RANKS[now] < _RANKS[graded.level] else 0
        if graded.better >= params.calm or _RANKS[now] > _RANKS[graded.level]:
            graded.level, graded.better = now, 0
        return msgspec.structs.replace(health, level=graded.level)


def _any_present(standings: Iterable[Standing[K]]) -> bool:
    return any(each.is_present for each in standings)


def _by_venue(standings: Iterable[Standing[K]]) -> dict[str, list[K | None]]:
    """Return the words by venue; None in place of the word of one who is absent."""
    found: defaultdict[str, list[K | None]] = defaultdict(list)
    for standing in standings:
        word = standing.word if standing.is_present else None
        found[standing.word.venue].append(word)
    return found
