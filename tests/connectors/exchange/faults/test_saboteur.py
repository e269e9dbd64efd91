"""Whom faults meet, and when they are over; the same script, the same faults."""

import asyncio
import json
from collections import Counter

import pytest

from config.exchange import KINDS
from operators.records.time import SECOND

START_NS = 1_723_161_253_937_085_768


def fault(kind, **more):
    return {"kind": kind, "at_s": 1, "client": "?line=a", **more}


def test_mass_disconnect_is_of_all(play_of, tmp_path):
    game = play_of(tmp_path, [{"kind": "mass_disconnect", "at_s": 1, "code": 1001}])
    asyncio.run(game.run())
    assert [wire.closed for wire in game.wires] == [1001, 1001]
    assert game.of("fault")[0]["clients"] == [1, 2]


@pytest.mark.parametrize(
    ("which", "clients"),
    [
        ("oldest", [1]),
        ("newest", [2]),
        ("all", [1, 2]),
        ("?line=b", [2]),
        ("/stream", [1]),
        ("?line=c", []),
        ("/ws", []),
    ],
)
def test_a_selector_picks_its_client(play_of, tmp_path, which, clients):
    game = play_of(tmp_path, [fault("drop", client=which)])
    asyncio.run(game.run())
    begin, end = game.of("fault")
    assert begin["clients"] == clients
    assert end["why"] == ("done" if clients else "nobody")


def test_same_seed_and_script_same_faults(play_of, tmp_path):
    chance = {"seed": 3, "every_s": 0.2, "kinds": ["drop", "reorder", "garbage"]}

    def journal(folder, seed):
        game = play_of(tmp_path / folder, [fault("drop")], seed=seed, chance=chance)
        frames = asyncio.run(game.run())
        lines = game.lines
        for line in lines:
            del line["wall_ns"]
        return frames, lines

    assert journal("a", 1) == journal("b", 1) != journal("c", 2)
    assert len([x for x in journal("a", 1)[1] if x["what"] == "fault"]) > 12


def test_what_all_have_those_have_too_that_come_later(play_of, tmp_path):
    game = play_of(tmp_path, [fault("skew", client="all", for_s=2)])
    late = game.clients.pop()
    game.saboteur.closed(late)

    async def scene():
        list(game.saboteur.until(START_NS + int(1.5 * SECOND)))
        game.saboteur.opened(late)
        game.clients.append(late)
        return await game.run()

    frames = asyncio.run(scene())
    data = [json.loads(frame)["data"] for frame in frames[1]]
    assert game.of("fault")[0]["clients"] == [1]
    assert min(each["E"] for each in data if "E" in each) > START_NS // 10**6 + 3_400


def test_every_kind_at_random_ends_in_the_journal(play_of, tmp_path):
    kinds = sorted({*KINDS} - {"disconnect", "mass_disconnect", "delay", "drip"})
    game = play_of(tmp_path, [], chance={"seed": 2, "every_s": 0.1, "kinds": kinds})
    asyncio.run(game.run(10))
    ends = Counter(line["is"] for line in game.of("fault"))
    assert ends["begin"] == ends["end"] > 50
    assert {line["kind"] for line in game.of("fault")} == set(kinds)
