"""A spread that is wide for the symbol."""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from operators.numerics.guarded import Guarded
from operators.numerics.quantile import Quantile, Share
from operators.quality.finding import Finding
from operators.quality.quote import quote_of, spread_bps
from operators.records.book import Book, BookState
from operators.records.market import Heartbeat, Top
from operators.records.quality import IssueKind, Severity
from operators.records.time import SECOND

Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]

_WIDE = IssueKind.WIDE_SPREAD
_WELL = Finding(_WIDE, None)


class WideSpreadParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`WideSpread`.

    Attributes:
        absolute_bps: What is wide of a symbol of which nothing is known yet [bps].
        quantile: The quantile of the widest spread of each second that is normal [1].
        factor: A spread is wide beyond so many times that [1].
        floor_bps: And not below this [bps].
        tight_bps: A symbol is tight if its own bound lies below this [bps].
        warm_up: Seconds that the own bound is learnt from at first.
        patience: Seconds of a wide spread that are not learnt from.
        rate: How fast it is learnt; see :class:`Quantile`.
        hold_s: How long it must be wide [s].
        lasting_s: After how long it is worse [s].
    """

    absolute_bps: Positive = 500.0
    quantile: Share = 0.98
    factor: Annotated[float, msgspec.Meta(ge=1)] = 3.0
    floor_bps: Positive = 20.0
    tight_bps: Positive = 100.0
    warm_up: Count = 120
    patience: Annotated[int, msgspec.Meta(ge=0)] = 60
    rate: Positive = 0.05
    hold_s: Positive = 1.0
    lasting_s: Positive = 10.0


class Spread(msgspec.Struct):
    """The spread as one source states it.

    Attributes:
        normal: The widest of each second, what of it is normal [bps].
        bound: Beyond which it is wide [bps].
        now: The latest; None while a side is empty [bps].
        widest: The widest in this second [bps].
        narrowest: The narrowest ever, while the own bound is not known [bps].
        since_ns: Since when it is wide; None while it is not.
    """

    normal: Guarded
    bound: float
    now: float | None = None
    widest: float = 0.0
    narrowest: float = 1e9
    since_ns: int | None = None


class WideSpreadState(msgspec.Struct):
    """What :class:`WideSpread` remembers of one symbol.

    Attributes:
        book: The spread of the book that is rebuilt.
        top: The spread of the quotes.
        second: The second that lasts.
        is_wide: Whether it was said to be wide, and not yet to be well.
    """

    book: Spread
    top: Spread
    second: int = 0
    is_wide: bool = False


class WideSpread:
    """Judge the spread by what is normal for the symbol.

    Normal is the widest spread of a second, a high quantile of it over the seconds, of
    quotes and rebuilt books apart; a spread that stands is seen again every second. So
    an option at 13,548 bps is healthy and a major at 50 is not. While that is not yet
    known, only the absolute bound speaks: LOW of a symbol that was never narrower, it
    may be made so; MEDIUM of one that was. A spread is LOW beyond the bound, MEDIUM
    beyond four times the bound for a while, and HIGH only where a tight symbol is
    beyond the absolute bound for so long: its book is not what it was.
    """

    sees: tuple[type[Any], ...] = (Book, Top, Heartbeat, BookState)

    def __init__(self, params: WideSpreadParams) -> None:
        self._params = params
        self._hold_ns = int(params.hold_s * SECOND)
        self._lasting_ns = int(params.lasting_s * SECOND)
        self.state = WideSpreadState(_spread(params), _spread(params))

    @property
    def warm(self) -> bool:
        """Whether the own bound of either source is known."""
        state = self.state
        return (state.book.normal.value or state.top.normal.value) is not None

    def look(self, seen: Any) -> Iterable[Finding]:
        """Take in a record; say whether the spread is wide."""
        state, kind = self.state, type(seen)
        if seen.event_ns // SECOND > state.second:
            state.second = seen.event_ns // SECOND
            self._sample(state.book)
            self._sample(state.top)
        if kind is Heartbeat:
            waits = state.book.since_ns or state.top.since_ns or state.is_wide
            return self._judge(seen.event_ns) if waits else ()
        spread = state.top if kind is Top else state.book
        if kind is BookState:
            spread.now, spread.since_ns = None, None
            return self._judge(seen.event_ns) if state.is_wide else ()
        quote = quote_of(seen)
        now = spread.now = None if quote is None else spread_bps(quote)
        if now is None or now <= spread.bound:
            if now is not None and now > spread.widest:
                spread.widest = now
            if spread.since_ns is None and not state.is_wide:
                return ()
            spread.since_ns = None
        else:
            spread.widest = max(spread.widest, now)
            if spread.since_ns is None:
                spread.since_ns = seen.event_ns
        return self._judge(seen.event_ns)

    def _sample(self, spread: Spread) -> None:
        """Learn from the second that is over, and let the bound follow."""
        if spread.widest > 0.0:
            params, normal = self._params, spread.normal
            if normal.value is None:
                spread.narrowest = min(spread.narrowest, spread.now or 1e9)
            normal.update(spread.widest, is_off=spread.widest > spread.bound)
            if normal.value is not None:
                spread.bound = max(normal.value * params.factor, params.floor_bps)
            if spread.now is not None and spread.now <= spread.bound:
                spread.since_ns = None
        spread.widest = spread.now or 0.0

    def _judge(self, now_ns: int) -> Iterable[Finding]:
        """Say what the worse of the two sources is, once it has been so for a while."""
        state = self.state
        for spread in (state.book, state.top):
            since_ns = spread.since_ns
            if since_ns is not None and now_ns - since_ns >= self._hold_ns:
                state.is_wide = True
                return (self._wide(spread, now_ns - since_ns),)
        if state.is_wide:
            state.is_wide = False
            return (_WELL,)
        return ()

    def _wide(self, spread: Spread, for_ns: int) -> Finding:
        params, bound, now = self._params, spread.bound, spread.now or 0.0
        is_lasting = for_ns >= self._lasting_ns
        severity = Severity.LOW
        if spread.normal.value is None:
            if now > params.factor * spread.narrowest:
                severity = Severity.MEDIUM
        elif is_lasting and bound < params.tight_bps and now > params.absolute_bps:
            severity = Severity.HIGH
        elif is_lasting and now > 4 * bound:
            severity = Severity.MEDIUM
        text = f"{now:.1f} bps for {for_ns / SECOND:.0f} s"
        if spread.normal.value is not None:
            text += f", normally up to {spread.normal.value:.1f}"
        return Finding(_WIDE, severity, now, bound, "bps", text)


def _spread(params: WideSpreadParams) -> Spread:
    quantile = Quantile(params.quantile, params.rate, params.warm_up)
    return Spread(Guarded(quantile, params.patience), params.absolute_bps)
