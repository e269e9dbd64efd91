"""Each thing is broken for real; the doctor names it, and says what to do."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from confluent_kafka.admin import AdminClient

from config.settings import Metrics
from flows import metrics
from flows.store import Store
from infra.kafka import specs
from infra.kafka import topics as broker_topics
from infra.kafka.installation import Installation
from infra.kafka.memory import MemoryBroker
from infra.kafka.ports import free
from infra.kafka.real import RealBroker
from operators.records.time import SECOND
from sinks.catalog import publish
from sinks.keeping import Keeper
from sinks.lake import catalog
from sinks.parquet import LakeSink
from tests.flows.standing_rows import everything

ROOT = Path(__file__).parents[2]
Found = dict[str, list[dict[str, str]]]
Look = Callable[..., Found]


def doctor(
    folder: Path, *words: str, env: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "flows", "doctor", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | (env or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Return what the doctor says of settings, by what it looked at."""

    def looked(
        *words: str, env: dict[str, str] | None = None, **settings: Any
    ) -> Found:
        (nobody,) = free(1)
        tree = {"kafka": {"bootstrap": f"127.0.0.1:{nobody}"}} | settings
        (tmp_path / "mine.yaml").write_text(yaml.safe_dump(tree))
        done = doctor(tmp_path, "--config", "mine.yaml", "--json", *words, env=env)
        assert done.stdout, done.stderr
        found: Found = {}
        for each in json.loads(done.stdout):
            found.setdefault(each["of"], []).append(each)
        is_bad = any(e["grade"] == "problem" for of in found.values() for e in of)
        assert done.returncode == int(is_bad)
        return found

    return looked


def said(found: Found, of: str, grade: str) -> str:
    """Return what was found of something, which has this grade, and a remedy."""
    texts = [e["found"] for e in found[of] if e["grade"] == grade and e["remedy"]]
    assert texts, found[of]
    return " ".join(texts)


def is_well(found: Found, of: str) -> bool:
    return [each["grade"] for each in found[of]] == ["ok"]


def listening(**line: Any) -> dict[str, Any]:
    feed = {"name": "binance-0", "venue": "binance", "symbols": ["BTC-USDT"]}
    return {"connections": [feed | {"lines": [{"name": "a", **line}]}]}


@pytest.fixture
def broker(tmp_path: Path, installation: Installation) -> Iterator[RealBroker]:
    with RealBroker(tmp_path / "kafka", installation) as started:
        broker_topics.apply(started.bootstrap, specs.load())
        yield started


def test_a_broker_is_looked_at_with_its_topics_and_its_clock(look, broker):
    kafka = {"bootstrap": broker.bootstrap}

    found = look(kafka=kafka)
    assert is_well(found, "broker")
    assert is_well(found, "topics")
    assert is_well(found, "broker's clock")

    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    for name, done in admin.delete_topics(["bars.v1"]).items():
        assert done.result() is None, name
    assert "bars.v1 is missing" in said(look(kafka=kafka), "topics", "problem")

    broker.stop()
    assert "no answer" in said(look(kafka=kafka), "broker", "problem")


def test_the_broker_in_memory_is_warned_of(look):
    with MemoryBroker(specs.load(), "as asked for") as started:
        found = look(kafka={"bootstrap": started.bootstrap})

    assert "in memory" in said(found, "broker", "warning")


def test_a_mistake_in_the_settings_ends_the_visit(tmp_path):
    (tmp_path / "bad.yaml").write_text("kafka: {bootstrap: 7}\n")

    done = doctor(tmp_path, "--config", "bad.yaml")

    assert done.returncode == 1
    assert "problem settings: bad.yaml: Expected `str`" in done.stdout
    assert "→ mend it" in done.stdout


