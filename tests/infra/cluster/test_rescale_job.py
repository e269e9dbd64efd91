"""The script that carries stores between volumes may be killed anywhere."""

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

from infra.cluster import rescale

SCRIPT = Path(rescale.__file__).with_name("rescale.sh")
RESCALE = """\
#!/bin/sh
# In the place of `tapewatch rescale FLOW --to M`: all stores into each new one.
set -eu
cd "$WORK/$2-v2"
old=$(ls -d *-of-*)
text=$(cat $(for each in $old; do echo "$each/state"; done))
j=0
while [ "$j" -lt "$4" ]; do
  mkdir "$j-of-$4"; echo "$text" > "$j-of-$4/state"; j=$((j + 1))
done
rm -rf $old
"""
FALLS = """\
#!/bin/sh
# A program that the kill hits: at its N-th call, before or after its work.
n=$(cat "$FALL" 2> /dev/null || echo 0)
n=$((n - 1)); echo "$n" > "$FALL"
[ "$n" -ne 0 ] || kill -9 $PPID
[ "$n" -ge 0 ] || exec "$REAL/$(basename "$0")" "$@"
"$REAL/$(basename "$0")" "$@"
"""


class Volumes:
    """A flow's stores, each on a volume, and the way to rescale them."""

    def __init__(self, folder: Path, old: int, count: int) -> None:
        self.folder = folder
        self._old = old
        for number in range(count):
            (folder / "stores" / str(number)).mkdir(parents=True)
        for number in range(old):
            store = self.store(number, old)
            store.mkdir(parents=True)
            (store / "state").write_text(f"{number}\n")
            (store / "lock").touch()
        (folder / "bin").mkdir()
        self._program("tapewatch", RESCALE)

    def store(self, number: int, of: int) -> Path:
        return self.folder / "stores" / str(number) / "market-v2" / f"{number}-of-{of}"

    def _program(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def fall_at(self, call: int) -> None:
        for name in ("cp", "mv", "rm", "mkdir"):
            self._program(name, FALLS)
        (self.folder / "fall").write_text(str(call))

    def run(self, to: int) -> "subprocess.CompletedProcess[str]":
        folder = self.folder
        words = [
            "market",
            self._old,
            to,
            "config.yaml",
            folder / "w",
            folder / "stores",
        ]
        return subprocess.run(
            ["/bin/sh", SCRIPT, *map(str, words)],
            env={
                "PATH": f"{folder}/bin:{os.environ['PATH']}",
                "WORK": f"{folder}/w",
                "FALL": f"{folder}/fall",
                "REAL": "/bin",
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def found(self) -> dict[str, str]:
        stores = self.folder / "stores"
        return {
            str(path.relative_to(stores)): path.read_text()
            for path in sorted(stores.glob("*/market-v2/**/state"))
        }


def whole(old: int, new: int) -> dict[str, str]:
    text = "".join(f"{number}\n" for number in range(old))
    return {f"{j}/market-v2/{j}-of-{new}/state": text for j in range(new)}


@pytest.mark.parametrize(("old", "new"), [(2, 3), (3, 2), (1, 4), (4, 1)])
def test_stores_are_dealt_out_and_the_old_ones_put_aside(tmp_path, old, new):
    volumes = Volumes(tmp_path, old, max(old, new))

    done = volumes.run(new)

    assert done.returncode == 0, done.stderr
    assert volumes.found() == whole(old, new)
    kept = sorted((tmp_path / "stores").glob("*/retired/*/state"))
    assert [path.read_text() for path in kept] == [f"{n}\n" for n in range(old)]


def test_a_kill_anywhere_is_mended_by_another_run(tmp_path):
    call, killed = 0, True
    while killed:
        call += 1
        folder = tmp_path / str(call)
        volumes = Volumes(folder, 2, 3)
        volumes.fall_at(call)
        killed = volumes.run(3).returncode != 0
        (folder / "fall").write_text("0")

        done = volumes.run(3)

        assert done.returncode == 0, (call, done.stderr)
        assert volumes.found() == whole(2, 3), call
    assert call > 15


def test_a_running_shard_is_not_touched(tmp_path):
    volumes = Volumes(tmp_path, 2, 3)
    before = volumes.found()
    with (volumes.store(1, 2) / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = volumes.run(3)

    assert done.returncode == 3
    assert "shard 1 of market is running" in done.stderr
    assert volumes.found() == before


def test_a_missing_store_is_named(tmp_path):
    volumes = Volumes(tmp_path, 2, 3)
    volumes.store(1, 2).rename(tmp_path / "elsewhere")

    done = volumes.run(3)

    assert done.returncode == 1
    assert "1/market-v2/1-of-2" in done.stderr
