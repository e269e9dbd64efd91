"""Which broker is chosen."""

from pathlib import Path

import pytest

from infra.kafka.broker import Broker, BrokerError, choose
from infra.kafka.errors import UnavailableError
from infra.kafka.installation import Installation


@pytest.fixture
def without_maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave a Java, if there is one, but neither Maven nor jars fetched before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("KAFKA_HOME", raising=False)


def silence(_: str) -> None:
    """Take a line of progress."""


def test_memory_is_had_for_the_asking(tmp_path: Path) -> None:
    with choose(tmp_path / "data", "memory") as broker:
        assert broker.kind == "in-memory"
        assert "as asked for" in broker.sentence
    assert not (tmp_path / "data").exists()


@pytest.mark.usefixtures("without_maven")
def test_auto_falls_back_to_memory_and_says_what_is_missing(tmp_path: Path) -> None:
    broker = choose(tmp_path / "data", "auto", say=silence)
    assert broker.kind == "in-memory"
    assert "KAFKA_HOME" in broker.sentence or "Java" in broker.sentence


@pytest.mark.usefixtures("without_maven")
def test_kafka_alone_fails_and_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="install"):
        choose(tmp_path / "data", "kafka", say=silence)


def test_an_installed_kafka_is_taken(
    tmp_path: Path, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    libs = tmp_path / "kafka" / "libs"
    libs.mkdir(parents=True)
    for jar in installation.jars:
        (libs / jar.name).symlink_to(jar)
    monkeypatch.setenv("KAFKA_HOME", str(tmp_path / "kafka"))
    with choose(tmp_path / "data", "kafka") as broker:
        assert broker.kind == f"Apache Kafka {installation.version}"


@pytest.mark.usefixtures("installation")
def test_an_empty_kafka_home_is_refused_and_not_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_HOME", str(tmp_path))
    with pytest.raises(BrokerError, match="no Apache Kafka"):
        choose(tmp_path / "data", "auto")


def test_the_session_has_a_broker_that_runs(kafka: Broker) -> None:
    assert kafka.running
    assert kafka.bootstrap
    assert kafka.incarnation
