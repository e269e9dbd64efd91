"""Whether this machine is fit: Python, memory, disks, clock, ports, Java."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from config.settings import Settings
from flows.diagnosis import Diagnosis, problem, warning, well
from flows.processes import ask
from infra.kafka import installation, jars, java
from infra.kafka.errors import BrokerError, UnavailableError

_PYTHON: Final = ((3, 11), (3, 13))
_LITTLE_MEMORY: Final = 1024**3
_LEAST_MEMORY: Final = 256 * 1024**2
_LITTLE_SHARE: Final = 0.1
_LEAST_DISK: Final = 100 * 1024**2
_ANSWER_S: Final = 5


def python(settings: Settings) -> Iterator[Diagnosis]:
    """Look at the interpreter."""
    oldest, beyond = _PYTHON
    found = sys.version.split()[0]
    if oldest <= sys.version_info[:2] < beyond:
        yield well("Python", found)
    else:
        yield problem("Python", found, "Tapewatch needs 3.11 or 3.12: make install")


def memory(settings: Settings) -> Iterator[Diagnosis]:
    """Look at the memory that programs can still have."""
    file = Path("/proc/meminfo")
    if not file.exists():
        yield warning("memory", "this system does not tell", "look by yourself")
        return
    words = (line.split() for line in file.read_text(encoding="ascii").splitlines())
    free = next(int(each[1]) * 1024 for each in words if each[0] == "MemAvailable:")
    found = f"{free / 1024**3:,.1f} GiB are free"
    hint = "a flow needs up to 1 GiB while it catches up; end other programs"
    if free < _LEAST_MEMORY:
        yield problem("memory", found, hint)
    elif free < _LITTLE_MEMORY:
        yield warning("memory", found, hint)
    else:
        yield well("memory", found)


def disks(settings: Settings) -> Iterator[Diagnosis]:
    """Look whether each folder can be written, and what room is left there."""
    for name, path in (
        ("lake", settings.lake.path),
        ("recovery", settings.recovery.path),
        ("spool", settings.ingest.spool.path),
    ):
        yield disk(f"disk of the {name}", Path(path))


def disk(of: str, folder: Path) -> Diagnosis:
    """Look at the disk of a folder, which need not be there yet."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"x")
            file.flush()
            size, _, free = shutil.disk_usage(there)
    except OSError as error:
        remedy = "make it a folder that this user may write, with room in it"
        return problem(of, f"{there}: {error.strerror}", remedy)
    found = f"{there}: {free / 1024**3:,.1f} of {size / 1024**3:,.1f} GiB are free"
    remedy = "move old files away, or name another place in the settings"
    if free < _LEAST_DISK:
        return problem(of, found, remedy)
    if free < _LITTLE_SHARE * size:
        return warning(of, found, remedy)
    return well(of, found)


def clock(settings: Settings) -> Iterator[Diagnosis]:
    """Look whether anything keeps this machine's clock right."""
    for words, good in (
        (("timedatectl", "show", "-p", "NTPSynchronized"), "=yes"),
        (("chronyc", "-n", "tracking"), "Leap status     : Normal"),
    ):
        if shutil.which(words[0]) is None:
            continue
        try:
            said = subprocess.run(
                words, capture_output=True, text=True, timeout=_ANSWER_S, check=False
            )
        except subprocess.TimeoutExpired:
            continue
        if said.returncode == 0 and good in said.stdout:
            yield well("clock", f"{words[0]} says that it is kept right")
            return
        if said.returncode == 0:
            hint = "start chrony or systemd-timesyncd"
            yield warning("clock", f"{words[0]} says that it is not kept right", hint)
            return
    hint = "see that it is kept right by whoever runs this machine"
    yield warning("clock", "neither timedatectl nor chronyc tells here", hint)


def ports(settings: Settings) -> Iterator[Diagnosis]:
    """Look whether the port of the figures can be had."""
    host, port = settings.metrics.host, settings.metrics.port
    if not port:
        how = "none is asked for" if port is None else "any free one is taken"
        yield well("metrics port", how)
        return
    where = f"{host}:{port}"
    probe = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    with probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            names = [name for name, _, _ in ask(where) or ()]
            if any(name.startswith("tapewatch_") for name in names):
                yield well("metrics port", f"{where} is that of a process of ours")
            else:
                hint = "end what listens there, or change `metrics.port`; 0 takes any"
                yield problem("metrics port", f"{where}: {error.strerror}", hint)
            return
    yield well("metrics port", f"{where} is free")


def kafka_here(settings: Settings) -> Iterator[Diagnosis]:
    """Look whether `tapewatch up` could start an Apache Kafka; fetches nothing."""
    instead = "without it `tapewatch up` takes a broker in memory, which forgets"
    try:
        program = java.find()
        yield well("Java", str(program))
        if home := os.environ.get("KAFKA_HOME"):
            found = installation.find()
            yield well("Kafka", f"{found.version} in KAFKA_HOME, {home}")
            return
        folder = jars.cache_folder()
        if folder.is_dir():
            jars.check(folder, jars.read_lock())
            yield well("Kafka", f"the jars in {folder} are those of jars.lock")
            return
    except UnavailableError as error:
        yield warning("Kafka", str(error), instead)
        return
    except BrokerError as error:
        yield problem("Kafka", str(error), "delete them; the next start fetches anew")
        return
    maven = "with Maven" if shutil.which("mvn") else "once there is Maven (`mvn`)"
    hint = f"the first `tapewatch up` fetches them {maven}; {instead}"
    yield warning("Kafka", f"its jars are not in {folder}", hint)
