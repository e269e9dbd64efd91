"""The live terminal view of ``tapewatch up``; plain lines where there is no terminal.

It reads the same topics as everyone, from their ends, and changes nothing.
"""

import time
from collections import Counter, deque
from types import TracebackType
from typing import Any, Final, Self

from confluent_kafka import OFFSET_END, TopicPartition
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from config.settings import Settings
from connectors.reader import consumer, partitions
from flows.catalogue import FLOWS
from flows.drawn import STYLES, clock, health, ms, prices, scored, summary
from flows.ledger import Ledger
from flows.outline import outline
from operators.records import topics
from operators.records.bar import Bar
from operators.records.base import UNREADABLE, FromVenue
from operators.records.connection import ConnectionEvent, LineEvent
from operators.records.health import ConnectionHealth, SystemHealth
from operators.records.market import Trade
from operators.records.quality import QualityScore
from operators.records.time import MS, SECOND

_WATCHED: Final = (
    *(topics.CONNECTIONS, topics.MARKET, topics.BARS),
    *(topics.CONNECTION_HEALTH, topics.QUALITY_SCORES, topics.SYSTEM_HEALTH),
)
_LEDGER_S: Final = 2.0
_LINE_S: Final = 5.0
_MOST: Final = 20_000
_OLD_NS: Final = 15 * SECOND
_ROWS: Final = 24


class _Symbol:
    """What the view knows of a symbol."""

    def __init__(self) -> None:
        self.records = self.trades = 0
        self.bar: Bar | None = None
        self.quality: QualityScore | None = None


