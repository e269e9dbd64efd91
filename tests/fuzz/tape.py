r"""A text of several frames, to be mutated: what a venue's lines bring.

Frames are separated by ``\x1e``; the first line of each says what it is::

    ws a 1723161255343000000
    {"stream": ...}

What cannot be read of that line has a default, so that every input is a tape.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from operators.records.frame import Frame, FrameKind
from tests.fuzz.mutate import SEPARATOR

NOW_NS: Final = 1_723_161_255_343_000_000
"""When a frame is received that does not say when."""

_KINDS: Final = {kind.value.encode(): kind for kind in FrameKind}
_LONGEST_NUMBER: Final = 19


def frames(raw: bytes, venue: str) -> Iterator[Frame]:
    """Yield the frames of a tape: a text frame where it is UTF-8, else a binary one."""
    received_ns = NOW_NS
    for part in raw.split(SEPARATOR):
        head, newline, payload = part.partition(b"\n")
        words = head.split(b" ")
        kind = _KINDS.get(words[0])
        if not newline or kind is None:
            kind, words, payload = FrameKind.WS, [], part
        if len(words) > 2 and words[2].isdigit() and len(words[2]) <= _LONGEST_NUMBER:
            received_ns = min(int(words[2]), 2**63 - 1)
        try:
            text: str | None = payload.decode()
        except UnicodeDecodeError:
            text = None
        yield Frame(
            venue=venue,
            connection="c",
            line="b" if len(words) > 1 and words[1] == b"b" else "a",
            kind=kind,
            received_ns=received_ns,
            url=words[3].decode(errors="replace") if len(words) > 3 else "",
            data=text,
            b64=payload if text is None else None,
        )


def written(each: Iterable[Frame]) -> bytes:
    """Return frames as a tape."""
    return SEPARATOR.join(
        f"{frame.kind.value} {frame.line} {frame.received_ns} {frame.url}".encode()
        + b"\n"
        + (frame.data.encode() if frame.data is not None else frame.b64 or b"")
        for frame in each
    )
