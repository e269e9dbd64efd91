"""Records that passed, as figures that Prometheus keeps.

A figure of which nothing is known yet is absent; none is 0 for want of knowledge.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from flows.tap import TOLD, Kind, Tap
from operators.records.alerts import Alert, Delivery
from operators.records.book import Command
from operators.records.connection import ConnectionEvent, LineEvent
from operators.records.healing import Healing
from operators.records.health import ConnectionHealth, Level, SystemHealth
from operators.records.quality import QualityIssue, QualityScore, Severity
from operators.records.time import MS, SECOND

Values = Mapping[Any, float]
"""Figures, by the values of their labels."""

_TOLD: Final[dict[Kind, tuple[str, str]]] = {
    Alert: ("alerts", "Things said of alerts."),
    Command: ("commands", "Commands given to ingest."),
    Delivery: ("deliveries", "Things said of deliveries of alerts."),
    Healing: ("healings", "Decisions to heal, or not to."),
    QualityIssue: ("quality_issues", "Things said of quality issues."),
}
_LEVELS: Final = {Level.GREEN: 0, Level.YELLOW: 1, Level.RED: 2}
_LINE: Final = ("venue", "connection", "line")


def gauge(name: str, text: str, values: Values, *labels: str) -> Iterator[Metric]:
    """Yield a gauge of these values, by their labels; none if there is no value."""
    family = GaugeMetricFamily(f"tapewatch_{name}", text, labels=labels)
    for by, value in values.items():
        family.add_metric(by, value)
    if values:
        yield family


def counter(name: str, text: str, values: Values, *labels: str) -> Iterator[Metric]:
    """Yield a counter, likewise; its name gets ``_total``."""
    family = CounterMetricFamily(f"tapewatch_{name}", text, labels=labels)
    for by, value in values.items():
        family.add_metric(by, value)
    if values:
        yield family


def passed(tap: Tap) -> Iterator[Metric]:
    """Yield what has passed, whatever it was."""
    counts = tap.counts.copy()
    written = {
        (topic.name, kind.table): float(counts[kind])
        for topic in list(tap.topics.values())
        for kind in topic.records
    }
    text = "Records that passed to a topic, or had been sent before a restart."
    yield from counter("records_written", text, written, "topic", "table")
    if tap.event_ns:
        text = "Newest event time passed on; a clock of the venues, or of a recording."
        yield from gauge("event_time_seconds", text, {(): tap.event_ns / SECOND})
    for kind, (name, text) in _TOLD.items():
        yield from counter(name, text, dict(tap.told_of(kind)), *TOLD[kind])


def quality(scores: Iterable[QualityScore]) -> Iterator[Metric]:
    """Yield how far the symbols can be believed, all together."""
    scores = list(scores)
    if not scores:
        return
    opened: Counter[Sequence[str]] = Counter()
    for severity in Severity:
        name = f"open_{severity}"
        opened[severity.value,] = sum(getattr(each, name) for each in scores)
    yield from gauge("open_issues", "Open issues of symbols.", opened, "severity")
    active = [each.score for each in scores if each.active]
    for name, text, value in (
        ("symbols", "Symbols that were ever scored.", len(scores)),
        ("symbols_active", "Those with data in their last minute.", len(active)),
        (
            "symbols_tradable",
            "Those that signals may be made of.",
            sum(each.tradable for each in scores),
        ),
        ("books", "Symbols with a book.", sum(each.has_book for each in scores)),
        (
            "books_not_right",
            "Those whose book is not proven right.",
            sum(each.has_book and not each.book_ok for each in scores),
        ),
    ):
        yield from gauge(name, text, {(): value})
    if active:
        text = "Quality score of the active symbols, 0 to 100:"
        mean = sum(active) / len(active)
        yield from gauge("quality_score_min", f"{text} the lowest.", {(): min(active)})
        yield from gauge("quality_score_mean", f"{text} the mean.", {(): mean})


def health(found: Iterable[ConnectionHealth]) -> Iterator[Metric]:
    """Yield how connections do, and each of their lines."""
    found = list(found)
    if not found:
        return
    levels: Counter[Sequence[str]] = Counter({(level.value,): 0 for level in Level})
    levels.update((each.level.value,) for each in found if not each.line)
    yield from gauge("connections", "Connections, by level.", levels, "level")
    by = {(each.venue, each.connection, each.line): each for each in found}
    text = "Level of a line, or of a connection (no line): 0 green, 1 yellow, 2 red."
    level = {key: float(_LEVELS[each.level]) for key, each in by.items()}
    yield from gauge("line_level", text, level, *_LINE)
    for name, text, field, scale in (
        ("feed_delay_seconds", "Arrival less event, skew out, p95.", "feed_p95_ms", MS),
        ("network_seconds", "Ping to pong, p95.", "network_p95_ms", MS),
        ("line_rate", "Frames per second.", "rate", SECOND),
        ("uptime_percent", "Share of the last 24 hours.", "uptime_24h", SECOND),
    ):
        known = {
            key: value * scale / SECOND
            for key, each in by.items()
            if (value := getattr(each, field)) is not None
        }
        yield from gauge(name, text, known, *_LINE)


def system(found: Iterable[SystemHealth]) -> Iterator[Metric]:
    """Yield how venues do, and everything (no venue)."""
    scores = {(each.venue,): each.score for each in found}
    text = "Health of a venue, or of all (no venue), 0 to 100."
    yield from gauge("system_score", text, scores, "venue")


def lines(tap: Tap) -> Iterator[Metric]:
    """Yield what the lines of ingest have brought, and how often they connected."""
    found = tap.states(ConnectionEvent)
    by = {(each.venue, each.connection, each.line): each for each in found}
    frames = {key: float(each.frames) for key, each in by.items()}
    octets = {key: float(each.octets) for key, each in by.items()}
    yield from counter("line_frames", "Frames received.", frames, *_LINE)
    yield from counter("line_octets", "Bytes received.", octets, *_LINE)
    connects = dict.fromkeys(by, 0.0)
    for (*key, event), count in tap.told_of(ConnectionEvent):
        if event == LineEvent.CONNECTING:
            connects[key[0], key[1], key[2]] = count
    again = {key: max(count - 1, 0.0) for key, count in connects.items()}
    yield from counter("reconnects", "Attempts after the first.", again, *_LINE)


def followed(tap: Tap) -> Iterator[Metric]:
    """Yield everything that a tap knows."""
    yield from passed(tap)
    yield from quality(tap.states(QualityScore))
    yield from health(tap.states(ConnectionHealth))
    yield from system(tap.states(SystemHealth))
    yield from lines(tap)
