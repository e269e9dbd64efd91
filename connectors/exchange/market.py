"""The simulated market: what truly happens, in order, in simulated time.

No venue's words in here. It is a pure function of the seed, the start and the listings;
how far it has come is the caller's business.
"""

from collections import deque
from typing import NamedTuple

import numpy as np

from connectors.exchange.book import Book, Change, Fill, Top
from connectors.exchange.crowd import Crowd
from connectors.exchange.listing import UNIT, Listing
from connectors.exchange.process import STEP_NS, Process
from operators.records.time import US


class MarketEvent(NamedTuple):
    """One thing that happened to one book, at one time.

    Attributes:
        listing: Whose book.
        event_ns: When [ns UTC, simulated].
        sequence: Number of its last change; the first one is
            ``sequence - len(changes) + 1``.
        changes: Levels, in the order they changed.
        fills: Trades, in order; the levels they took from are among the changes.
        top: Best bid and ask after it, where they differ from before, else None.
    """

    listing: Listing
    event_ns: int
    sequence: int
    changes: tuple[Change, ...]
    fills: tuple[Fill, ...]
    top: Top | None


class Market:
    """Books of several instruments, and what happens to them.

    Ids of trades and changes begin at the start in microseconds: they rise, and do not
    meet those of a run that was started at another time.

    Attributes:
        listings: What is traded.
        books: The book of each symbol, as of the latest event.
        start_ns: When it began [ns UTC].
    """

    def __init__(
        self, listings: tuple[Listing, ...], *, seed: int, start_ns: int, rate: float
    ) -> None:
        self.listings = listings
        self.start_ns = start_ns
        self._rng = np.random.default_rng(seed)
        self._process = Process(listings, rate, self._rng)
        self.books = {x.symbol: Book(start_ns // US) for x in listings}
        self._crowds = [Crowd(x, self.books[x.symbol], self._rng) for x in listings]
        for book in self.books.values():
            book.take_log()
        self._tops = [self.books[listing.symbol].top for listing in listings]
        self._step_ns = start_ns
        self._arrivals: deque[tuple[int, int]] = deque()
        self._arrive()

    @property
    def upcoming_ns(self) -> int:
        """When the next event happens [ns UTC, simulated]."""
        return self._arrivals[0][0]

    def advance(self) -> MarketEvent:
        """Let the next event happen."""
        event_ns, which = self._arrivals.popleft()
        listing = self.listings[which]
        book = self.books[listing.symbol]
        self._crowds[which].act(self._process.prices[which] * UNIT / listing.tick)
        changes, fills = book.take_log()
        top = book.top
        changed = top != self._tops[which]
        self._tops[which] = top
        if not self._arrivals:
            self._arrive()
        return MarketEvent(
            listing, event_ns, book.sequence, changes, fills, top if changed else None
        )

    def _arrive(self) -> None:
        """Move the process on to the next step in which anyone arrives."""
        while not self._arrivals:
            counts = self._process.step()
            which = np.repeat(np.arange(len(self.listings)), counts)
            after_ns = (self._rng.random(len(which)) * STEP_NS).astype(np.int64)
            for index in np.argsort(after_ns, kind="stable"):
                at_ns = self._step_ns + int(after_ns[index])
                self._arrivals.append((at_ns, int(which[index])))
            self._step_ns += STEP_NS
