"""What all processes of ``tapewatch up`` show, and what a person is told of it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from config.alerts import Alerts, Target
from config.load import load, save
from flows.catalogue import FLOWS
from sinks.catalog import connect

BOUND_S = 120
ROOT = Path(__file__).parents[2]
RULES = ROOT / "infra" / "prometheus" / "alerts.yml"


def status(folder: Path) -> dict[str, Any]:
    words = [sys.executable, "-m", "flows", "status", "--json", "--seconds", "0.5"]
    done = subprocess.run(words, cwd=folder, capture_output=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def until(folder: Path, holds: Any) -> dict[str, Any]:
    """Ask again, within bounds, until what is told is as wanted; return it."""
    deadline_s = time.monotonic() + BOUND_S
    while not holds(found := status(folder)):
        assert time.monotonic() < deadline_s, found
    return found


def kept(folder: Path) -> set[tuple[str, int]]:
    """Return which processes the lake knows, and how often they were started again."""
    with connect(folder / ".tapewatch" / "lake") as lake:
        query = "select distinct name, restarts from processes where is_up"
        return set(lake.execute(query).fetchall())


def names(address: str) -> Iterator[str]:
    with urllib.request.urlopen(f"http://{address}/metrics") as answer:
        text = answer.read().decode()
    for family in text_string_to_metric_families(text):
        yield from (sample.name for sample in family.samples)


def wanted() -> set[str]:
    """Return every figure that the alert rules name."""
    text = RULES.read_text()
    rules = [r for g in yaml.safe_load(text)["groups"] for r in g["rules"]]
    found = [re.findall(r"\b(?:tapewatch|process)_\w+", r["expr"]) for r in rules]
    return {name for each in found for name in each}


def test_each_process_shows_its_figures_and_a_killed_one_is_missed(
    tapewatch, tmp_path, broker_wish, monkeypatch
):
    monkeypatch.setenv("OPS_URL", "json://127.0.0.1:9/")
    settings = tmp_path / "mine.yaml"
    target = Target(name="ops", url_env="OPS_URL")
    save(replace(load(), alerts=Alerts(targets=(target,))), settings)
    up = tapewatch("up", "--config", settings, "--broker", broker_wish)
    for line in up.stdout:
        if "GREEN" in line:
            break
    found = until(
        tmp_path,
        lambda told: (
            len(told["processes"]) > len(FLOWS) + 3
            and all(each["is_up"] for each in told["processes"])
            and told["system"]
            and told["scores"]
            and told["connections"]
        ),
    )
    by = {each["name"]: each for each in found["processes"]}
    others = {"ingest-all.all", "tell-all", "pulse-all", "keep-0", "follow-all"}
    assert {f"{flow}-0-of-1" for flow in FLOWS} | others == set(by)
    assert len({each["address"] for each in by.values()}) == len(by)
    seen = {name for each in by.values() for name in names(each["address"])}
    assert wanted() - seen == set()

    os.kill(by["bars-0-of-1"]["pid"], signal.SIGKILL)

    def is_again(told: dict[str, Any]) -> bool:
        (bars,) = (e for e in told["processes"] if e["name"] == "bars-0-of-1")
        return bars["is_up"] and bars["restarts"] == 1

    until(tmp_path, is_again)
    until(tmp_path, lambda _: ("bars-0-of-1", 1) in kept(tmp_path))
    up.send_signal(signal.SIGINT)
    out, _ = up.communicate(timeout=150)
    assert up.returncode == 0, out
    told = status(tmp_path)
    assert told["processes"] == []
    assert "Nothing runs here" in told["notes"][0]
    assert told["scores"]
    assert {name for name, _ in kept(tmp_path)} == set(by)
