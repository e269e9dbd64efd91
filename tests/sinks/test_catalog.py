"""Readers see each fact once, at once, and nothing but the lake."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from operators.records.base import Record, Side
from operators.records.frame import Ignored
from operators.records.market import Heartbeat, Trade
from sinks.catalog import connect, publish
from sinks.lake import TABLES, LakeError, catalog
from sinks.parquet import LakeSink

every_table = pytest.mark.parametrize("table", TABLES.values(), ids=lambda t: t.name)
WAIT_S = 60


@pytest.fixture(params=["lake", "a lake", 'la\'ke "quoted"; --', "läke#%41 [a]*"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / request.param
    publish(folder)
    return folder


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    publish(tmp_path / "lake")
    return tmp_path / "lake"


@pytest.fixture
def reader(plain: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(plain) as connection:
        yield connection


def trade(number: int, **more: Any) -> Trade:
    values = {"venue": "v", "symbol": "A-B", "event_ns": 1, "received_ns": 1, **more}
    return Trade(**values, trade_id=str(number), price=1.0, quantity=1.0, side=Side.BUY)


def write(lake: Path, records: list[Record], writer: str = "w") -> None:
    part = LakeSink(lake, writer).build_part("lake", writer, None)
    part.write_batch([records])
    part.snapshot()


def ask(lake: Path, query: str) -> list[Any]:
    with connect(lake) as connection:
        return connection.execute(query).fetchall()


def test_rows_are_read_wherever_the_lake_lies(lake: Path) -> None:
    write(lake, [trade(1), trade(2)])
    query = "select trade_id from trades order by 1"
    assert ask(lake, query) == [("1",), ("2",)]


def test_a_lake_named_relative_to_here_is_read_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    publish(Path("lake"))
    write(Path("lake"), [trade(1)])
    assert ask(Path("lake"), "select count(*) from trades") == [(1,)]
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert ask(Path("../lake"), "select count(*) from trades") == [(1,)]


@every_table
def test_every_table_has_a_view_from_the_start(
    table: Any, reader: duckdb.DuckDBPyConnection
) -> None:
    answer = reader.execute(f"describe {table.name}").fetchall()
    columns = {name: kind for name, kind, *_ in answer}
    assert list(columns)[:4] == ["venue", "symbol", "event_time", "event_ns"]
    assert columns["event_time"] == "TIMESTAMP"
    assert (columns["venue"], columns["event_ns"]) == ("VARCHAR", "BIGINT")
    assert set(columns) == {*table.schema.names, "event_time"}
    count = f"select count(*) from {table.name}"
    assert reader.execute(count).fetchall() == [(0,)]


def test_event_time_is_event_ns_in_utc(plain: Path) -> None:
    ns = 1_723_161_255_343_999_999
    place = {"connection": "c", "line": "a", "received_ns": ns}
    write(plain, [trade(1, event_ns=ns), Ignored(venue="v", **place, reason="ack")])
    for table in ("trades", "ignored"):
        ((told, kept),) = ask(plain, f"select event_time, event_ns from {table}")
        assert told.isoformat() == "2024-08-08T23:54:15.343999"
        assert kept == ns


def test_a_fact_is_shown_once_as_it_first_arrived(plain: Path) -> None:
    write(plain, [trade(1, received_ns=30), trade(2, received_ns=9)], "late")
    write(plain, [trade(1, received_ns=10), trade(1, received_ns=20)], "early")
    write(plain, [trade(1, symbol="C-B", received_ns=40)], "other")
    query = "select symbol, trade_id, received_ns from trades order by all"
    expected = [("A-B", "1", 10), ("A-B", "2", 9), ("C-B", "1", 40)]
    assert ask(plain, query) == expected


def test_new_files_are_seen_by_a_connection_that_is_open(
    plain: Path, reader: duckdb.DuckDBPyConnection
) -> None:
    for number in range(3):
        write(plain, [trade(number)], f"writer-{number}")
        count = reader.execute("select count(*) from trades").fetchall()
        assert count == [(number + 1,)]
    assert sorted(path.name for path in (plain / "catalog").iterdir()) == [
        *("current", "gen-1")
    ]


def test_a_process_may_have_the_catalogue_open_twice(
    plain: Path, reader: duckdb.DuckDBPyConnection
) -> None:
    write(plain, [trade(1)])
    with connect(plain) as other:
        for connection in (reader, other):
            count = connection.execute("select count(*) from trades").fetchall()
            assert count == [(1,)]
            with pytest.raises(duckdb.PermissionException):
                connection.execute("select * from read_text('/etc/passwd')")


def test_a_half_written_file_is_not_seen(plain: Path) -> None:
    write(plain, [trade(1)])
    (path,) = plain.glob("hot/trades/*/w-*.parquet")
    path.with_name(f".{path.name}.tmp").write_bytes(path.read_bytes()[:40])
    assert ask(plain, "select count(*) from trades") == [(1,)]


def test_a_new_generation_leaves_the_rows_and_the_older_generation(
    plain: Path, reader: duckdb.DuckDBPyConnection
) -> None:
    write(plain, [trade(1)])
    first = catalog(plain).resolve()
    assert publish(plain) == catalog(plain).resolve() != first
    assert first.exists()
    write(plain, [trade(2)], "x")
    assert reader.execute("select count(*) from trades").fetchall() == [(2,)]
    assert ask(plain, "select count(*) from trades") == [(2,)]


WATCHER = """
import os, sys
print("watching", flush=True)
misses = 0
while not os.path.exists(sys.argv[2]):
    misses += not os.path.exists(sys.argv[1])
