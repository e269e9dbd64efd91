"""Twelve kills, as ``python -m tests.crash`` has two hundred."""

from tests.crash.harness import run
from tests.crash.run import Wish

KILLS = 12


def test_kills_leave_the_lake_of_an_undisturbed_replay(tmp_path, installation):
    done = run(Wish(tmp_path / "site", kills=KILLS), print)
    print(done)
    assert len(done.kills) == KILLS
    assert done.is_well, str(done)
