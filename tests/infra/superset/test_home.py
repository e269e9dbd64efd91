"""One process at a time has the state folder."""

import stat
from pathlib import Path

import pytest

from infra.superset.errors import SupersetError
from infra.superset.home import alone


def test_it_is_nobody_elses(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "home"
    with alone(home):
        assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_two_never_have_it_at_once_and_then_the_other_does(tmp_path: Path) -> None:
    refused = pytest.raises(SupersetError, match="stop it first")
    with alone(tmp_path), refused, alone(tmp_path):
        pass
    with alone(tmp_path):
        pass
