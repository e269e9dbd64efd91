"""Six kills, as ``python -m tests.keep`` has fifty."""

from tests.keep.run import run

KILLS = 6


def test_kills_of_the_keeper_lose_no_row_and_double_none(tmp_path):
    done = run(tmp_path, KILLS, seed=2)
    print(done)
    assert done.troubles == []
    assert done.reads > KILLS
    assert done.merged > 0
    assert done.generations > KILLS
