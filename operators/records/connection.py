"""What happens to the lines of a connection."""

from enum import StrEnum
from typing import ClassVar

from operators.records.base import FromLine, Int64


class LineEvent(StrEnum):
    """What happened."""

    CONNECTING = "connecting"
    OPEN = "open"
    FLOWING = "flowing"
    HEARTBEAT = "heartbeat"
    SILENT = "silent"
    CLOSED = "closed"
    FAILED = "failed"
    FAILED_OVER = "failed over"
    ROTATED = "rotated"
    RATE_LIMITED = "rate limited"
    NO_SNAPSHOT = "no snapshot"
    RESYNC = "resync"
    COMMANDED = "commanded"
    SPOOL_FULL = "spool full"


class ConnectionEvent(FromLine, frozen=True, kw_only=True, gc=False):
    """Something happened to a line, or a second has passed on it.

    Attributes:
        received_ns: When, by our clock [ns UTC]; rises strictly within a line.
        event: What happened.
        url: Where the line leads.
        reason: Why it closed or failed, else empty.
        attempt: Attempts to connect since the line was last open.
        frames: Frames received since the process started.
        octets: Bytes received since the process started.
        silence_ns: Time since the last frame of the venue, where there was one [ns].
        round_trip_ns: Ping to pong, when last measured on this connection [ns].
    """

    table: ClassVar[str] = "connections"
    natural_key: ClassVar[tuple[str, ...]] = (
        "venue",
        "connection",
        "line",
        "received_ns",
        "event",
    )

    received_ns: Int64
    event: LineEvent
    url: str
    reason: str = ""
    attempt: Int64 = 0
    frames: Int64 = 0
    octets: Int64 = 0
    silence_ns: Int64 | None = None
    round_trip_ns: Int64 | None = None
