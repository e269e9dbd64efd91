"""Where things stand, for a person; on a narrow terminal with fewer columns."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from flows.newest import Row
from flows.standing import Standing
from operators.records.time import SECOND

_NARROW: Final = 100
_COLOURS: Final = {
    "green": "green",
    "yellow": "yellow",
    "red": "bold red",
    "low": "",
    "medium": "yellow",
    "high": "red",
    "critical": "bold red",
}


def show(standing: Standing, console: Console) -> None:
    """Write it all."""
    for part in _parts(standing, console.width < _NARROW):
        console.print(part)


def _parts(standing: Standing, narrow: bool) -> Iterator[RenderableType]:
    for note in standing.notes:
        yield Text(note, style="yellow")
    if standing.processes:
        yield _processes(standing, narrow)
    if standing.topics:
        yield _topics(standing)
    yield from _system(standing)
    if standing.connections:
        yield _connections(standing, narrow)
    if standing.worst:
        yield _issues(standing, narrow)
    if standing.alerts:
        yield _alerts(standing, narrow)


def _table(title: str, words: Sequence[str], right: Sequence[str] = ()) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for word in words:
        table.add_column(word, overflow="fold")
    for word in right:
        table.add_column(word, justify="right", no_wrap=True)
    return table


def _processes(standing: Standing, narrow: bool) -> Table:
    more = [] if narrow else ["waiting", "up for", "MB", "pid"]
    figures = ["to do", "behind", "restarts", *more]
    table = _table("Processes", ["process", "state"], figures)
    for each in standing.processes:
        since_s = each.since_s and standing.now_ns / SECOND - each.since_s
        memory = each.memory_bytes and each.memory_bytes / 1e6
        wide = [_whole(each.waiting), _span(since_s), _whole(memory), each.pid]
        state = Text("up", "green") if each.is_up else Text("down", "bold red")
        table.add_row(
            each.name,
            state,
            _whole(each.lag),
            _span(each.event_lag_s),
            _whole(each.restarts),
            *(str(value or "") for value in ([] if narrow else wide)),
        )
    return table


def _topics(standing: Standing) -> Table:
    table = _table("Topics", ["topic"], ["records", "per second"])
    for name, count in standing.topics.items():
        if count.records:
            table.add_row(name, _whole(count.records), f"{count.per_second:,.1f}")
    return table


def _system(standing: Standing) -> Iterator[Text]:
    for row in sorted(standing.system, key=lambda each: str(each["venue"])):
        text = Text(f"{row['venue'] or 'System'}: ")
        text.append(f"{row['level']} {row['score']:.0f}", _COLOURS[row["level"]])
        text.append(f", {_ago(row, standing)}")
        text.append(f": {row['issues']}" if row["issues"] else "")
        yield text
    scores = standing.scores
    if not scores:
        return
    active = [row["score"] for row in scores if row["active"]]
    wrong = [row for row in scores if row["has_book"] and not row["book_ok"]]
    mean = f"{sum(active) / len(active):.1f}" if active else "none"
    lowest = f", lowest {min(active):.1f}" if active else ""
    yield Text(f"Quality of {len(active)} active symbols: mean {mean}{lowest}")
    of = sum(row["has_book"] for row in scores)
    names = ", ".join(f"{row['venue']}:{row['symbol']}" for row in wrong[:5])
    more = f": {names}{', ...' if len(wrong) > 5 else ''}" if wrong else ""
    yield Text(f"Books not right: {len(wrong)} of {of}{more}", "red" if wrong else "")
    counts = ", ".join(f"{n} {kind}" for kind, n in standing.open_issues.items() if n)
    yield Text(f"Open issues: {counts or 'none'}")


def _connections(standing: Standing, narrow: bool) -> Table:
    more = [] if narrow else ["ping p95 ms", "frames/s", "uptime 24 h %", "seen"]
    table = _table("Connections", ["line", "level"], ["feed p95 ms", *more])
    table.add_column("why", overflow="fold")
    for row in sorted(standing.connections, key=_place):
        wide = [
            _ms(row["network_p95_ms"]),
            _whole(row["rate"]),
            "" if row["uptime_24h"] is None else f"{row['uptime_24h']:.5f}",
            _ago(row, standing),
        ]
        table.add_row(
            "/".join(filter(None, _place(row)[1:])),
            Text(row["level"], _COLOURS[row["level"]]),
            _ms(row["feed_p95_ms"]),
            *([] if narrow else wide),
            row["issues"],
        )
    return table


def _issues(standing: Standing, narrow: bool) -> Table:
    table = _table("Worst open issues", ["of", "kind", "severity"], ["times"])
    if not narrow:
        table.add_column("open for", justify="right")
        table.add_column("what was seen", overflow="fold")
    for row in standing.worst:
        line = "/".join(filter(None, (row["connection"], row["line"])))
        span = _span((standing.now_ns - row["opened_ns"]) / SECOND)
        table.add_row(
            f"{row['venue']}:{row['symbol'] or line}",
            row["kind"],
            Text(row["severity"], _COLOURS[row["severity"]]),
            _whole(row["count"]),
            *([] if narrow else [span, row["evidence"]]),
        )
    return table


def _alerts(standing: Standing, narrow: bool) -> Table:
    table = _table("Last alerts", ["when", "phase", "title"])
    if not narrow:
        table.add_column("rule")
    for row in standing.alerts:
        when = datetime.fromtimestamp(row["event_ns"] / SECOND, UTC)
        told = Text(row["title"], _COLOURS[row["severity"]])
        more = [] if narrow else [row["rule"]]
        table.add_row(f"{when:%m-%d %H:%M:%S}", row["phase"], told, *more)
    return table


def _place(row: Row) -> tuple[str, ...]:
    return row["venue"], row["connection"], row["line"]


def _ago(row: Row, standing: Standing) -> str:
    at_ns = max(row["event_ns"], row.get("received_ns") or 0)
    return f"{_span((standing.now_ns - at_ns) / SECOND)} ago"


def _whole(value: Any) -> str:
    return "" if value is None else f"{value:,.0f}"


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}"


def _span(seconds: float | None) -> str:
    """Return a time in the largest unit that it fills."""
    if seconds is None:
        return ""
    units: Iterable[tuple[str, float]] = (("d", 86_400), ("h", 3_600), ("min", 60))
    for unit, length_s in units:
        if seconds >= 2 * length_s:
            return f"{seconds / length_s:,.0f} {unit}"
    return f"{seconds:,.0f} s"
