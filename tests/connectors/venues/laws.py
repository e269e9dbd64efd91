"""What a venue's tests tell of it, so that the laws of every venue are tried on it."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from connectors.venues.venue import Venue
from operators.market.decode import Line, Parsed
from operators.records.frame import Frame, FrameKind


class Reader(Protocol):
    """Reads a frame of a venue."""

    def __call__(self, data: str, line: Line = ..., **more: Any) -> Parsed:
        """Return what a text says; more of the frame may be given by its fields."""
        ...


class Known(NamedTuple):
    """What is known of a venue.

    Attributes:
        venue: The venue.
        read: Reads a text as its socket sends it.
        samples: Texts of its socket that it documents.
        names: Symbols as it and as we call them.
        refused: What is no symbol of it.
        mistakes: A text, what of it is replaced by what, and what is told of that.
        fetch: Reads a text as an answer of its REST address, if it has samples.
        fetched: Such answers.
    """

    venue: Venue
    read: Callable[[str], Parsed]
    samples: Sequence[str]
    names: Sequence[tuple[str, str]]
    refused: Sequence[str]
    mistakes: Sequence[tuple[str, str, str, str]]
    fetch: Callable[[str], Parsed] | None = None
    fetched: Sequence[str] = ()

    def told(self, sample: str, text: str) -> Parsed:
        """Return what a text says that came as the sample does."""
        if self.fetch is not None and sample in self.fetched:
            return self.fetch(text)
        return self.read(text)


def reader(venue: Venue, received_ns: int, known: Line) -> Reader:
    """Return what reads texts of a socket, received at a time [ns] on a line."""
    place = {"venue": venue.VENUE, "connection": "c", "line": "a"}
    common = {"kind": FrameKind.WS, "url": "", "received_ns": received_ns, **place}

    def read(data: str, line: Line = known, **more: Any) -> Parsed:
        return venue.parse(Frame(**{**common, "data": data, **more}), line)

    return read
