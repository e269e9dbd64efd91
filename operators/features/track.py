"""What is remembered of a symbol beside its book."""

import msgspec

from operators.features.moves import Moves
from operators.features.quotes import Quotes
from operators.features.windows import Windows
from operators.records.market import Top


class Track(msgspec.Struct):
    """What is remembered of one symbol.

    Attributes:
        clock_ns: The latest trade or heartbeat; 0 before any.
        start_ns: Start of the window of the first length in which that is.
        due_ns: The time, by that clock, before which nothing is due.
        has_book: Whether there has ever been a book.
        top: The latest quote.
        quotes: The best levels.
        moves: How the mid moves.
        windows: What is known of windows that have not been said, and of those before.
    """

    clock_ns: int = 0
    start_ns: int = 0
    due_ns: int = 0
    has_book: bool = False
    top: Top | None = None
    quotes: Quotes = msgspec.field(default_factory=Quotes)
    moves: Moves = msgspec.field(default_factory=Moves)
    windows: Windows = msgspec.field(default_factory=Windows)
