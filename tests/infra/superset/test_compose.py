"""Superset in Docker is the one of the lock, on the loopback, with our settings."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.superset import server
from infra.superset.install import LOCK

FILE = Path(server.__file__).with_name("compose.yaml")


@pytest.fixture(scope="module")
def service() -> dict[str, Any]:
    (found,) = yaml.safe_load(FILE.read_text())["services"].values()
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def script(service: dict[str, Any]) -> str:
    return str(service["command"][-1])


def locked(name: str) -> str:
    found = re.search(rf"^{name}==(\S+)", LOCK.read_text(), re.MULTILINE)
    assert found
    return found[1]


def test_the_image_and_what_it_lacks_are_what_is_locked(
    service: dict[str, Any], script: str
) -> None:
    assert service["image"] == f"apache/superset:{locked('apache-superset')}"
    for name in ("duckdb", "duckdb-engine"):
        assert f"{name}=={locked(name)}" in script.split()


def test_it_has_the_environment_that_our_server_has(
    service: dict[str, Any], tmp_path: Path
) -> None:
    ours = server.environment(tmp_path, tmp_path / "lake", 30.0)
    names = {name for name in ours if name.startswith(("TAPEWATCH_", "SUPERSET_"))}
    assert names <= service["environment"].keys()
    assert service["environment"]["TZ"] == ours["TZ"]


def test_secrets_are_neither_in_it_nor_defaults(service: dict[str, Any]) -> None:
    assert not [name for name in service["environment"] if "PASSWORD" in name]
    assert not [name for name in service["environment"] if "KEY" in name]


def test_only_this_machine_can_connect(service: dict[str, Any]) -> None:
    (published,) = service["ports"]
    assert published.startswith("127.0.0.1:")


def test_the_lake_and_the_code_cannot_be_written(service: dict[str, Any]) -> None:
    writable = [each for each in service["volumes"] if not each.endswith(":ro")]
    assert writable == ["state:/state"]


def test_it_serves_as_our_server_does(script: str) -> None:
    words = server.words(Path("python"), 8088, 2)
    ours = dict(pairwise(words))
    theirs = dict(pairwise(script.split()))
    for option in ("--workers", "--worker-class", "--threads", "--keep-alive"):
        assert theirs[option] == ours[option]
