"""The book of a symbol as rebuilt from its stream, and whether it can be believed."""

from enum import StrEnum
from typing import ClassVar

from operators.records.base import FromVenue, Int64, OfSymbol
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
        reason: Why not: ``sequence``, ``line``, ``restart``, ``checksum``, ``crossed``;
            empty where it is.
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


class Command(OfSymbol, frozen=True, kw_only=True, gc=False):
    """Something that ingest shall do.

    Attributes:
        action: What.
        reason: Why.
        connection: Of which connection, where it is not for the symbol alone.
        line: Of which line of it.
    """

    table: ClassVar[str] = "commands"
    natural_key: ClassVar[tuple[str, ...]] = ("venue", "symbol", "event_ns", "action")

    action: Action
    reason: str
    connection: str | None = None
    line: str | None = None
