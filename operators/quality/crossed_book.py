"""A bid above the best ask, or equal to it: no venue matches orders like that."""

from collections.abc import Iterable
from typing import Any

import msgspec

from operators.quality.finding import Finding
from operators.quality.quote import Quote, quote_of
from operators.records.book import Book, BookState
from operators.records.market import Heartbeat, Top
from operators.records.quality import IssueKind, Severity
from operators.records.time import SECOND

_CROSSED = IssueKind.CROSSED_BOOK
_LOCKED = IssueKind.LOCKED_BOOK
_WELL = Finding(_CROSSED, None)
_UNLOCKED = Finding(_LOCKED, None)


class CrossedBookParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`CrossedBook`.

    Attributes:
        locked_s: How long a locked book is a matter of a moment [s].
    """

    locked_s: float = 5.0


class CrossedBookState(msgspec.Struct):
    """What :class:`CrossedBook` remembers of one symbol.

    Attributes:
        is_lost: Whether the book was lost because it was crossed.
        book: Whether the latest book published was crossed.
        tops: How many quotes in a row were crossed.
        locked_ns: Since when the latest quote or book is locked; None if it is not.
    """

    is_lost: bool = False
    book: bool = False
    tops: int = 0
    locked_ns: int | None = None


class CrossedBook:
    """Compare the best bid and ask of one and the same record.

    A book that is rebuilt is crossed only if it is wrong: CRITICAL, until it is right
    again. A venue states quotes that are put together of two moments now and then, so
    one that is crossed is MEDIUM, and CRITICAL if the next is crossed as well. Locked
    is LOW; it happens between two messages; MEDIUM when it stays.
    """

    sees: tuple[type[Any], ...] = (Book, BookState, Top, Heartbeat)
    warm = True

    def __init__(self, params: CrossedBookParams) -> None:
        self._locked_ns = int(params.locked_s * SECOND)
        self.state = CrossedBookState()

    def look(self, seen: Any) -> Iterable[Finding]:
        """Take in a record; say whether the book is crossed or locked."""
        state = self.state
        kind = type(seen)
        if kind is BookState:
            return self._turn(seen)
        if kind is Heartbeat:
            since_ns = state.locked_ns
            if since_ns is None or seen.event_ns - since_ns < self._locked_ns:
                return ()
            return (self._locked(Severity.MEDIUM, seen.event_ns - since_ns),)
        quote = quote_of(seen)
        if quote is None or quote[0] < quote[1]:
            if not (state.tops or state.book or state.locked_ns):
                return ()
            return self._uncross(seen)
        return self._cross(seen, quote)

    def _turn(self, turned: BookState) -> Iterable[Finding]:
        state = self.state
        if turned.ok:
            was_crossed = state.is_lost or state.book
            state.is_lost = state.book = False
            return (_WELL,) if was_crossed and state.tops == 0 else ()
        if turned.reason != "crossed":
            return ()
        state.is_lost = True
        text = "the best bid is not below the best ask in the book that is rebuilt"
        return (Finding(_CROSSED, Severity.CRITICAL, evidence=text),)

    def _uncross(self, seen: Book | Top) -> Iterable[Finding]:
        state, well = self.state, []
        if state.locked_ns is not None:
            state.locked_ns = None
            well.append(_UNLOCKED)
        was_crossed = state.tops > 0 or state.book
        if type(seen) is Top:
            state.tops = 0
        else:
            state.book = False
        if was_crossed and not (state.tops or state.book or state.is_lost):
            well.append(_WELL)
        return well

    def _cross(self, seen: Book | Top, quote: Quote) -> Iterable[Finding]:
        state, (bid, ask) = self.state, quote
        if bid == ask:
            well = self._uncross(seen) if state.tops or state.book else ()
            if state.locked_ns is None:
                state.locked_ns = seen.event_ns
            since_ns = seen.event_ns - state.locked_ns
            is_long = since_ns >= self._locked_ns
            severity = Severity.MEDIUM if is_long else Severity.LOW
            return (*well, self._locked(severity, since_ns, quote))
        severity = Severity.CRITICAL
        if type(seen) is Top:
            state.tops += 1
            severity = Severity.CRITICAL if state.tops > 1 else Severity.MEDIUM
        else:
            state.book = True
        text = f"bid {bid} above ask {ask} in one {type(seen).__name__.lower()}"
        overlap_bps = (bid - ask) / abs(bid + ask) * 2e4 if bid + ask else None
        found = Finding(_CROSSED, severity, overlap_bps, 0.0, "bps", text)
        if state.locked_ns is None:
            return (found,)
        state.locked_ns = None
        return (_UNLOCKED, found)

    def _locked(
        self, severity: Severity, since_ns: int, quote: Quote | None = None
    ) -> Finding:
        text = "bid equals ask" if quote is None else f"bid and ask are both {quote[1]}"
        bound_s = self._locked_ns / SECOND
        return Finding(_LOCKED, severity, since_ns / SECOND, bound_s, "s", text)
