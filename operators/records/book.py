"""The book of a symbol as rebuilt from its stream, and whether it can be believed."""

from enum import StrEnum
from typing import ClassVar

from operators.records.base import FromVenue, Int64, Record
from operators.records.market import Level


class Book(FromVenue, frozen=True, kw_only=True):
    """The best levels of a book that is provably right, after a change of them.

    Attributes:
        sequence: The venue's counter that the book includes, if it has one.
        bids: The best levels to sell to, best first.
        asks: The best levels to buy from, best first.
    """

    table: ClassVar[str] = "books"
    natural_key: ClassVar[tuple[str, ...]] = (
        *("venue", "symbol", "sequence", "event_ns", "received_ns"),
    )

    sequence: Int64 | None = None
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class BookState(FromVenue, frozen=True, kw_only=True, gc=False):
    """From here on a book can be believed, or no longer.

    Attributes:
        ok: Whether it is provably right.
        reason: Why not: ``sequence``, ``line``, ``restart``, ``checksum``, ``crossed``,
            ``size``; empty where it is.
    """

    table: ClassVar[str] = "book_states"
    natural_key: ClassVar[tuple[str, ...]] = ("venue", "symbol", "received_ns", "ok")

    ok: bool
    reason: str = ""


class Action(StrEnum):
    """What can be commanded of ingest."""

    RESYNC = "resync"
    RESUBSCRIBE = "resubscribe"
    FAIL_OVER = "fail over"
    PAUSE = "pause"
    RESUME = "resume"


class Command(Record, frozen=True, kw_only=True, gc=False):
    """Something that ingest shall do, for a symbol or for a line.

    Attributes:
        venue: Where.
        symbol: For which symbol; None where it is for a line and all of its symbols.
        event_ns: When, in the time of its cause; rises within a symbol, or within the
            lines of a connection [ns UTC].
        action: What.
        reason: Why.
        connection: Of which connection, where it is not for the symbol alone.
        line: Of which line of it.
    """

    table: ClassVar[str] = "commands"
    remembers: ClassVar[bool] = True
    natural_key: ClassVar[tuple[str, ...]] = (
        *("venue", "symbol", "event_ns", "action", "connection", "line"),
    )

    venue: str
    symbol: str | None = None
    event_ns: Int64
    action: Action
    reason: str
    connection: str | None = None
    line: str | None = None

    @property
    def key(self) -> str:
        """``venue:symbol``, or ``venue:connection`` where it is for no symbol."""
        if self.symbol is not None:
            return f"{self.venue}:{self.symbol}"
        return f"{self.venue}:{(self.connection or '').partition('.')[0]}"
