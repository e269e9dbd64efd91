"""Snapshots and deltas of a symbol -> its book, believed while provably right."""

from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec

from operators.market.checksum import CHECKSUMS
from operators.market.ladder import Ladder
from operators.market.lone import excess
from operators.records.book import Book, BookState
from operators.records.market import BookDelta, BookSnapshot, Gap, MarketEvent

Said = Book | BookState


class OrderBookParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`OrderBook`.

    Attributes:
        levels: How many levels a side are published.
        waiting: How many deltas are kept while there is no book to apply them to.
        max_levels: How many levels a book may have on both sides; one of more is not
            believed (``size``). Of the deltas that are kept, large ones count by them.
    """

    levels: Annotated[int, msgspec.Meta(ge=1)] = 10
    waiting: Annotated[int, msgspec.Meta(ge=1)] = 2_000
    max_levels: Annotated[int, msgspec.Meta(ge=1)] = 400_000


class OrderBookState(msgspec.Struct):
    """What :class:`OrderBook` remembers of one symbol.

    Attributes:
        ok: Whether the book is provably right.
        known: Whether there has been a book at all.
        said: Whether anything has been said of it.
        sequence: The counter that it includes, if the venue has one.
        depth: How many levels the feed keeps up, if it says so.
        bids: Levels to sell to.
        asks: Levels to buy from.
        waiting: Deltas since the book was lost, for the snapshot to come.
    """

    ok: bool = False
    known: bool = False
    said: bool = False
    sequence: int | None = None
    depth: int | None = None
    bids: Ladder = msgspec.field(default_factory=lambda: Ladder(-1))
    asks: Ladder = msgspec.field(default_factory=lambda: Ladder(1))
    waiting: list[BookDelta] = msgspec.field(default_factory=list)


class OrderBook:
    """Rebuild the book of one symbol.

    A book begins with a snapshot. A gap in its sequence, a checksum that does not
    agree, a bid that is not below the best ask, a line that lost something: each ends
    it, and nothing more is published of it until a snapshot comes; to have one sent is
    the business of those who heal. A numbered snapshot may be older than the newest
    deltas (it was fetched, or came on another line); those that follow on it are
    applied to it.

    In:  MarketEvent, one symbol, in order.
    Out: Book on each change of its best levels while it is right; BookState on each
         change of that, and where a snapshot that came is not right either.
    """

    def __init__(self, params: OrderBookParams) -> None:
        self._params = params
        self.state = OrderBookState()

    def update(self, events: Iterable[MarketEvent]) -> Iterator[Said]:
        """Take in events; yield what changes."""
        state = self.state
        for event in events:
            if type(event) is BookDelta:
                if state.ok:
                    yield from self._apply(event)
                else:
                    self._wait(event)
            elif type(event) is BookSnapshot:
                yield from self._begin(event)
            elif type(event) is Gap:
                yield from self._lose(event, event.reason)

    def close(self) -> Iterable[Said]:
        """Nothing is left to say at the end."""
        return ()

    def _wait(self, delta: BookDelta) -> None:
        """Keep a delta for the snapshot to come; the oldest are forgotten."""
        waiting, params = self.state.waiting, self._params
        waiting.append(delta)
        del waiting[: excess(waiting, params.waiting, params.max_levels)]

    def _apply(self, delta: BookDelta) -> Iterator[Said]:
        """Apply a delta, and publish the best levels if it touches them."""
        state = self.state
        number, previous, held = delta.sequence, delta.previous, state.sequence
        if number is not None and held is not None and previous != held:
            if number <= held:
                return
            if previous is not None and previous > held:
                yield from self._lose(delta, "sequence")
                return
        touched = self._put(delta)
        levels = len(state.bids.ranks) + len(state.asks.ranks)
        if levels > self._params.max_levels:
            yield from self._lose_all(delta)
        elif not self._agrees(delta):
            yield from self._lose(delta, "checksum")
        elif self._is_crossed():
            yield from self._lose(delta, "crossed")
        elif touched:
            yield self._best(delta)

    def _put(self, delta: BookDelta) -> bool:
        """Change the levels; return whether any of the published ones is touched."""
        state, levels = self.state, self._params.levels
        bids, asks = state.bids, state.asks
        bid = bids.put(delta.bids, delta.bid_texts)
        ask = asks.put(delta.asks, delta.ask_texts)
        if state.depth is not None:
            bids.trim(state.depth)
            asks.trim(state.depth)
        state.sequence = delta.sequence
        return bids.reaches(bid, levels) or asks.reaches(ask, levels)

    def _agrees(self, told: BookDelta | BookSnapshot) -> bool:
        """Return whether the venue's checksum agrees, where it sent one."""
        rule = CHECKSUMS.get(told.venue)
        if told.checksum is None or rule is None:
            return True
        bids = self.state.bids.best_texts(rule.levels)
        asks = self.state.asks.best_texts(rule.levels)
        return rule.of(bids, asks) == told.checksum

    def _is_crossed(self) -> bool:
        """Return whether the best bid is not below the best ask."""
        bids, asks = self.state.bids.ranks, self.state.asks.ranks
        return bool(bids and asks) and -bids[0] >= asks[0]

    def _is_too_large(self) -> bool:
        """Return whether there are more levels than a book may have."""
        bids, asks = self.state.bids.ranks, self.state.asks.ranks
        return len(bids) + len(asks) > self._params.max_levels

    def _lose_all(self, cause: BookDelta | BookSnapshot) -> Iterator[Said]:
        """Believe a book no longer that is too large, and keep nothing of it."""
        yield from self._lose(cause, "size")
        for side in (self.state.bids, self.state.asks):
            side.clear()
        self.state.waiting = []

    def _begin(self, snapshot: BookSnapshot) -> Iterator[Said]:
        """Begin the book at a snapshot, unless it is already further."""
        state = self.state
        number, held = snapshot.sequence, state.sequence
        if state.ok and number is not None and held is not None and number <= held:
            return
        for side, levels, texts in (
            (state.bids, snapshot.bids, snapshot.bid_texts),
            (state.asks, snapshot.asks, snapshot.ask_texts),
        ):
            side.clear()
            side.put(levels, texts)
        was_ok, state.ok, state.known = state.ok, True, True
        state.sequence, state.depth = number, snapshot.depth
        waiting, state.waiting = state.waiting, []
        if self._is_too_large():
            yield from self._lose_all(snapshot)
        elif not self._agrees(snapshot) or self._is_crossed():
            reason = "crossed" if self._agrees(snapshot) else "checksum"
            yield from self._lose(snapshot, reason)
        else:
            yield from self._catch_up(snapshot, waiting, was_ok=was_ok)

    def _catch_up(
        self, snapshot: BookSnapshot, waiting: list[BookDelta], *, was_ok: bool
    ) -> Iterator[Said]:
        """Apply the deltas that came before the snapshot and follow on it."""
        state = self.state
        for number, delta in enumerate(
            waiting if snapshot.sequence is not None else ()
        ):
            if delta.sequence is None or delta.sequence <= (state.sequence or -1):
                continue
            if delta.previous is not None and delta.previous > (state.sequence or -1):
                state.ok, state.waiting = False, waiting[number:]
                if not state.said:
                    yield self._state(snapshot, "sequence", ok=False)
                return
            self._put(delta)
        if self._is_too_large():
            yield from self._lose_all(snapshot)
            return
        if not was_ok:
            yield self._state(snapshot, "", ok=True)
        yield self._best(snapshot)

    def _lose(
        self, cause: BookDelta | BookSnapshot | Gap, reason: str
    ) -> Iterator[Said]:
        """Believe the book no longer."""
        state = self.state
        if isinstance(cause, BookDelta):
            state.waiting = [cause]
        was_ok, state.ok = state.ok, False
        if was_ok or (not state.said and state.waiting):
            yield self._state(cause, reason, ok=False)

    def _state(
        self, cause: BookDelta | BookSnapshot | Gap, reason: str, *, ok: bool
    ) -> BookState:
        self.state.said = True
        return BookState(
            **cause.stamp, received_ns=cause.received_ns, ok=ok, reason=reason
        )

    def _best(self, cause: BookDelta | BookSnapshot) -> Book:
        levels = self._params.levels
        return Book(
            **cause.stamp,
            received_ns=cause.received_ns,
            sequence=self.state.sequence,
            bids=self.state.bids.best(levels),
            asks=self.state.asks.best(levels),
        )
