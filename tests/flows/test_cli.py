"""The command line as a user meets it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from infra.kafka.installation import Installation
from infra.kafka.real import RealBroker

ROOT = Path(__file__).parents[2]
COMMANDS = (
    *("up", "ingest", "flow", "show", "exchange", "play", "replay", "record", "sql"),
    *("topics apply", "topics diff", "chaos"),
    *("instruments", "reprocess", "compare", "promote", "status", "doctor"),
    *("pulse", "export"),
    "dashboards",
)
LINE = {
    "venue": "binance",
    "connection": "binance-0",
    "line": "a",
    "kind": "ws",
    "received_ns": 1_700_000_000_000_000_000,
    "url": "",
    "data": json.dumps(
        {"u": 1, "s": "BTCUSDT", "b": "1.5", "B": "2", "a": "2.5", "A": "3"}
    ),
}


def tapewatch(*words: str, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "flows", *words],
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_help_teaches_with_an_example(command):
    done = tapewatch(*command.split(), "--help")

    assert done.returncode == 0
    assert f"Example: tapewatch {command}" in " ".join(done.stdout.split())


def test_a_recording_becomes_an_answer(tmp_path):
    (tmp_path / "one.jsonl").write_text(json.dumps(LINE) + "\n")
    done = tapewatch("replay", "one.jsonl", "--lake", "l", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "replayed 1 frames of 1 lines" in done.stderr

    query = "select symbol, bid, ask from tops"
    words = ("sql", query, "--lake", "l", "--format")
    answer = tapewatch(*words, "json", cwd=tmp_path)
    assert json.loads(answer.stdout) == [{"symbol": "BTC-USDT", "bid": 1.5, "ask": 2.5}]
    answer = tapewatch(*words, "csv", cwd=tmp_path)
    assert answer.stdout == "symbol,bid,ask\nBTC-USDT,1.5,2.5\n"
    answer = tapewatch(*words, "table", cwd=tmp_path)
    assert "BTC-USDT" in answer.stdout
    assert answer.stdout.endswith("1 row\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sql", "select 1", "--lake", "nowhere"), "nowhere: no lake here"),
        (("replay", "nowhere.jsonl", "--lake", "l"), "nowhere.jsonl: No such file"),
        (("replay", "one.jsonl", "--lake", "l", "--flows", "x"), "--flows"),
        (("replay", "one.jsonl", "--lake", "l", "--flows", "bars"), "`bars` reads"),
        (("flow", "nothing"), "NAME: Expected one of market, book, bars,"),
        (("up", "--config", "nowhere.yaml"), "nowhere.yaml: No such file"),
        (("ingest", "--line", "a,z"), "--line: Expected one of a, b, not `z`"),
        (("up", "--venues", "kraken"), "no connection of `kraken`"),
    ],
)
def test_a_mistake_ends_in_one_line_that_says_what_to_do(tmp_path, words, said):
    (tmp_path / "one.jsonl").write_text(json.dumps(LINE) + "\n")
    done = tapewatch(*words, cwd=tmp_path)

    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def fresh_kafka(installation: Installation, tmp_path: Path) -> Iterator[RealBroker]:
    """Yield a broker of the test's own, without topics."""
    with RealBroker(tmp_path / "kafka", installation) as broker:
        yield broker


def test_topics_are_applied_once_and_then_there_is_no_difference(fresh_kafka, tmp_path):
    settings = tmp_path / "settings.yaml"
    settings.write_text(yaml.safe_dump({"kafka": {"bootstrap": fresh_kafka.bootstrap}}))
    words = ("--config", str(settings))

    first = tapewatch("topics", "apply", *words)
    assert first.returncode == 0, first.stderr + first.stdout
    again = tapewatch("topics", "apply", *words)
    assert "0 changes made" in again.stdout
    found = tapewatch("topics", "diff", *words)
    assert found.stdout == "0 differences\n"


def test_a_flow_is_drawn():
    done = tapewatch("show", "market")

    assert done.returncode == 0, done.stderr
    assert "flowchart" in done.stdout
    assert "arbitrate" in done.stdout