class View:
    """Show rates, lag, health, the newest bars and what was written."""

    def __init__(self, settings: Settings, ledger: Ledger, console: Console) -> None:
        self._console = console
        self._ledger = ledger
        self._shortest_ns = settings.bars.lengths_ms[0] * MS
        self._decode = {topic.name: topic.decode for topic in _WATCHED}
        self._reader = consumer(settings.kafka, "tapewatch-view")
        self._reader.assign(
            [
                TopicPartition(topic.name, number, OFFSET_END)
                for topic in _WATCHED
                for number in partitions(self._reader, topic.name)
            ]
        )
        self._symbols: dict[str, _Symbol] = {}
        self._lines: dict[str, ConnectionEvent] = {}
        self._line_rates: dict[str, float] = {}
        self._healths: dict[str, ConnectionHealth] = {}
        self._system: SystemHealth | None = None
        self._lags: dict[str, int] = dict.fromkeys(FLOWS, 0)
        self._reads = {flow: outline(settings, flow).reads for flow in FLOWS}
        self._rates: Counter[str] = Counter()
        self._said: deque[str] = deque(maxlen=3)
        self._start_s = self._ledger_s = self._line_s = time.monotonic()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=4)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.stop()
        self._reader.close()

    def say(self, text: str) -> None:
        """Show a message."""
        self._said.append(text)
        if not self._live:
            self._console.print(text, highlight=False, soft_wrap=True)

    def update(self, wait_s: float) -> None:
        """Take in what has come, and show it."""
        for message in self._reader.consume(_MOST, wait_s):
            if message.error():
                continue
            try:
                record = self._decode[message.topic() or ""](message.value() or b"")
            except UNREADABLE:
                continue
            self._take(record)
        now_s = time.monotonic()
        if now_s - self._ledger_s >= _LEDGER_S:
            self._look(now_s - self._ledger_s)
            self._ledger_s = now_s
        if self._live:
            self._live.update(self._drawn())
        elif now_s - self._line_s >= _LINE_S:
            self._line_s = now_s
            self._console.print(self._plain(), highlight=False, soft_wrap=True)

    def _take(self, record: Any) -> None:
        if isinstance(record, ConnectionEvent):
            self._take_event(record)
        elif isinstance(record, ConnectionHealth):
            self._healths[f"{record.connection}/{record.line}"] = record
        elif isinstance(record, SystemHealth):
            self._system = self._system if record.venue else record
        elif isinstance(record, QualityScore):
            self._symbols.setdefault(record.key, _Symbol()).quality = record
        elif isinstance(record, Bar):
            if record.length_ns == self._shortest_ns:
                self._symbols.setdefault(record.key, _Symbol()).bar = record
        elif isinstance(record, FromVenue):
            symbol = self._symbols.setdefault(record.key, _Symbol())
            symbol.records += 1
            if isinstance(record, Trade):
                symbol.trades += 1

    def _take_event(self, event: ConnectionEvent) -> None:
        name = f"{event.connection}/{event.line}"
        before = self._lines.get(name)
        if event.event is LineEvent.HEARTBEAT and before is not None:
            frames = event.frames - before.frames
            passed_ns = event.received_ns - before.received_ns
            self._line_rates[name] = frames * SECOND / max(passed_ns, 1)
            closed = before.event in {LineEvent.CLOSED, LineEvent.FAILED}
            if closed and not frames:
                return
        if event.event is not LineEvent.NO_SNAPSHOT:
            self._lines[name] = event

    def _look(self, passed_s: float) -> None:
        before = {topic: self._ledger.arrived(topic) for topic in topics.ALL}
        self._ledger.look()
        for topic, count in before.items():
            arrived = self._ledger.arrived(topic)
            self._rates[topic.name] = round((arrived - count) / passed_s)
        for flow, reads in self._reads.items():
            self._lags[flow] = self._ledger.lag(flow, reads)

    def _plain(self) -> str:
        passed_s = time.monotonic() - self._start_s
        arrived = {topic: self._ledger.arrived(topic) for topic in topics.ALL}
        counts = [f"{n:,} {topic.name}" for topic, n in arrived.items() if n]
        lags = ", ".join(f"{flow} {lag:,}" for flow, lag in self._lags.items())
        lines = [
            f"{name} {self._health(name, event)[0]}"
            for name, event in sorted(self._lines.items())
        ]
        return (
            f"{passed_s:5.0f} s  {', '.join(counts)}  |  to do: {lags}"
            f"  |  {', '.join(lines) or 'no line yet'}"
            f"  |  {summary(self._system).plain}"
        )

    def _drawn(self) -> Group:
        said = [Text(text, style="yellow") for text in self._said]
        return Group(
            summary(self._system),
            self._drawn_lines(),
            self._drawn_symbols(),
            self._drawn_topics(),
            *said,
        )

    def _health(self, name: str, event: ConnectionEvent) -> tuple[str, str]:
        """Return the level of a line and its style: the flow's, once it has spoken."""
        known = self._healths.get(name)
        if known is None or known.received_ns < event.received_ns - _OLD_NS:
            return health(event)
        return f"{known.level.upper()} {known.issues}".strip()[:60], STYLES[known.level]

    def _drawn_lines(self) -> Table:
        table = Table("connection", "health", title="Connections", expand=True)
        for name in ("frames/s", "frames", "silent ms", "round trip ms"):
            table.add_column(name, justify="right")
        for name, event in sorted(self._lines.items()):
            table.add_row(
                name,
                Text(*self._health(name, event)),
                f"{self._line_rates.get(name, 0):,.0f}",
                f"{event.frames:,}",
                ms(event.silence_ns),
                ms(event.round_trip_ns),
            )
        return table

    def _drawn_symbols(self) -> Table:
        table = Table("symbol", title="Symbols, and their newest bars", expand=True)
        for name in ("records/s", "trades", "quality", "bar ends", "open", "high"):
            table.add_column(name, justify="right")
        for name in ("low", "close", "volume"):
            table.add_column(name, justify="right")
        passed_s = max(time.monotonic() - self._start_s, 1.0)
        for key, symbol in sorted(self._symbols.items())[:_ROWS]:
            bar = symbol.bar
            table.add_row(
                key,
                f"{symbol.records / passed_s:,.1f}",
                f"{symbol.trades:,}",
                scored(symbol.quality),
                "" if bar is None else clock(bar.event_ns),
                *(prices(bar) if bar is not None else ("",) * 5),
            )
        return table

    def _drawn_topics(self) -> Table:
        lags = ", ".join(f"{flow} {lag:,}" for flow, lag in self._lags.items())
        written = sum(self._ledger.arrived(topic) for topic in topics.ALL)
        rows = max(written - self._lags["archive"], 0)
        title = f"Topics — rows written {rows:,} — still to do: {lags}"
        table = Table("topic", title=title, expand=True)
        table.add_column("records", justify="right")
        table.add_column("per second", justify="right")
        for topic in topics.ALL:
            table.add_row(
                topic.name,
                f"{self._ledger.arrived(topic):,}",
                f"{self._rates[topic.name]:,}",
            )
        return table