def test_a_full_disk_is_a_problem(look, tmp_path):
    disk = tmp_path / "small"
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    mounted = subprocess.run(words, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    try:
        assert "0.0 of 0.0 GiB" in said(
            look(lake={"path": str(disk / "lake")}), "disk of the lake", "problem"
        )
        room = os.statvfs(disk)
        (disk / "filler").write_bytes(bytes(room.f_bavail * room.f_frsize))
        found = look(lake={"path": str(disk / "lake")})
        assert "No space left" in said(found, "disk of the lake", "problem")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_file_in_the_place_of_a_folder_is_a_problem(look, tmp_path):
    (tmp_path / "file").write_text("")
    found = look(recovery={"path": "file"})

    assert "Not a directory" in said(found, "disk of the recovery", "problem")


def test_a_damaged_store_is_named(look, tmp_path):
    state = tmp_path / "recovery" / "bars-v2" / "0-of-1"
    with Store(state):
        pass
    assert (
        "1 stores are whole"
        in look(recovery={"path": "recovery"})["recovery"][0]["found"]
    )
    (file,) = (state / "state").glob("*.sqlite3")
    file.write_bytes(b"no database" * 100)

    found = look(recovery={"path": "recovery"})

    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(file).execute("pragma quick_check")
    assert str(file.relative_to(tmp_path)) in said(found, "recovery", "problem")


def test_a_lake_s_catalogue_is_read(look, tmp_path):
    lake = tmp_path / "lake"
    assert "no lake here" in said(look(lake={"path": "lake"}), "lake", "warning")
    publish(lake)
    assert is_well(look(lake={"path": "lake"}), "lake")
    file = catalog(lake)
    whole = file.read_bytes()
    file.write_bytes(whole[:100])
    assert "lake" in said(look(lake={"path": "lake"}), "lake", "problem")
    shutil.rmtree(lake / "catalog")
    assert "no lake here" in said(look(lake={"path": "lake"}), "lake", "problem")


def test_files_that_could_not_be_read_are_named(look, tmp_path):
    lake = tmp_path / "lake"
    publish(lake)
    folder = lake / "hot/trades/seg=203601010000"
    folder.mkdir(parents=True)
    (folder / "w-000000001.parquet").write_bytes(b"no parquet")
    Keeper(lake).look()

    told = said(look(lake={"path": "lake"}), "lake", "warning")

    assert "1 files could not be read" in told
    assert "hot/trades/seg=203601010000/w-000000001.parquet" in told


def test_a_clock_that_is_not_the_venues_is_told_of(look, tmp_path):
    publish(tmp_path / "lake")
    writer = LakeSink(tmp_path / "lake", "test").build_part("lake", "test", None)
    rows = [
        msgspec.structs.replace(each, skew_ms=-1_270.0)
        for each in everything(1_700_000_000 * SECOND)
        if each.table == "connection_health"
    ]
    writer.write_batch([rows])
    writer.snapshot()

    found = look(lake={"path": "lake"})

    assert "1,270 ms behind that of binance" in said(found, "venues' clocks", "warning")


def test_a_port_that_another_has_is_a_problem_and_our_own_is_not(look):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        taken.settimeout(0)
        port = taken.getsockname()[1]
        found = look(metrics={"port": port})
        assert "in use" in said(found, "metrics port", "problem")
    assert is_well(look(metrics={"port": port}), "metrics port")
    metrics.serve(Metrics(port=port), metrics.FlowMetrics("bars", []))
    assert "of ours" in look(metrics={"port": port})["metrics port"][0]["found"]


def test_secrets_are_looked_for_by_name_and_never_told(look):
    security = {"protocol": "SASL_PLAINTEXT", "username_env": "TW_USER"}
    security |= {"password_env": "TW_PASSWORD", "mechanism": "PLAIN"}
    (nobody,) = free(1)
    kafka = {"bootstrap": f"127.0.0.1:{nobody}", "security": security}

    found = look(kafka=kafka, env={"TW_USER": "me"})
    assert "TW_PASSWORD is not set" in said(found, "secrets", "problem")
    found = look(kafka=kafka, env={"TW_USER": "me", "TW_PASSWORD": "open-sesame"})
    assert is_well(found, "secrets")
    assert "open-sesame" not in json.dumps(found)


def test_connections_that_cannot_be_opened_are_named(look):
    feeds = listening()["connections"]
    twice = [feeds[0], feeds[0] | {"name": "binance-1"}]
    assert "BTC-USDT is in `binance-0` too" in said(
        look(ingest={"connections": twice}), "connections", "problem"
    )
    assert "one line alone" in said(look(ingest=listening()), "connections", "warning")


def test_no_java_costs_the_broker_and_a_wrong_jar_is_a_problem(look, tmp_path):
    lonely = {"PATH": "/nowhere", "JAVA_HOME": "", "XDG_CACHE_HOME": str(tmp_path)}
    (tmp_path / "empty").mkdir()
    found = look(env={"KAFKA_HOME": str(tmp_path / "empty")})
    assert "no Apache Kafka" in said(found, "Kafka", "problem")
    assert "are not in" in said(look(env=lonely), "Kafka", "warning")


def test_venues_are_tried_only_when_asked_for(look):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        calls: list[bytes] = []

        def answer() -> None:
            while True:
                try:
                    call, _ = server.accept()
                except OSError:
                    return
                with call:
                    calls.append(call.recv(4_096))
                    call.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        feed = listening(url=f"ws://127.0.0.1:{port}/ws")
        assert not [of for of in look(ingest=feed) if of.startswith("venue ")]
        assert calls == []
        found = look("--venues", ingest=feed)
        assert "403" in said(found, "venue binance-0/a", "problem")
        assert calls
        server.shutdown(socket.SHUT_RDWR)
    found = look("--venues", ingest=feed)
    assert "refused" in said(found, "venue binance-0/a", "problem").lower()


NOT_ROOT = """
import os, sys
from flows.check_machine import disk
from flows.check_settings import recovery
from config.settings import Recovery, Settings
from pathlib import Path
path = sys.argv[1]
os.setgid(65534), os.setuid(65534)
found = [*recovery(Settings(recovery=Recovery(path=path))), disk("disk", Path(path))]
print([each.grade.value for each in found], *(each.found for each in found))
"""


def test_a_folder_that_may_not_be_read_is_a_problem(tmp_path):
    if os.geteuid():
        pytest.skip("only root can become another user")
    shut = Path(tempfile.mkdtemp())  # all may come to it, unlike tmp_path
    try:
        shut.chmod(0o755)
        (shut / "recovery").mkdir(mode=0o700)
        words = [sys.executable, "-c", NOT_ROOT, str(shut / "recovery")]
        env = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            words, env=env, capture_output=True, text=True, check=False
        )
    finally:
        shutil.rmtree(shut)

    assert done.stdout.startswith("['problem', 'problem']"), done.stderr
    assert done.stdout.count("Permission denied") == 2
