"""A symbol's market -> what of it cannot be believed, and how far the rest can."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, Protocol

import msgspec

from operators.quality.checks import ChecksParams
from operators.quality.finding import Check, Finding
from operators.quality.issues import IssuesParams
from operators.quality.lines import LinesParams
from operators.quality.score import ScoreParams
from operators.quality.standing import Standing
from operators.records.book import BookState
from operators.records.market import (
    BookDelta,
    BookSnapshot,
    Gap,
    Heartbeat,
    Mark,
    MarketEvent,
    Top,
    Trade,
)
from operators.records.quality import QualityIssue, QualityScore

_CLOCK: Final = frozenset({Trade, Heartbeat})
_DATA: Final = frozenset({Trade, Top, BookDelta, BookSnapshot, Mark})
_OF_BOOK: Final = frozenset({BookDelta, BookSnapshot, Gap})

Look = Callable[[Any], Iterable[Finding]]
Said = QualityIssue | QualityScore


class QualityParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of quality.

    Attributes:
        issues: How issues open and close.
        score: How they are weighed.
        lines: What a line is held to.
        checks: What a symbol is held to.
        instruments: Files as `tapewatch instruments VENUE` prints them, for the ticks
            and lots of symbols; relative to where the process was started.
    """

    issues: IssuesParams = IssuesParams()
    score: ScoreParams = ScoreParams()
    lines: LinesParams = LinesParams()
    checks: ChecksParams = ChecksParams()
    instruments: tuple[str, ...] = ()


class Rebuilt(Protocol):
    """What rebuilds a book from snapshots, deltas and gaps."""

    state: Any

    def update(self, events: Iterable[MarketEvent]) -> Iterable[Any]:
        """Take in events; return the books and their states, in order."""
        ...


class QualityState(msgspec.Struct):
    """All that :class:`Quality` remembers of one symbol.

    Attributes:
        standing: How it stands.
        checks: What each check remembers, by its class.
        book: What the book remembers.
    """

    standing: Standing
    checks: dict[str, Any]
    book: Any


class Quality:
    """Run every check over one symbol, and its book, in one order.

    Each record, and what then follows of the book, is shown to the checks that see its
    class. The symbol's clock is its newest trade or heartbeat; other records do not
    move it, since what a venue does not date may have been dated by us.

    Of several five seconds that pass at once (a line was silent) only the last is
    scored: the others had no time of their own.

    In:  MarketEvent, one symbol, in order.
    Out: QualityIssue; QualityScore on the whole five seconds, and where ``tradable``
         changes. What is due at a time precedes what is found at that time.
    """

    def __init__(
        self, params: QualityParams, checks: Sequence[Check], book: Rebuilt
    ) -> None:
        """Say what to look at.

        Args:
            params: Settings.
            checks: One of a class at most; shown the records in this order.
            book: Rebuilds the symbol's book.

        Raises:
            ValueError: If two checks are of one class: their states would be mixed up.
        """
        self._issues, self._score = params.issues, params.score
        self._checks = {type(check).__name__: check for check in checks}
        if len(self._checks) < len(checks):
            raise ValueError("Expected one check of a class at most")
        self._book = book
        self._standing = Standing()
        self._looks: dict[type[Any], tuple[Look, ...]] = {BookState: (self._note,)}
        for check in checks:
            for kind in check.sees:
                self._looks[kind] = (*self._looks.get(kind, ()), check.look)

    @property
    def state(self) -> QualityState:
        """All that is remembered."""
        checks = {name: check.state for name, check in self._checks.items()}
        return QualityState(self._standing, checks, self._book.state)

    @state.setter
    def state(self, state: QualityState) -> None:
        self._standing, self._book.state = state.standing, state.book
        for name, check in self._checks.items():
            if name in state.checks:
                check.state = state.checks[name]

    def update(self, events: Iterable[MarketEvent]) -> Iterator[Said]:
        """Take in events; yield what is wrong, and how the symbol stands."""
        standing, rebuild, looks = self._standing, self._book.update, self._looks
        are_open = standing.issues.open
        for event in events:
            kind = type(event)
            if kind in _CLOCK and event.event_ns > standing.clock_ns:
                if event.event_ns >= standing.due_ns:
                    yield from self._pass_time(event)
                else:
                    standing.clock_ns = event.event_ns
            if kind in _DATA:
                standing.data_ns = standing.clock_ns
            shown: Sequence[Any] = (event,)
            if kind in _OF_BOOK:
                shown = (event, *rebuild(shown))
            for seen in shown:
                for look in looks.get(type(seen), ()):
                    for finding in look(seen):
                        if finding.severity is not None or are_open:
                            yield from standing.take(finding, event, self._issues)
            if standing.moved:
                yield from standing.weigh(event, self._score, warm=self._warm)

    def close(self) -> Iterable[Said]:
        """Nothing is left to say at the end: what is open stays open."""
        return ()

    @property
    def _warm(self) -> bool:
        return all(check.warm for check in self._checks.values())

    def _pass_time(self, event: MarketEvent) -> Iterator[Said]:
        yield from self._standing.pass_time(
            event, self._issues, self._score, warm=self._warm
        )

    def _note(self, book: BookState) -> Iterable[Finding]:
        self._standing.note(book)
        return ()
