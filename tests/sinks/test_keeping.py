"""Putting files together changes no row that anybody sees, whatever happens."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from operators.records.base import Side
from operators.records.frame import Frame, FrameKind, locate
from operators.records.market import Heartbeat, Trade
from sinks import aside, keeping, manifest, parquet
from sinks.catalog import connect, publish
from sinks.floor import floor, raise_floor, writing
from sinks.keeping import Keeper
from sinks.lake import LakeError, catalog
from sinks.parquet import LakeSink

pytestmark = pytest.mark.usefixtures("few_tables")
CALM = settings(deadline=None, max_examples=12, suppress_health_check=list(HealthCheck))
START_S = datetime(2036, 3, 30, 20, 50, tzinfo=UTC).timestamp()


class Clock:
    """What time it is for writers and for the keeper."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = START_S
        monkeypatch.setattr(parquet.time, "time", lambda: self.now_s)
        monkeypatch.setattr(keeping.time, "time_ns", lambda: int(self.now_s * 1e9))

    def later(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    publish(tmp_path / "lake")
    return tmp_path / "lake"


def trade(number: int, event_ns: int | None = None) -> Trade:
    at = number if event_ns is None else event_ns
    place = {"venue": "v", "symbol": "A-B", "event_ns": at, "received_ns": at}
    return Trade(**place, trade_id=str(number), price=1.0, quantity=1.0, side=Side.BUY)


def beat(number: int) -> Heartbeat:
    return Heartbeat(venue="v", symbol="A-B", event_ns=number, received_ns=number)


def writer(lake: Path, name: str = "w", resume: int | None = None) -> Any:
    return LakeSink(lake, name).build_part("lake", name, resume)


def ask(lake: Path, query: str) -> list[Any]:
    with connect(lake) as connection:
        return connection.execute(query).fetchall()


def seen(lake: Path) -> list[int]:
    query = "select event_ns from heartbeats order by 1"
    return [number for (number,) in ask(lake, query)]


def in_files(lake: Path, table: str = "heartbeats") -> list[int]:
    """Return the rows of all files that count, repeated ones too."""
    found = manifest.files(lake, table)
    return sorted(
        n for path in found for n in pq.read_table(path)["event_ns"].to_pylist()
    )


def write(part: Any, *numbers: int) -> int:
    part.write_batch([[beat(number) for number in numbers]])
    committed: int = part.snapshot()
    return committed


def fill(lake: Path, clock: Clock, minutes: int, each: int = 3) -> list[int]:
    """Write a file every 20 s for so many minutes; return what is in them."""
    part = writer(lake)
    for number in range(minutes * each):
        write(part, 2 * number, 2 * number + 1)
        clock.later(60 / each)
    return list(range(2 * minutes * each))


def test_rows_stay_the_same_from_minutes_to_hours_days_and_months(
    lake: Path, clock: Clock
) -> None:
    numbers = fill(lake, clock, minutes=15)
    keeper = Keeper(lake, grace_s=0)
    counts = []
    for later_s in (0, 60, 3_600, 86_400, 40 * 86_400):
        clock.later(later_s)
        keeper.round(clock.now_s)
        assert seen(lake) == in_files(lake) == numbers
        counts.append(len(manifest.current(lake).of("heartbeats")))
    # 20:50 to 21:04 lies in two hours of one day; and the writer's last two files are
    # listed alone for ever, since it might still come back and take them back.
    assert counts == [2 + 2, 2 + 2, 2 + 2, 2 + 1, 2 + 1]


def test_a_writer_that_goes_on_settles_what_it_left_open(
    lake: Path, clock: Clock
) -> None:
    part = writer(lake)
    keeper = Keeper(lake, grace_s=0)
    for number in range(10):
        write(part, number)
        clock.later(61)
        keeper.round(clock.now_s)
        opened = [p for p in manifest.current(lake).of("heartbeats") if p.writer]
        assert len(opened) == min(number + 1, parquet.AHEAD)
        assert seen(lake) == in_files(lake) == list(range(number + 1))


def test_what_a_writer_takes_back_is_gone_at_once_and_comes_again_once(
    lake: Path, clock: Clock
) -> None:
    part = writer(lake)
    committed = write(part, 1)
    write(part, 2, 3)
    write(part, 4)
    clock.later(120)
    keeper = Keeper(lake, grace_s=600)
    keeper.round(clock.now_s)
    assert seen(lake) == [1, 2, 3, 4]
    part = writer(lake, resume=committed)
    assert seen(lake) == in_files(lake) == [1]
    write(part, 2)
    write(part, 3, 4)
    keeper.round(clock.now_s + 120)
    assert seen(lake) == in_files(lake) == [1, 2, 3, 4]


@CALM
@given(data=st.data())
def test_no_row_is_lost_or_doubled_by_crashes_of_writer_and_keeper(
    tmp_path_factory: pytest.TempPathFactory, data: Any
) -> None:
    lake = tmp_path_factory.mktemp("lake")
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock(patch)
        publish(lake)
        part = writer(lake)
        # Of each snapshot: the state, and which row comes next; committed is the last
        # but AHEAD at the latest, as the engine does it.
        kept: list[tuple[int | None, int]] = [(None, 0)]
        at = sure = 0
        for _ in range(data.draw(st.integers(5, 20))):
            steps = ["write", "write", "write", "round", "crash", "torn round", "later"]
            step = data.draw(st.sampled_from(steps))
            if step == "write":
                kept.append((write(part, at, at + 1), at + 2))
                at += 2
            elif step == "later":
                clock.later(data.draw(st.sampled_from([20, 61, 3_600, 90_000])))
            elif step == "crash":
                newest = len(kept) - 1
                sure = data.draw(st.integers(max(sure, newest - parquet.AHEAD), newest))
                kept = kept[: sure + 1]
                resume, at = kept[-1]
                part = writer(lake, resume=resume)
            else:
                keeper = Keeper(lake, grace_s=data.draw(st.sampled_from([0, 100])))
                left = data.draw(st.integers(0, 12)) if step == "torn round" else None
                torn(keeper, clock.now_s, left)
            assert seen(lake) == in_files(lake) == list(range(at))


class _TornError(Exception):
    pass


def torn(keeper: Keeper, now_s: float, left: int | None) -> None:
    """Do a round, and break it off at so many-eth change of the disk."""
    changes = 0

    def breaking(real: Callable[..., Any]) -> Callable[..., Any]:
        def change(*args: Any, **more: Any) -> Any:
            nonlocal changes
            changes += 1
            if left is not None and changes > left:
                raise _TornError
            return real(*args, **more)

        return change

    with pytest.MonkeyPatch.context() as patch:
        for name in ("rename", "replace", "unlink", "symlink_to", "hardlink_to"):
            patch.setattr(Path, name, breaking(getattr(Path, name)))
        patch.setattr("shutil.rmtree", breaking(__import__("shutil").rmtree))
        try:
            keeper.round(now_s)
        except _TornError:
            assert left is not None


def test_a_reader_who_is_open_sees_the_same_while_files_are_put_together(
    lake: Path, clock: Clock
) -> None:
    numbers = fill(lake, clock, minutes=3)
    reader = connect(lake)
    query = "select event_ns from heartbeats order by 1"
    for _ in range(3):
        clock.later(4_000)
        Keeper(lake, grace_s=0).round(clock.now_s)
        told = reader.execute(query).fetchall()
        assert [number for (number,) in told] == numbers
    (generation,) = (path for path in lake.glob("catalog/gen-1"))
    reader.close()
    del reader
    Keeper(lake, grace_s=0).round(clock.now_s + 1)
    assert not generation.exists()


def test_files_that_are_shown_no_longer_go_after_the_time_of_grace_and_not_before(
    lake: Path, clock: Clock
) -> None:
    fill(lake, clock, minutes=3)
    keeper = Keeper(lake, grace_s=300)
    keeper.round(clock.now_s)
    os.utime(catalog(lake).parent.resolve(), (clock.now_s, clock.now_s))
    old = list(lake.glob("hot/heartbeats/*/w-*.parquet"))
    assert keeper.round(clock.now_s + 299).removed == 0
    assert all(path.exists() for path in old)
    assert keeper.round(clock.now_s + 301).removed >= len(old)
    assert not any(path.exists() for path in old)
    assert len(seen(lake)) == 18


def test_nothing_is_written_into_a_closed_segment_whatever_the_clock_says(
    lake: Path, clock: Clock
) -> None:
    part = writer(lake)
    write(part, 1)
    clock.later(600)
    Keeper(lake).round(clock.now_s)
    clock.later(-7_200)
    write(part, 2)
    assert floor(lake) == "203603302100"
    newest = manifest.files(lake, "heartbeats")[-1]
    assert newest.parent.name == "seg=203603302100"
    assert seen(lake) == [1, 2]


def test_a_floor_is_not_raised_while_anybody_writes(lake: Path) -> None:
    with writing(lake) as lowest:
        thread = Thread(target=raise_floor, args=(lake, "203603302100"))
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        assert floor(lake) == lowest
    thread.join()
    assert floor(lake) == "203603302100"
    assert raise_floor(lake, "203603302000") == "203603302100"


def test_times_are_searched_for_in_the_files(lake: Path, clock: Clock) -> None:
    part = writer(lake)
    day_ns = 86_400 * 10**9
    for number in range(9):
        part.write_batch([[trade(number, event_ns=number * day_ns)]])
        part.snapshot()
        clock.later(86_400)
    Keeper(lake).round(clock.now_s)
    where = "where event_time >= timestamp '1970-01-05' and symbol = 'A-B'"
    assert ask(lake, f"select count(*) from trades {where}") == [(5,)]
    ((_, plan),) = ask(lake, f"explain select trade_id from trades {where}")
    text = "".join(line.strip("│ ") for line in plan.splitlines())
    assert text.index("event_time>=") > text.index("READ_PARQUET") > text.index("UNION")


def test_files_of_days_are_not_opened_for_another_time(
    lake: Path, clock: Clock
) -> None:
    writing = writer(lake)
    hour_ns = 3_600 * 10**9
    for number in range(24 * 9):
        writing.write_batch([[trade(number, event_ns=number * hour_ns)]])
        writing.snapshot()
        clock.later(3_600)
    Keeper(lake).round(clock.now_s)
    parts = manifest.current(lake).of("trades")
    days = [part for part in parts if part.first[:10] < part.last[:10]]
    assert len(days) >= 6
    count = "select count(*), count(distinct event_ns) from trades"
    whole, one_day = " where event_time is not null", " where event_time < '1970-01-02'"
    assert ask(lake, count) == ask(lake, count + whole) == [(216, 216)]
    for part in days[1:]:  # nobody who does not need them looks at them
        (lake / part.path).write_bytes(b"")
    assert ask(lake, count + one_day) == [(24, 24)]
    with pytest.raises(duckdb.Error):
        ask(lake, count)


def test_frames_keep_the_order_of_kafka(lake: Path, clock: Clock) -> None:
    part = writer(lake)
    for number in range(6):
        frames = []
        for partition, offset in ((1, 2 * number), (0, number), (1, 2 * number + 1)):
            place = {"venue": "v", "connection": "c", "line": "a"}
            at = {"received_ns": 1_000 - offset * (partition + 1), "url": ""}
            made = Frame(**place, kind=FrameKind.WS, **at, data=f"{partition}/{offset}")
            locate(made, partition, offset)
            frames.append(made)
        part.write_batch([frames])
        part.snapshot()
        clock.later(31)
    Keeper(lake).round(clock.now_s)
    (merged,) = (p for p in manifest.current(lake).of("frames") if p.writer is None)
    rows = pq.read_table(
        lake / merged.path, columns=["partition", "offset"]
    ).to_pylist()
    for partition in (0, 1):
        found = [row["offset"] for row in rows if row["partition"] == partition]
        assert found == list(range(len(found)))


def test_what_is_too_old_is_dropped_and_what_is_not_stays(
    lake: Path, clock: Clock
) -> None:
    part = writer(lake)
    for number in range(20):
        part.write_batch([[beat(number), trade(number)]])
        part.snapshot()
        clock.later(86_400 / 2)
    keeper = Keeper(lake, keep_days={"heartbeats": 4.0}, grace_s=0)
    keeper.round(clock.now_s)
    assert keeper.round(clock.now_s).dropped > 0
    assert keeper.round(clock.now_s).dropped == 0
    left = seen(lake)
    assert left == list(range(left[0], 20))
    assert 8 <= len(left) <= 10  # whole days: what is older than four goes
    assert ask(lake, "select count(*) from trades") == [(20,)]


@pytest.mark.parametrize("harm", ["cut", "garbage", "empty"])
def test_a_damaged_hot_file_is_set_aside_by_name_and_the_rest_is_served(
    lake: Path, clock: Clock, harm: str
) -> None:
    fill(lake, clock, minutes=2)
    (victim,) = lake.glob("hot/heartbeats/*/w-000000003.parquet")
    damage(victim, harm)
    with pytest.raises(duckdb.Error):
        seen(lake)
    keeper = Keeper(lake)
    (found,) = keeper.look()
    assert found.path.endswith("/w-000000003.parquet")
    assert (lake / found.now).exists()
    assert seen(lake) == [n for n in range(12) if n not in (4, 5)]
    assert keeper.look() == []
    assert aside.listed(lake) == [found]


@pytest.mark.parametrize("harm", ["cut", "garbage", "empty", "gone", "flipped"])
def test_a_damaged_cold_file_is_set_aside_by_name_and_the_rest_is_served(
    lake: Path, clock: Clock, harm: str
) -> None:
    fill(lake, clock, minutes=15)
    keeper = Keeper(lake, grace_s=0)
    keeper.round(clock.now_s)
    first, *_ = manifest.current(lake).of("heartbeats")
    assert first.rows == 60
    damage(lake / first.path, harm)
    if harm == "flipped":  # every page has a checksum, looked at when it is read again
        clock.later(86_400)
        keeper.round(clock.now_s)
        (found,) = keeper.aside
    else:
        (found,) = keeper.look()
    assert found.path == first.path
    assert bool(found.now) == (harm != "gone")
    assert seen(lake) == list(range(60, 90))
    publish(lake)
    keeper.round(clock.now_s + 90_000)
    assert seen(lake) == list(range(60, 90))


def damage(path: Path, harm: str) -> None:
    raw = path.read_bytes()
    if harm == "gone":
        path.unlink()
    elif harm == "flipped":
        at = raw.index(b"A-B") if b"A-B" in raw else 60
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 0xFF]) + raw[at + 1 :])
    else:
        path.write_bytes(
            {"cut": raw[:-20], "garbage": b"?" * len(raw), "empty": b""}[harm]
        )


