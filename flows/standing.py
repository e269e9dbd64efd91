"""Where things stand: what processes say of themselves, and the lake's newest rows."""

import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from config.settings import Settings
from flows.metrics import PID, RESTARTS, Target, targets
from flows.newest import Newest, Row
from operators.records.quality import Phase, Severity
from sinks.lake import LakeError

_ANSWER_S: Final = 2.0
_HOUR: Final = 60
_LINE: Final = ("venue", "connection", "line")
_ISSUE: Final = ("venue", "symbol", "connection", "line", "kind")
_WORST: Final = tuple(reversed(Severity))

Sample = tuple[str, dict[str, str], float]


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A process that has not ended in good order; what it does not say is None.

    Attributes:
        name: The process and its shard.
        address: Where it was asked.
        is_up: Whether it answered.
        pid: Its number.
        restarts: Times it was started again after it had not ended in good order.
        since_s: When it was started [s UTC].
        lag: Messages that it has yet to take in.
        event_lag_s: How far it is behind [s].
        memory_bytes: What it holds [bytes].
        waiting: Of ingest: messages that Kafka has not confirmed.
    """

    name: str
    address: str
    is_up: bool
    pid: int | None = None
    restarts: int | None = None
    since_s: float | None = None
    lag: float | None = None
    event_lag_s: float | None = None
    memory_bytes: float | None = None
    waiting: float | None = None


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
    asked = targets(folder) or _fixed(settings)
    before = _samples(asked)
    if any(each is not None for each in before):
        time.sleep(interval_s)
    after = _samples(asked)
    notes = [] if asked else [f"Nothing runs here: {folder} is empty. {_START}"]
    down = [t for t, each in zip(asked, after, strict=True) if each is None]
    if down:
        names = ", ".join(_name(each) for each in down)
        notes.append(f"{names}: no answer. Its log says why; {_START}")
    return Standing(
        now_ns=time.time_ns(),
        processes=[_process(*each) for each in zip(asked, after, strict=True)],
        topics=_topics(before, after, interval_s),
        notes=notes,
        **_of_lake(lake, most, notes),
    )


_START: Final = "`tapewatch up` starts everything."


def _fixed(settings: Settings) -> list[Target]:
    """Return the one process that can have the settings' own port, if they name one."""
    metrics = settings.metrics
    if not metrics.port:
        return []
    return [Target((f"{metrics.host}:{metrics.port}",), {})]


def _name(target: Target) -> str:
    return target.labels.get("instance", target.targets[0])


def _samples(asked: Sequence[Target]) -> list[list[Sample] | None]:
    """Return the figures of each process; None of one that does not answer."""
    with ThreadPoolExecutor(max_workers=16) as pool:
        return list(pool.map(lambda each: ask(each.targets[0]), asked))


def ask(address: str) -> list[Sample] | None:
    """Return the figures at an address, or None if none are told there."""
    try:
        url = f"http://{address}/metrics"
        with urllib.request.urlopen(url, timeout=_ANSWER_S) as answer:
            text = answer.read().decode()
        return [
            (sample.name, dict(sample.labels), sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        ]
    except (OSError, ValueError):
        return None


def _process(target: Target, samples: list[Sample] | None) -> Process:
    def found(name: str) -> float | None:
        values = [value for each, _, value in samples or () if each == name]
        return sum(values) if values else None

    pid, restarts = target.labels.get(PID), target.labels.get(RESTARTS)
    return Process(
        name=_name(target),
        address=target.targets[0],
        is_up=samples is not None,
        pid=int(pid) if pid else None,
        restarts=int(restarts) if restarts else None,
        since_s=found("process_start_time_seconds"),
        lag=found("tapewatch_consumer_lag"),
        event_lag_s=found("tapewatch_event_lag_seconds"),
        memory_bytes=found("process_resident_memory_bytes"),
        waiting=found("tapewatch_waiting_messages"),
    )


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
