"""Frames of a hostile venue, through its parser and all that is behind it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from connectors.venues import PARSERS
from operators.features.bars import Bars, BarsParams
from operators.market.arbitrate import Arbitrate, ArbitrateParams
from operators.market.decode import DecodeParams
from operators.market.heard import Heard, Moved
from operators.market.listen import Listen
from operators.market.order_book import OrderBook, OrderBookParams
from operators.records.dead import DeadLetter
from operators.records.frame import Frame, Ignored
from operators.records.health import Reading
from operators.records.market import Gap, Heartbeat, MarketEvent, Tally
from tests.fuzz.laws import check, sound
from tests.fuzz.tape import frames

_SYMBOLS: Final = 8
_LEVELS: Final = 40
_WAITING: Final = 5
"""Limits so low that a few frames reach them."""

_RECENT: Final = 512
_WINDOWS: Final = 4
_LISTEN: Final = DecodeParams(max_symbols=_SYMBOLS)
_BOOK: Final = OrderBookParams(levels=3, waiting=_WAITING, max_levels=_LEVELS)
_BARS: Final = BarsParams(lengths_ms=(1_000, 2_000, 60_000), lateness_ms=1_000)

_WORDS: Final = (Ignored, DeadLetter)
_DERIVED: Final = (Gap, Heartbeat)


def _accounted(listen: Listen, frame: Frame) -> Iterator[Heard | Moved]:
    """Yield what a frame says: records, or one word on why there are none."""
    said = list(listen.update([frame]))
    records = [each for each in said if isinstance(each, Heard)]
    words = [each for each in said if isinstance(each, _WORDS)]
    own = [each for each in records if not isinstance(each.event, _DERIVED)]
    check(len(words) + bool(own) == 1, f"{len(own)} records, {len(words)} words")
    for word in words:
        sound(word)
    for each in records:
        sound(each.event)
        check(each.key == each.event.key, each.key)
    for each in said:
        if isinstance(each, Reading):
            sound(each)
        elif not isinstance(each, _WORDS):
            yield each


def parsed(venue: str) -> Callable[[bytes], None]:
    """Return the check of a venue's parser alone."""

    def run(raw: bytes) -> None:
        listen = Listen(DecodeParams(), PARSERS)
        for frame in frames(raw, venue):
            for _ in _accounted(listen, frame):
                pass

    return run


def merged(venue: str) -> Callable[[bytes], None]:
    """Return the check of a venue's parser and of the operators behind it."""

    def run(raw: bytes) -> None:
        listen = Listen(_LISTEN, PARSERS)
        chains: dict[str, _Chain] = {}
        for frame in frames(raw, venue):
            for each in _accounted(listen, frame):
                chain = chains.setdefault(each.key, _Chain())
                chain.hear([each])
        for line in listen.state.lines.values():
            check(len(line.symbols) <= _SYMBOLS, f"{len(line.symbols)} symbols")
        for chain in chains.values():
            chain.close()

    return run


class _Chain:
    """The operators of one symbol, in the order of the flows."""

    def __init__(self) -> None:
        self.arbitrate = Arbitrate(ArbitrateParams())
        self.book = OrderBook(_BOOK)
        self.behind: tuple[Any, ...] = (self.book, Bars(_BARS))

    def hear(self, heard: Iterable[Heard | Moved]) -> None:
        """Pass on what the lines bring."""
        self._pass(self.arbitrate.update(heard))
        self._bounded()

    def close(self) -> None:
        """Come to the end of the input."""
        self._pass(self.arbitrate.close())
        for operator in self.behind:
            for record in operator.close():
                sound(record)

    def _pass(self, said: Iterable[MarketEvent | Tally]) -> None:
        for event in said:
            sound(event)
            if isinstance(event, Tally):
                continue
            for operator in self.behind:
                for record in operator.update([event]):
                    sound(record)

    def _bounded(self) -> None:
        """Check that no state has outgrown its limit."""
        state, book = self.arbitrate.state, self.book.state
        levels = len(book.bids.ranks) + len(book.asks.ranks)
        bars = self.behind[-1].state
        check(len(state.recent) <= _RECENT, f"{len(state.recent)} ids")
        check(len(state.marks) <= 16, f"{len(state.marks)} marks")
        check(len(state.lines) <= 2, f"{len(state.lines)} lines")
        check(levels <= _LEVELS, f"{levels} levels")
        check(len(book.waiting) <= _WAITING, f"{len(book.waiting)} deltas wait")
        check(len(bars.windows) <= _WINDOWS, f"{len(bars.windows)} windows")
        for side in (book.bids, book.asks):
            check(len(side.ranks) == len(side.quantities), "a ladder has come apart")
            check(side.ranks == sorted(side.ranks), "a ladder is out of order")
            check(side.texts.keys() <= side.quantities.keys(), "texts of no level")
