"""How the lines of a connection do -> which are failed over, paused, resumed."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from operators.healing.case import Case
from operators.healing.decided import Cause, Said, Stamp, decided
from operators.healing.params import HealParams
from operators.healing.storm import storm
from operators.records.book import Action
from operators.records.healing import Decision
from operators.records.health import ConnectionHealth, Level
from operators.records.time import SECOND

_SLOW: Final = "latency"
"""The word for it among the issues of a line."""


class LineState(msgspec.Struct):
    """What is remembered of one line.

    Attributes:
        latest: Its newest health.
        measured: Its newest health at the end of a window, or None before the first.
        storm: What it floods us with; empty where it does not.
        fail_over: What was ordered because it is slow.
        pause: What was ordered because it is a flood.
        until_ns: When it is opened again; None unless it is paused [ns UTC].
    """

    latest: ConnectionHealth
    measured: ConnectionHealth | None = None
    storm: str = ""
    fail_over: Case = msgspec.field(default_factory=Case)
    pause: Case = msgspec.field(default_factory=Case)
    until_ns: int | None = None


class HealLinesState(msgspec.Struct):
    """What :class:`HealLines` remembers of one connection.

    Attributes:
        lines: By ``connection/line``.
        stamp: When its newest decision is dated.
        now_ns: The newest time of any of its lines [ns UTC].
    """

    lines: dict[str, LineState] = msgspec.field(default_factory=dict)
    stamp: Stamp = msgspec.field(default_factory=Stamp)
    now_ns: int = -(2**63)


class HealLines:
    """Have ingest leave a line alone, or leave it for a better address.

    A line that is open, and RED because it is slow, fails over while another of its
    connection is GREEN; where none is, the venue is slow and not the line. One that is
    down or silent is left to ingest, which opens it again by itself; one that has just
    come back is RED for a while, and left alone. A line that brings mostly what cannot
    be read, or far more than is normal, is paused while another is well, and opened
    again after its pause; a lone one is not, for that would lose all: a person is
    called.

    Time is that of the connection's lines: one that is paused still tells the seconds.

    In:  ConnectionHealth, one connection, in order; that of the whole says nothing.
    Out: Command; Healing for each decision.
    """

    def __init__(self, params: HealParams) -> None:
        self._params = params
        self.state = HealLinesState()

    def update(self, healths: Iterable[ConnectionHealth]) -> Iterator[Said]:
        """Take in how lines do; yield what is decided."""
        state = self.state
        for health in healths:
            if not health.line:
                continue
            state.now_ns = max(state.now_ns, health.received_ns)
            line = self._note(health)
            yield from self._open_again()
            yield from self._pause(line)
            yield from self._fail_over(line)

    def close(self) -> Iterable[Said]:
        """Nothing is left to say at the end."""
        return ()

    def _note(self, health: ConnectionHealth) -> LineState:
        """Remember how a line does."""
        name = f"{health.connection}/{health.line}"
        line = self.state.lines.get(name)
        if line is None:
            line = self.state.lines[name] = LineState(health)
        line.latest = health
        if not health.is_change:
            line.storm = storm(health, line.measured, self._params)
            line.measured = health
        return line

    def _open_again(self) -> Iterator[Said]:
        """Resume every line whose pause is over."""
        now_ns = self.state.now_ns
        for line in self.state.lines.values():
            if line.until_ns is not None and now_ns >= line.until_ns:
                line.until_ns = None
                yield from self._say(
                    Decision.ORDERED, Action.RESUME, line, "its pause is over"
                )

    def _pause(self, line: LineState) -> Iterator[Said]:
        """Pause a line that is a storm; note that it is none any more."""
        health, case = line.latest, line.pause
        if health.is_change or line.until_ns is not None:
            return
        if not line.storm:
            if case.is_open and health.is_up and health.rate > 0:
                yield from self._well(Action.PAUSE, line)
            return
        others = self._others(line)
        if any(each.latest.level is not Level.RED for each in others):
            decision = case.wish(self.state.now_ns, self._params.pause)
        else:
            decision = case.call()
        if decision is not None:
            yield from self._say(decision, Action.PAUSE, line, line.storm)
        if decision is Decision.ORDERED:
            line.until_ns = case.again_ns

    def _fail_over(self, line: LineState) -> Iterator[Said]:
        """Fail a line over that is slow; note that it is well again."""
        health, case = line.latest, line.fail_over
        if not health.is_up or line.until_ns is not None:
            return
        if health.level is not Level.RED:
            if case.is_open:
                yield from self._well(Action.FAIL_OVER, line)
            return
        others = self._others(line)
        is_slow = _SLOW in health.issues
        if is_slow and any(each.latest.level is Level.GREEN for each in others):
            decision = case.wish(self.state.now_ns, self._params.fail_over)
            if decision is not None:
                yield from self._say(decision, Action.FAIL_OVER, line, health.issues)

    def _others(self, mine: LineState) -> list[LineState]:
        """Return the other lines of the connection that can be relied on."""
        after_ns = self.state.now_ns - int(self._params.fresh_s * SECOND)
        return [
            each
            for each in self.state.lines.values()
            if each is not mine
            and each.latest.connection == mine.latest.connection
            and each.latest.received_ns >= after_ns
            and each.latest.is_up
            and each.until_ns is None
            and not each.storm
        ]

    def _well(self, action: Action, line: LineState) -> Iterator[Said]:
        yield from self._say(Decision.HEALED, action, line, "it is well")
        (line.pause if action is Action.PAUSE else line.fail_over).heal()

    def _say(
        self, decision: Decision, action: Action, line: LineState, text: str
    ) -> Iterator[Said]:
        case = line.fail_over if action is Action.FAIL_OVER else line.pause
        state, health = self.state, line.latest
        cause = Cause(
            venue=health.venue,
            connection=health.connection,
            line=health.line,
            text=text,
            event_ns=state.now_ns,
            received_ns=state.now_ns,
        )
        yield from decided(decision, action, case, cause, state.stamp)
