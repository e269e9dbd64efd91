"""A symbol's market -> numbers of each window, of several lengths, in event time."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, Protocol

import msgspec

from operators.features.bars import NEVER, Window
from operators.features.liquidity import Depth, book_depth, top_depth
from operators.features.params import FeaturesParams
from operators.features.quotes import microprice, mid
from operators.features.slice import Sample, Slice
from operators.features.track import Track
from operators.records.base import Side
from operators.records.book import Book
from operators.records.feature import Feature
from operators.records.market import (
    BookDelta,
    BookSnapshot,
    Gap,
    Heartbeat,
    MarketEvent,
    Top,
    Trade,
)
from operators.records.time import MS

_OF_BOOK: Final = frozenset({BookDelta, BookSnapshot, Gap})


class Rebuilt(Protocol):
    """What rebuilds a book from snapshots, deltas and gaps.

    It takes an event only when all that followed from the one before has been taken.
    """

    state: Any

    def update(self, events: Iterable[MarketEvent]) -> Iterable[Any]:
        """Take in events; return the books and their states, in order."""
        ...


class FeaturesState(msgspec.Struct):
    """All that :class:`Features` remembers of one symbol.

    Attributes:
        track: What is its own.
        book: What the book remembers.
    """

    track: Track
    book: Any


class Features:
    """Measure a symbol in windows of several lengths, each said once.

    The symbol's clock is its latest trade or heartbeat; what books and quotes do
    belongs to the window in which that clock stands, since what a venue does not date
    may have been dated by us. When the clock leaves a window of the first length, its
    quote, its depth and the move of its mid are taken; ``lateness_ms`` later, when its
    trades are there, it is said, as in :class:`Bars`. Longer windows are put together
    from those. A symbol whose book is not believed is measured by its quotes; depth is
    then not known, unless it never had a book.

    Where the clock passes over windows at once, at most ``stands`` of them, the quote
    is taken to have stood, and each is said. Where it passes over more (the line was
    silent), none of those is said, the mid at their ends is not known, and the move
    across them counts by the time that it took. A window in which neither a trade nor a
    quote was known is not said.

    In:  MarketEvent, one symbol, in order of arrival.
    Out: Feature, by end and length.
    """

    def __init__(self, params: FeaturesParams, book: Rebuilt) -> None:
        """Say what to measure.

        Args:
            params: Settings.
            book: Rebuilds the symbol's book, and gives out ``params.levels`` of it.
        """
        self._params, self._book = params, book
        self._lateness_ns = params.lateness_ms * MS
        self._length_ns = params.lengths_ms[0] * MS
        self._track = Track()
        self._track.windows.fit(self._params)

    @property
    def state(self) -> FeaturesState:
        """All that is remembered."""
        return FeaturesState(self._track, self._book.state)

    @state.setter
    def state(self, state: FeaturesState) -> None:
        self._track, self._book.state = state.track, state.book
        self._track.windows.fit(self._params)

    def update(self, events: Iterable[MarketEvent]) -> Iterator[Feature]:
        """Take in events; yield the windows that they end."""
        said: list[Feature] = []
        quotes, track = self._track.quotes, self._track
        levels = self._params.levels
        for seen in self._book.update(self._listen(events, said)):
            if type(seen) is Book:
                track.has_book = True
                quotes.take_book(seen.bids, seen.asks, levels, seen.received_ns)
            elif not seen.ok:
                quotes.settle(seen.received_ns)
                quotes.forget()
                if track.top is not None:
                    quotes.take_top(track.top, seen.received_ns)
            if said:
                yield from said
                said.clear()
        yield from said

    def close(self) -> Iterator[Feature]:
        """Say every window: the input has come to its true end."""
        track = self._track
        if track.clock_ns:
            self._leave(track.quotes.since_ns)
            track.clock_ns = 0
        yield from track.windows.close(NEVER, self._params)

    def _listen(
        self, events: Iterable[MarketEvent], said: list[Feature]
    ) -> Iterator[MarketEvent]:
        """Take in what is not of the book; yield what is."""
        track, length_ns = self._track, self._length_ns
        slices, quotes = track.windows.slices, track.quotes
        for event in events:
            kind = type(event)
            if kind in _OF_BOOK:
                yield event
            elif kind is Trade or kind is Heartbeat:
                at_ns = event.event_ns
                if at_ns > track.clock_ns:
                    if at_ns >= track.due_ns:
                        self._pass_time(event, said)
                    track.clock_ns = at_ns
                if type(event) is not Trade:
                    continue
                slice_ = slices.get(at_ns - at_ns % length_ns)
                if slice_ is None or slice_.traded is None:
                    self._open(event)
                    continue
                quantity = event.quantity
                slice_.traded.take(event.price, quantity, at_ns)
                slice_.signed += quantity if event.side is Side.BUY else -quantity
            elif type(event) is Top:
                track.top = event
                if not quotes.is_book:
                    quotes.take_top(event, event.received_ns)

    def _open(self, trade: Trade) -> None:
        """Take in the first trade of a window; none where that has been said."""
        track, at_ns = self._track, trade.event_ns
        start_ns = at_ns - at_ns % self._length_ns
        if start_ns + self._length_ns <= track.clock_ns - self._lateness_ns:
            return
        slice_ = track.windows.slices.get(start_ns)
        if slice_ is None:
            slice_ = track.windows.slices[start_ns] = Slice()
        price, quantity = trade.price, trade.quantity
        slice_.traded = Window(
            *(at_ns, at_ns, price, price, price, price), quantity, price * quantity, 1
        )
        slice_.signed = quantity if trade.side is Side.BUY else -quantity

    def _pass_time(self, event: MarketEvent, said: list[Feature]) -> None:
        """Let the clock move on to an event; add what is said by then."""
        track, length_ns, at_ns = self._track, self._length_ns, event.event_ns
        start_ns = at_ns - at_ns % length_ns
        if not track.clock_ns:
            track.windows.place = (event.venue, event.symbol)
            track.quotes.settle(event.received_ns)
            track.quotes.begin()
            track.start_ns = start_ns
        passed = (start_ns - track.start_ns) // length_ns
        while track.start_ns < start_ns:
            self._leave(event.received_ns)
            track.start_ns += length_ns
            if passed > self._params.stands:
                track.start_ns = start_ns
        watermark_ns = at_ns - self._lateness_ns
        said.extend(track.windows.close(watermark_ns, self._params))
        whole_ns = watermark_ns - watermark_ns % length_ns
        closes_ns = whole_ns + length_ns + self._lateness_ns
        track.due_ns = min(start_ns + length_ns, closes_ns)

    def _leave(self, received_ns: int) -> None:
        """Take what stands at the end of the window in which the clock was."""
        track, quotes = self._track, self._track.quotes
        quotes.settle(received_ns)
        if quotes.flow is not None:
            slice_ = track.windows.slices.get(track.start_ns)
            if slice_ is None:
                slice_ = track.windows.slices[track.start_ns] = Slice()
            slice_.flow, slice_.deep = quotes.flow, quotes.deep
            slice_.area, slice_.time_ns = quotes.area, quotes.time_ns
            if quotes.bids:
                slice_.see(self._sample(), track.start_ns)
        quotes.begin()

    def _sample(self) -> Sample:
        """Return what stands."""
        track, params = self._track, self._params
        quotes, moves = track.quotes, track.moves
        at_ns = track.start_ns + self._length_ns
        price = mid(quotes.bids, quotes.asks)
        move = moves.take(price, at_ns, self._length_ns, params.memory_s)
        volatility = moves.volatility(params)
        depth: Depth | None = None
        if not track.has_book:
            depth = top_depth(quotes)
        elif quotes.is_book and volatility is not None:
            depth = book_depth(quotes, self._book.state, volatility, params)
        return Sample(
            at_ns=at_ns,
            mid=price,
            microprice=microprice(quotes.bids, quotes.asks),
            spread_bps=quotes.spread_bps,
            volatility=volatility,
            reach_bps=depth and depth.reach_bps,
            bid_depth=depth and depth.bid,
            ask_depth=depth and depth.ask,
            move=move,
        )
