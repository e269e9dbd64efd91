"""The units are what systemd takes, and start what their instance says."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from infra import cluster

UNITS = Path(cluster.__file__).parent / "systemd"
START = UNITS / "start.sh"
INSTANCES = {
    "tapewatch-flow@.service": "tapewatch-flow@market-0-of-2.service",
    "tapewatch-ingest@.service": "tapewatch-ingest@a.service",
    "tapewatch-tell.service": "tapewatch-tell.service",
    "tapewatch-pulse.service": "tapewatch-pulse.service",
    "tapewatch-keep.service": "tapewatch-keep.service",
    "tapewatch-follow.service": "tapewatch-follow.service",
    "tapewatch.target": "tapewatch.target",
}
SERVICES = [name for name in INSTANCES if name.endswith(".service")]
LISTS = {"EnvironmentFile"}
HARDENED = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "CapabilityBoundingSet": "",
    "SystemCallFilter": "@system-service",
    "ReadWritePaths": "/var/lib/tapewatch",
}


def read(name: str) -> dict[str, dict[str, str]]:
    """Return a unit by section; a line that is neither is an error."""
    found: dict[str, dict[str, str]] = {}
    section: dict[str, str] = {}
    for line in (UNITS / name).read_text().splitlines():
        if line.startswith("[") and line.endswith("]"):
            section = found.setdefault(line[1:-1], {})
        elif line and not line.startswith("#"):
            key, is_one, value = line.partition("=")
            assert is_one, line
            assert key.isalpha(), line
            assert key not in section or key in LISTS, line
            section[key] = f"{section[key]} {value}" if key in section else value
    return found


def verified(folder: Path, name: str) -> str:
    """Return what systemd has to say of a unit in a folder."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not on this machine")
    done = subprocess.run(
        [program, "verify", "--man=no", f"./{name}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    said = (done.stdout + done.stderr).splitlines()
    ours = [line for line in said if "tapewatch" in line]
    return "\n".join(ours) or ("" if done.returncode == 0 else "refused")


@pytest.fixture
def units(tmp_path: Path) -> Path:
    for path in UNITS.iterdir():
        shutil.copy(path, tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", INSTANCES)
def test_systemd_takes_it(units, name):
    assert verified(units, INSTANCES[name]) == ""


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Restart=always", "Restrat=always"),
        ("KillMode=mixed", "KillMode=softly"),
        ("ExecStart=/bin/sh", "ExecStart=/bin/no-such-shell"),
    ],
)
def test_systemd_sees_a_mistake(units, name, old, new):
    unit = units / name
    unit.write_text(unit.read_text().replace(old, new))

    assert verified(units, INSTANCES[name]) != ""


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_started_again_and_may_do_little(name):
    unit = read(name)
    service = unit["Service"]

    assert unit.keys() == {"Unit", "Service", "Install"}
    assert service["Restart"] == "always"
    assert int(unit["Unit"]["StartLimitBurst"]) > 300 // 30  # of an outage of Kafka
    assert int(service["TimeoutStopSec"]) >= 30
    assert HARDENED.items() <= service.items()
    assert service["User"] == "tapewatch"
    assert unit["Install"] == {"WantedBy": "tapewatch.target"}


@pytest.mark.parametrize("name", SERVICES)
def test_no_password_is_in_a_unit(name):
    service = read(name)["Service"]
    if name == "tapewatch-keep.service":  # it has nothing to do with Kafka
        assert "LoadCredential" not in service
    else:
        login = "kafka:/etc/tapewatch/credentials/"
        assert service["LoadCredential"].startswith(login)
    assert "PASSWORD" not in (UNITS / name).read_text()


def test_only_who_tells_is_given_the_addresses_of_targets():
    given = "-/etc/tapewatch/credentials/targets"
    with_it = [n for n in SERVICES if given in read(n)["Service"]["EnvironmentFile"]]
    assert with_it == ["tapewatch-tell.service"]


@pytest.mark.parametrize("name", SERVICES)
def test_figures_of_all_are_in_one_folder_that_outlives_each(name):
    service = read(name)["Service"]
    assert service["RuntimeDirectory"] == "tapewatch"
    assert service["RuntimeDirectoryPreserve"] == "yes"


def started(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    said = folder / "tapewatch"
    said.write_text(
        '#!/bin/sh\necho "$@"\n'
        'echo "${TAPEWATCH_KAFKA_USERNAME-none} ${TAPEWATCH_KAFKA_PASSWORD-none}"\n'
    )
    said.chmod(0o755)
    return subprocess.run(
        ["/bin/sh", START, *words],
        env={
            "PATH": f"{folder}:{os.environ['PATH']}",
            "TAPEWATCH_SETTINGS": str(folder),
            "CREDENTIALS_DIRECTORY": str(folder),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "wanted", "user"),
    [
        (("flow", "market-0-of-2"), "flow market --shard 0/2", "market"),
        (
            ("flow", "order-flow-11-of-12"),
            "flow order-flow --shard 11/12",
            "order-flow",
        ),
        (("ingest", "a"), "ingest --line a", "ingest"),
        (("tell", "tell"), "tell", "tell"),
        (("pulse", "host-7"), "pulse --name host-7", "pulse"),
        (("keep", "keep"), "keep", "keep"),
        (("follow", "follow"), "calibrate follow", "follow"),
    ],
)
def test_an_instance_says_what_is_started(tmp_path, words, wanted, user):
    (tmp_path / "kafka").write_text("a secret\n")
    told, login = started(tmp_path, *words).stdout.splitlines()
    assert told == f"{wanted} --config {tmp_path}/tapewatch.yaml"
    assert login == f"tapewatch-{user} a secret"


def test_an_instance_may_have_settings_of_its_own_and_no_password(tmp_path):
    (tmp_path / "book-1-of-2.yaml").touch()
    told, login = started(tmp_path, "flow", "book-1-of-2").stdout.splitlines()
    assert told == f"flow book --shard 1/2 --config {tmp_path}/book-1-of-2.yaml"
    assert login == "none none"


@pytest.mark.parametrize(
    "instance", ["market", "market-0", "0-of-2", "market-of-2", ""]
)
def test_an_instance_that_names_no_shard_is_refused(tmp_path, instance):
    done = started(tmp_path, "flow", instance)
    assert done.returncode == 2
    assert "expected an instance like market-0-of-2" in done.stderr
