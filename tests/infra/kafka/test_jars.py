"""No jar that is not in the lock, and none that is other than locked."""

import re
import shutil
from pathlib import Path

import pytest

from infra.kafka import jars
from infra.kafka.errors import BrokerError
from infra.kafka.installation import Installation

A, B = b"one jar", b"another jar"


def lock_of(folder: Path, contents: dict[str, bytes]) -> Path:
    """Write files, and a lock of them beside the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["# a comment"]
    for name, content in contents.items():
        (folder / name).write_bytes(content)
        lines.append(f"{jars.sha256(folder / name)} org.x:kafka_2.13:4.0.0 {name}")
    lock = folder.parent / "jars.lock"
    lock.write_text("\n".join(lines) + "\n")
    return lock


def test_locked_jars_are_accepted(tmp_path: Path) -> None:
    lock = lock_of(tmp_path / "lib", {"a.jar": A, "b.jar": B})
    jars.check(tmp_path / "lib", jars.read_lock(lock))


def test_a_jar_with_another_sha256_is_refused_by_name(tmp_path: Path) -> None:
    lock = lock_of(tmp_path / "lib", {"a.jar": A, "b.jar": B})
    (tmp_path / "lib" / "b.jar").write_bytes(B + b"!")
    with pytest.raises(BrokerError, match=r"b\.jar has sha256") as refusal:
        jars.check(tmp_path / "lib", jars.read_lock(lock))
    assert "a.jar" not in str(refusal.value)


def test_a_missing_jar_is_named(tmp_path: Path) -> None:
    lock = lock_of(tmp_path / "lib", {"a.jar": A, "b.jar": B})
    (tmp_path / "lib" / "a.jar").unlink()
    with pytest.raises(BrokerError, match=r"a\.jar is missing"):
        jars.check(tmp_path / "lib", jars.read_lock(lock))


def test_a_jar_that_nobody_locked_is_refused(tmp_path: Path) -> None:
    lock = lock_of(tmp_path / "lib", {"a.jar": A})
    (tmp_path / "lib" / "c.jar").write_bytes(B)
    with pytest.raises(BrokerError, match=r"c\.jar is not in jars\.lock"):
        jars.check(tmp_path / "lib", jars.read_lock(lock))


def test_another_lock_has_another_folder(tmp_path: Path) -> None:
    first = jars.cache_folder(lock_of(tmp_path / "one" / "lib", {"a.jar": A}))
    second = jars.cache_folder(lock_of(tmp_path / "two" / "lib", {"a.jar": B}))
    assert first.name.startswith("kafka-4.0.0-")
    assert first != second


def test_the_real_lock_names_every_jar_with_its_coordinates() -> None:
    for jar in jars.read_lock():
        assert re.fullmatch(r"[0-9a-f]{64}", jar.sha256)
        _, artifact, version = jar.coordinates.split(":")
        assert jar.file == f"{artifact}-{version}.jar"


def test_a_jar_changed_in_the_cache_is_refused_at_the_next_start(
    tmp_path: Path, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    shutil.copytree(installation.jars[0].parent, jars.cache_folder())
    java_home = installation.java.resolve().parent.parent
    assert jars.ensure(java_home, print) == jars.cache_folder()

    changed = next(jars.cache_folder().glob("scala-library-*.jar"))
    changed.write_bytes(changed.read_bytes() + b"!")

    with pytest.raises(BrokerError, match=f"{changed.name} has sha256"):
        jars.ensure(java_home, print)
