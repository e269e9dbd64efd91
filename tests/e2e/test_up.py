"""The whole system, started as a user starts it."""

import json
import os
import re
import signal
import time
from pathlib import Path

import pytest

from config.load import load
from flows.replay import replay
from sinks.catalog import connect
from sinks.lake import TABLES
from tests.e2e.rows import FOLLOWS

TWELVE = 12
COUNTS = re.compile(r"([\d,]+) ([a-z.]+v1)")


def ask(lake: Path, query: str) -> list[tuple]:
    with connect(lake) as connection:
        return connection.execute(query).fetchall()


def export(lake: Path, out: Path) -> None:
    """Write the lake's frames to a recording, in the order of Kafka."""
    names = ["venue", "connection", "line", "kind", "received_ns", "url", "data"]
    order = 'order by partition, "offset"'
    rows = ask(lake, f"select {','.join(names)} from frames {order}")
    with out.open("w") as file:
        for row in rows:
            file.write(json.dumps(dict(zip(names, row, strict=True))) + "\n")


def said(lake: Path, table: str) -> list[tuple]:
    """Return what a table says, and not where its rows stood in Kafka."""
    stands = {each.table: each.whereabouts for each in TABLES}[table]
    aside = ", ".join(f'"{name}"' for name in stands)
    columns = f"* exclude ({aside})" if aside else "*"
    return ask(lake, f"select {columns} from {table} order by all")


@pytest.fixture(scope="module")
def everything() -> list[str]:
    """Tables whose rows follow from the frames alone."""
    return list(FOLLOWS)


def test_a_run_ends_by_itself_with_a_true_account(
    tapewatch, tmp_path, broker_wish, none_left, everything
):
    up = tapewatch("up", "--seconds", "12", "--broker", broker_wish)
    out, _ = up.communicate(timeout=150)

    assert up.returncode == 0, out
    assert out.startswith("The broker is ")
    last = out.strip().splitlines()[-1]
    assert none_left() == []

    lake = tmp_path / ".tapewatch" / "lake"
    counted = {name: int(n.replace(",", "")) for n, name in COUNTS.findall(last)}
    frames = int(re.search(r"([\d,]+) frames came in", last)[1].replace(",", ""))
    assert ask(lake, "select count(*) from frames") == [(frames,)]
    assert ask(lake, "select count(*) from bars") == [(counted["bars.v1"],)]
    assert ask(lake, "select count(*) from ignored") == [(counted["ignored.v1"],)]
    assert "0 dead letters" in last
    assert ask(lake, "select count(*) from dead_letters") == [(0,)]
    symbols = "select count(distinct symbol) from bars where length_ns = 1000000000"
    assert ask(lake, symbols) == [(TWELVE,)]
    assert "restarts" not in last

    # The law of the house: the frames that were kept, replayed, give the same lake.
    again = tmp_path / "again"
    export(lake, tmp_path / "frames.jsonl")
    replay(load(), tmp_path / "frames.jsonl", again, closes=False)
    for table in everything:
        live, replayed = (said(each, table) for each in (lake, again))
        assert live == replayed, table


def test_ctrl_c_ends_it_in_good_order(tapewatch, broker_wish, none_left):
    up = tapewatch("up", "--broker", broker_wish)
    for line in up.stdout:
        if "GREEN" in line:
            break
    up.send_signal(signal.SIGINT)
    out, _ = up.communicate(timeout=150)

    assert up.returncode == 0, out
    assert re.search(r"tapewatch up: [\d,]+ frames came in;.* 0 dead letters", out)
    assert none_left() == []


def test_a_kill_leaves_no_process_behind(tapewatch, broker_wish, processes, none_left):
    up = tapewatch("up", "--broker", broker_wish)
    for line in up.stdout:
        if "GREEN" in line:
            break
    assert len(processes()) > 3
    up.kill()

    assert none_left() == []


def test_a_flow_that_is_killed_is_started_again_and_nothing_is_missing(
    tapewatch, tmp_path, broker_wish, processes, everything
):
    up = tapewatch("up", "--seconds", "35", "--broker", broker_wish)
    for line in up.stdout:
        if "GREEN" in line:
            break
    killed = []
    for name in ("market", "bars", "archive"):
        for pid in processes():
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if b"flow" in words and name.encode() in words:
                os.kill(pid, signal.SIGKILL)
                killed.append(name)
        time.sleep(1)
    out, _ = up.communicate(timeout=150)

    assert up.returncode == 0, out
    assert killed == ["market", "bars", "archive"]
    assert "3 restarts" in out
    lake, again = tmp_path / ".tapewatch" / "lake", tmp_path / "again"
    export(lake, tmp_path / "frames.jsonl")
    replay(load(), tmp_path / "frames.jsonl", again, closes=False)
    for table in everything:
        if table == "bars":  # repeated trades count twice in a bar: see the README
            continue
        live, replayed = (said(each, table) for each in (lake, again))
        assert live == replayed, table


def test_dashboards_that_are_not_ready_hold_nothing_up(
    tapewatch, tmp_path, broker_wish, none_left
):
    words = ("up", "--seconds", "8", "--broker", broker_wish)
    up = tapewatch(*words, dashboards=True)
    out, _ = up.communicate(timeout=150)

    assert up.returncode == 0, out
    last = out.strip().splitlines()[-1]
    assert "The dashboards were not ready yet: " in last
    assert re.search(r"[\d,]+ frames came in;.* 0 dead letters", last)
    assert "`tapewatch dashboards`" in last
    assert none_left() == []
