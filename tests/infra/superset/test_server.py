"""Superset's programs see what they need of us, and end when they are told to."""

import os
import sys
from pathlib import Path
from threading import Event, Timer

import pytest

from infra.superset.errors import SupersetError, ToldError
from infra.superset.server import environment, run

NEVER = Event()


def test_of_us_they_see_one_package_alone(tmp_path: Path) -> None:
    env = environment(tmp_path, tmp_path / "lake", 30.0)
    program = "import infra.superset.keys as keys; print(keys.SECRET_KEY)"
    others = "import importlib.util as u; print([u.find_spec(n) for n in ('flows',)])"
    log = tmp_path / "log"
    run([sys.executable, "-S", "-c", program], log, env, NEVER)
    assert log.read_text() == "secret_key\n"
    run([sys.executable, "-S", "-c", others], log, env, NEVER)
    assert log.read_text() == "[None]\n"


def test_a_second_time_it_is_the_same(tmp_path: Path) -> None:
    first = environment(tmp_path, tmp_path / "lake", 30.0)
    assert environment(tmp_path, tmp_path / "lake", 30.0) == first


def test_what_is_set_for_other_programs_does_not_reach_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FLASK_DEBUG", "SUPERSET_ENV", "PYTHONSTARTUP", "GUNICORN_CMD_ARGS"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("TAPEWATCH_SUPERSET_ADMIN_PASSWORD", "told")
    env = environment(tmp_path, tmp_path / "lake", 30.0)
    assert not {"FLASK_DEBUG", "SUPERSET_ENV", "PYTHONSTARTUP"} & env.keys()
    assert "GUNICORN_CMD_ARGS" not in env
    assert env["TAPEWATCH_SUPERSET_ADMIN_PASSWORD"] == "told"


def test_a_failure_says_its_code_and_its_last_words(tmp_path: Path) -> None:
    words = ["sh", "-c", "echo the reason; exit 4"]
    with pytest.raises(SupersetError, match=r"(?s)sh ended with code 4;.*the reason"):
        run(words, tmp_path / "log", os.environ, NEVER)


def test_who_is_told_to_end_ends_with_what_it_runs(tmp_path: Path, ended) -> None:
    told, pid = Event(), tmp_path / "pid"
    words = ["sh", "-c", f"echo $$ > {pid}; exec sleep 600"]
    Timer(0.5, told.set).start()
    with pytest.raises(ToldError):
        run(words, tmp_path / "log", os.environ, told)
    assert ended(int(pid.read_text()))
