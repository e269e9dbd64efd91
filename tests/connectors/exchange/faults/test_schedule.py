"""Scripts: what is in them, when it happens, and what is said of mistakes."""

from itertools import islice, pairwise
from pathlib import Path

import msgspec
import pytest

import connectors.exchange
from config.exchange import KINDS, OnClient, Script
from config.load import ConfigError
from connectors.exchange.faults import ACTS, DOOR_ACTS
from connectors.exchange.faults.journal import Journal
from connectors.exchange.faults.schedule import load, plan
from connectors.exchange.listing import ExchangeError

MILD = Path(connectors.exchange.__file__).with_name("mild.yaml")


def test_every_kind_has_its_act():
    assert set(KINDS.values()) == {*ACTS, *DOOR_ACTS}


def test_a_fault_of_another_venue_does_not_happen():
    tree = {
        "faults": [
            {"kind": "drop", "at_s": 1, "venue": "okx"},
            {"kind": "stall", "at_s": 1},
        ]
    }
    planned = list(plan(msgspec.convert(tree, Script), "binance"))
    assert [(each.number, type(each.params)) for each in planned] == [
        (1, KINDS["stall"])
    ]


def test_drawn_faults_come_between_those_that_are_written():
    tree = {
        "faults": [{"kind": "stall", "at_s": at_s} for at_s in (90, 30)],
        "random": {"seed": 5, "every_s": 10},
    }
    script = msgspec.convert(tree, Script)
    planned = list(islice(plan(script, "binance"), 400))
    assert planned == list(islice(plan(script, "binance"), 400))
    assert all(one.at_s <= two.at_s for one, two in pairwise(planned))
    assert sorted(each.number for each in planned) == list(range(400))
    assert {type(each.params) for each in planned} == set(KINDS.values())
    drawn = [each.params for each in planned if each.number > 1]
    assert {x.client for x in drawn if isinstance(x, OnClient)} == {"random", "all"}
    assert 5 < planned[-1].at_s / 400 < 20


GOOD = "seed: 1\nfaults:\n  - {kind: stall, at_s: 5}\n"


@pytest.mark.parametrize(
    ("old", "new", "expected", "place"),
    [
        ("stall", "stal", "Expected one of disconnect, mass", "$.faults[0].kind"),
        ("at_s: 5", "at_s: -5", "Expected `float` >= 0.0", "$.faults[0].at_s"),
        ("at_s: 5", "at_s: 5, n: 1", "unknown field `n`", "$.faults[0]"),
        ("at_s: 5", "at_s: 5, client: a", "Expected `str`", "$.faults[0].client"),
        ("at_s: 5", "at_s: 5, venue: x", "Invalid enum value 'x'", "$.faults[0].venue"),
        ("seed: 1", "sead: 1", "unknown field `sead`", "$"),
        ("seed: 1", "random: {kinds: [x]}", "disconnect", "$.random.kinds[0]"),
        ("seed: 1", "seed: [", "Expected YAML", ""),
    ],
)
def test_a_mistake_in_a_script_is_named_and_placed(tmp_path, old, new, expected, place):
    path = tmp_path / "it.yaml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(ConfigError) as error:
        load(path)
    for text in (str(path), expected, place):
        assert text in str(error.value)


def test_a_script_or_journal_that_cannot_be_opened_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml: No such file"):
        load(tmp_path / "none.yaml")

    with pytest.raises(ExchangeError, match="cannot be written"):
        Journal(str(tmp_path))


def test_the_mild_script_is_mild():
    script = load(MILD)
    assert {type(fault).__name__ for fault in script.faults} == {
        *("Disconnect", "Stall", "Duplicate", "Garbage")
    }
    assert max(fault.at_s for fault in script.faults) < 120
