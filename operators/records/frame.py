"""What a line received or sent, untouched, and what became of it.

A frame on the wire is a line of the recording format: the same JSON object.
"""

from enum import StrEnum
from typing import ClassVar, TypedDict

import msgspec

from operators.records.base import FromLine, Int64


class FrameKind(StrEnum):
    """Received, sent, fetched, the opening or closing of the socket, or its status."""

    WS = "ws"
    SENT = "sent"
    REST = "rest"
    OPEN = "open"
    CLOSE = "close"
    STATUS = "status"


class Place(TypedDict):
    """Which frame a record speaks of."""

    venue: str
    connection: str
    line: str
    received_ns: int
    repeat: int


PLACE = ("venue", "connection", "line", "received_ns", "repeat")


class Frame(FromLine, frozen=True, kw_only=True, gc=False):
    """One frame as it was received; kept before it is parsed for meaning.

    Attributes:
        kind: Where it comes from.
        received_ns: Arrival, by our clock [ns UTC]. On our own lines it rises strictly.
        url: What was fetched or opened, else empty.
        data: The text of a text frame; of a status, the ``ConnectionEvent``.
        b64: The bytes of a binary frame.
        repeat: How many earlier frames of the line have the same ``received_ns``: 0,
            except in recordings made with a coarse clock.
        partition: Where it was read, if from Kafka and to be kept; never on the wire.
        offset: Its offset there; of a recording, the line, from 1.
    """

    table: ClassVar[str] = "frames"
    natural_key: ClassVar[tuple[str, ...]] = PLACE
    whereabouts: ClassVar[tuple[str, ...]] = ("partition", "offset")

    kind: FrameKind
    received_ns: Int64
    url: str
    data: str | None = None
    b64: bytes | None = None
    repeat: Int64 = 0
    partition: Int64 | None = None
    offset: Int64 | None = None

    @property
    def payload(self) -> str | bytes:
        """The text, or the bytes of a binary frame."""
        return self.data if self.data is not None else self.b64 or b""

    @property
    def place(self) -> Place:
        """Which frame this is."""
        return Place(
            venue=self.venue,
            connection=self.connection,
            line=self.line,
            received_ns=self.received_ns,
            repeat=self.repeat,
        )


def locate(frame: Frame, partition: int | None, offset: int | None) -> None:
    """Tell a frame that has just been read, and is nobody else's yet, where it was."""
    msgspec.structs.force_setattr(frame, "partition", partition)
    msgspec.structs.force_setattr(frame, "offset", offset)


class Ignored(FromLine, frozen=True, kw_only=True, gc=False):
    """A frame that deliberately yields no market record, and the name of why.

    Attributes:
        received_ns: Arrival of the frame [ns UTC].
        repeat: As on the frame.
        reason: Why, in a word or two, e.g. ``acknowledgement``.
    """

    table: ClassVar[str] = "ignored"
    natural_key: ClassVar[tuple[str, ...]] = PLACE

    received_ns: Int64
    repeat: Int64 = 0
    reason: str
