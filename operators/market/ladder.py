"""One side of a book: prices in order, and what rests there."""

from bisect import bisect_left, insort
from collections.abc import Sequence

import msgspec

from operators.records.market import Level

_MANY = 256


class Ladder(msgspec.Struct):
    """One side of a book.

    Prices are kept ascending by rank: the price itself for asks, its negative for bids,
    so that the best is always the first.

    Attributes:
        sign: 1 for asks, -1 for bids.
        ranks: Ranks in order [n].
        quantities: Quantity at each rank [base].
        texts: What each rank contributes to the venue's checksum, where there is one.
    """

    sign: int
    ranks: list[float] = msgspec.field(default_factory=list)
    quantities: dict[float, float] = msgspec.field(default_factory=dict)
    texts: dict[float, str] = msgspec.field(default_factory=dict)

    def put(self, levels: Sequence[Level], texts: Sequence[str]) -> float:
        """Set levels; a quantity of 0 removes one. Return the best rank touched."""
        if len(levels) > _MANY and len(levels) > len(self.ranks) // 8:
            return self._put_many(levels, texts)
        ranks, quantities, sign = self.ranks, self.quantities, self.sign
        best = float("inf")
        for price, quantity in levels:
            rank = price * sign
            if rank < best:  # noqa: PLR1730 - min() is a call, and this the hot path
                best = rank
            if quantity:
                if rank not in quantities:
                    insort(ranks, rank)
                quantities[rank] = quantity
            elif rank in quantities:
                del quantities[rank], ranks[bisect_left(ranks, rank)]
        if texts:
            self._note(levels, texts)
        return best

    def _put_many(self, levels: Sequence[Level], texts: Sequence[str]) -> float:
        """Do the same by sorting once: to insert each takes time to move all others."""
        quantities, sign = self.quantities, self.sign
        for price, quantity in levels:
            if quantity:
                quantities[price * sign] = quantity
            else:
                quantities.pop(price * sign, None)
        self.ranks = sorted(quantities)
        if texts:
            self._note(levels, texts)
        return min(price * sign for price, _ in levels)

    def _note(self, levels: Sequence[Level], texts: Sequence[str]) -> None:
        for (price, quantity), text in zip(levels, texts, strict=True):
            if quantity:
                self.texts[price * self.sign] = text
            else:
                self.texts.pop(price * self.sign, None)

    def trim(self, depth: int) -> None:
        """Drop what lies deeper than so many levels."""
        for rank in self.ranks[depth:]:
            del self.quantities[rank]
            self.texts.pop(rank, None)
        del self.ranks[depth:]

    def reaches(self, rank: float, count: int) -> bool:
        """Return whether a rank that was touched is among so many best ones."""
        ranks = self.ranks
        return rank <= (ranks[count - 1] if len(ranks) >= count else float("inf"))

    def best(self, count: int) -> tuple[Level, ...]:
        """Return the best levels, best first."""
        sign, quantities = self.sign, self.quantities
        return tuple([(rank * sign, quantities[rank]) for rank in self.ranks[:count]])

    def best_texts(self, count: int) -> list[str]:
        """Return what the best levels contribute to the checksum, best first."""
        return [self.texts.get(rank, "") for rank in self.ranks[:count]]

    def clear(self) -> None:
        """Remove everything."""
        self.ranks.clear()
        self.quantities.clear()
        self.texts.clear()
