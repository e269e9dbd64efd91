"""A price that leaves its spread behind, further than is normal for the symbol."""

from collections.abc import Iterable
from math import log, sqrt
from typing import Annotated, Any

import msgspec

from operators.numerics.guarded import Guarded
from operators.numerics.quantile import Quantile, Share
from operators.quality.band import Band
from operators.quality.finding import Finding
from operators.quality.quote import quote_of
from operators.quality.suspect import Suspect
from operators.records.book import Book, BookState
from operators.records.market import Heartbeat, Top, Trade
from operators.records.quality import IssueKind, Severity
from operators.records.time import SECOND

Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]
_NORMAL_95 = 1.96


class PriceJumpParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`PriceJump`.

    Attributes:
        z: How many of its own deviations a jump is [1].
        floor_bps: And not less than this [bps].
        spreads: And not less than so many spreads before it; a spread is at least a
            tick, so this is the floor in ticks as well [1].
        absolute_bps: What is a jump while the own deviation is not known [bps].
        large_bps: Beyond which a jump of the quotes is MEDIUM [bps].
        bad_bps: And a trade that the quotes do not confirm is HIGH [bps].
        confirm_s: How long they have for that [s].
        quantile: The quantile of moves within a second that is learnt, as 1.96 times
            the deviation [1].
        least_bps: The least that it is taken for [bps].
        warm_up: Seconds that it is learnt from at first.
        patience: Seconds of jumps that are not learnt from.
        rate: How fast it is learnt; see :class:`Quantile`.
    """

    z: Positive = 10.0
    floor_bps: Positive = 50.0
    spreads: Annotated[float, msgspec.Meta(ge=0)] = 3.0
    absolute_bps: Positive = 300.0
    large_bps: Positive = 200.0
    bad_bps: Positive = 100.0
    confirm_s: Annotated[float, msgspec.Meta(ge=0)] = 2.0
    quantile: Share = 0.95
    least_bps: Positive = 1.0
    warm_up: Count = 120
    patience: Annotated[int, msgspec.Meta(ge=0)] = 30
    rate: Positive = 0.05


class PriceJumpState(msgspec.Struct):
    """What :class:`PriceJump` remembers of one symbol.

    Attributes:
        moves: Moves of the price from second to second [1], what of them is normal.
        book: Where the book has the price; None while there is none.
        top: Where the quotes have it.
        trade: Where the latest trade has it.
        second: The second that lasts.
        price: The price at its start; 0 before any [quote].
        away: How far the latest trade was from what the quotes showed [1].
        suspect: The trade that waits to be confirmed.
    """

    moves: Guarded
    book: Band | None = None
    top: Band | None = None
    trade: Band | None = None
    second: int = 0
    price: float = 0.0
    away: float = 0.0
    suspect: Suspect | None = None


class PriceJump:
    """Judge how far a price lies outside of what was quoted before.

    A quote jumps by as much as its bid lies above the ask before it, or its ask below
    the bid: a spread that only widens is no jump. A trade jumps by as much as it lies
    outside of the levels shown. The deviation is learnt from moves over whole seconds,
    and grows with the root of the time that has passed. A jump of the quotes is the
    market's: LOW, MEDIUM when large. So is that of a trade which the quotes follow, or
    which came by steps through the book; one that they have not confirmed after a
    while never was in the market: HIGH (MEDIUM while the own deviation is not known).
    """

    sees: tuple[type[Any], ...] = (Book, BookState, Top, Trade, Heartbeat)

    def __init__(self, params: PriceJumpParams) -> None:
        self._params = params
        self._confirm_ns = int(params.confirm_s * SECOND)
        self._least = params.least_bps / 1e4
        moves = Quantile(params.quantile, params.rate, params.warm_up)
        self.state = PriceJumpState(Guarded(moves, params.patience))

    @property
    def warm(self) -> bool:
        """Whether the own deviation is known."""
        return self.state.moves.value is not None

    def look(self, seen: Any) -> Iterable[Finding]:
        """Take in a record; say whether the price has jumped."""
        state, kind = self.state, type(seen)
        if seen.event_ns // SECOND > state.second:
            state.second = seen.event_ns // SECOND
            self._sample()
        if kind is Trade:
            return self._trade(seen)
        if kind is BookState:
            state.book = None
            return ()
        said: Iterable[Finding] = ()
        if kind is not Heartbeat:
            said = self._quote(seen)
        if state.suspect is None:
            return said
        return (*said, *self._confirm(state.suspect, seen.event_ns))

    def _sample(self) -> None:
        """Learn from the second that is over."""
        state = self.state
        for each in (state.top, state.book, state.trade):
            if each is not None:
                each.turn()
        band = state.top or state.book or state.trade
        if band is None:
            return
        price, before, state.price = band.mid, state.price, 0.0
        if price <= 0.0:
            return
        state.price = price
        if before > 0.0:
            move, value = abs(log(price / before)), state.moves.value or 0.0
            is_off = move > self._params.z * max(value, self._least) / _NORMAL_95
            state.moves.update(max(move, self._least), is_off=is_off)

    def _quote(self, seen: Book | Top) -> Iterable[Finding]:
        """Compare a quote with the one before it."""
        state, quote, is_top = self.state, quote_of(seen), type(seen) is Top
        band = state.top if is_top else state.book
        if quote is None or quote[0] <= 0.0 or quote[1] <= 0.0:
            self._put(is_top, None)
            return ()
        lowest, highest = bid, ask = quote
        if type(seen) is Book:
            lowest, highest = seen.bids[-1][0], seen.asks[-1][0]
        if band is None:
            self._put(is_top, Band(bid, ask, lowest, highest, seen.event_ns))
            return ()
        if bid <= band.ask and ask >= band.bid:
            band.show(bid, ask, lowest, highest, seen.event_ns)
            return ()
        away, bound = band.moved(bid, ask), self._bound(band, seen.event_ns)
        text = f"from {band.bid}/{band.ask} to {bid}/{ask}"
        band.show(bid, ask, lowest, highest, seen.event_ns)
        if away <= bound:
            return ()
        is_large = away > self._params.large_bps / 1e4 and self.warm
        severity = Severity.MEDIUM if is_large else Severity.LOW
        return (_found(severity, away, bound, text),)

    def _put(self, is_top: bool, band: Band | None) -> None:
        if is_top:
            self.state.top = band
        else:
            self.state.book = band

    def _trade(self, trade: Trade) -> Iterable[Finding]:
        """Compare a trade with what was quoted, or without quotes the one before."""
        state, price, at_ns = self.state, trade.price, trade.event_ns
        if not price > 0.0:
            return ()
        away, band = self._off_quotes(price)
        before_away, state.away = state.away, away
        is_quoted, bound, text = band is not None, 0.0, ""
        if band is None and state.trade is not None:
            band, away = state.trade, state.trade.away(price)
        if away and band is not None:
            bound = self._bound(band, at_ns)
            text = f"trade {trade.trade_id} at {price}, {band.bid}/{band.ask} before it"
        if is_quoted:
            state.trade = None
        elif state.trade is None:
            state.trade = Band(price, price, price, price, at_ns)
        else:
            state.trade.show(price, price, price, price, at_ns)
        if away <= bound:
            return ()
        if is_quoted and before_away <= away / 2 and state.suspect is None:
            state.suspect = Suspect(price, at_ns, away, bound, text)
        return (_found(Severity.LOW, away, bound, text),)

    def _confirm(self, suspect: Suspect, now_ns: int) -> Iterable[Finding]:
        """Say that a trade was far off the market if the quotes do not follow it."""
        state = self.state
        left, _ = self._off_quotes(suspect.price)
        if left < suspect.away / 2:
            state.suspect = None
            return ()
        if now_ns < suspect.at_ns + self._confirm_ns:
            return ()
        state.suspect = None
        is_bad = suspect.away > self._params.bad_bps / 1e4 and self.warm
        severity = Severity.HIGH if is_bad else Severity.MEDIUM
        text = f"{suspect.text}, and {left * 1e4:.0f} bps from them after it"
        return (_found(severity, suspect.away, suspect.bound, text),)

    def _off_quotes(self, price: float) -> tuple[float, Band | None]:
        """Return how far a price is from the nearer of the two sources; 0 of none."""
        top, book = self.state.top, self.state.book
        if top is None or book is None:
            only = book if top is None else top
            return (0.0, None) if only is None else (only.away(price), only)
        away = top.away(price)
        if away:
            other = book.away(price)
            if other < away:
                return other, book
        return away, top

    def _bound(self, before: Band, now_ns: int) -> float:
        """Return how far is normal, as a logarithm."""
        params, value = self._params, self.state.moves.value
        if value is None:
            own = params.absolute_bps / 1e4
        else:
            passed_s = max((now_ns - before.at_ns) / SECOND, 1.0)
            own = params.z * max(value, self._least) / _NORMAL_95 * sqrt(passed_s)
        return max(own, params.floor_bps / 1e4, params.spreads * before.spread)


def _found(severity: Severity, away: float, bound: float, text: str) -> Finding:
    kind = IssueKind.PRICE_JUMP
    return Finding(kind, severity, away * 1e4, bound * 1e4, "bps", text)
