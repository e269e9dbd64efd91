"""Bytes that are no record."""

from typing import ClassVar, Final

from operators.records.base import Int64, Record
from operators.records.frame import PLACE

BURIED: Final = "buried"
"""The key of dead letters on their way from a source to the dead-letter topic."""


class DeadLetter(Record, frozen=True, kw_only=True, gc=False):
    """Bytes that could not be read, untouched, with where they came from.

    A frame that a venue's parser refuses is placed by the frame (``venue`` to
    ``repeat``), which is the same live and replayed. A message, or a line of a
    recording, that is not even a frame is placed by ``partition`` and ``offset``.

    Attributes:
        topic: The topic it was read from, or ``recording``.
        reason: What is wrong with it, and where in it.
        raw: The bytes; the first of them where there are too many for a message.
        size: How many bytes there were.
        venue: The frame's venue, where there is a frame.
        connection: The frame's connection.
        line: The frame's line.
        received_ns: The frame's arrival, else the message's time [ns UTC].
        repeat: As on the frame.
        url: As on the frame; of a recording, the file's name.
        partition: The message's partition.
        offset: The message's offset, or the line of the recording, from 1.
    """

    table: ClassVar[str] = "dead_letters"
    natural_key: ClassVar[tuple[str, ...]] = (
        *("topic", "partition", "offset", "url"),
        *PLACE,
    )

    topic: str
    reason: str
    raw: bytes
    size: Int64
    venue: str | None = None
    connection: str | None = None
    line: str | None = None
    received_ns: Int64 | None = None
    repeat: Int64 | None = None
    url: str | None = None
    partition: Int64 | None = None
    offset: Int64 | None = None

    @property
    def key(self) -> str:
        """``venue:connection`` of the frame, else the topic and its partition."""
        if self.venue is not None:
            return f"{self.venue}:{(self.connection or '').partition('.')[0]}"
        return f"{self.topic}[{self.partition}]"
