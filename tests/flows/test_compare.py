"""Whatever two lakes do not agree on is found, counted and shown."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from config.load import ConfigError
from config.settings import Settings
from flows.__main__ import app
from flows.compare import compare
from operators.records.base import Record, Side
from operators.records.book import Book
from operators.records.frame import Frame, FrameKind, locate
from operators.records.market import Heartbeat, Top, Trade
from operators.records.span import Span
from sinks.catalog import publish
from sinks.contrast import Difference, Verdict
from sinks.lake import LakeError
from sinks.parquet import LakeSink

PLACE = {"venue": "v", "symbol": "A-B"}
ROWS = 40
UNDERIVED = ["connections", "deliveries", "processes"]


def records() -> list[Record]:
    found: list[Record] = []
    for n in range(ROWS):
        at = {**PLACE, "event_ns": n, "received_ns": n + 5}
        price = {"price": 1.5, "quantity": 2.0, "side": Side.BUY}
        found.append(Trade(**at, trade_id=str(n), **price))
        found.append(Heartbeat(**at))
        best = {"bid": 1.0, "bid_quantity": 1.0, "ask": 2.0, "ask_quantity": 1.0}
        found.append(Top(**at, **best))
        levels = ((1.0, float(n)), (0.5, 2.0))
        found.append(Book(**at, sequence=None, bids=levels, asks=()))
        line = {"venue": "v", "connection": "c", "line": "a", "kind": FrameKind.WS}
        found.append(Frame(**line, received_ns=n, url="", data=str(n)))
    return found


def lake(path: Path, rows: list[Record], writer: str = "w") -> Path:
    publish(path)
    part = LakeSink(path, writer).build_part("lake", writer, None)
    part.write_batch([rows])
    part.snapshot()
    return path


@pytest.fixture(scope="module")
def same(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return two lakes of the same rows, which were read at other places."""
    located = records()
    for number, each in enumerate(located):
        if isinstance(each, Frame):
            locate(each, number % 3, number)
    turned = list(reversed(records()))
    folder = tmp_path_factory.mktemp("same")
    return lake(folder / "a", located), lake(folder / "b", turned)


@pytest.fixture
def two(same: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """Return copies of the same two lakes."""
    for each in same:
        shutil.copytree(each, tmp_path / each.name, symlinks=True)
    return tmp_path / "a", tmp_path / "b"


def mutate(lake: Path, table: str, change: Callable[[list[Any]], Any]) -> None:
    """Change the rows of a table's file."""
    (path,) = lake.glob(f"hot/{table}/*/w-*.parquet")
    rows = sorted(pq.read_table(path).to_pylist(), key=lambda row: row["event_ns"])
    schema = pq.read_schema(path)
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema), path)


def verdicts(two: tuple[Path, Path], **more: Any) -> dict[str, Verdict]:
    found = compare(Settings(), *two, **more)
    return {each.table: each for each in found.verdicts}


def test_where_a_row_stands_does_not_matter(two: tuple[Path, Path]) -> None:
    found = compare(Settings(), *two)
    assert found.is_equal
    assert found.skipped == UNDERIVED
    counts = {each.table: each.equal for each in found.verdicts if each.equal}
    assert counts == dict.fromkeys(
        ["frames", "trades", "tops", "heartbeats", "books"], ROWS
    )


@pytest.mark.parametrize("table", ["trades", "heartbeats", "tops", "books", "frames"])
@pytest.mark.parametrize("which", [0, 1])
def test_a_missing_row_is_found(two: tuple[Path, Path], table: str, which: int) -> None:
    mutate(two[which], table, lambda rows: rows.pop(7))
    found = verdicts(two, tables=(table, "marks"))
    kind = ("extra", "missing")[which]
    assert getattr(found[table], kind) == 1
    assert found[table].equal == ROWS - 1
    first = found[table].first
    assert first is not None
    assert first.kind == kind
    assert [each.table for each in found.values() if not each.is_equal] == [table]


CHANGES = [
    ("trades", "price", 1.5000000000000002),
    ("trades", "received_ns", 0),
    ("trades", "side", "sell"),
    ("trades", "sequence", 0),
    ("heartbeats", "received_ns", 0),
    ("books", "bids", [[1.0, 7.0], [0.5, 2.5]]),
    ("books", "bids", [[0.5, 2.0], [1.0, 7.0]]),
    ("books", "asks", [[3.0, 1.0]]),
    ("frames", "data", "8"),
    ("frames", "b64", b""),
]


