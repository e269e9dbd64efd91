"""Frames of a connection, and what they held -> how its lines do, second by second."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from operators.market.decode import Held, Parsed, size
from operators.market.redriven import is_redriven
from operators.records.connection import ConnectionEvent, LineEvent
from operators.records.frame import Frame, FrameKind
from operators.records.health import Reading
from operators.records.time import SECOND

_WS: Final = FrameKind.WS
_DELAYS: Final = 100
_LONGEST_REASON: Final = 500
_MOST_NS: Final = 2**63 - 1
_MOVES: Final = {FrameKind.OPEN: LineEvent.OPEN, FrameKind.CLOSE: LineEvent.CLOSED}


class Since(msgspec.Struct):
    """What has come of a line since its last reading: see :class:`Reading`.

    Attributes:
        venue: The connection's venue.
        connection: Its name.
        line: The line's.
        end_ns: When the second ends that is being counted [ns UTC].
        told_ns: The time of the last reading, or None before the first [ns UTC].
        number: Its number.
        frames: As on the reading.
        octets: As on the reading.
        dead: As on the reading.
        delays_ns: As on the reading.
        counts: As on the reading.
    """

    venue: str
    connection: str
    line: str
    end_ns: int
    told_ns: int | None = None
    number: int = 0
    frames: int = 0
    octets: int = 0
    dead: int = 0
    delays_ns: deque[int] = msgspec.field(default_factory=lambda: deque(maxlen=_DELAYS))
    counts: dict[str, int] = msgspec.field(default_factory=dict)


class Readings:
    """Count what each line of a connection brings.

    Time is the arrival of frames: a second of a line is over when something is kept of
    it in a later one. What is fetched aside has no delay and is not counted; what is
    driven again came long ago, and says nothing of a line.
    """

    def __init__(self) -> None:
        self.state: dict[str, Since] = {}

    def take(self, line: str, frame: Frame, held: Held) -> Sequence[Reading]:
        """Take in a frame and what it held; return the readings that are due.

        Args:
            line: ``connection/line``.
            frame: The frame.
            held: As :attr:`operators.market.decode.Decode.held` of the frame.
        """
        since, at_ns = self.state.get(line), frame.received_ns
        due: Sequence[Reading] = ()
        if since is None:
            if is_redriven(line):
                return due
            since = self.state[line] = _begun(frame)
        elif at_ns >= since.end_ns:
            due = [_reading(since, since.end_ns)]
            since.end_ns = _end_ns(at_ns)
        kind = frame.kind
        if kind is _WS:
            since.frames += 1
            since.octets += size(frame.data or frame.payload)
            if type(held) is Parsed:
                if held.venue_ns is not None:
                    since.delays_ns.append(at_ns - held.venue_ns)
                counts = since.counts
                for event in held.events:
                    counts[event.symbol] = counts.get(event.symbol, 0) + 1
            else:
                since.dead += 1
        elif kind is FrameKind.STATUS or kind is FrameKind.REST:
            if type(held) is ConnectionEvent:
                return [*due, _told(since, at_ns, held)]
            since.dead += held is None
        elif kind in _MOVES:
            return [*due, _moved(since, frame)]
        return due

    def close(self) -> Iterator[Reading]:
        """Yield the reading of each line's unfinished second."""
        for since in self.state.values():
            yield _reading(since, since.end_ns)


def _begun(frame: Frame) -> Since:
    end_ns = _end_ns(frame.received_ns)
    return Since(frame.venue, frame.connection, frame.line, end_ns)


def _end_ns(at_ns: int) -> int:
    """Return when the second ends that a moment is in, as a record can hold it."""
    return min((at_ns // SECOND + 1) * SECOND, _MOST_NS)


def _told(since: Since, at_ns: int, told: ConnectionEvent) -> Reading:
    return msgspec.structs.replace(
        _reading(since, at_ns),
        event=told.event,
        reason=told.reason[:_LONGEST_REASON],
        attempt=told.attempt,
        silence_ns=told.silence_ns,
        round_trip_ns=told.round_trip_ns,
    )


def _moved(since: Since, frame: Frame) -> Reading:
    return msgspec.structs.replace(
        _reading(since, frame.received_ns),
        event=_MOVES[frame.kind],
        reason=(frame.data or "")[:_LONGEST_REASON],
    )


def _reading(since: Since, at_ns: int) -> Reading:
    """Return what has come, and count anew; a clock that was set back stands still."""
    told_ns = since.told_ns
    if told_ns is not None and at_ns <= told_ns:
        at_ns = told_ns
        since.number += 1
    else:
        since.number = 0
    since.told_ns = at_ns
    reading = Reading(
        venue=since.venue,
        connection=since.connection,
        line=since.line,
        received_ns=at_ns,
        number=since.number,
        frames=since.frames,
        octets=since.octets,
        dead=since.dead,
        delays_ns=tuple(since.delays_ns),
        counts=since.counts,
    )
    since.frames = since.octets = since.dead = 0
    since.delays_ns.clear()
    since.counts = {}
    return reading