print(misses)
"""


def test_the_catalogue_is_never_gone_while_it_is_published_anew(plain: Path) -> None:
    stop = plain / "stop"
    command = [sys.executable, "-c", WATCHER, str(catalog(plain)), str(stop)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        assert child.stdout.readline() == "watching\n"
        for _ in range(20):
            publish(plain)
        stop.touch()
        assert child.stdout.readline() == "0\n"


READER = """
import sys
from pathlib import Path
from sinks.catalog import connect
connection = connect(Path(sys.argv[1]))
for line in sys.stdin:
    print(connection.execute(line).fetchall(), flush=True)
"""


def test_another_process_keeps_reading_across_a_new_generation(plain: Path) -> None:
    write(plain, [trade(1)])
    command = [sys.executable, "-c", READER, str(plain)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as child:
        assert child.stdin
        assert child.stdout
        for count in (1, 2, 3):
            child.stdin.write("select count(*) from trades\n")
            child.stdin.flush()
            assert child.stdout.readline() == f"[({count},)]\n"
            publish(plain)
            write(plain, [trade(count + 1)], f"writer-{count}")
        child.stdin.close()
        assert child.wait(WAIT_S) == 0


@pytest.mark.parametrize(
    "query",
    [
        "create table x (a int)",
        "drop view trades",
        "create or replace view trades as select 1",
        "select * from read_text('/etc/passwd')",
        "select * from read_csv('/etc/passwd')",
        "select * from glob('/etc/*')",
        "select * from read_text('{outside}')",
        "select * from read_text('{lake}/../outside.txt')",
        "copy trades to '{outside}'",
        "attach '{outside}.duckdb' as other",
        "set enable_external_access = true",
        "set allowed_directories = ['/']",
        "reset allowed_directories",
        "set lock_configuration = false",
        "install httpfs",
        "load httpfs",
    ],
)
def test_a_reader_can_change_nothing_and_see_nothing_else(
    plain: Path, reader: duckdb.DuckDBPyConnection, query: str
) -> None:
    outside = plain.parent / "outside.txt"
    outside.write_text("secret")
    with pytest.raises(duckdb.Error):
        reader.execute(query.format(outside=outside, lake=plain)).fetchall()
    assert outside.read_text() == "secret"
    reader.execute("select * from trades")


def test_where_there_is_no_lake_one_is_told_how_to_make_one(tmp_path: Path) -> None:
    told = r"nowhere: no lake here \(no catalog/current/tapewatch\.duckdb\)"
    with pytest.raises(LakeError, match=told):
        connect(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_column_is_called_as_in_the_record() -> None:
    assert TABLES[Heartbeat].schema.names == [
        *("venue", "symbol", "event_ns", "received_ns")
    ]
