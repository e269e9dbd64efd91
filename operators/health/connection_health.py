"""What the lines of a connection brought -> how they do, and the connection."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from operators.health.connection import Connection, Found
from operators.health.judgement import (
    WINDOW_NS,
    HealthParams,
    concerns,
    down,
    latencies,
)
from operators.health.line import Line
from operators.health.statement import Moment, of_connection, of_line
from operators.records.health import ConnectionHealth, Reading
from operators.records.time import MINUTE

_LONGEST_GAP_NS: Final = 60 * MINUTE


class HealthState(msgspec.Struct):
    """What :class:`HealthOfConnections` remembers.

    Attributes:
        now_ns: The newest time that a reading has told [ns UTC].
        end_ns: The end of the present window; None before the first reading [ns UTC].
        connections: What is known of each connection, by name.
    """

    now_ns: int = -(2**63)
    end_ns: int | None = None
    connections: dict[str, Connection] = msgspec.field(default_factory=dict)


class HealthOfConnections:
    """Say how the lines of a connection do, and how it does as a whole.

    Time is the arrival of frames, as the newest reading of any line tells it: a window
    of five seconds is over when one comes that is later. Ingest lets a second pass on
    each line by its status, so time stands still only for a recording without one. A
    gap of more than an hour is no long row of windows: of it, the first is said.

    A level becomes worse at once where a line is down or silent, else after some
    windows, and better only after some; see :class:`operators.health.level.Held`.

    In:  Reading, of connections that share a key, each line in order.
    Out: ConnectionHealth: of each line and (line "") each connection, at the end of
         each window, and at once where a level changes.
    """

    def __init__(self, params: HealthParams) -> None:
        self._params = params
        self.state = HealthState()

    def update(self, readings: Iterable[Reading]) -> Iterator[ConnectionHealth]:
        """Take in readings; yield what is to be said."""
        params = self._params
        for reading in readings:
            yield from self._pass_time(reading.received_ns)
            connection = self._connection(reading)
            line = connection.take(reading, params)
            if line.is_known:
                yield from self._look(connection, line)

    def close(self) -> Iterable[ConnectionHealth]:
        """Nothing is left to say at the end: the last window is not over."""
        return ()

    def _connection(self, reading: Reading) -> Connection:
        connections, name = self.state.connections, reading.connection
        if name not in connections:
            connections[name] = Connection(reading.venue, name)
        return connections[name]

    def _pass_time(self, now_ns: int) -> Iterator[ConnectionHealth]:
        state = self.state
        if state.end_ns is None:
            state.end_ns = _end_ns(now_ns)
        while now_ns > state.end_ns:
            for connection in state.connections.values():
                said = self._end_window(connection, state.end_ns)
                yield from _known(said, state.end_ns, now_ns)
            state.end_ns += WINDOW_NS
            if now_ns - state.end_ns > _LONGEST_GAP_NS:
                state.end_ns = _end_ns(now_ns)
                for connection in state.connections.values():
                    connection.interrupt()
        state.now_ns = max(state.now_ns, now_ns)

    def _look(self, connection: Connection, line: Line) -> Iterator[ConnectionHealth]:
        """Yield changes of level that need no window."""
        now_ns, params = self.state.now_ns, self._params
        gone = down(line, now_ns, params)
        if gone is not None:
            line.held.go(gone.enters)
        level = connection.level(now_ns, params)
        if line.said is not line.held.level or connection.said is not level:
            found = self._found(connection, now_ns)
            yield from self._changes(connection, now_ns, found)

    def _end_window(
        self, connection: Connection, end_ns: int
    ) -> Iterator[ConnectionHealth]:
        params = self._params
        connection.end_window(end_ns, params)
        found = self._found(connection, end_ns)
        for name, line in connection.known.items():
            gone = down(line, end_ns, params)
            if gone is not None:
                line.held.go(gone.enters)
            is_gone = gone is not None
            line.held.end_window(found[name], params.level, is_gone=is_gone)
        if found:
            yield from self._changes(connection, end_ns, found)
            for name in (*found, ""):
                yield self._said(connection, name, end_ns, found)
        connection.begin_window()

    def _found(self, connection: Connection, at_ns: int) -> Found:
        params = self._params
        return {
            name: concerns(
                line,
                latencies(line, connection.venue, params),
                connection.normals,
                at_ns,
                params,
            )
            for name, line in connection.known.items()
        }

    def _changes(
        self, connection: Connection, at_ns: int, found: Found
    ) -> Iterator[ConnectionHealth]:
        """Yield what has another level than was last said, each at its own time."""
        for name in (*found, ""):
            about = connection.lines[name] if name else connection
            level = connection.level_of(name, at_ns, self._params)
            if about.said is not level:
                about.said, about.said_ns = level, max(at_ns, about.said_ns + 1)
                at = about.said_ns
                yield self._said(connection, name, at, found, is_change=True)

    def _said(
        self,
        connection: Connection,
        name: str,
        at_ns: int,
        found: Found,
        *,
        is_change: bool = False,
    ) -> ConnectionHealth:
        params = self._params
        texts = (
            connection.said_of(name, at_ns, found, params),
            connection.shortfall(name, at_ns, params),
        )
        moment = Moment(at_ns, is_change, ", ".join(filter(None, texts)))
        if name:
            return of_line(connection, name, moment, params)
        return of_connection(connection, moment, params)


def _known(
    said: Iterable[ConnectionHealth], end_ns: int, now_ns: int
) -> Iterable[ConnectionHealth]:
    """Return what is said of a window, with when that is, if it is much later."""
    if now_ns - end_ns < WINDOW_NS:
        return said
    return [msgspec.structs.replace(each, said_ns=now_ns) for each in said]


def _end_ns(now_ns: int) -> int:
    """Return the end of the window that a moment is in."""
    return -(-now_ns // WINDOW_NS) * WINDOW_NS
