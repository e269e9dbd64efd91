"""A frame that no message can hold is a dead letter with its first bytes."""

from typing import Final

from operators.records import topics
from operators.records.dead import DeadLetter
from operators.records.frame import Frame

_KEPT: Final = 65_536


def oversized(frame: Frame, reason: str) -> DeadLetter:
    """Return what is kept of a frame."""
    payload = frame.payload
    data = payload.encode() if isinstance(payload, str) else payload
    return DeadLetter(
        **frame.place,
        topic=topics.FRAMES.name,
        url=frame.url,
        reason=f"too large to keep: {reason}; its first bytes are",
        raw=data[:_KEPT],
        size=len(data),
    )
