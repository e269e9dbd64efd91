"""Secrets are told or made, never defaults, and nobody else can read them."""

import stat
from pathlib import Path

import pytest

from infra.superset import keys
from infra.superset.keys import SecretError

NAMES = list(keys.SHORTEST)


@pytest.fixture(autouse=True)
def untold(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(keys.variable(name), raising=False)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_made_is_its_owners_alone_and_stays(tmp_path: Path, name: str) -> None:
    made = keys.make(tmp_path, name)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert len(made.value) >= keys.SHORTEST[name]
    assert not made.is_told
    assert keys.make(tmp_path, name) == keys.known(tmp_path, name) == made
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_no_two_are_alike(tmp_path: Path) -> None:
    made = set()
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        made |= {keys.make(folder, name).value for name in NAMES}
    assert len(made) == 3 * len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_environment_goes_first_and_is_not_written_down(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "x" * keys.SHORTEST[name]
    monkeypatch.setenv(keys.variable(name), told)
    assert keys.make(tmp_path, name) == (told, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_short_one_is_refused_and_not_repeated(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = "s3" * (keys.SHORTEST[name] // 2 - 1)
    (tmp_path / name).write_text(short)
    (tmp_path / name).chmod(0o600)
    with pytest.raises(SecretError, match=r"characters or more") as of_file:
        keys.make(tmp_path, name)
    monkeypatch.setenv(keys.variable(name), short)
    with pytest.raises(SecretError, match=keys.variable(name)) as of_environment:
        keys.make(tmp_path, name)
    assert short not in str(of_file.value) + str(of_environment.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_one_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    keys.make(tmp_path, keys.SECRET_KEY)
    (tmp_path / keys.SECRET_KEY).chmod(mode)
    with pytest.raises(SecretError, match="chmod 600"):
        keys.known(tmp_path, keys.SECRET_KEY)


@pytest.mark.parametrize("name", NAMES)
def test_without_one_there_is_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(SecretError, match=f"no such file, and {keys.variable(name)}"):
        keys.known(tmp_path, name)
