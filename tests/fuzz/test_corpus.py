"""No input that was ever bad is bad again; and some thousand new ones a target.

The limit on time is a guard against hanging, a hundred times what an input takes.
"""

import random

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz.corpus import FOLDER, KNOWN
from tests.fuzz.mutate import mutated
from tests.fuzz.run import broken, known, seeds
from tests.fuzz.strategies import inputs
from tests.fuzz.targets import TARGETS

_LIMIT_S = 20.0
_MOST, _LEAST = 700, 10

every_target = pytest.mark.parametrize("name", TARGETS)


@every_target
def test_every_entry_of_the_corpus_keeps_the_law(name: str) -> None:
    target = TARGETS[name]
    found = {
        entry.name: broken(target, entry.raw, _LIMIT_S)
        for entry in target.inputs()
        if KNOWN not in entry.name
    }
    assert {name: how for name, how in found.items() if how} == {}


@every_target
def test_what_is_known_to_break_the_law_still_does(name: str) -> None:
    target = TARGETS[name]
    for entry in target.knows():
        text = f"{entry.name} is mended: call it `bug-` now"
        assert broken(target, entry.raw, _LIMIT_S), text


@every_target
def test_mutations_keep_the_law(name: str) -> None:
    target = TARGETS[name]
    rng, made_of, known_of = random.Random(name), seeds(target), known(target, _LIMIT_S)
    for _ in range(int(min(max(target.share * 100, _LEAST), _MOST))):
        raw = mutated(rng, made_of)
        raw = raw if target.blind else target.made(raw)
        how = broken(target, raw, _LIMIT_S)
        assert not how or how in known_of, (how, raw[:2_000])


@every_target
def test_what_hypothesis_draws_keeps_the_law(name: str) -> None:
    target = TARGETS[name]
    known_of = known(target, _LIMIT_S)

    @settings(
        deadline=None,
        max_examples=20 if target.share > 1 else 6,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(raw=inputs(target))
    def draw(raw: bytes) -> None:
        how = broken(target, raw, _LIMIT_S)
        assert not how or how in known_of, how

    draw()


def test_the_corpus_has_no_file_that_nothing_reads() -> None:
    folders = {folder for target in TARGETS.values() for folder in target.folders}
    assert {path.name for path in FOLDER.iterdir()} == folders
