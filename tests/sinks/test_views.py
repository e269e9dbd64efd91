"""What charts show is what the lake's rows say, and never better than it is."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from operators.quality.finding import Finding
from operators.quality.issues import Issues, IssuesParams, Moment
from operators.records.alerts import Alert, AlertPhase
from operators.records.base import Record
from operators.records.connection import ConnectionEvent, LineEvent
from operators.records.health import ConnectionHealth, Level, SystemHealth
from operators.records.priority import Priority, Tier
from operators.records.process import ProcessState
from operators.records.quality import IssueKind, QualityIssue, QualityScore, Severity
from operators.records.time import MINUTE, SECOND
from sinks.catalog import connect, publish
from sinks.lake import TABLES
from sinks.parquet import LakeSink

HOUR: Final = 60 * MINUTE
FILES: Final = 3


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    publish(tmp_path / "lake")
    return tmp_path / "lake"


def write(lake: Path, records: Sequence[Record], writer: str = "w") -> None:
    part = LakeSink(lake, writer).build_part("lake", writer, None)
    part.write_batch([list(records)])
    part.snapshot()


def ask(lake: Path, query: str) -> list[Any]:
    with connect(lake) as connection:
        return connection.execute(query).fetchall()


def ago(ns: int) -> int:
    return time.time_ns() - ns


def connection(at_ns: int, name: str = "c", line: str = "", **more: Any) -> Record:
    told = {"level": Level.GREEN, "is_up": True, "rate": 9.0, "octets_rate": 1.0}
    told |= {"feed_mean_ms": 50.0, "successes": 1, "lines_up": 1, **more}
    place = {"venue": "v", "connection": name, "line": line}
    return ConnectionHealth(**place, received_ns=at_ns, **told)


def score(at_ns: int, symbol: str = "A-B", **more: Any) -> Record:
    told = {"score": 100.0, "tradable": True, "active": True, **more}
    times = {"event_ns": at_ns, "received_ns": at_ns}
    return QualityScore(venue="v", symbol=symbol, **times, **told)


def system(at_ns: int, venue: str, points: float) -> Record:
    level = Level.GREEN if points > 90 else Level.RED
    told = {"score": points, "level": level, "connections": 2, "symbols": 3}
    return SystemHealth(venue=venue, event_ns=at_ns, **told)


def chosen(lake: Path, venues: str = "") -> Any:
    """Return what the tile of the score shows, with these venues chosen."""
    where = f"where venue in ({venues})" if venues else ""
    query = f"select arg_max_null(score, chosen) from system_now {where}"
    ((shown,),) = ask(lake, query)
    return shown


def views(lake: Path) -> list[str]:
    tables = {table.name for table in TABLES.values()}
    query = "select view_name from duckdb_views() where not internal order by 1"
    return [name for (name,) in ask(lake, query) if name not in tables]


def test_every_view_can_be_read_where_nothing_has_been_written(lake: Path) -> None:
    always = {"tables_now": len(TABLES), "freshness": 5}
    for view in views(lake):
        rows = len(ask(lake, f"select * from {view}"))
        assert (view, rows) == (view, always.get(view, 0))


def test_what_is_shown_over_time_can_be_filtered_by_it(lake: Path) -> None:
    for view in views(lake):
        columns = [name for name, *_ in ask(lake, f"describe {view}")]
        is_now = view.endswith(("_now", "_open", "_counted", "_active"))
        chosen_from = view in {"venues", "markets", "freshness"}
        assert ("event_time" in columns) == (not is_now and not chosen_from), view


def life(seed: int) -> tuple[list[QualityIssue], Counter[Severity]]:
    """Return what was said of the issues of some symbols, and which are open."""
    rng = random.Random(seed)
    said: list[QualityIssue] = []
    left: Counter[Severity] = Counter()
    for symbol in ("A-B", "C-B", "D-B"):
        issues, params = Issues(), IssuesParams()
        at_ns = ago(10 * MINUTE)
        for _ in range(60):
            at_ns += rng.randrange(9 * SECOND)
            moment = Moment("v", symbol, at_ns, at_ns, at_ns + SECOND // 20)
            said.extend(issues.pass_time(moment, params))
            severity = rng.choice([None, *Severity])
            kind = rng.choice(list(IssueKind))
            line = rng.choice([None, "c/a", "c/b"])
            finding = Finding(kind=kind, severity=severity, line=line)
            said.extend(issues.take(finding, moment, params))
        left.update(issues.counts())
    return said, +left


@pytest.mark.parametrize("seed", range(4))
def test_as_many_issues_are_open_as_opened_and_did_not_close(
    lake: Path, seed: int
) -> None:
    said, left = life(seed)
    random.Random(seed).shuffle(said)
    for number in range(FILES):
        write(lake, said[number::FILES], f"writer-{number}")
    write(lake, said[:20], "again")
    query = "select severity, count(*) from issues_open group by 1"
    assert dict(ask(lake, query)) == left
    assert left
    write(lake, [score(ago(SECOND), symbol) for symbol in ("A-B", "E-B")], "scores")
    total = "select sum(open_issues) from issues_counted where symbol in ('A-B', 'E-B')"
    of_one = "select count(*) from issues_open where symbol = 'A-B'"
    assert ask(lake, total) == ask(lake, of_one)


def test_where_nothing_is_heard_it_is_not_said_that_nothing_is_wrong(
    lake: Path,
) -> None:
    query = "select sum(open_issues) from issues_counted"
    write(lake, [score(ago(2 * HOUR), is_change=True)])
    assert ask(lake, query) == [(None,)]
    write(lake, [score(ago(SECOND), "C-B")], "other")
    assert ask(lake, query) == [(0,)]


def test_an_issue_is_as_old_as_its_opening_and_as_silent_as_its_last_word(
    lake: Path,
) -> None:
    (opened,) = Issues().take(
        Finding(IssueKind.STALE, Severity.HIGH),
        Moment("v", "A-B", 0, ago(HOUR), ago(HOUR)),
        IssuesParams(),
    )
    later = {"phase": "update", "event_ns": ago(10 * MINUTE), "count": 7}
    update = QualityIssue(
        **{name: getattr(opened, name) for name in opened.__struct_fields__}
        | {**later, "received_ns": ago(10 * MINUTE)}
    )
    write(lake, [opened, update])
    ((age_s, silent_s, seen),) = ask(
        lake, "select open_for_s, silent_s, times_seen from issues_open"
    )
    assert age_s == pytest.approx(50 * 60, abs=1)
    assert silent_s >= 600
    assert seen == 7


@pytest.mark.parametrize("silent_ns", [2 * MINUTE, 20 * MINUTE, 20 * HOUR])
def test_a_connection_that_has_gone_silent_is_not_shown_as_healthy(
    lake: Path, silent_ns: int
) -> None:
    gone = connection(ago(silent_ns), "gone", is_change=True, feed_mean_ms=1.0)
    write(lake, [gone, connection(ago(SECOND), "there")])
    columns = "connection, status, level, healthy_pct, latency_mean_ms, issue_count"
    assert ask(lake, f"select {columns} from connections_now order by 1") == [
        ("gone", "absent", "ABSENT", 0.0, None, 1),
        ("there", "up", "GREEN", 100.0, 50.0, 0),
    ]
    means = "select avg(latency_mean_ms), avg(healthy_pct) from connections_now"
    assert ask(lake, means) == [(50.0, 50.0)]


def test_a_steady_connection_is_remembered_for_a_day(lake: Path) -> None:
    last_ns = ago(3 * HOUR)
    until = last_ns - last_ns % (5 * SECOND)
    write(lake, [connection(until - n * 5 * SECOND) for n in range(120)])
    assert ask(lake, "select level from connections_now") == [("ABSENT",)]


def test_the_newest_word_of_each_line_is_shown(lake: Path) -> None:
    worse = {"level": Level.RED, "issues": "feed latency, rate", "is_up": False}
    said = [connection(ago(n * SECOND), line=line) for n in (9, 14) for line in "ab"]
    write(lake, [*said, connection(ago(4 * SECOND), line="b", **worse)])
    columns = "line, status, level, issue_count"
    assert ask(lake, f"select {columns} from connections_now order by 1") == [
        ("a", "up", "GREEN", 0),
        ("b", "down", "RED", 2),
    ]


@pytest.mark.parametrize("silent_ns", [2 * MINUTE, 20 * MINUTE, 20 * HOUR])
def test_a_symbol_that_has_gone_silent_is_not_shown_as_well(
    lake: Path, silent_ns: int
) -> None:
    gone = score(ago(silent_ns), "A-B", is_change=True)
    write(lake, [gone, score(ago(SECOND), "C-B", score=70.0, tradable=False)])
    columns = "symbol, status, score"
    assert ask(lake, f"select {columns} from scores_now order by goodness") == [
        ("A-B", "absent", None),
        ("C-B", "not tradable", 70.0),
    ]
    assert ask(lake, "select avg(score) from scores_now") == [(70.0,)]


def test_a_symbol_whose_venue_has_a_wrong_clock_is_as_old_as_its_arrival(
    lake: Path,
) -> None:
    now_ns = time.time_ns()
    ahead = {"event_ns": now_ns + 2 * MINUTE, "received_ns": now_ns - 2 * MINUTE}
    write(
        lake, [QualityScore(venue="v", symbol="A-B", score=1.0, tradable=True, **ahead)]
    )
    ((status, age_s),) = ask(lake, "select status, age_s from scores_now")
    assert status == "absent"
    assert age_s >= 120


def test_the_tile_shows_all_or_the_worst_of_the_venues_chosen(lake: Path) -> None:
    at_ns = ago(SECOND)
    points = {"": 80.0, "a": 95.0, "b": 40.0, "c": 60.0}
    write(lake, [system(at_ns, venue, each) for venue, each in points.items()])
    write(lake, [system(at_ns - 5 * SECOND, "", 1.0)], "older")
    assert chosen(lake) == 80.0
    assert chosen(lake, "'a', 'c'") == 60.0
    assert chosen(lake, "'a', 'b', 'c'") == 40.0
    plain = "select score from system_health where venue = '' order by event_ns desc"
    assert ask(lake, f"{plain} limit 1") == [(chosen(lake),)]


def test_what_was_said_of_the_whole_long_ago_is_not_shown_as_if_it_were_so(
    lake: Path,
) -> None:
    write(lake, [system(ago(2 * MINUTE), "", 100.0), system(ago(SECOND), "a", 95.0)])
    assert chosen(lake) is None
    levels = "select venue, level from system_now order by venue"
    assert ask(lake, levels) == [("a", "GREEN"), ("all", "ABSENT")]


def test_a_process_is_up_only_if_it_has_just_answered(lake: Path) -> None:
    told = {"is_up": True, "lag": 3, "memory_bytes": 10**6, "restarts": 2}
    write(
        lake,
        [
            ProcessState(name="a", event_ns=ago(SECOND), **told),
            ProcessState(name="b", event_ns=ago(6 * SECOND), **told),
            ProcessState(name="b", event_ns=ago(SECOND), is_up=False),
            ProcessState(name="c", event_ns=ago(30 * MINUTE), **told),
        ],
    )
    columns = "process, status, lag_messages, memory_mb, restarts"
    assert ask(lake, f"select {columns} from processes_now order by 1") == [
        ("a", "up", 3, 1.0, 2),
        ("b", "down", None, None, None),
        ("c", "absent", None, None, 2),
    ]


def alert(subject: str, at_ns: int, opened_ns: int, phase: AlertPhase) -> Record:
    told = {"severity": Severity.HIGH, "title": subject, "phase": phase}
    times = {"event_ns": at_ns, "opened_ns": opened_ns}
    return Alert(rule="r", subject=subject, **times, **told)


def test_an_alert_is_active_until_it_is_resolved_in_whatever_order_that_is_read(
    lake: Path,
) -> None:
    then = ago(2 * 24 * HOUR)
    over = [
        alert("a", then + n, then, phase)
        for n, phase in enumerate((AlertPhase.FIRING, AlertPhase.RESOLVED))
    ]
    again = [alert("a", then + HOUR, then + HOUR, AlertPhase.FIRING)]
    other = [
        alert("b", then + 1, then, AlertPhase.FIRING),
        alert("b", then + 2, then, AlertPhase.ESCALATED),
        alert("c", then, then, AlertPhase.DIGEST),
    ]
    write(lake, [*reversed(over), *other], "first")
    query = "select title, phase from alerts_active order by 1, 2"
    assert ask(lake, query) == [("b", "escalated")]
    write(lake, again, "second")
    assert ask(lake, query) == [("a", "firing"), ("b", "escalated")]


def test_symbols_are_ranked_as_in_the_newest_window_alone(lake: Path) -> None:
    def ranked(at_ns: int, *symbols: str) -> list[Record]:
        return [
            Priority(
                venue="v",
                symbol=symbol,
                event_ns=at_ns,
                rank=rank,
                score=100.0 - rank,
                tier=Tier.HIGH,
            )
            for rank, symbol in enumerate(symbols, 1)
        ]

    now_ns = ago(SECOND)
    write(lake, ranked(now_ns, "B-Q", "A-Q") + ranked(now_ns - MINUTE, "C-Q", "B-Q"))
    query = "select rank, symbol from priorities_now order by 1"
    assert ask(lake, query) == [(1, "B-Q"), (2, "A-Q")]


def test_every_table_is_listed_with_as_many_rows_as_it_has(lake: Path) -> None:
    write(lake, [score(ago(n * SECOND)) for n in (1, 30, 90)])
    write(lake, [connection(ago(SECOND))], "other")
    found = {
        name: (rows, age_s)
        for name, rows, age_s in ask(
            lake, "select table_name, rows_per_min, age_s from tables_now"
        )
    }
    assert found.keys() == {table.name for table in TABLES.values()}
    assert found["quality_scores"][0] == 2
    assert found["connection_health"][0] == 1
    assert sum(rows for rows, _ in found.values()) == 3
    assert {name for name, (_, age_s) in found.items() if age_s is not None} == {
        *("quality_scores", "connection_health")
    }


def test_what_happened_to_lines_is_all_but_that_they_live(lake: Path) -> None:
    events = list(LineEvent)
    write(
        lake,
        [
            ConnectionEvent(
                venue="v",
                connection="c",
                line="a",
                url="",
                received_ns=ago(SECOND) + n,
                event=event,
            )
            for n, event in enumerate(events)
        ],
    )
    shown = {event for (event,) in ask(lake, "select event from line_events")}
    assert shown == {*events} - {LineEvent.HEARTBEAT}


def test_filters_offer_what_was_there_in_the_last_day(lake: Path) -> None:
    long_ago = ago(20 * HOUR)
    then = long_ago - long_ago % (5 * MINUTE)
    said = [system(then, "a", 1.0), system(ago(SECOND), "b", 1.0)]
    old = [system(then - 10 * HOUR, "c", 1.0), system(ago(SECOND), "", 1.0)]
    write(lake, [*said, *old, score(then, "A-B"), score(ago(SECOND), "C-B")])
    assert ask(lake, "select venue from venues order by 1") == [("a",), ("b",)]
    symbols = "select symbol from markets order by 1"
    assert ask(lake, symbols) == [("A-B",), ("C-B",)]


def test_several_can_be_chosen_within_a_time(lake: Path) -> None:
    at_ns = ago(SECOND)
    write(lake, [score(at_ns, symbol) for symbol in ("A-B", "C-B", "D-B")])
    now = "(now() at time zone 'UTC')"
    query = (
        "select symbol from scores_history where symbol in ('A-B', 'C-B')"
        f" and event_time >= {now} - interval 1 hour and event_time < {now} order by 1"
    )
    assert ask(lake, query) == [("A-B",), ("C-B",)]
