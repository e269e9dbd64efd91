"""What the server and a protocol say to each other."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import NamedTuple, Protocol


class Message(NamedTuple):
    """One frame for whoever wants it; text is sent as text, bytes as binary.

    Attributes:
        kind: What it counts as, e.g. ``trade``.
        stream: Who gets it: those subscribed to this; everyone where it is None.
        raw: What it is on a connection for single streams.
        combined: What it is on a connection that names the stream of each frame.
    """

    kind: str
    stream: str | None
    raw: str | bytes
    combined: str | bytes


class Session(Protocol):
    """One client's conversation, in the words of a venue."""

    @property
    def streams(self) -> dict[str, None]:
        """What it is subscribed to, in the order of subscription."""

    @property
    def combined(self) -> bool:
        """Whether each frame is to name its stream."""

    def answer(self, request: str | bytes) -> Iterator[str]:
        """Take in what the client sent; yield what it is told."""


class Answer(NamedTuple):
    """A REST answer: an HTTP status and JSON."""

    status: HTTPStatus
    body: str


class Feed(Protocol):
    """A market, in the words of a venue."""

    def until(self, now_ns: int) -> Iterator[Message]:
        """Yield the frames up to a time, in order; the market moves on with them."""

    def rest(self, path: str) -> Answer | None:
        """Return the answer to a REST request, None where the path is not REST."""


NOT_FOUND = Answer(HTTPStatus.NOT_FOUND, "{}")

OpenSession = Callable[[str], Session | None]
"""Return the session for the path of a WebSocket; None where there is none."""

Rest = Callable[[str], Answer | None]
"""Return the answer for the path of a REST request; None where it is not REST."""
