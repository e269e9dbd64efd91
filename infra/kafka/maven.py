"""See to it that there is a Maven: on Debian, for root, it is a package away."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from infra import process
from infra.kafka.errors import UnavailableError

INSTALL_S: Final = 600
STEPS: Final = (
    ("update",),
    ("install", "-y", "--no-install-recommends", "maven"),
)
NEEDED: Final = (
    "Apache Kafka has not been fetched yet, and there is no mvn on the PATH to fetch it"
)
REMEDY: Final = "install Maven, or name an unpacked Apache Kafka in KAFKA_HOME"

Say = Callable[[str], None]


def require(say: Say, *, is_root: bool | None = None) -> None:
    """Return when there is a Maven, having installed Debian's if need be and allowed.

    Args:
        say: Takes lines of progress.
        is_root: Whether we may install; without it, whether we are root.

    Raises:
        UnavailableError: If there is none: why it was not installed, and what to do.
    """
    if shutil.which("mvn"):
        return
    if shutil.which("apt-get") is None:
        raise UnavailableError(f"{NEEDED}: {REMEDY}")
    if not (os.geteuid() == 0 if is_root is None else is_root):
        text = f"{NEEDED}: as root, `apt-get install maven`; or {REMEDY}"
        raise UnavailableError(text)
    say("Installing the Debian package maven with apt-get, this once: to fetch Kafka.")
    for words in STEPS:
        _apt_get(*words)
    if shutil.which("mvn") is None:
        text = "apt-get installed the package maven, and there is still no mvn"
        raise UnavailableError(f"{text} on the PATH: {REMEDY}")


def _apt_get(*words: str) -> None:
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "apt.log"
        running = process.spawn(["apt-get", *words], log=log, env=env)
        try:
            code = running.wait(INSTALL_S)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            process.stop(running, grace_s=30)  # let dpkg finish what it is at
        if code == 0:
            return
        how = f"did not finish in {INSTALL_S} s" if code is None else "failed"
        why = _first_error(log.read_text(errors="replace"))
    text = f"`apt-get {' '.join(words)}` {how}: {why}"
    raise UnavailableError(f"{NEEDED}; {text}. {REMEDY[0].upper()}{REMEDY[1:]}")


def _first_error(said: str) -> str:
    errors = [line for line in said.splitlines() if line.startswith("E: ")]
    return errors[0].removeprefix("E: ") if errors else "it gave no reason"
