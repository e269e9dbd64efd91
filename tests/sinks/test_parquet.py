"""A row is in the lake once, whatever happens to the process that writes it."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from bytewax import operators as op
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSource, run_main
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from operators.records.base import Side
from operators.records.market import Heartbeat, Trade
from sinks import manifest
from sinks.lake import EMPTY, TABLES
from sinks.parquet import LakeSink

pytestmark = pytest.mark.usefixtures("few_tables")
CALM = settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))


def beat(number: int) -> Heartbeat:
    return Heartbeat(venue="v", symbol="A-B", event_ns=number, received_ns=number)


def trade(number: int) -> Trade:
    place = {"venue": "v", "symbol": "A-B", "event_ns": number, "received_ns": number}
    return Trade(**place, trade_id=str(number), price=1.0, quantity=1.0, side=Side.BUY)


def writer(lake: Path, name: str = "w", resume: int | None = None) -> Any:
    return LakeSink(lake, name).build_part("lake", name, resume)


def files(lake: Path) -> list[str]:
    """Return the names of what is there, but for what its writer has taken back."""
    found = (path for path in lake.glob("hot/*/*/*") if path.name != EMPTY)
    withdrawn = manifest.current(lake).withdrawn
    return sorted(p.name for p in found if str(p.relative_to(lake)) not in withdrawn)


def rows(lake: Path, table: str = "heartbeats") -> list[int]:
    """Return the rows of files that count, repeated ones too."""
    found = sorted(manifest.files(lake, table), key=lambda path: path.name)
    return [n for path in found for n in pq.read_table(path)["event_ns"].to_pylist()]


def test_rows_are_there_after_the_snapshot_and_not_before(tmp_path: Path) -> None:
    part = writer(tmp_path)
    part.write_batch([[beat(1), beat(2)], [beat(3)]])
    assert files(tmp_path) == []
    assert part.snapshot() == 1
    assert rows(tmp_path) == [1, 2, 3]


def test_rows_without_a_snapshot_are_not_written(tmp_path: Path) -> None:
    part = writer(tmp_path)
    part.write_batch([[beat(1)]])
    part.close()
    assert files(tmp_path) == []


def test_a_snapshot_without_rows_makes_no_file(tmp_path: Path) -> None:
    part = writer(tmp_path, resume=4)
    assert part.snapshot() == 4
    part.write_batch([[]])
    assert part.snapshot() == 4
    assert files(tmp_path) == []


def test_a_file_holds_the_rows_of_one_table_of_one_snapshot(tmp_path: Path) -> None:
    part = writer(tmp_path)
    part.write_batch([[beat(1), trade(2)], [beat(3)]])
    part.snapshot()
    part.write_batch([[beat(4)]])
    assert part.snapshot() == 2
    assert rows(tmp_path) == [1, 3, 4]
    assert rows(tmp_path, "trades") == [2]
    numbered = ["w-000000001.parquet", "w-000000001.parquet", "w-000000002.parquet"]
    assert files(tmp_path) == numbered


def test_a_file_has_the_schema_of_its_table(tmp_path: Path) -> None:
    part = writer(tmp_path)
    part.write_batch([[trade(1)]])
    part.snapshot()
    (path,) = tmp_path.glob("hot/trades/*/*.parquet")
    assert pq.read_schema(path) == TABLES[Trade].schema
    assert path.parent.name.removeprefix("seg=").isdecimal()


OTHERS = ["w-2", "w-2-3", "x", "ww", "w-x"]


@pytest.mark.parametrize("resume", [None, 0, 1, 2, 3])
def test_resuming_removes_the_writers_newer_files_and_nobody_elses(
    tmp_path: Path, resume: int | None
) -> None:
    for name in ["w", *OTHERS]:
        part = writer(tmp_path, name, resume=None)
        for number in range(3):
            part.write_batch([[beat(number), trade(number)]])
            part.snapshot()
    gone = {f"w-{number:09d}.parquet" for number in range((resume or 0) + 1, 4)}
    expected = [name for name in files(tmp_path) if name not in gone]
    assert len(expected) == 2 * (3 * len(OTHERS) + min(resume or 0, 3))
    assert writer(tmp_path, resume=resume).snapshot() == (3 if resume else 0)
    assert files(tmp_path) == expected


def test_what_was_half_written_is_removed_by_its_own_writer_only(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "hot/heartbeats/seg=202401010000"
    folder.mkdir(parents=True)
    halves = [f".{name}-000000001.parquet.tmp" for name in ["w", *OTHERS]]
    for name in halves:
        (folder / name).write_bytes(b"half")
    (folder / "w-notes.parquet").write_bytes(b"somebody's")
    writer(tmp_path, resume=1)
    assert files(tmp_path) == sorted([*halves[1:], "w-notes.parquet"])


@CALM
@given(data=st.data())
def test_crashes_lose_no_row_and_repeat_none(
    tmp_path_factory: pytest.TempPathFactory, data: Any
) -> None:
    lake = tmp_path_factory.mktemp("lake")
    committed, position, part = None, 0, writer(lake)
    at = 0
    while at < 12:
        step = data.draw(st.sampled_from(["write", "write", "commit", "crash", "torn"]))
        if step == "write":
            part.write_batch([[beat(at)]])
            at += 1
        elif step == "commit":
            committed, position = part.snapshot(), at
        else:
            if step == "torn":  # the files were written, but the epoch never committed
                part.snapshot()
            part, at = writer(lake, resume=committed), position
    part.snapshot()
    assert rows(lake) == list(range(12))


def test_the_engine_writes_every_batch(tmp_path: Path) -> None:
    batches = [("k", [beat(3 * n), beat(3 * n + 1), beat(3 * n + 2)]) for n in range(9)]
    flow = Dataflow("sink")
    source = TestingSource(batches, batch_size=2)
    op.output("lake", op.input("in", flow, source), LakeSink(tmp_path, "w"))
    run_main(flow)
    assert sorted(rows(tmp_path)) == list(range(27))