@pytest.mark.parametrize(("table", "column", "value"), CHANGES)
def test_a_changed_value_is_found_and_shown(
    two: tuple[Path, Path], table: str, column: str, value: Any
) -> None:
    before: list[Any] = []

    def change(rows: list[Any]) -> None:
        before.append(rows[7][column])
        rows[7][column] = value

    mutate(two[1], table, change)
    found = verdicts(two, tables=(table,))[table]
    assert (found.equal, found.different) == (ROWS - 1, 1)
    assert (found.missing, found.extra) == (0, 0)
    assert found.first is not None
    assert found.first.columns == {column: (before[0], value)}


def test_a_changed_key_is_one_missing_and_one_extra(two: tuple[Path, Path]) -> None:
    mutate(two[1], "tops", lambda rows: rows[7].update(bid=0.9))
    found = verdicts(two, tables=("tops",))["tops"]
    assert (found.missing, found.extra, found.different) == (1, 1, 0)


@pytest.mark.parametrize("which", [0, 1])
def test_a_row_that_is_there_twice_is_counted_and_shown_once(
    two: tuple[Path, Path], which: int
) -> None:
    mutate(two[which], "trades", lambda rows: rows.append(rows[7]))
    found = verdicts(two, tables=("trades",))["trades"]
    assert found.is_equal
    assert (found.repeated_a, found.repeated_b) == (1 - which, which)
    later = {"received_ns": 1_000, "price": 9.0}  # not the row that the view shows
    mutate(two[which], "trades", lambda rows: rows.append({**rows[7], **later}))
    assert verdicts(two, tables=("trades",))["trades"].is_equal
    earlier = {"received_ns": 0, "price": 9.0}
    mutate(two[which], "trades", lambda rows: rows.append({**rows[7], **earlier}))
    assert verdicts(two, tables=("trades",))["trades"].different == 1


def test_the_first_difference_is_the_first_by_time(two: tuple[Path, Path]) -> None:
    def change(rows: list[Any]) -> None:
        rows[9]["price"] = 3.0
        rows.pop(30)
        rows.append({**rows[1], "trade_id": "x", "event_ns": 35})

    mutate(two[1], "trades", change)
    key = {"venue": "v", "symbol": "A-B", "trade_id": "9"}
    first = verdicts(two, tables=("trades",))["trades"].first
    assert first == Difference("different", key, {"price": (1.5, 3.0)})
    missing = verdicts(two, span=Span(10, 32), tables=("trades",))["trades"].first
    assert missing is not None
    assert (missing.kind, missing.key["trade_id"]) == ("missing", "30")
    assert missing.columns["price"] == (1.5, None)


def test_only_what_is_asked_for_is_compared(two: tuple[Path, Path]) -> None:
    mutate(two[1], "trades", lambda rows: rows.pop(7))
    assert not compare(Settings(), *two, span=Span(7, 8)).is_equal
    assert compare(Settings(), *two, span=Span(8)).is_equal
    assert compare(Settings(), *two, span=Span(None, 7)).is_equal
    some = compare(Settings(), *two, tables=("tops", "books"))
    assert [each.table for each in some.verdicts] == ["tops", "books"]
    with pytest.raises(ConfigError, match=r"--tables: Expected some of .* not `tapes`"):
        compare(Settings(), *two, tables=("tapes",))
    with pytest.raises(LakeError, match="nowhere: no lake here"):
        compare(Settings(), two[0], two[0] / "nowhere")


def test_the_command_ends_with_what_it_found(two: tuple[Path, Path]) -> None:
    words = ["compare", *map(str, two)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-2] == f"not compared: {', '.join(UNDERIVED)}"
    last = done.stdout.splitlines()[-1]
    assert re.fullmatch(r"equal: 200 facts in \d+ tables", last)
    mutate(two[1], "trades", lambda rows: rows[7].update(price=3.0))
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 1
    assert "first different in trades: venue=v, symbol=A-B, trade_id=7" in done.stdout
    assert "price: 1.5 in A, 3.0 in B" in done.stdout
    assert done.stdout.splitlines()[-1] == "not equal: trades: 1 different"
    done = CliRunner().invoke(app, [*words, "--format", "json", "--tables", "trades"])
    assert done.exit_code == 1
    said = json.loads(done.stdout)
    assert said["equal"] is False
    assert said["tables"] == [
        {
            "table": "trades",
            "equal": ROWS - 1,
            "missing": 0,
            "extra": 0,
            "different": 1,
            "repeated_a": 0,
            "repeated_b": 0,
            "first": {
                "kind": "different",
                "key": {"venue": "v", "symbol": "A-B", "trade_id": "7"},
                "columns": {"price": {"a": 1.5, "b": 3.0}},
            },
        }
    ]
