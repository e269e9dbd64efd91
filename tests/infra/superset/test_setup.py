"""Superset is set up whole or not at all, and only when something has changed."""

import os
import sqlite3
import stat
import sys
from pathlib import Path
from threading import Event

import pytest

from infra.superset import keys
from infra.superset.errors import SupersetError, ToldError
from infra.superset.setup import METADATA, set_up, stamp_of

NEVER = Event()
BUNDLE = {"metadata.yaml": "version: 1.0.0\n", "charts/one.yaml": "x: 1\n"}
STEPS = """#!/bin/sh
echo "$3" >> {runs}
sqlite() {{ {python} -c "
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as database: database.execute(sys.argv[2])
" "$TAPEWATCH_SUPERSET_DATABASE" "$1"; }}
sqlite "create table if not exists steps (step text)"
sqlite "insert into steps values ('done')"
{then}
"""


class Place:
    """A state folder, and in the place of Superset's Python what counts its runs."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        self.runs = folder / "runs"
        self.python = folder / "python"
        self.then("")

    def then(self, what: str) -> None:
        text = STEPS.format(runs=self.runs, python=sys.executable, then=what)
        self.python.write_text(text)
        self.python.chmod(0o755)

    def set_up(self, bundle: dict[str, str] | None = None, told: Event = NEVER) -> bool:
        made = BUNDLE if bundle is None else bundle
        said: list[str] = []
        return set_up(
            self.home, self.python, made, env=os.environ, say=said.append, told=told
        )

    @property
    def steps(self) -> int:
        with sqlite3.connect(self.home / METADATA) as database:
            return len(database.execute("select * from steps").fetchall())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_second_time_nothing_is_done(place: Place) -> None:
    assert [place.set_up(), place.set_up()] == [True, False]
    assert place.steps == 1


def test_what_is_there_is_kept_when_a_dashboard_changes(place: Place) -> None:
    place.set_up()
    assert place.set_up({**BUNDLE, "charts/one.yaml": "x: 2\n"})
    assert place.steps == 2
    assert (place.home / "bundle" / "charts/one.yaml").read_text() == "x: 2\n"


def test_what_left_the_bundle_is_not_imported_again(place: Place) -> None:
    place.set_up()
    place.set_up({"metadata.yaml": BUNDLE["metadata.yaml"]})
    assert not (place.home / "bundle" / "charts/one.yaml").exists()


def test_a_failure_leaves_all_as_it_was_and_is_tried_again(place: Place) -> None:
    place.set_up()
    changed = {**BUNDLE, "charts/one.yaml": "x: 2\n"}
    place.then("echo why it failed; exit 3")
    with pytest.raises(SupersetError, match=r"(?s)code 3.*why it failed"):
        place.set_up(changed)
    assert place.steps == 1
    place.then("")
    assert place.set_up(changed)
    assert place.steps == 2


def test_being_told_to_end_leaves_all_as_it_was(place: Place) -> None:
    place.set_up()
    told = Event()
    told.set()
    place.then("sleep 600")
    with pytest.raises(ToldError):
        place.set_up({}, told)
    assert place.steps == 1


def test_nobody_else_can_read_the_metadata(place: Place) -> None:
    place.set_up()
    mode = (place.home / METADATA).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_what_a_killed_server_had_begun_is_taken_back(place: Place) -> None:
    place.set_up()
    metadata = place.home / METADATA
    with sqlite3.connect(metadata) as database:
        database.execute("pragma cache_spill = 1")
        database.execute("pragma cache_size = 1")
        database.execute("create table big (x text)")
        database.commit()
        database.execute("begin")
        for _ in range(200):
            database.execute("insert into big values (?)", ("x" * 1_000,))
        journal = metadata.with_name(f"{METADATA}-journal")
        kept = metadata.read_bytes(), journal.read_bytes()
        database.rollback()
    metadata.write_bytes(kept[0])
    journal.write_bytes(kept[1])

    place.set_up({})

    assert not journal.exists()
    with sqlite3.connect(metadata) as database:
        assert database.execute("select count(*) from big").fetchall() == [(0,)]
        assert database.execute("pragma integrity_check").fetchall() == [("ok",)]


def test_another_password_of_the_environment_is_set(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.set_up()
    monkeypatch.setenv(keys.variable(keys.ADMIN), "correct horse battery")
    assert place.set_up()
    assert not place.set_up()
    monkeypatch.setenv(keys.variable(keys.ADMIN), "another horse battery")
    assert place.set_up()


def test_the_stamp_does_not_tell_the_password(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who guesses cannot check a guess by it, without the secret key."""
    monkeypatch.setenv(keys.variable(keys.ADMIN), "correct horse battery")
    monkeypatch.setenv(keys.variable(keys.VIEWER), "correct horse battery")
    stamps = []
    for key in ("k" * 40, "l" * 40):
        monkeypatch.setenv(keys.variable(keys.SECRET_KEY), key)
        stamps.append(stamp_of(place.home, BUNDLE))
    assert stamps[0] != stamps[1]
