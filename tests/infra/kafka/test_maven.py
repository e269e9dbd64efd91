"""Maven is installed where that can be done, and nowhere else."""

import os
from pathlib import Path

import pytest

from infra.kafka import maven
from infra.kafka.errors import UnavailableError

APT_GET = """#!/bin/sh
echo "$DEBIAN_FRONTEND apt-get $*" >> {asked}
{then}
"""
INSTALLS = 'case "$1" in install) echo > {folder}/mvn; chmod +x {folder}/mvn;; esac'
FAILS = 'echo "W: a warning"; echo "E: Unable to locate package maven"; exit 100'


class Machine:
    """A PATH of the test's own, and what is told on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked = folder / "asked"
        self.told: list[str] = []

    def program(self, name: str, script: str = "") -> None:
        (self.folder / name).write_text(script)
        (self.folder / name).chmod(0o755)

    def apt_get(self, then: str) -> None:
        then = then.format(folder=self.folder)
        self.program("apt-get", APT_GET.format(asked=self.asked, then=then))

    def require(self, *, is_root: bool = True) -> None:
        maven.require(self.told.append, is_root=is_root)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("sh", "chmod"):
        (tmp_path / name).symlink_to(Path("/bin") / name)
    return Machine(tmp_path)


def test_a_maven_that_is_there_is_taken_without_a_word(machine: Machine) -> None:
    machine.program("mvn")
    machine.apt_get(FAILS)
    machine.require()
    assert machine.told == []
    assert not machine.asked.exists()


def test_root_on_debian_gets_the_package(machine: Machine) -> None:
    machine.apt_get(INSTALLS)
    machine.require()
    assert machine.asked.read_text().splitlines() == [
        "noninteractive apt-get update",
        "noninteractive apt-get install -y --no-install-recommends maven",
    ]
    assert len(machine.told) == 1
    assert "package maven with apt-get" in machine.told[0]


def test_another_user_on_debian_is_told_what_root_can_do(machine: Machine) -> None:
    machine.apt_get(INSTALLS)
    with pytest.raises(UnavailableError, match="as root, `apt-get install maven`"):
        machine.require(is_root=False)
    assert not machine.asked.exists()
    assert machine.told == []


def test_elsewhere_the_user_is_told_what_to_do(machine: Machine) -> None:
    with pytest.raises(UnavailableError, match=r"no mvn on the PATH.*KAFKA_HOME"):
        machine.require()
    assert machine.told == []


def test_what_apt_get_complains_of_is_told(machine: Machine) -> None:
    machine.apt_get(FAILS)
    with pytest.raises(UnavailableError) as refusal:
        machine.require()
    assert "`apt-get update` failed: Unable to locate package" in str(refusal.value)
    assert "KAFKA_HOME" in str(refusal.value)


def test_a_package_that_brings_no_maven_is_told(machine: Machine) -> None:
    machine.apt_get("exit 0")
    with pytest.raises(UnavailableError, match="there is still no mvn"):
        machine.require()


def test_we_are_root_or_not(machine: Machine) -> None:
    machine.apt_get(INSTALLS)
    if os.geteuid() == 0:
        maven.require(machine.told.append)
        assert machine.asked.exists()
    else:
        with pytest.raises(UnavailableError, match="as root"):
            maven.require(machine.told.append)
