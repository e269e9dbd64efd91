"""How the lines of a connection do, by the frames that they brought."""

from enum import StrEnum
from typing import ClassVar

import msgspec

from operators.records.base import FromLine, Int64, Record
from operators.records.connection import LineEvent


class Reading(FromLine, frozen=True, kw_only=True):
    """What a line brought since its last reading, in the order of its frames.

    One for each second in which anything was kept of the line, and one at once for
    each thing that happened to it.

    Attributes:
        received_ns: Until when: the end of the second, or the moment of the event, by
            our clock [ns UTC]; rises within a line.
        number: How many readings of the line have the same ``received_ns`` before it.
        frames: Frames received.
        octets: Bytes received.
        dead: Frames that could not be read.
        delays_ns: Of at most the last 100 frames that state the venue's time: arrival
            less that time, clock skew and all [ns].
        counts: Market records by symbol.
        event: What happened to the line, if anything did.
        reason: As on the event.
        attempt: As on the event.
        silence_ns: As on the event.
        round_trip_ns: As on the event.
    """

    table: ClassVar[str] = "readings"
    natural_key: ClassVar[tuple[str, ...]] = (
        *("venue", "connection", "line", "received_ns", "number"),
    )
    unkept: ClassVar[tuple[str, ...]] = ("delays_ns", "counts")

    received_ns: Int64
    number: Int64 = 0
    frames: Int64 = 0
    octets: Int64 = 0
    dead: Int64 = 0
    delays_ns: tuple[Int64, ...] = ()
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    event: LineEvent | None = None
    reason: str = ""
    attempt: Int64 = 0
    silence_ns: Int64 | None = None
    round_trip_ns: Int64 | None = None


class Level(StrEnum):
    """How well something does."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


class ConnectionHealth(FromLine, frozen=True, kw_only=True, gc=False):
    """How a line does, or a connection as a whole (``line`` is empty).

    Every five seconds, on the whole five seconds, and at once where the level changes.
    What is not known is None.

    Attributes:
        received_ns: The end of the window, or the moment of the change [ns UTC].
        is_change: Whether the level changed here.
        level: How well it does.
        issues: What made it so, by commas, and what misses its target; empty where all
            is well.
        is_up: Whether it is open; a connection is while any line is.
        network_mean_ms: Ping to pong, mean of the last 100 points [ms].
        network_p50_ms: Likewise the median [ms].
        network_p95_ms: Likewise the 95th percentile [ms].
        network_p99_ms: Likewise the 99th percentile [ms].
        feed_mean_ms: Arrival less event, clock skew taken out [ms].
        feed_p50_ms: Likewise the median [ms].
        feed_p95_ms: Likewise the 95th percentile [ms].
        feed_p99_ms: Likewise the 99th percentile [ms].
        skew_ms: How far our clock is ahead of the venue's, as estimated [ms].
        rate: Frames per second in the window [1/s].
        normal_rate: What is normal at this hour [1/s].
        slow: Symbols that bring far less than is normal, by commas.
        octets_rate: Bytes per second in the window [B/s].
        dead: Frames since the start that could not be read.
        uptime_1h: Share of the last hour that it was up [%].
        uptime_24h: Share of the last 24 hours [%].
        uptime: Share of the time since it was first seen [%].
        drops: Times that it went down.
        attempts: Attempts to connect.
        successes: Those that led to an open line.
        success_rate: Their share [%].
        since_drop_s: Time since it last went down [s].
        since_attempt_s: Time since the last attempt [s].
        since_success_s: Time since it last opened [s].
        failovers: Times that another line or address took over.
        failover_ms: How long the last of them took [ms].
        lines: How many lines it has; of a line, 1.
        lines_up: How many of them are up.
        said_ns: When it was known, if that was a window later or more: nothing had come
            until then that told the time; else None [ns UTC].
    """

    table: ClassVar[str] = "connection_health"
    remembers: ClassVar[bool] = True
    natural_key: ClassVar[tuple[str, ...]] = (
        *("venue", "connection", "line", "received_ns", "is_change"),
    )

    received_ns: Int64
    is_change: bool = False
    level: Level
    issues: str = ""
    is_up: bool
    network_mean_ms: float | None = None
    network_p50_ms: float | None = None
    network_p95_ms: float | None = None
    network_p99_ms: float | None = None
    feed_mean_ms: float | None = None
    feed_p50_ms: float | None = None
    feed_p95_ms: float | None = None
    feed_p99_ms: float | None = None
    skew_ms: float | None = None
    rate: float
    normal_rate: float | None = None
    slow: str = ""
    octets_rate: float
    dead: Int64 = 0
    uptime_1h: float | None = None
    uptime_24h: float | None = None
    uptime: float | None = None
    drops: Int64 = 0
    attempts: Int64 = 0
    successes: Int64 = 0
    success_rate: float | None = None
    since_drop_s: float | None = None
    since_attempt_s: float | None = None
    since_success_s: float | None = None
    failovers: Int64 = 0
    failover_ms: float | None = None
    lines: Int64 = 1
    lines_up: Int64 = 0
    said_ns: Int64 | None = None


class SystemHealth(Record, frozen=True, kw_only=True, gc=False):
    """How a venue does, or all (``venue`` is empty), in a window of five seconds.

    Attributes:
        venue: Which venue; empty for the whole system.
        event_ns: The end of the window [ns UTC].
        score: 0 (nothing works) to 100.
        level: The score's colour.
        issues: What lowers it, by commas.
        connections: How many there are.
        connections_green: Those that are GREEN.
        connections_yellow: Those that are YELLOW.
        connections_red: Those that are RED.
        connections_absent: Those that were there, and say nothing more.
        feed_p95_ms: The worst connection's [ms].
        rate: Frames per second of all of them [1/s].
        uptime_24h: Mean of the connections [%].
        symbols: How many are active: had data in the last minute of their time.
        symbols_absent: How many were, and say nothing more.
        symbols_high_priority: Of the active, those of high priority; None until known.
        quality_score: Mean over the active symbols, 0 to 100.
        open_critical: Open issues of that severity.
        open_high: Likewise.
        open_medium: Likewise.
        open_low: Likewise.
        books: Symbols that have a book.
        books_wrong: Those whose book is not proven right.
        execution_rate: Share of signals that were executed [%]; None until known.
        mean_confidence: Of the signals, 0 to 1; None until known.
    """

    table: ClassVar[str] = "system_health"
    remembers: ClassVar[bool] = True
    natural_key: ClassVar[tuple[str, ...]] = ("venue", "event_ns")

    venue: str
    event_ns: Int64
    score: float
    level: Level
    issues: str = ""
    connections: Int64
    connections_green: Int64 = 0
    connections_yellow: Int64 = 0
    connections_red: Int64 = 0
    connections_absent: Int64 = 0
    feed_p95_ms: float | None = None
    rate: float = 0.0
    uptime_24h: float | None = None
    symbols: Int64 = 0
    symbols_absent: Int64 = 0
    symbols_high_priority: Int64 | None = None
    quality_score: float | None = None
    open_critical: Int64 = 0
    open_high: Int64 = 0
    open_medium: Int64 = 0
    open_low: Int64 = 0
    books: Int64 = 0
    books_wrong: Int64 = 0
    execution_rate: float | None = None
    mean_confidence: float | None = None

    @property
    def key(self) -> str:
        """``venue:`` of one, ``:`` of all."""
        return f"{self.venue}:"
