"""An exact order book of whole ticks and lots, which cannot cross or lock."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Final, NamedTuple

from operators.records.base import Side


class Change(NamedTuple):
    """One level of the book is now this; each change has a sequence number.

    Attributes:
        side: ``BUY`` for bids, ``SELL`` for asks.
        ticks: Price of the level.
        lots: Quantity there; 0 when the level is gone.
    """

    side: Side
    ticks: int
    lots: int


class Fill(NamedTuple):
    """A trade against one level.

    Attributes:
        trade_id: Rises by one with each trade of the book.
        aggressor: Who crossed the spread.
        ticks: Price of the level.
        lots: Quantity traded, > 0.
    """

    trade_id: int
    aggressor: Side
    ticks: int
    lots: int


class Top(NamedTuple):
    """Best bid and ask, in ticks and lots."""

    bid: int
    bid_lots: int
    ask: int
    ask_lots: int


class Ladder:
    """The levels of one side, best last."""

    def __init__(self, side: Side) -> None:
        self._sign: Final = 1 if side is Side.BUY else -1
        self._ranks: list[int] = []
        self._lots: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._ranks)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield ticks and lots of each level, best first."""
        for rank in reversed(self._ranks):
            ticks = rank * self._sign
            yield ticks, self._lots[ticks]

    def best_levels(self, count: int) -> list[tuple[int, int]]:
        """Return ticks and lots of the best levels, best first."""
        ranks = self._ranks[: -count - 1 : -1]
        return [(rank * self._sign, self._lots[rank * self._sign]) for rank in ranks]

    def lots(self, ticks: int) -> int:
        """Return the lots at a price, 0 where there is no level."""
        return self._lots.get(ticks, 0)

    @property
    def best(self) -> int:
        """Ticks of the best level."""
        return self._ranks[-1] * self._sign

    @property
    def worst(self) -> int:
        """Ticks of the level that is furthest away."""
        return self._ranks[0] * self._sign

    def set(self, ticks: int, lots: int) -> None:
        """Put, replace or (0 lots) remove a level."""
        rank = ticks * self._sign
        if lots == 0:
            if self._lots.pop(ticks, 0):
                del self._ranks[bisect_left(self._ranks, rank)]
            return
        if ticks not in self._lots:
            insort(self._ranks, rank)
        self._lots[ticks] = lots


class Book:
    """The book of one instrument, and a log of what changed in it.

    Attributes:
        sequence: Number of the latest change; each has its own, without holes.
        trade_id: Id of the latest trade.
        bids: Levels to sell to.
        asks: Levels to buy from.
        changes: Changes since :meth:`take_log`.
        fills: Trades since :meth:`take_log`.
    """

    def __init__(self, first_id: int) -> None:
        self.sequence = first_id
        self.trade_id = first_id
        self.bids = Ladder(Side.BUY)
        self.asks = Ladder(Side.SELL)
        self.changes: list[Change] = []
        self.fills: list[Fill] = []

    def ladder(self, side: Side) -> Ladder:
        """Return bids for ``BUY``, asks for ``SELL``."""
        return self.bids if side is Side.BUY else self.asks

    @property
    def top(self) -> Top:
        """Best bid and ask; both sides must have levels."""
        bid, ask = self.bids.best, self.asks.best
        return Top(bid, self.bids.lots(bid), ask, self.asks.lots(ask))

    def put(self, side: Side, ticks: int, lots: int) -> None:
        """Change one level; to what it already is, is no change.

        Raises:
            ValueError: If the book would be locked or crossed, or the price not > 0.
        """
        ladder = self.ladder(side)
        if ladder.lots(ticks) == lots:
            return
        if ticks < 1 or lots < 0:
            text = f"level {ticks} x {lots}: ticks >= 1 and lots >= 0"
            raise ValueError(text)
        other = self.asks if side is Side.BUY else self.bids
        if lots and len(other):
            gap = other.best - ticks if side is Side.BUY else ticks - other.best
            if gap < 1:
                text = f"{side} {ticks} would meet {other.best}"
                raise ValueError(text)
        ladder.set(ticks, lots)
        self.sequence += 1
        self.changes.append(Change(side, ticks, lots))

    def take(self, aggressor: Side, lots: int, levels: int) -> None:
        """Trade with the best levels of the other side, at most ``levels`` of them."""
        maker = Side.SELL if aggressor is Side.BUY else Side.BUY
        ladder = self.ladder(maker)
        for _ in range(levels):
            ticks = ladder.best
            there = ladder.lots(ticks)
            taken = min(lots, there)
            self.trade_id += 1
            self.fills.append(Fill(self.trade_id, aggressor, ticks, taken))
            self.put(maker, ticks, there - taken)
            lots -= taken
            if lots == 0:
                return

    def take_log(self) -> tuple[tuple[Change, ...], tuple[Fill, ...]]:
        """Return what happened since the last call."""
        log = tuple(self.changes), tuple(self.fills)
        self.changes.clear()
        self.fills.clear()
        return log
