"""Who takes part: a writer, a keeper and readers, each a process; a second is a minute.

python -m tests.keep.actors writer|keeper|reader LAKE
"""

import sys
import time
from pathlib import Path

import duckdb
import msgspec

from operators.records.market import Heartbeat
from sinks import keeping, parquet
from sinks.keeping import Keeper
from sinks.lake import catalog, segment
from sinks.parquet import AHEAD, LakeSink

GRACE_S = 15.0
ROWS = 500
_PAUSE_S = 0.1
_BEGUN_S = 1_796_000_000.0
_QUERY = (
    "select count(*), count(distinct event_ns), coalesce(max(event_ns) + 1, 0)"
    " from heartbeats"
)


class Kept(msgspec.Struct):
    """What the engine would have kept of a writer: states, and the row behind each."""

    states: list[tuple[int, int]]


def each_second_is_a_minute() -> None:
    """Have segments change every second, so that there is much to put together."""

    def named(at_s: float) -> str:
        return segment(_BEGUN_S + (at_s - _BEGUN_S) * 60)

    parquet.segment = keeping.segment = named  # type: ignore[attr-defined]


def write(lake: Path) -> None:
    """Write rows for ever; go on from what was committed, as the engine does."""
    file = lake / "writer.json"
    kept = [(0, 0)]
    if file.exists():
        kept = msgspec.json.decode(file.read_bytes(), type=Kept).states[:1]
    state, at = kept[0]
    part = LakeSink(lake, "w").build_part("lake", "w", state or None)
    print("ready", flush=True)
    while True:
        part.write_batch([[_beat(number) for number in range(at, at + ROWS)]])
        at += ROWS
        kept = [*kept, (part.snapshot(), at)][-AHEAD - 1 :]
        half = file.with_suffix(".tmp")
        half.write_bytes(msgspec.json.encode(Kept(kept)))
        half.replace(file)
        time.sleep(_PAUSE_S)


def keep(lake: Path) -> None:
    """Keep the lake for ever, as fast as it goes."""
    with keeping.keeping(lake):
        keeper = Keeper(lake, grace_s=GRACE_S)
        print("ready", flush=True)
        while True:
            keeper.look()
            keeper.round(time.time())
            if keeper.aside:
                raise AssertionError(keeper.aside)


def read(lake: Path) -> None:
    """Ask for ever, each time as Superset does: by a connection of its own, no lease.

    Every row from the first to the newest must be there, once.
    """
    reads = 0
    print("ready", flush=True)
    while True:
        file = str(catalog(lake).resolve())
        with duckdb.connect(file, read_only=True, config={"threads": 1}) as asked:
            count, distinct, newest = asked.execute(_QUERY).fetchall()[0]
        if not count == distinct == newest:
            raise AssertionError((count, distinct, newest))
        reads += 1
        print(f"{reads} {count}", flush=True)


def _beat(number: int) -> Heartbeat:
    return Heartbeat(venue="v", symbol="A-B", event_ns=number, received_ns=number)


if __name__ == "__main__":
    each_second_is_a_minute()
    {"writer": write, "keeper": keep, "reader": read}[sys.argv[1]](Path(sys.argv[2]))
