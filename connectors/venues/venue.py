"""What a venue's file offers. It is a module: no state, no I/O, no clock."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from operators.market.decode import Parser
from operators.records.instrument import Instrument


class Limits(NamedTuple):
    """What the venue allows, by its own documentation.

    Attributes:
        streams: Most streams (a channel of a symbol) on one connection.
        messages_per_s: Most messages that a client may send on a connection [1/s].
        connects_per_minute: Most connections that may be opened in a minute [1/min].
        lifetime_s: After which the venue closes a connection, or None [s].
    """

    streams: int
    messages_per_s: float
    connects_per_minute: float
    lifetime_s: float | None = None


class Ping(NamedTuple):
    """An application's own heartbeat, where WebSocket pings are not enough.

    Attributes:
        text: What to send.
        every_s: How often [s].
    """

    text: str
    every_s: float


class Venue(Protocol):
    """One market: its names, its messages, its frames."""

    # What is written in capitals is a constant of the module.
    # ruff: noqa: N802

    @property
    def VENUE(self) -> str:
        """The venue's name."""
        ...

    @property
    def URL(self) -> str:
        """Its WebSocket address."""
        ...

    @property
    def REST_URL(self) -> str:
        """Its REST address, without a path."""
        ...

    @property
    def CHANNELS(self) -> Sequence[str]:
        """What is subscribed to, by the venue's own names."""
        ...

    @property
    def LIMITS(self) -> Limits:
        """What it allows."""
        ...

    @property
    def PING(self) -> Ping | None:
        """What to send it now and then, if anything."""
        ...

    @property
    def IDLE(self) -> tuple[str, ...]:
        """What marks a short frame that shows only that the connection lives."""
        ...

    @property
    def parse(self) -> Parser:
        """Return what a received frame says."""
        ...

    def address(self, channel: str) -> str:
        """Return the WebSocket address that a channel comes on."""
        ...

    def canonical(self, symbol: str) -> str:
        """Return the canonical name of the venue's symbol.

        Raises:
            NotARecordError: If it is no symbol of this venue.
        """
        ...

    def native(self, symbol: str) -> str:
        """Return the venue's name of a canonical symbol."""
        ...

    def subscribe(self, symbols: Iterable[str], channels: Sequence[str]) -> list[str]:
        """Return the messages that subscribe to channels of canonical symbols."""
        ...

    def resync(self, symbol: str) -> list[str]:
        """Return the messages after which the venue sends the symbol's book anew.

        None where the book is fetched by REST.
        """
        ...

    def snapshot_path(self, symbol: str) -> str | None:
        """Return the path, below the REST address, of a symbol's whole book.

        None where the venue sends it on the socket.
        """
        ...

    def instruments_path(self) -> str:
        """Return the path, below the REST address, of the list of instruments."""
        ...

    def instruments(self, body: bytes) -> list[Instrument]:
        """Return the instruments in an answer; those we have no name for are left out.

        Raises:
            NotARecordError: If it is not the documented list; likewise any of
                ``UNREADABLE``.
        """
        ...
