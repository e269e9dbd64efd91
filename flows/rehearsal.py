"""The flows from frames to commands, in one process and without a broker.

frames ─► listen ─┬─► arbitrate ─┬─► order_book
                  │              └─► quality ─────► heal_symbols ─┬─► commands
                  └─► readings ──┬─► connection_health ─► heal_lines
                                 └─► lines
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from connectors.venues import PARSERS
from operators.healing.case import Limit
from operators.healing.decided import Said as Decided
from operators.healing.heal_lines import HealLines
from operators.healing.heal_symbols import HealSymbols
from operators.healing.params import HealParams
from operators.health.connection_health import HealthOfConnections
from operators.health.judgement import HealthParams
from operators.market.arbitrate import Arbitrate, ArbitrateParams
from operators.market.decode import DecodeParams
from operators.market.heard import Heard, Moved
from operators.market.listen import Listen
from operators.market.order_book import OrderBook, OrderBookParams
from operators.quality.checks import checks
from operators.quality.issues import IssuesParams
from operators.quality.lines import Lines, LinesParams
from operators.quality.quality import Quality, QualityParams
from operators.records.base import Record
from operators.records.book import Book, BookState, Command
from operators.records.dead import DeadLetter
from operators.records.frame import Frame
from operators.records.healing import Healing
from operators.records.health import ConnectionHealth, Reading
from operators.records.market import Flaw, Gap, MarketEvent, Trade
from operators.records.quality import QualityIssue
from operators.records.time import US

_MANY: Final = Limit(first_s=5, longest_s=60, per_hour=10_000)
_HEAL: Final = HealParams(resync=_MANY, resubscribe=_MANY)
"""The faults of months come within an hour."""

Said = (QualityIssue | ConnectionHealth | Reading | DeadLetter | Gap | Flaw) | (
    BookState | Healing | Command
)


class Run:
    """What came of it.

    Attributes:
        trades: Ids passed on, by symbol, in order.
        books: Best levels published, by symbol and by sequence, else by time [us].
        states: Changes of what can be believed.
        issues: What quality found wrong with symbols.
        healings: What was decided about it.
        gaps: Gaps reported.
        dead: Frames that were no records.
        said: All that was said of the market's ills and of what was done, with when,
            by our clock [ns UTC].
        passed_ns: When records were passed on, by our clock.
        settled_ns: When every line flowed for the first time, by our clock.
        ended_ns: When the last line was still open, by our clock.
    """

    def __init__(self) -> None:
        self.trades: defaultdict[str, list[Trade]] = defaultdict(list)
        self.books: dict[tuple[str, int], Book] = {}
        self.states: list[BookState] = []
        self.issues: list[QualityIssue] = []
        self.healings: list[Healing] = []
        self.gaps: list[Gap] = []
        self.dead: list[DeadLetter] = []
        self.said: list[tuple[int, Said]] = []
        self.passed_ns: list[int] = []
        self.settled_ns = self.ended_ns = 0

    def say(self, said: Said) -> None:
        """Note that something has just been said."""
        self.said.append((time.time_ns(), said))


def _quality() -> Quality:
    params = QualityParams()
    return Quality(params, checks(params.checks, {}), OrderBook(OrderBookParams()))


class Symbol:
    """The operators behind one symbol's market, as the flows wire them."""

    def __init__(self) -> None:
        self.arbitrate = Arbitrate(ArbitrateParams())
        self.book = OrderBook(OrderBookParams())
        self.quality = _quality()
        self.heal = HealSymbols(_HEAL)


class Watched:
    """The operators behind a connection's readings, as the flows wire them."""

    def __init__(self) -> None:
        self.health = HealthOfConnections(HealthParams())
        self.lines = Lines(LinesParams(), IssuesParams())
        self.heal = HealLines(HealParams())


class Pipeline:
    """The flows from frames to commands, fed frame by frame."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._listens: dict[str, Listen] = {}
        self._symbols: dict[str, Symbol] = {}
        self._watched: dict[str, Watched] = {}
        self.commands: asyncio.Queue[Command] = asyncio.Queue()

    def publish(self, record: Record) -> None:
        """Take in a record of a line."""
        if not isinstance(record, Frame):
            return
        listen = self._listens.get(record.key)
        if listen is None:
            listen = self._listens[record.key] = Listen(DecodeParams(), PARSERS)
        for each in listen.update([record]):
            if isinstance(each, (Heard, Moved)):
                self._hear(each)
            elif isinstance(each, Reading):
                self._watch(each)
            elif isinstance(each, DeadLetter):
                self._run.dead.append(each)
                self._run.say(each)

    def _watch(self, reading: Reading) -> None:
        """Let health and quality judge the lines, and heal act on it."""
        watched = self._watched.get(reading.key)
        if watched is None:
            watched = self._watched[reading.key] = Watched()
        self._run.say(reading)
        for issue in watched.lines.update([reading]):
            self._run.say(issue)
        for health in watched.health.update([reading]):
            self._run.say(health)
            self._do(watched.heal.update([health]))

    def _do(self, decided: Iterable[Decided]) -> None:
        for each in decided:
            self._run.say(each)
            if isinstance(each, Command):
                self.commands.put_nowait(each)
            else:
                self._run.healings.append(each)

    def _hear(self, heard: Heard | Moved) -> None:
        symbol = self._symbols.get(heard.key)
        if symbol is None:
            symbol = self._symbols[heard.key] = Symbol()
        for event in symbol.arbitrate.update([heard]):
            if isinstance(event, MarketEvent):
                self._take(symbol, event)
                self._judge(symbol, event)

    def _take(self, symbol: Symbol, event: MarketEvent) -> None:
        run = self._run
        if isinstance(event, (Flaw, Gap)):
            run.say(event)
        if isinstance(event, Flaw):
            return
        run.passed_ns.append(time.time_ns())
        if isinstance(event, Trade):
            run.trades[event.symbol].append(event)
        elif isinstance(event, Gap):
            run.gaps.append(event)
        for said in symbol.book.update([event]):
            if isinstance(said, Book):
                number = said.event_ns // US if said.sequence is None else said.sequence
                run.books[said.symbol, number] = said
            else:
                run.states.append(said)
                run.say(said)

    def _judge(self, symbol: Symbol, event: MarketEvent) -> None:
        """Let quality judge a symbol, and heal act on it."""
        for issue in symbol.quality.update([event]):
            if isinstance(issue, QualityIssue):
                self._run.issues.append(issue)
                self._run.say(issue)
                self._do(symbol.heal.update([issue]))
