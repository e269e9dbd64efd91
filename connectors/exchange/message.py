"""What the server, a protocol and a fault say to each other."""

from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import NamedTuple, Protocol

from connectors.exchange.market import Market

Payload = str | bytes


class Message(NamedTuple):
    """One frame for whoever wants it; text is sent as text, bytes as binary.

    Attributes:
        kind: What it counts as: the channel, e.g. ``trade``.
        stream: Who gets it: those subscribed to this; everyone where it is None.
        raw: What it is on a connection for single streams.
        combined: What it is on a connection that names the stream of each frame.
        symbol: Canonical name of what it is about, if of one.
        trades: Ids of the trades in it.
        update: First and last id of the changes of a book in it, if it is of one.
    """

    kind: str
    stream: str | None
    raw: Payload
    combined: Payload
    symbol: str = ""
    trades: tuple[str, ...] = ()
    update: tuple[int, int] | None = None


class Outbound(NamedTuple):
    """One frame on its way to one client.

    Attributes:
        kind: What it counts as.
        payload: What is sent.
        message: What it was made of; None for an answer.
        due_s: Not to be sent before this, by the clock of the event loop [s].
    """

    kind: str
    payload: Payload
    message: Message | None = None
    due_s: float = 0.0


class Answer(NamedTuple):
    """A REST answer: an HTTP status, JSON, and headers besides."""

    status: HTTPStatus
    body: str
    headers: tuple[tuple[str, str], ...] = ()


NOT_FOUND = Answer(HTTPStatus.NOT_FOUND, "{}")


class Floor(Protocol):
    """What a session may ask of the exchange."""

    @property
    def now_ns(self) -> int:
        """The exchange's clock [ns UTC]."""

    def symbol_of(self, native: str) -> str | None:
        """Return the canonical name of a listed symbol, None of any other."""

    def greet(self, stream: str) -> Iterable[Message]:
        """Return what a new subscriber of a stream is sent first."""


class Feed(Floor, Protocol):
    """A market, in the words of a venue."""

    @property
    def market(self) -> Market:
        """What it speaks of."""

    def until(self, now_ns: int) -> Iterator[Message]:
        """Yield the frames up to a time, in order; the market moves on with them."""

    def rest(self, path: str) -> Answer | None:
        """Return the answer to a REST request, None where the path is not REST."""

    def snapshot_symbol(self, path: str) -> str | None:
        """Return whose book a REST request is for, None of any other."""

    def frozen(self) -> "Feed":
        """Return a copy that goes on to greet, and to answer, as of now."""


class Session(Protocol):
    """One client's conversation, in the words of a venue.

    Attributes:
        floor: What it asks of the exchange.
    """

    floor: Floor

    @property
    def streams(self) -> dict[str, None]:
        """What it is subscribed to, in the order of subscription."""

    def answer(self, request: str | bytes) -> Iterator[str | Message]:
        """Take in what the client sent; yield what it is told, and sent first."""

    def hello(self) -> Iterator[str]:
        """Yield what is said as soon as the client is there."""

    def dress(self, message: Message) -> Payload:
        """Return what a message is on this connection."""


OpenSession = Callable[[str], Session | None]
"""Return the session for the path of a WebSocket; None where there is none."""

Rest = Callable[[str], Answer | None]
"""Return the answer for the path of a REST request; None where it is not REST."""


class Bare:
    """The floor of an exchange that knows nothing: it plays what was recorded.

    Attributes:
        now_ns: When the session began [ns UTC].
    """

    def __init__(self, now_ns: int = 0) -> None:
        self.now_ns = now_ns

    def symbol_of(self, native: str) -> str | None:
        """Return it: anything is listed."""
        return native

    def greet(self, stream: str) -> Iterable[Message]:
        """Return nothing."""
        return ()
