"""Where things stand: what processes say of themselves, and the lake's newest rows."""

import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from config.settings import Settings
from flows import processes
from flows.newest import Newest, Row
from flows.processes import Process, Sample
from operators.records.quality import Phase, Severity
from sinks.lake import LakeError

_HOUR: Final = 60
_LINE: Final = ("venue", "connection", "line")
_ISSUE: Final = ("venue", "symbol", "connection", "line", "kind")
_WORST: Final = tuple(reversed(Severity))


class Count(msgspec.Struct, frozen=True):
    """Records of a topic since its processes were started, and how many a second."""

    records: float
    per_second: float


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """All of it.

    Attributes:
        now_ns: When it was asked, by our clock [ns UTC].
        processes: Those that have not ended in good order.
        topics: What was written, by topic.
        connections: The newest ``connection_health`` of each, lines too.
        system: The newest ``system_health`` of each venue, and of all.
        scores: The newest ``quality_scores`` of each symbol.
        open_issues: How many issues are open, by severity.
        worst: The worst of them.
        alerts: The last of them.
        notes: What could not be learnt, and what to do.
    """

    now_ns: int
    processes: list[Process] = []
    topics: dict[str, Count] = {}
    connections: list[Row] = []
    system: list[Row] = []
    scores: list[Row] = []
    open_issues: dict[str, int] = {}
    worst: list[Row] = []
    alerts: list[Row] = []
    notes: list[str] = []


def standing(settings: Settings, lake: Path, interval_s: float, most: int) -> Standing:
    """Ask everyone.

    Args:
        settings: The whole tree.
        lake: Whose rows.
        interval_s: Over which rates are taken [s].
        most: How many issues, and how many alerts.
    """
    folder = Path(settings.metrics.folder)
    asked = processes.known(settings, folder)
    before = processes.samples(asked)
    if any(each is not None for each in before):
        time.sleep(interval_s)
    after = processes.samples(asked)
    notes = [] if asked else [f"Nothing runs here: {folder} is empty. {_START}"]
    down = [t for t, each in zip(asked, after, strict=True) if each is None]
    if down:
        names = ", ".join(processes.name(each) for each in down)
        notes.append(f"{names}: no answer. Its log says why; {_START}")
    return Standing(
        now_ns=time.time_ns(),
        processes=[processes.process(*each) for each in zip(asked, after, strict=True)],
        topics=_topics(before, after, interval_s),
        notes=notes,
        **_of_lake(lake, most, notes),
    )


_START: Final = "`tapewatch up` starts everything."


def _topics(
    before: Iterable[list[Sample] | None],
    after: Iterable[list[Sample] | None],
    interval_s: float,
) -> dict[str, Count]:
    """Return what was written; of frames, which nobody counts then, what was read."""
    old, new = _counted(before), _counted(after)
    return {
        topic: Count(count, max(count - old.get(topic, count), 0.0) / interval_s)
        for topic, count in sorted(new.items())
    }


def _counted(told: Iterable[list[Sample] | None]) -> dict[str, float]:
    totals: defaultdict[str, defaultdict[str, float]]
    totals = defaultdict(lambda: defaultdict(float))
    for samples in told:
        flows = [labels["flow"] for _, labels, _ in samples or () if "flow" in labels]
        for name, labels, value in samples or ():
            if name == "tapewatch_records_written_total":
                totals[labels["topic"]][""] += value
            elif name == "tapewatch_records_read_total":
                totals[labels["topic"]][flows[0]] += value
    return {
        topic: by[""] if "" in by else max(by.values()) for topic, by in totals.items()
    }


def _of_lake(lake: Path, most: int, notes: list[str]) -> dict[str, Any]:
    try:
        newest = Newest(lake)
    except LakeError as error:
        notes.append(f"{error}.")
        return {}
    try:
        scores = newest.rows("quality_scores", ("venue", "symbol"))
        issues = [
            row
            for row in newest.rows("quality_issues", _ISSUE, segments=_HOUR)
            if row["phase"] != Phase.CLOSE
        ]
        issues.sort(key=lambda row: (_WORST.index(row["severity"]), row["opened_ns"]))
        return {
            "connections": newest.rows("connection_health", _LINE),
            "system": newest.rows("system_health", ("venue",)),
            "scores": scores,
            "open_issues": _opened(scores, issues),
            "worst": issues[:most],
            "alerts": newest.rows("alerts", segments=_HOUR, most=most),
        }
    except LakeError as error:
        notes.append(f"{error}.")
        return {}
    finally:
        newest.close()


def _opened(scores: Iterable[Row], issues: Iterable[Row]) -> dict[str, int]:
    """Return how many issues are open: of symbols by their scores, of lines by name."""
    rows = list(scores)
    found = {each.value: sum(row[f"open_{each}"] for row in rows) for each in _WORST}
    for issue in issues:
        if issue["symbol"] is None:
            found[issue["severity"]] += 1
    return found if rows or any(found.values()) else {}
