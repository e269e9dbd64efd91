"""The best levels of a book as they were last pushed, and what has changed since."""

from copy import copy
from typing import Final

from connectors.exchange.book import Book, Ladder

Levels = list[tuple[int, int]]
"""Ticks and lots of levels, best first."""

_ALL: Final = 1_000_000


class View:
    """So many levels a side of one book, at the latest push.

    Attributes:
        bids: Levels to sell to.
        asks: Levels to buy from.
        sequence: The exchange's counter of changes at that push.
        pushes: How often they have changed.
    """

    def __init__(self, book: Book, levels: int = _ALL, *, says_fallen: bool) -> None:
        """Begin with the book as it is.

        Args:
            book: The book.
            levels: How many levels a side are seen.
            says_fallen: Whether a level counts as removed that is only too deep now.
        """
        self._book = book
        self._levels = levels
        self._says_fallen = says_fallen
        self.bids = book.bids.best_levels(levels)
        self.asks = book.asks.best_levels(levels)
        self.sequence = self._seen = book.sequence
        self.pushes = 0

    def push(self) -> tuple[Levels, Levels] | None:
        """Move on to the book as it is; return the changes, None if there are none."""
        if self._book.sequence == self._seen:
            return None
        self._seen = self._book.sequence
        bids = self._book.bids.best_levels(self._levels)
        asks = self._book.asks.best_levels(self._levels)
        changed = (
            sorted(self._changes(self.bids, bids, self._book.bids), reverse=True),
            sorted(self._changes(self.asks, asks, self._book.asks)),
        )
        self.bids, self.asks = bids, asks
        if not any(changed):
            return None
        self.sequence = self._seen
        self.pushes += 1
        return changed

    def still(self) -> "View":
        """Return a copy that stays as it is."""
        return copy(self)

    def _changes(self, before: Levels, now: Levels, ladder: Ladder) -> Levels:
        old, new = dict(before), dict(now)
        gone = [
            (ticks, 0)
            for ticks in old
            if ticks not in new and (self._says_fallen or not ladder.lots(ticks))
        ]
        return gone + [level for level in now if old.get(level[0]) != level[1]]
