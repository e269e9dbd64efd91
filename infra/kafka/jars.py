"""The broker's jars: fetched once with Maven, checked at every start.

The lock names each jar and its sha256. All 44 MB are hashed at every start: it takes
0.05 s, so nothing cheaper (sizes, dates) is trusted instead.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from infra import process
from infra.kafka import maven
from infra.kafka.errors import BrokerError, UnavailableError
from infra.kafka.maven import Say

HERE = Path(__file__).parent
LOCK = HERE / "jars.lock"
PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.10.0"
FETCH_S = 600
SHORT = 160


class Jar(NamedTuple):
    """A line of the lock: ``sha256 group:artifact:version file``."""

    sha256: str
    coordinates: str
    file: str


def read_lock(lock: Path = LOCK) -> list[Jar]:
    """Return the jars in a lock."""
    lines = lock.read_text().splitlines()
    return [Jar(*line.split()) for line in lines if not line.startswith("#")]


def version(jars: Sequence[Jar]) -> str:
    """Return the version of Apache Kafka among the jars."""
    kafka = (jar.coordinates.split(":") for jar in jars)
    return next(parts[2] for parts in kafka if parts[1].startswith("kafka_"))


def cache_folder(lock: Path = LOCK) -> Path:
    """Return where the jars of a lock are kept; other jars, another folder."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    return Path(home) / "tapewatch" / f"kafka-{version(read_lock(lock))}-{digest}"


def sha256(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _faults(folder: Path, jars: Sequence[Jar]) -> Iterator[str]:
    for jar in jars:
        path = folder / jar.file
        if not path.is_file():
            yield f"{jar.file} is missing"
        elif (found := sha256(path)) != jar.sha256:
            yield f"{jar.file} has sha256 {found}, and jars.lock says {jar.sha256}"
    known = {jar.file for jar in jars}
    for path in sorted(folder.glob("*.jar")):
        if path.name not in known:
            yield f"{path.name} is not in jars.lock"


def check(folder: Path, jars: Sequence[Jar]) -> None:
    """Refuse a folder that does not hold these very jars.

    Raises:
        BrokerError: If a jar is missing, other than locked, or not locked at all.
    """
    if faults := list(_faults(folder, jars)):
        text = f"Not the broker's jars in {folder}: " + "; ".join(faults)
        raise BrokerError(text)


def copy_with_maven(folder: Path, java_home: Path, say: Say, *options: str) -> None:
    """Let Maven resolve ``pom.xml`` and copy its jars into a new folder.

    Raises:
        UnavailableError: If there is no Maven and it cannot be installed, or it fails.
    """
    maven.require(say)
    folder.mkdir(parents=True)
    shutil.copy(HERE / "pom.xml", folder)  # Maven may write beside its pom
    log = folder / "mvn.log"
    words = ["mvn", "-q", "-B", "-f", str(folder / "pom.xml")]
    words += [f"{PLUGIN}:copy-dependencies", "-DincludeScope=runtime", *options]
    words += [f"-DoutputDirectory={folder / 'lib'}"]
    env = {"JAVA_HOME": str(java_home)} | os.environ
    running = process.spawn(words, log=log, env=env)
    try:
        code = running.wait(FETCH_S)
    except subprocess.TimeoutExpired:
        code = None
    finally:
        process.stop(running, grace_s=5)
    if code != 0:
        how = f"did not finish in {FETCH_S} s" if code is None else "failed"
        why = _first_error(log.read_text(errors="replace"))
        text = f"Maven {how} fetching Apache Kafka: {why}"
        raise UnavailableError(text)


def _first_error(said: str) -> str:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", said)
    errors = [line for line in plain.splitlines() if line.startswith("[ERROR]")]
    first = errors[0].removeprefix("[ERROR]").strip() if errors else "it gave no reason"
    return first if len(first) <= SHORT else first[:SHORT] + "…"


def ensure(java_home: Path, say: Say, lock: Path = LOCK) -> Path:
    """Return the folder with the locked jars, fetching them if it is not there yet.

    The folder appears whole or not at all: jars are fetched and checked beside it.

    Raises:
        BrokerError: If a jar is not what the lock says.
        UnavailableError: If they cannot be fetched.
    """
    jars, target = read_lock(lock), cache_folder(lock)
    if target.is_dir():
        try:
            check(target, jars)
        except BrokerError as error:
            text = f"{error}. Delete the folder to have them fetched again."
            raise BrokerError(text) from None
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    say(
        f"Fetching Apache Kafka {version(jars)} with Maven into {target}: "
        f"{len(jars)} jars, about 45 MB, this once."
    )
    start_s = time.monotonic()
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as name:
        fetched = Path(name) / "fetch"
        copy_with_maven(fetched, java_home, say)
        check(fetched / "lib", jars)
        try:
            (fetched / "lib").rename(target)
        except OSError:  # another process was faster, or the disk is at fault
            check(target, jars)
    say(f"Fetched and checked in {time.monotonic() - start_s:.0f} s.")
    return target
