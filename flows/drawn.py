"""How the view of ``tapewatch up`` writes what it knows."""

from typing import Final

from rich.text import Text

from operators.records.bar import Bar
from operators.records.connection import ConnectionEvent, LineEvent
from operators.records.health import Level, SystemHealth
from operators.records.quality import QualityScore
from operators.records.time import MS, SECOND

STYLES: Final = {
    Level.GREEN: "green",
    Level.YELLOW: "yellow",
    Level.RED: "bold red",
}
_SILENT_NS: Final = 5 * SECOND


def summary(whole: SystemHealth | None) -> Text:
    """Return the whole system's health and quality in a line."""
    if whole is None:
        return Text("system: not known yet")
    quality = "unknown"
    if whole.quality_score is not None:
        quality = f"{whole.quality_score:.1f} of {whole.symbols} symbols"
    issues = f" ({whole.issues})" if whole.issues else ""
    text = (
        f"system {whole.level.upper()} {whole.score:.1f}{issues}, quality {quality},"
        f" books not right: {whole.books_wrong}, open issues: {whole.open_critical}"
        f" critical, {whole.open_high} high"
    )
    return Text(text, style=STYLES[whole.level])


def health(event: ConnectionEvent) -> tuple[str, str]:
    """Return how a line does by its newest event alone, and the style."""
    if event.event in {LineEvent.CLOSED, LineEvent.FAILED, LineEvent.CONNECTING}:
        return f"RED {event.event.value} {event.reason}"[:60], "bold red"
    if event.silence_ns is None or event.silence_ns > _SILENT_NS:
        return "YELLOW silent", "yellow"
    return "GREEN", "green"


def scored(quality: QualityScore | None) -> Text:
    """Return a symbol's score; yellow while it may not be traded."""
    if quality is None:
        return Text("")
    style = "green" if quality.tradable else "yellow"
    return Text(f"{quality.score:.1f}", style=style)


def ms(value_ns: int | None) -> str:
    """Return a time in milliseconds."""
    return "" if value_ns is None else f"{value_ns / MS:,.1f}"


def clock(at_ns: int) -> str:
    """Return a time of day, UTC."""
    seconds = at_ns // SECOND
    return f"{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def prices(bar: Bar) -> tuple[str, ...]:
    """Return a bar's prices, and its volume."""
    return (
        *(f"{price:,.8g}" for price in (bar.open, bar.high, bar.low, bar.close)),
        f"{bar.volume:,.6g}",
    )
