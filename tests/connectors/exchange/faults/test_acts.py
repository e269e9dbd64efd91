"""Every kind of fault does what it says to its client, and nothing to the other."""

import asyncio
import json
from collections import Counter
from itertools import pairwise

import pytest

from operators.records.time import SECOND


@pytest.fixture
def played(tmp_path, play_of):
    """Play faults on client 1; return the play, its frames, those of the other."""

    def play(*faults):
        game = play_of(tmp_path, list(faults))
        touched, healthy = asyncio.run(game.run())
        clean = asyncio.run(play_of(tmp_path / "clean", []).run())
        assert healthy == clean[1]
        begin, end = game.of("fault")
        assert (begin["is"], begin["clients"], end["is"]) == ("begin", [1], "end")
        assert all(line["client"] == 1 for line in game.of("frame"))
        return game, touched, healthy

    return play


def fault(kind, **more):
    return {"kind": kind, "at_s": 1, "client": "?line=a", **more}


def test_dropped_frames_are_missing_and_named(played):
    game, touched, healthy = played(fault("drop", count=4, channel="trade"))
    assert len(touched) == len(healthy) - 4
    missing = [frame for frame in healthy if frame not in touched]
    told = [line["trades"] for line in game.of("frame") if line["did"] == "lost"]
    assert told == [[str(json.loads(frame)["data"]["t"])] for frame in missing]
    assert game.of("fault")[1]["frames"] == {"lost": 4}
    assert game.of("fault")[1]["why"] == "done"


def test_a_symbol_limits_what_is_touched(played):
    game, touched, healthy = played(fault("drop", count=3, symbol="DOGE-USDT"))
    missing = [json.loads(frame) for frame in healthy if frame not in touched]
    assert [each["data"]["s"] for each in missing] == ["DOGEUSDT"] * 3
    assert {line["symbol"] for line in game.of("frame")} == {"DOGE-USDT"}


def test_duplicated_frames_come_twice(played):
    _, touched, healthy = played(fault("duplicate", count=5))
    assert len(touched) == len(healthy) + 5
    assert sum(first == second for first, second in pairwise(touched)) == 5
    assert set(touched) == set(healthy)


def test_reordered_frames_come_in_another_order(played):
    _, touched, healthy = played(fault("reorder", count=6))
    assert touched != healthy
    assert sorted(touched) == sorted(healthy)
    moved = [i for i, frame in enumerate(healthy) if touched[i] != frame]
    assert max(moved) - min(moved) < 6


def test_a_stall_holds_everything_back_and_sends_it_late(played):
    game, touched, healthy = played(fault("stall", for_s=0.5))
    assert touched == healthy
    begin, end = game.of("fault")
    assert end["event_ns"] - begin["event_ns"] == end["lasted_ns"] == SECOND // 2
    assert end["frames"]["late"] == len(game.of("frame")) > 20


def test_a_stall_may_lose_what_it_holds_back(played):
    game, touched, healthy = played(fault("stall", for_s=0.5, late=False))
    lost = game.of("fault")[1]["frames"]["lost"]
    assert len(touched) == len(healthy) - lost
    at = healthy.index(next(frame for frame in healthy if frame not in touched))
    assert touched == healthy[:at] + healthy[at + lost :]


@pytest.mark.parametrize(
    ("instead", "more"), [(False, 2), (True, 0)], ids=["before", "instead"]
)
@pytest.mark.parametrize("form", ["truncated", "noise"])
def test_garbage_cannot_be_read(played, form, instead, more):
    _, touched, healthy = played(
        fault("garbage", count=2, form=form, instead=instead, channel="depth@100ms")
    )
    assert len(touched) == len(healthy) + more
    bad = [frame for frame in touched if frame not in healthy]
    assert len(bad) == 2
    for frame in bad:
        assert isinstance(frame, bytes if form == "noise" else str)
        with pytest.raises((ValueError, UnicodeDecodeError)):
            json.loads(frame)


def test_a_crossed_book_has_a_bid_above_the_best_ask(played):
    game, touched, healthy = played(fault("crossed", count=2))
    bad = [json.loads(frame) for frame in touched if frame not in healthy]
    assert len(touched) == len(healthy)
    assert len(bad) == 2
    for each in bad:
        assert each["stream"].endswith("@depth@100ms")
        native = each["stream"].partition("@")[0]
        tops = [json.loads(frame)["data"] for frame in healthy if native in frame]
        asks = [float(top["a"]) for top in tops if "B" in top]
        assert float(each["data"]["b"][0][0]) > min(asks)
    assert [line["did"] for line in game.of("frame")] == ["changed", "changed"]


def test_skewed_frames_state_other_times(played):
    _, touched, healthy = played(fault("skew", by_ms=-1_500, for_s=0.5))
    assert len(touched) == len(healthy)
    apart = Counter(
        json.loads(mine)["data"]["E"] - json.loads(other)["data"]["E"]
        for mine, other in zip(touched, healthy, strict=True)
        if "E" in json.loads(other)["data"]
    )
    assert set(apart) == {0, -1_500}


def test_a_fault_without_anything_to_touch_ends_by_its_time(played):
    game, touched, healthy = played(fault("checksum", for_s=1))
    assert touched == healthy
    assert game.of("fault")[1]["why"] == "time"


def test_a_disconnect_closes_with_its_code(played):
    game, touched, healthy = played(fault("disconnect", code=1012))
    assert touched == healthy[: len(touched)]
    assert [wire.closed for wire in game.wires] == [1012, 1000]


def test_an_abort_names_what_was_queued(played):
    game, touched, _ = played(fault("disconnect"))
    assert [wire.aborted for wire in game.wires] == [True, False]
    assert touched == []  # a simulated second passes at once: nothing was written yet
    assert game.of("fault")[1]["frames"]["lost"] > 20
