"""What the feeds of most venues have in common: events, pushes, seconds, in order."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from http import HTTPStatus
from typing import ClassVar, Self
from urllib.parse import urlsplit

import msgspec

from connectors.exchange.listing import Listing
from connectors.exchange.market import Market, MarketEvent
from connectors.exchange.message import NOT_FOUND, Answer, Message
from connectors.exchange.view import View
from operators.records.time import SECOND


class PushedFeed(ABC):
    """All streams of all symbols of a venue, named ``<native>@<channel>``.

    A frame is a pure function of the market and the simulated time. Books are pushed
    once a window, spread evenly over the symbols.

    Attributes:
        market: What it speaks of.
        now_ns: How far it has come [ns UTC, simulated].
        names: What is listed, by the venue's names.
    """

    window_ns: int
    depths: ClassVar[Mapping[str, int]]
    """How many levels a side each channel of books has."""
    says_fallen = True
    """Whether a level that is only too deep now is said to be removed."""
    prefix: str
    """What paths of REST requests begin with."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.now_ns = market.start_ns
        self.names = {self.native(listing): listing for listing in market.listings}
        self.views = {
            (listing.symbol, channel): View(
                market.books[listing.symbol], depth, says_fallen=self.says_fallen
            )
            for listing in market.listings
            for channel, depth in self.depths.items()
        }
        self._turn = 0
        self._seconds = 0

    @abstractmethod
    def native(self, listing: Listing) -> str:
        """Return the venue's name of what is listed."""

    @abstractmethod
    def happen(self, event: MarketEvent) -> Iterable[Message]:
        """Return what is told of an event at once."""

    @abstractmethod
    def push(self, listing: Listing) -> Iterable[Message]:
        """Return what is told of a book now and then."""

    def second(self) -> Iterable[Message]:
        """Return what is told every second."""
        return ()

    @abstractmethod
    def greet(self, stream: str) -> Iterable[Message]:
        """Return what a new subscriber of a stream is sent first."""

    @abstractmethod
    def asked(self, path: str) -> object:
        """Return the answer to a REST request, None where there is none."""

    def until(self, now_ns: int) -> Iterator[Message]:
        """Yield the frames up to a time, in order; the market moves on with them."""
        count = len(self.market.listings)
        while True:
            start_ns = self.market.start_ns
            push_ns = start_ns + (self._turn + 1) * self.window_ns // count
            second_ns = start_ns + (self._seconds + 1) * SECOND
            event_ns = self.market.upcoming_ns
            due_ns = min(push_ns, second_ns, event_ns)
            if due_ns > now_ns:
                self.now_ns = now_ns
                return
            self.now_ns = due_ns
            if due_ns == push_ns:
                self._turn += 1
                yield from self.push(self.market.listings[(self._turn - 1) % count])
            elif due_ns == second_ns:
                self._seconds += 1
                yield from self.second()
            else:
                yield from self.happen(self.market.advance())

    def symbol_of(self, native: str) -> str | None:
        """Return the canonical name of a listed symbol, None of any other."""
        listing = self.names.get(native)
        return listing.symbol if listing else None

    def snapshot_symbol(self, path: str) -> str | None:
        """Return None: books are not fetched."""
        return None

    def rest(self, path: str) -> Answer | None:
        """Return the answer to a REST request, None where the path is not REST."""
        if not urlsplit(path).path.startswith(self.prefix):
            return None
        body = self.asked(path)
        if body is None:
            return NOT_FOUND
        return Answer(HTTPStatus.OK, msgspec.json.encode(body).decode())

    def frozen(self) -> Self:
        """Return a copy that goes on to greet as of now."""
        copied = copy(self)
        copied.views = {book: view.still() for book, view in self.views.items()}
        return copied

    def message(self, listing: Listing, channel: str, raw: str) -> Message:
        """Return a frame of a stream."""
        stream = f"{self.native(listing)}@{channel}"
        return Message(channel, stream, raw, raw, symbol=listing.symbol)
