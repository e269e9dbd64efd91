"""Find Apache Kafka and a Java for it, on this machine or by Maven."""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from infra.kafka import jars, java
from infra.kafka.errors import BrokerError
from infra.kafka.maven import Say

OLDEST = 4


@dataclass(frozen=True)
class Installation:
    """An Apache Kafka that can be run.

    Attributes:
        version: Of Apache Kafka.
        java: The program that runs it.
        jars: The class path, in a fixed order.
    """

    version: str
    java: Path
    jars: tuple[Path, ...]


def say_to_stderr(line: str) -> None:
    """Print a line of progress."""
    print(line, file=sys.stderr, flush=True)


def _installed(home: Path, program: Path) -> Installation:
    libs = home / "libs"
    found = [
        re.fullmatch(r"kafka_2\.\d+-(\d[\d.]*)\.jar", p.name) for p in libs.glob("*")
    ]
    versions = [match[1] for match in found if match]
    if len(versions) != 1 or int(versions[0].split(".")[0]) < OLDEST:
        text = (
            f"KAFKA_HOME is {home}, where libs/ holds {versions or 'no Apache Kafka'}; "
            f"expected Apache Kafka {OLDEST} or newer"
        )
        raise BrokerError(text)
    return Installation(versions[0], program, tuple(sorted(libs.glob("*.jar"))))


def find(say: Say = say_to_stderr) -> Installation:
    """Return the Apache Kafka in KAFKA_HOME, else the locked one, fetched if need be.

    Raises:
        BrokerError: If KAFKA_HOME holds none, or a jar is not what the lock says.
        UnavailableError: If there is no Java, or the jars cannot be fetched.
    """
    program = java.find()
    if home := os.environ.get("KAFKA_HOME"):
        return _installed(Path(home), program)
    folder = jars.ensure(program.resolve().parent.parent, say)
    locked = jars.read_lock()
    paths = tuple(folder / jar.file for jar in locked)
    return Installation(jars.version(locked), program, paths)
