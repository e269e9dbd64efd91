"""The cluster in Docker is the one of the jars: same version, same settings."""

import base64
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.kafka import jars, node

FILE = Path(node.__file__).with_name("compose.yaml")
NUMBERS = (1, 2, 3)
DIFFERS = {"inter.broker.listener.name"}  # Docker's network is not the loopback


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    tree = yaml.safe_load(FILE.read_text())
    assert isinstance(tree, dict)
    return tree


@pytest.fixture(params=NUMBERS)
def number(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def service(compose: dict[str, Any], number: int) -> dict[str, Any]:
    found = compose["services"][f"kafka-{number}"]
    assert isinstance(found, dict)
    return found


def variable(key: str) -> str:
    """Return what the image calls a setting."""
    return "KAFKA_" + key.upper().replace(".", "_")


def fixed() -> dict[str, str]:
    """Return what server.properties and node.py say for three nodes."""
    text = Path(node.__file__).with_name("server.properties").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    pairs = dict(line.split("=", 1) for line in lines) | node.replicated(len(NUMBERS))
    return {key: value for key, value in pairs.items() if key not in DIFFERS}


def test_the_image_is_the_version_of_the_jars(service: dict[str, Any]) -> None:
    assert service["image"] == f"apache/kafka:{jars.version(jars.read_lock())}"


def test_every_setting_of_ours_is_there(service: dict[str, Any]) -> None:
    ours = {variable(key): value for key, value in fixed().items()}
    theirs = {name: str(service["environment"].get(name)) for name in ours}
    assert theirs == ours


def test_every_setting_there_is_one_of_ours_or_says_where(
    service: dict[str, Any],
) -> None:
    where = {
        "node.id",
        "listeners",
        "advertised.listeners",
        "listener.security.protocol.map",
        "controller.quorum.voters",
        "log.dirs",
        "heap.opts",
    }
    known = {variable(key) for key in fixed().keys() | DIFFERS | where}
    assert service["environment"].keys() == known | {"CLUSTER_ID"}


def test_each_node_is_a_voter_under_its_own_name(
    service: dict[str, Any], number: int
) -> None:
    env = service["environment"]
    voters = env["KAFKA_CONTROLLER_QUORUM_VOTERS"].split(",")
    assert voters == [f"{each}@kafka-{each}:9093" for each in NUMBERS]
    assert env["KAFKA_NODE_ID"] == str(number)
    assert service["hostname"] == f"kafka-{number}"
    assert f"NODES://kafka-{number}:9094" in env["KAFKA_ADVERTISED_LISTENERS"]


def test_clients_come_by_the_loopback_only(
    service: dict[str, Any], number: int
) -> None:
    (published,) = service["ports"]
    host, port, inside = published.split(":")
    assert (host, inside) == ("127.0.0.1", "9092")
    address = f"CLIENTS://{host}:{port}"
    assert address in service["environment"]["KAFKA_ADVERTISED_LISTENERS"]


def test_a_log_outlives_its_container(
    compose: dict[str, Any], service: dict[str, Any]
) -> None:
    (volume,) = service["volumes"]
    name, folder = volume.split(":")
    assert name in compose["volumes"]
    assert folder == service["environment"]["KAFKA_LOG_DIRS"]


def test_a_node_that_does_not_answer_is_unhealthy(service: dict[str, Any]) -> None:
    _, command = service["healthcheck"]["test"]
    assert "--bootstrap-server $$HOSTNAME:9094" in command


def test_the_cluster_id_is_one(compose: dict[str, Any]) -> None:
    match = re.fullmatch(
        r"\$\{KAFKA_CLUSTER_ID:-(\S{22})\}", compose["x-settings"]["CLUSTER_ID"]
    )
    assert match
    assert len(base64.urlsafe_b64decode(match[1] + "==")) == 16
