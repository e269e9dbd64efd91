"""What is known of one connection: its lines together."""

import msgspec

from operators.health.attempts import Attempts, latest
from operators.health.failover import Failover
from operators.health.judgement import HealthParams, is_up, shortfall
from operators.health.level import Concern, best, rank, worst
from operators.health.line import Line
from operators.health.rates import Normals
from operators.health.uptime import Uptime
from operators.records.health import Level, Reading
from operators.records.time import MINUTE, SECOND

Found = dict[str, list[Concern]]
"""What is wrong with each line, by its name."""


class Connection(msgspec.Struct):
    """What is known of one connection, which is up while any line of it is.

    Its level is that of its best line; but YELLOW at the least where a line is RED.

    Attributes:
        venue: Its venue.
        name: Its name.
        lines: Its lines by name.
        normals: What is normal for it.
        uptime: How long any line was up.
        drops: How often the last line that was up went down.
        drop_ns: When that was last so [ns UTC].
        failover: How often another line, or a line's other address, took over.
        carrier: The line that carries it; of several that flow, the first to.
        said: The level that was last said.
        said_ns: When that was [ns UTC].
    """

    venue: str
    name: str
    lines: dict[str, Line] = msgspec.field(default_factory=dict)
    normals: Normals = msgspec.field(default_factory=Normals)
    uptime: Uptime = msgspec.field(default_factory=Uptime)
    drops: int = 0
    drop_ns: int | None = None
    failover: Failover = msgspec.field(default_factory=Failover)
    carrier: str | None = None
    said: Level | None = None
    said_ns: int = -(2**63)

    @property
    def known(self) -> dict[str, Line]:
        """Its lines of which anything is known."""
        return {name: line for name, line in self.lines.items() if line.is_known}

    def take(self, reading: Reading, params: HealthParams) -> Line:
        """Take in a reading; return the line that it speaks of."""
        at_ns = max(reading.received_ns, self.uptime.marked_ns)
        unheard_ns = params.unheard_ns
        name = reading.line.removesuffix("~")
        line = self.lines.setdefault(name, Line())
        before_up = any(each.is_open for each in self.lines.values())
        line.meet(reading)
        if line.is_known:
            line.uptime.mark(reading.received_ns, line.was_up(at_ns, unheard_ns))
        if self.known:
            self.uptime.mark(at_ns, self.was_up(at_ns, params))
        times = line.failover.count
        line.measure(reading, params.latency, params.skew)
        line.take(reading)
        if line.is_known and line.uptime.first_ns is None:
            line.uptime.begin(reading.received_ns)
            self.uptime.begin(at_ns)
        if before_up and not any(each.is_open for each in self.lines.values()):
            self.drops += 1
            self.drop_ns = line.attempts.drop_ns
        self._carry(name, line.failover.count > times, at_ns, params)
        return line

    def end_window(self, end_ns: int, params: HealthParams) -> None:
        """Take in that a window of five seconds ends."""
        self._forget(end_ns, int(params.forget_s * SECOND))
        for line in self.lines.values():
            line.end_window(end_ns, params.skew, is_up=is_up(line, end_ns, params))
        if end_ns % MINUTE == 0:
            lines = [line.brought for line in self.lines.values()]
            self.normals.end_minute(end_ns, lines, params.rates)

    def begin_window(self) -> None:
        """Count anew."""
        for line in self.lines.values():
            line.frames = line.octets = 0

    def interrupt(self) -> None:
        """Take in that nothing was heard of it for a while."""
        for line in self.lines.values():
            line.brought.interrupt()

    def level_of(self, name: str, at_ns: int, params: HealthParams) -> Level:
        """Return the level of a line; its own if no line is named."""
        return self.lines[name].held.level if name else self.level(at_ns, params)

    def level(self, at_ns: int, params: HealthParams) -> Level:
        """Return its level."""
        levels = [line.held.level for line in self.known.values()]
        if any(is_up(line, at_ns, params) for line in self.lines.values()):
            lost = Level.YELLOW if Level.RED in levels else Level.GREEN
            return worst((best(levels), lost))
        return best(levels)

    def foremost(self, at_ns: int, params: HealthParams) -> Line:
        """Return the line that does best; there is one that is known."""

        def place(name: str) -> tuple[bool, int, bool, str]:
            line = self.lines[name]
            up = is_up(line, at_ns, params)
            return (not up, rank(line.held.level), name != self.carrier, name)

        return self.lines[min(self.known, key=place)]

    def attempts(self) -> Attempts:
        """Return what was tried on all lines together."""
        tried = [line.attempts for line in self.lines.values()]
        pending = {
            f"{name}/{socket}": None
            for name, line in self.lines.items()
            for socket in line.attempts.pending
        }
        return Attempts(
            drops=self.drops,
            attempts=sum(each.attempts for each in tried),
            successes=sum(each.successes for each in tried),
            drop_ns=self.drop_ns,
            attempt_ns=latest([each.attempt_ns for each in tried]),
            success_ns=latest([each.success_ns for each in tried]),
            pending=pending,
        )

    def is_up(self, at_ns: int, params: HealthParams) -> bool:
        """Return whether any line of it is up."""
        return any(is_up(line, at_ns, params) for line in self.lines.values())

    def was_up(self, at_ns: int, params: HealthParams) -> bool | None:
        """Return whether any line was up since it was last heard of."""
        lines = self.known.values()
        return _any([line.was_up(at_ns, params.unheard_ns) for line in lines])

    def said_of(self, name: str, at_ns: int, found: Found, params: HealthParams) -> str:
        """Return what keeps a line from being GREEN; the connection if none is named.

        Args:
            name: Of the line.
            at_ns: When [ns UTC].
            found: What is wrong with each line.
            params: The settings.
        """
        if name:
            return self.lines[name].held.said(found[name])
        if self.level(at_ns, params) is Level.GREEN:
            return ""
        texts = {each: self.lines[each].held.said(found[each]) for each in found}
        if len(texts) == 1:
            return next(iter(texts.values()))
        return ", ".join(f"{each} {text}" for each, text in texts.items() if text)

    def shortfall(self, name: str, at_ns: int, params: HealthParams) -> str:
        """Return by what the day's uptime misses its target; empty if it does not."""
        if name:
            line = self.lines[name]
            return shortfall(line.uptime, is_up(line, at_ns, params), at_ns, params)
        return shortfall(self.uptime, self.is_up(at_ns, params), at_ns, params)

    def _forget(self, now_ns: int, forget_ns: int) -> None:
        """Forget lines of which nothing was heard for long, as long as one is left."""
        for name, line in list(self.lines.items()):
            if len(self.lines) > 1 and line.beats and now_ns - line.seen_ns > forget_ns:
                del self.lines[name]
                if self.carrier == name:
                    self.carrier = None

    def _carry(
        self, name: str, has_moved: bool, at_ns: int, params: HealthParams
    ) -> None:
        """Find out who carries it, and whether another has taken over."""
        carrier = self.lines.get(self.carrier) if self.carrier is not None else None
        flowing = {
            each: line.flowing_ns
            for each, line in self.lines.items()
            if line.flowing_ns is not None and is_up(line, at_ns, params)
        }
        if carrier is not None and self.carrier in flowing:
            if has_moved and self.carrier == name:
                self.failover.count += 1
                self.failover.took_ns = carrier.failover.took_ns
            self.failover.since_ns = None
            return
        if carrier is not None:
            self.failover.stops(carrier.failover.since_ns or at_ns)
        if not flowing:
            return
        first = min(flowing, key=lambda each: (flowing[each] or 0, each))
        if carrier is not None:
            self.failover.took_over(flowing[first] or at_ns)
        self.carrier = first


def _any(states: list[bool | None]) -> bool | None:
    if True in states:
        return True
    return None if None in states else False
