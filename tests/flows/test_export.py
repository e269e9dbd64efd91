"""What is exported is what the lake says: of each table, in each format."""

import base64
import csv
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from flows import exporting, slices
from flows.__main__ import app
from flows.exporting import ExportError, Wish, export
from operators.records import topics
from operators.records.base import Record
from operators.records.connection import ConnectionEvent, LineEvent
from operators.records.dead import DeadLetter
from operators.records.frame import Frame, FrameKind
from operators.records.market import Heartbeat
from operators.records.time import SECOND, US
from sinks.catalog import connect, publish
from sinks.extract import ExtractError, Form
from sinks.lake import TABLES, LakeError
from sinks.parquet import LakeSink
from tests.operators.records.test_topics import made

START_NS = 1_700_000_000 * SECOND
FAR = 2**63 // US
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the lake's times are naive
ONE_US = timedelta(microseconds=1)
KINDS = [record for topic in topics.ALL for record in topic.records]
FEW = settings(
    deadline=None,
    max_examples=4,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def lake(folder: Path, records: list[Record]) -> Path:
    publish(folder)
    part = LakeSink(folder, "w").build_part("lake", "w", None)
    part.write_batch([records])
    part.snapshot()
    return folder


def beat(at_ns: int, symbol: str = "A-B") -> Heartbeat:
    return Heartbeat(venue="v", symbol=symbol, event_ns=at_ns, received_ns=at_ns)


@pytest.fixture
def beats(tmp_path: Path) -> Path:
    """Return a lake with a heartbeat a second for a minute."""
    rows: list[Record] = [beat(START_NS + n * SECOND) for n in range(60)]
    line = {"venue": "v", "connection": "c", "line": "a", "kind": FrameKind.WS}
    rows.append(Frame(**line, received_ns=START_NS, url="", data="x"))
    return lake(tmp_path / "lake", rows)


def wish(out: Path, **changes: Any) -> Wish:
    wanted = Wish(START_NS, START_NS + 60 * SECOND, Form.CSV, out)
    return wanted._replace(**changes)


def said(folder: Path, table: str) -> list[tuple[Any, ...]]:
    with connect(folder) as connection:
        return connection.execute(f"select * from {table}").fetchall()


def plain(value: Any) -> Any:
    """Return a value as text formats have it."""
    if isinstance(value, datetime):
        return f"{value.isoformat(timespec='microseconds')}Z"
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def written(value: Any) -> str:
    """Return a value of JSON as CSV has it."""
    if isinstance(value, str) or value is None:
        return value or ""
    return json.dumps(value, separators=(",", ":"))


def of_csv(path: Path) -> list[list[str]]:
    """Return the rows, with numbers spelt alike."""
    with path.open(newline="") as file:
        return list(csv.reader(file))


@FEW
@given(st.data())
def test_every_table_comes_back_as_the_lake_has_it(
    tmp_path_factory: pytest.TempPathFactory, data: Any
) -> None:
    folder = tmp_path_factory.mktemp("export")
    records = [
        each
        for kind in KINDS
        for each in data.draw(st.lists(made(kind), min_size=1, max_size=4))
    ]
    lake(folder / "lake", records)
    names = [table.name for table in TABLES.values()]
    rows = {name: said(folder / "lake", name) for name in names}
    since_us, until_us = data.draw(
        st.sampled_from([(-FAR, FAR), (-FAR // 2, FAR // 3)])
    )
    inside = {
        name: found
        for name, of_table in rows.items()
        if (found := [r for r in of_table if is_inside(r[2], since_us, until_us)])
    }
    for form in Form:
        wanted = Wish(since_us * US, until_us * US, form, folder, names)
        done = {each.table: each for each in export(folder / "lake", wanted)}
        assert done.keys() == inside.keys()
        for name, found in inside.items():
            assert done[name].rows == len(found)
            back = read(done[name].path, form)
            assert sorted(map(str, back)) == sorted(map(str, as_read(found, form)))


def is_inside(time: datetime | None, since_us: int, until_us: int) -> bool:
    return time is None or since_us <= (time - EPOCH) // ONE_US < until_us


def read(path: Path, form: Form) -> list[Any]:
    if form is Form.PARQUET:
        return duckdb.sql(f"select * from read_parquet('{path}')").fetchall()
    if form is Form.JSON:
        return [tuple(row.values()) for row in json.loads(path.read_text())]
    texts = of_csv(path)[1:]
    return [tuple(spelt(text) for text in row) for row in texts]


def as_read(rows: list[tuple[Any, ...]], form: Form) -> Iterator[Any]:
    for row in rows:
        if form is Form.PARQUET:
            yield row
        elif form is Form.JSON:
            yield tuple(plain(value) for value in row)
        else:
            yield tuple(spelt(written(plain(value))) for value in row)


def spelt(text: str) -> Any:
    """Return what a text says where it is JSON, else the text."""
    try:
        found = json.loads(text, parse_int=float)
    except ValueError:
        return text
    return found


@FEW
@given(
    times=st.lists(st.integers(0, 10**15), min_size=1, max_size=200),
    most=st.integers(1, 20),
    ends=st.tuples(st.integers(-5, 10**15), st.integers(1, 10**15)),
    pieces=st.integers(1, 5),
)
def test_slices_hold_each_row_of_the_span_once_in_order(
    tmp_path_factory: pytest.TempPathFactory,
    times: list[int],
    most: int,
    ends: tuple[int, int],
    pieces: int,
) -> None:
    since, length = ends
    with pytest.MonkeyPatch.context() as patch, duckdb.connect() as connection:
        patch.setattr(slices, "MOST", most)
        values = ", ".join(f"({t})" for t in [*times, "null"])
        connection.execute(
            "create view v as"
            f" select make_timestamp(t::bigint) as event_time"
            f" from (values {values}) s(t)"
        )
        found = list(slices.slices(connection, "v", since, since + length, pieces))
        rows = [
            connection.execute(
                f"select epoch_us(event_time) from v where {each.where} order by 1"
            ).fetchall()
            for each in found
        ]
    inside = sorted(t for t in times if since <= t < since + length)
    assert [t for part in rows for (t,) in part] == [None, *inside]
    assert [each.rows for each in found] == [len(part) for part in rows]
    for part in rows:
        assert len(part) <= most or len({t for (t,) in part}) == 1


def test_rows_are_in_order_of_time_however_they_were_cut(
    beats: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "MOST", 7)
    told: list[tuple[str, int, int | None]] = []

    (done,) = export(beats, wish(tmp_path), lambda *moved: told.append(moved))

    times = [row[2] for row in of_csv(done.path)[1:]]
    assert times == sorted(times)
    assert len(set(times)) == done.rows == 60
    counts = [rows for table, rows, _ in told if table == "heartbeats"]
    assert counts == sorted(counts)
    assert len(counts) > 60 / 7
    assert told[-1] != ("heartbeats", 0, None)
    assert ("heartbeats", 60, 60) in told


def test_the_end_is_behind_the_span_and_its_beginning_is_in_it(
    beats: Path, tmp_path: Path
) -> None:
    span = {"since_ns": START_NS + 5 * SECOND, "until_ns": START_NS + 8 * SECOND}

    (done,) = export(beats, wish(tmp_path, **span, form=Form.JSON))

    at = [row["event_ns"] for row in json.loads(done.path.read_text())]
    assert at == [START_NS + n * SECOND for n in (5, 6, 7)]


def test_what_has_no_date_lies_in_every_span(tmp_path: Path) -> None:
    letter = DeadLetter(topic="t", reason="r", raw=b"\xff", size=1)
    folder = lake(tmp_path / "lake", [letter])

    (done,) = export(folder, wish(tmp_path, tables=["dead_letters"]))

    assert done.rows == 1
    assert base64.b64encode(b"\xff").decode() in done.path.read_text()


def test_a_file_is_named_by_its_table_and_span(beats: Path, tmp_path: Path) -> None:
    (done,) = export(beats, wish(tmp_path))
    name = "heartbeats-20231114T221320Z-20231114T221420Z.csv"
    assert done.path == tmp_path / name


def test_frames_are_exported_where_they_are_named(beats: Path, tmp_path: Path) -> None:
    (one,) = export(beats, wish(tmp_path))
    assert one.table == "heartbeats"
    two = export(beats, wish(tmp_path / "2", tables=["frames", "heartbeats", "bars"]))
    assert [each.table for each in two] == ["frames", "heartbeats"]


def test_one_file_that_is_there_keeps_all_from_being_written(
    beats: Path, tmp_path: Path
) -> None:
    wanted = wish(tmp_path, tables=["frames", "heartbeats"])
    there = tmp_path / "heartbeats-20231114T221320Z-20231114T221420Z.csv"
    there.write_text("mine")

    with pytest.raises(ExtractError, match=r"heartbeats-.*: is there already"):
        export(beats, wanted)

    assert there.read_text() == "mine"
    assert list(tmp_path.glob("*.csv")) == [there]


def test_a_table_that_is_not_there_is_told_with_those_that_are(
    beats: Path, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match=r"no table `bar`; there are alerts, bars, "):
        export(beats, wish(tmp_path / "out", tables=["bar"]))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        (["heartbeats"], r"in heartbeats, whose rows are of 2023-11-14 22:13:20 to "),
        (["bars"], "in bars, which has none at all"),
        (["bars", "frames"], "in any of bars, frames"),
        ([], "in any of "),
    ],
)
def test_a_span_without_rows_is_told(
    beats: Path, tmp_path: Path, tables: list[str], told: str
) -> None:
    late = {"since_ns": START_NS + 100 * SECOND, "until_ns": START_NS + 200 * SECOND}
    with pytest.raises(ExportError, match=told):
        export(beats, wish(tmp_path / "out", **late, tables=tables))
    assert not (tmp_path / "out").exists()


def test_a_fact_that_is_in_the_lake_twice_is_exported_once(tmp_path: Path) -> None:
    folder = lake(
        tmp_path / "lake", [beat(START_NS), beat(START_NS), beat(START_NS + 1)]
    )

    (done,) = export(folder, wish(tmp_path))

    assert done.rows == 2


def test_a_view_is_counted_in_pieces_and_written_whole(tmp_path: Path) -> None:
    venue = {"venue": "v", "connection": "c", "line": "a", "event": LineEvent.CLOSED}
    events: list[Record] = [
        ConnectionEvent(**venue, received_ns=START_NS + n * SECOND, url="u")
        for n in range(60)
    ]
    folder = lake(tmp_path / "lake", events)

    (done,) = export(folder, wish(tmp_path, tables=["line_events"]))

    assert done.rows == 60
    assert len({row[0] for row in of_csv(done.path)[1:]}) == 60


def test_where_there_is_no_lake_that_is_told(tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="no lake here"):
        export(tmp_path / "nowhere", wish(tmp_path))


def test_a_view_that_only_says_how_things_are_is_written_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "create view now_only as select 1::hugeint as n, {'a': 1} as s,"
            " interval 1 hour as i, 'nan'::double as f, [1, 2] as l"
        )
        monkeypatch.setattr(exporting, "connect", lambda _: connection.cursor())
        wanted = wish(tmp_path, tables=["now_only"], form=Form.JSON)
        (done,) = export(tmp_path, wanted)
    (row,) = json.loads(done.path.read_text())
    assert row == {"n": 1, "s": "{'a': 1}", "i": "01:00:00", "f": None, "l": [1, 2]}


def test_every_view_for_charts_can_be_named(beats: Path, tmp_path: Path) -> None:
    query = "select view_name from duckdb_views() where not internal"
    with connect(beats) as connection:
        views = [name for (name,) in connection.execute(query).fetchall()]
    charts = sorted(set(views) - {each.name for each in TABLES.values()})
    assert charts
    told = set()
    for name in charts:
        try:
            export(beats, wish(tmp_path, tables=[name]))
        except ExportError as error:
            told.add(str(error).partition(" in ")[0].partition(" from ")[0])
    assert told <= {"no rows"}


def test_the_command_ends_with_what_it_wrote(beats: Path, tmp_path: Path) -> None:
    words = ["export", "--since", "2023-11-14T22:13:20", "--until", "2023-11-15"]
    words += ["--lake", str(beats), "--out", str(tmp_path / "out"), "--format", "json"]

    done = CliRunner().invoke(app, [*words, "--table", "frames,heartbeats"])

    assert done.exit_code == 0, done.output
    paths = [Path(line) for line in done.stdout.splitlines()]
    assert [path.name.partition("-")[0] for path in paths] == ["frames", "heartbeats"]
    assert all(path.exists() for path in paths)
    assert "exported 2 files, 0.0 MB, to " in done.stderr
    assert "1 of frames, 60 of heartbeats" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--since", "soon"], "--since: Expected a time"),
        (["--since", "-1h", "--until", "later"], "--until: Expected a time"),
        (["--since", "-1h", "--until", "-2h"], "--since: Expected a time before `-2h`"),
        (["--since", "2199-01-01"], "--since: Expected a time before now"),
        (["--since", "-1h", "--format", "xls"], "--format: Expected one of csv, json"),
    ],
)
def test_a_mistake_is_told(words: list[str], told: str) -> None:
    done = CliRunner().invoke(app, ["export", *words])
    assert told in str(done.exception)
