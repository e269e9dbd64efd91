"""What is known of one line, and what it is told."""

from typing import Final

import msgspec

from operators.health.attempts import Attempts
from operators.health.failover import Failover
from operators.health.latency import Latency, LatencyParams
from operators.health.level import Held
from operators.health.rates import Brought
from operators.health.uptime import Uptime
from operators.numerics.clock_skew import ClockSkew, ClockSkewParams
from operators.records.connection import LineEvent
from operators.records.health import Level, Reading
from operators.records.time import SECOND

_LAPSE_NS: Final = 300 * SECOND


class Socket(msgspec.Struct):
    """One socket of a line; while one replaces another there are two.

    Attributes:
        is_open: Whether it is open.
        brought: Whether it has brought anything since it was opened.
        opened_ns: When it was opened, if that was told [ns UTC].
        closed_ns: When it was closed [ns UTC].
    """

    is_open: bool = False
    brought: bool = False
    opened_ns: int | None = None
    closed_ns: int = 0


class Line(msgspec.Struct):
    """What is known of one line, ``a~`` beside ``a`` being the same line.

    Attributes:
        sockets: Its sockets by name.
        is_known: Whether anything was told of it, or came.
        was_open: Whether it was ever open.
        has_failed: Whether it could not be opened at first.
        beats: Whether it says each second that it lives.
        is_silent: Whether it was found to be silent, and has not come back.
        seen_ns: When it was last heard of [ns UTC].
        flowing_ns: Since when it brings data, or None [ns UTC].
        frames: Frames in the present window.
        octets: Bytes likewise.
        dead: Frames since the start that could not be read.
        latency: Its latencies.
        skew: Its clock skew.
        uptime: How long it was up.
        attempts: How often it was opened.
        failover: How often it went elsewhere.
        brought: What it brought of late.
        held: Its level.
        said: The level that was last said.
        said_ns: When that was [ns UTC].
    """

    sockets: dict[str, Socket] = msgspec.field(default_factory=dict)
    is_known: bool = False
    was_open: bool = False
    has_failed: bool = False
    beats: bool = False
    is_silent: bool = False
    seen_ns: int = 0
    flowing_ns: int | None = None
    frames: int = 0
    octets: int = 0
    dead: int = 0
    latency: Latency = msgspec.field(default_factory=Latency)
    skew: ClockSkew = msgspec.field(default_factory=ClockSkew)
    uptime: Uptime = msgspec.field(default_factory=Uptime)
    attempts: Attempts = msgspec.field(default_factory=Attempts)
    failover: Failover = msgspec.field(default_factory=Failover)
    brought: Brought = msgspec.field(default_factory=Brought)
    held: Held = msgspec.field(default_factory=Held)
    said: Level | None = None
    said_ns: int = -(2**63)

    @property
    def is_open(self) -> bool:
        """Whether any of its sockets is open."""
        return any(socket.is_open for socket in self.sockets.values())

    def is_heard(self, now_ns: int, unheard_ns: int) -> bool:
        """Return whether a line that says each second that it lives still does."""
        return not self.beats or now_ns - self.seen_ns <= unheard_ns

    def was_up(self, now_ns: int, unheard_ns: int) -> bool | None:
        """Return whether it was up since it was last heard of; None if not known.

        A line that does not say that it lives, and brings nothing for minutes in which
        it was not closed either, may or may not have been.
        """
        if not self.is_open or not self.is_heard(now_ns, unheard_ns):
            return False
        return None if now_ns - self.seen_ns > _LAPSE_NS and not self.beats else True

    def meet(self, reading: Reading) -> None:
        """Take in, before the time until a reading is counted, that its process died.

        A socket that is being opened is not open, even where nobody was left to tell
        of its end.
        """
        socket = self.sockets.get(reading.line)
        if reading.event is LineEvent.CONNECTING and socket is not None:
            self._close(socket, self.seen_ns)

    def measure(
        self, reading: Reading, latency: LatencyParams, skew: ClockSkewParams
    ) -> None:
        """Take in the latencies of a reading; delays before a step are void."""
        at_ns, delays_ns = reading.received_ns, reading.delays_ns
        socket = self.sockets.get(reading.line)
        opened_ns = None if socket is None else socket.opened_ns
        if opened_ns is not None and at_ns - opened_ns < latency.settle_s * SECOND:
            delays_ns = ()
        delays = self.latency.delays
        self.latency.update(delays_ns, reading.round_trip_ns)
        if self.skew.update(at_ns, delays_ns, delays.values, skew):
            delays.values = list(delays_ns)

    def take(self, reading: Reading) -> None:
        """Take in what a reading brought, and then what happened."""
        at_ns, event = reading.received_ns, reading.event
        if reading.frames:
            self.is_known = True
            self._bring(reading)
        self.dead += reading.dead
        if event is not None:
            self.is_known = True
            self._happen(reading, event)
        self.seen_ns = max(self.seen_ns, at_ns)

    def end_window(self, at_ns: int, params: ClockSkewParams, *, is_up: bool) -> None:
        """Take in that a window of five seconds ends; delays before a step are void."""
        if self.skew.end_window(at_ns, self.latency.delays.values, params):
            self.latency.delays.values = []
        if is_up:
            self.brought.end_window(self.frames)
        else:
            self.brought.interrupt()

    def _bring(self, reading: Reading) -> None:
        at_ns = reading.received_ns
        socket = self.sockets.setdefault(reading.line, Socket())
        if not socket.is_open and at_ns >= socket.closed_ns + SECOND:
            socket.is_open = self.was_open = True
        socket.brought = True
        self.frames += reading.frames
        self.octets += reading.octets
        self.brought.add(reading.frames, reading.counts)
        if socket.is_open and (not self.beats or not self.attempts.attempts):
            self._flow(at_ns)

    def _happen(self, reading: Reading, event: LineEvent) -> None:
        at_ns, name = reading.received_ns, reading.line
        socket = self.sockets.setdefault(name, Socket())
        if event is LineEvent.CONNECTING:
            self.attempts.tried(at_ns, name)
        elif event is LineEvent.OPEN:
            self._open(socket, at_ns, name)
        elif event is LineEvent.CLOSED:
            self._close(socket, at_ns)
        elif event is LineEvent.FAILED:
            self.has_failed = True
            self.attempts.failed(at_ns, name)
        elif event is LineEvent.FLOWING:
            self._flow(at_ns)
        elif event is LineEvent.SILENT:
            self.is_silent, self.flowing_ns = True, None
            self.failover.stops(at_ns - (reading.silence_ns or 0))
        elif event is LineEvent.FAILED_OVER:
            self.failover.leaves(at_ns)
        elif event is LineEvent.HEARTBEAT:
            self.beats = True

    def _open(self, socket: Socket, at_ns: int, name: str) -> None:
        """Open a socket; one that is opened twice with data between was closed too."""
        if socket.is_open and socket.brought:
            self._close(socket, at_ns)
        if not socket.is_open:
            self.attempts.opened(at_ns, name)
            socket.opened_ns = at_ns
        if not self.was_open:
            self.held = Held()
        socket.is_open, socket.brought = True, False
        self.was_open, self.is_silent = True, False

    def _close(self, socket: Socket, at_ns: int) -> None:
        if not socket.is_open:
            return
        socket.is_open, socket.closed_ns = False, at_ns
        if self.is_open:
            return
        self.attempts.dropped(at_ns)
        self.failover.stops(at_ns)
        self.brought.interrupt()
        self.is_silent, self.flowing_ns = False, None

    def _flow(self, at_ns: int) -> None:
        self.is_silent = False
        if self.flowing_ns is None:
            self.flowing_ns = at_ns
        self.failover.flows(at_ns)