def test_a_lake_without_a_catalogue_finds_its_files_again(
    lake: Path, clock: Clock
) -> None:
    numbers = fill(lake, clock, minutes=15)
    Keeper(lake).round(clock.now_s)
    for path in sorted(lake.glob("catalog/**/*"), reverse=True):
        path.unlink() if path.is_file() or path.is_symlink() else path.rmdir()
    publish(lake)
    assert seen(lake) == numbers
    Keeper(lake, grace_s=0).round(clock.now_s)
    assert seen(lake) == numbers


def test_a_column_that_came_later_is_null_in_older_rows(
    lake: Path, clock: Clock
) -> None:
    fill(lake, clock, minutes=2)
    for path in manifest.files(lake, "heartbeats")[:2]:
        pq.write_table(pq.read_table(path).drop(["received_ns"]), path)
    Keeper(lake).round(clock.now_s)
    query = "select count(*), count(received_ns) from heartbeats"
    assert ask(lake, query) == [(12, 8)]


def test_one_keeper_at_a_time_and_none_of_what_is_computed_again(
    lake: Path, tmp_path: Path
) -> None:
    with keeping.keeping(lake), pytest.raises(LakeError, match="another"):
        keeping.keeping(lake).__enter__()
    (lake / "reprocess.json").write_text("{}")
    with pytest.raises(LakeError, match="makes it anew"):
        keeping.keeping(lake).__enter__()
