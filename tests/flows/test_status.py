"""Where things stand, as a person is told, and a program."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.settings import Metrics
from flows import metrics
from flows.tap import Tap
from infra.kafka.ports import free
from operators.records import topics
from operators.records.base import Record
from operators.records.time import SECOND
from sinks.catalog import publish
from sinks.parquet import LakeSink
from tests.flows.standing_rows import everything, score

ROOT = Path(__file__).parents[2]


def status(
    folder: Path, *words: str, columns: int = 160
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "flows", "status", "--seconds", "0.1", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": str(columns)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def write(folder: Path, records: list[Record]) -> None:
    """Have the archive's own writer write records into the lake there."""
    lake = folder / ".tapewatch" / "lake"
    publish(lake)
    writer = LakeSink(lake, "test").build_part("lake", "test", None)
    writer.write_batch([records])
    writer.snapshot()


def listening(folder: Path) -> None:
    """Show figures from this process as if it were a flow that `up` has started."""
    tap = Tap()
    tap.expect([topics.BARS])
    where = Metrics(port=0, folder=str(folder / ".tapewatch" / "run" / "metrics"))
    metrics.serve(where, metrics.FlowMetrics("bars", [], tap), "bars", "0-of-1")


def test_where_nothing_runs_it_says_so_and_what_to_do(tmp_path):
    done = status(tmp_path)

    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "Nothing runs here: .tapewatch/run/metrics is empty" in said
    assert "`tapewatch up` starts everything" in said
    assert "no lake here" in said


def test_the_lake_s_newest_rows_are_shown_though_nothing_runs(tmp_path):
    write(tmp_path, everything(time.time_ns()))

    said = status(tmp_path).stdout

    assert "Nothing runs here" in said
    for text in (
        "System: red 41",
        "Quality of 2 active symbols: mean 69.8, lowest 40.0",
        "Books not right: 1 of 2: binance:ETH-USDT",
        "Open issues: 1 critical, 1 high",
        "line b is down",
        "bid 101 >= ask 100",
        "binance-0 is red",
    ):
        assert text in said
    assert "ADA-USDT" not in said  # its issue is closed


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(tmp_path, columns):
    write(tmp_path, everything(time.time_ns()))
    listening(tmp_path)

    lines = status(tmp_path, columns=columns).stdout.splitlines()

    assert max(map(len, lines)) <= columns
    assert "down" in " ".join(lines)
    assert "critical" in "".join(lines)


def test_a_program_gets_all_of_it(tmp_path):
    now_ns = time.time_ns()
    write(tmp_path, everything(now_ns))
    listening(tmp_path)

    told = json.loads(status(tmp_path, "--json").stdout)

    assert [each["name"] for each in told["processes"]] == ["bars-0-of-1"]
    assert told["processes"][0]["is_up"]
    assert told["processes"][0]["pid"] == os.getpid()
    assert told["topics"]["bars.v1"] == {"records": 0.0, "per_second": 0.0}
    levels = {each["line"]: each["level"] for each in told["connections"]}
    assert levels == {"": "red", "a": "green", "b": "red"}
    counts = {"critical": 1, "high": 1, "medium": 0, "low": 0}
    assert told["open_issues"] == counts
    assert [each["severity"] for each in told["worst"]] == ["critical", "high"]
    assert told["alerts"][0]["title"] == "binance-0 is red"
    assert told["notes"] == []


def test_only_the_newest_of_each_is_shown(tmp_path):
    now_ns = time.time_ns()
    write(tmp_path, [*everything(now_ns), score(now_ns + SECOND, "ETH-USDT", 99.0)])

    assert "Books not right: 0 of 2" in status(tmp_path).stdout


def test_a_process_that_does_not_answer_is_down(tmp_path):
    folder = tmp_path / ".tapewatch" / "run" / "metrics"
    folder.mkdir(parents=True)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    labels = {"instance": "market-0-of-1", "process": "market"}
    labels |= {metrics.PID: str(gone.pid), metrics.RESTARTS: "2"}
    (nobody,) = free(1)
    target = [{"targets": [f"127.0.0.1:{nobody}"], "labels": labels}]
    (folder / "market-0-of-1.json").write_text(json.dumps(target))
    (folder / "half.json").write_text('[{"targets": [')

    said = " ".join(status(tmp_path).stdout.split())

    assert "market-0-of-1: no answer" in said
    assert "market-0-of-1 down" in said
