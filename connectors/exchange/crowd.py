"""Those who trade on the simulated exchange: one act at a time, on one book.

What they do keeps the book around the fair price, with enough levels on each side.
"""

import math
from typing import Final

import numpy as np

from connectors.exchange.book import Book
from connectors.exchange.listing import UNIT, Listing
from operators.records.base import Side

_FEWEST: Final = 25
_MOST: Final = 80
_SWEEP: Final = 3
"""Levels a side, at least and at most, after an act; levels that one order takes."""

_LEVEL_QUOTE: Final = 4_000.0
_TRADE_QUOTE: Final = 600.0
"""Median notional of a level and of a market order [quote]."""

_HALF_SPREAD: Final = 2e-6
_DEPTH: Final = 4e-4
_SPACING: Final = 2e-5
"""Of the price: half the usual spread, how deep orders go, spacing of far levels."""

_EVEN: Final = 0.5
_AGAIN: Final = 0.7
_TAKEN: Final = 0.3
_IMPROVED: Final = 0.6
_TOUCHED: Final = 0.7
_TRADED: Final = 0.85
"""How often: a coin falls on heads; a market order is on the side of the one before; a
price that has become wrong is taken and not just cancelled; a wide spread is narrowed.
Else what an act is, as bounds of one draw: at the best level, a trade, or deeper."""


class Crowd:
    """Everyone who trades one instrument."""

    def __init__(self, listing: Listing, book: Book, rng: np.random.Generator) -> None:
        self._listing = listing
        self._book = book
        self._rng = rng
        self._aggressor = Side.BUY
        price = listing.price * UNIT / listing.tick
        self._half = price * _HALF_SPREAD
        self._depth = max(8.0, price * _DEPTH)
        self._spacing = max(1, round(price * _SPACING))
        self._fill_empty(price)

    def act(self, fair: float) -> None:
        """Do one thing, knowing the fair price [ticks]."""
        top = self._book.top
        draw = self._rng.random()
        if fair >= top.ask:
            self._follow(Side.BUY, fair)
        elif fair <= top.bid:
            self._follow(Side.SELL, fair)
        elif top.ask - top.bid > max(1.0, 2 * self._half) and draw < _IMPROVED:
            self._improve(fair)
        elif draw < _TOUCHED:
            self._touch()
        elif draw < _TRADED:
            self._trade()
        else:
            self._deepen()
        self._tend(Side.BUY)
        self._tend(Side.SELL)

    def _fill_empty(self, fair: float) -> None:
        bid, ask = math.floor(fair - self._half), math.ceil(fair + self._half)
        ask = max(ask, bid + 1)
        for level in range((_FEWEST + _MOST) // 2):
            away = level * self._spacing
            self._book.put(Side.BUY, bid - away, self._lots(_LEVEL_QUOTE))
            self._book.put(Side.SELL, ask + away, self._lots(_LEVEL_QUOTE))

    def _lots(self, median_quote: float) -> int:
        factor = math.exp(1.1 * self._rng.standard_normal())
        return self._listing.lots(median_quote * factor)

    def _follow(self, aggressor: Side, fair: float) -> None:
        """Take or cancel what is on the wrong side of the fair price, and requote."""
        maker = Side.SELL if aggressor is Side.BUY else Side.BUY
        sign = 1 if aggressor is Side.BUY else -1
        book, ladder = self._book, self._book.ladder(maker)
        stale = [ticks for ticks, _ in ladder if (fair - ticks) * sign >= 0]
        edge = math.ceil(fair * sign + self._half) * sign
        while len(ladder) - len(stale) < _FEWEST:
            far = max(ladder.worst * sign, edge * sign) * sign
            self._put_new(maker, far + sign * self._spacing)
        if self._rng.random() < _TAKEN:
            book.take(aggressor, ladder.lots(ladder.best), 1)
            self._aggressor = aggressor
        for ticks in stale:
            book.put(maker, ticks, 0)
        if (ladder.best - edge) * sign > 0:
            self._put_new(maker, edge)
        near = math.floor(fair * sign - self._half) * sign
        if (near - book.ladder(aggressor).best) * sign > 0:
            self._put_new(aggressor, near)

    def _improve(self, fair: float) -> None:
        """Quote inside a spread that is wide."""
        top = self._book.top
        bid = min(math.floor(fair - self._half * self._rng.random()), top.ask - 1)
        ask = max(math.ceil(fair + self._half * self._rng.random()), top.bid + 1)
        if bid > top.bid and (ask >= top.ask or self._rng.random() < _EVEN):
            self._put_new(Side.BUY, bid)
        elif ask < top.ask:
            self._put_new(Side.SELL, ask)
        else:
            self._touch()

    def _touch(self) -> None:
        """Add to the best level of a side, or cancel there."""
        side = self._side()
        self._put_new(side, self._book.ladder(side).best)

    def _trade(self) -> None:
        """Send a market order."""
        if self._rng.random() > _AGAIN:
            buys = self._aggressor is Side.BUY
            self._aggressor = Side.SELL if buys else Side.BUY
        self._book.take(self._aggressor, self._lots(_TRADE_QUOTE), _SWEEP)

    def _deepen(self) -> None:
        """Add, change or remove a level behind the best one."""
        side = self._side()
        ladder = self._book.ladder(side)
        away = 1 + int(self._rng.exponential(self._depth))
        ticks = ladder.best - away if side is Side.BUY else ladder.best + away
        if ladder.lots(ticks) and self._rng.random() < _EVEN:
            self._book.put(side, ticks, 0)
        elif ticks > 0:
            self._put_new(side, ticks)

    def _tend(self, side: Side) -> None:
        ladder = self._book.ladder(side)
        sign = -1 if side is Side.BUY else 1
        while len(ladder) < _FEWEST:
            self._put_new(side, ladder.worst + sign * self._spacing)
        while len(ladder) > _MOST:
            self._book.put(side, ladder.worst, 0)

    def _side(self) -> Side:
        return Side.BUY if self._rng.random() < _EVEN else Side.SELL

    def _put_new(self, side: Side, ticks: int) -> None:
        self._book.put(side, ticks, self._lots(_LEVEL_QUOTE))
