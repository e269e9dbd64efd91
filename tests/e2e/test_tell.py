"""People are told by `tapewatch up`: of everything, once, before it ends."""

import signal
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from config.alerts import Alerts, Target
from config.load import load, save
from operators.alerts.rule import Rule
from operators.records.quality import Severity
from sinks.catalog import connect
from tests.receiver import receiving

SECRET = "secret-token"
BOUND_S = 240
POLL_S = 0.1


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Return settings by which every line that shows life is an alert."""
    life = Rule(
        name="life",
        topic="connection_health.v1",
        when="lines >= 0",
        severity=Severity.LOW,
        title="{connection} {line} lives",
    )
    target = Target(name="ops", url_env="OPS_URL", rules=("life",))
    alerts = Alerts(rules=(life,), targets=(target,), backoff_first_s=0.1)
    path = tmp_path / "mine.yaml"
    save(replace(load(), alerts=alerts), path)
    return path


def test_up_tells_of_each_alert_once_and_keeps_that_it_did(
    tapewatch, tmp_path, broker_wish, monkeypatch, settings
):
    with receiving(["503"]) as receiver:
        monkeypatch.setenv("OPS_URL", receiver.url(SECRET))
        up = tapewatch("up", "--config", settings, "--broker", broker_wish)
        deadline_s = time.monotonic() + BOUND_S
        while not receiver.taken:
            assert time.monotonic() < deadline_s
            assert up.poll() is None
            time.sleep(POLL_S)
        up.send_signal(signal.SIGINT)
        out, _ = up.communicate(timeout=BOUND_S)
        titles = [each["title"] for each in receiver.taken]

    assert up.returncode == 0, out
    with connect(tmp_path / ".tapewatch" / "lake") as lake:
        said = lake.execute("select title from alerts where rule = 'life'").fetchall()
        sent = lake.execute(
            "select count(*) from deliveries where outcome = 'sent'"
        ).fetchall()
        tried = lake.execute("select attempt, outcome from deliveries").fetchall()
    assert said
    assert sorted(titles) == sorted(f"[low] {title}" for (title,) in said)
    assert sent == [(len(titles),)]
    assert (1, "failed") in tried
    run = tmp_path / ".tapewatch" / "run"
    assert SECRET not in out + "".join(f.read_text() for f in run.glob("*.*"))


def test_up_without_the_address_of_a_target_ends_before_it_starts_anything(
    tapewatch, tmp_path, monkeypatch, settings
):
    monkeypatch.delenv("OPS_URL", raising=False)
    up = tapewatch("up", "--config", settings)
    out, _ = up.communicate(timeout=60)

    assert up.returncode == 1
    assert "the environment variable OPS_URL to be set" in " ".join(out.split())
    assert not (tmp_path / ".tapewatch").exists()
