"""What Hypothesis draws for a target: a seed with some of its values replaced."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from tests.fuzz.mutate import Seed, seed_of
from tests.fuzz.targets import Target
from tests.fuzz.values import CONTAINERS, NUMBERS, STRINGS, WORDS

_MOST_REPLACED = 4


def _json() -> st.SearchStrategy[Any]:
    leaves = st.one_of(
        *(st.none(), st.booleans(), st.integers(), st.text(max_size=12)),
        st.floats(allow_nan=False, allow_infinity=False),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.dictionaries(st.text(max_size=6), inner, max_size=4),
        ),
        max_leaves=8,
    )


VALUES: st.SearchStrategy[bytes] = st.one_of(
    _json().map(msgspec.json.encode),
    st.integers().map(lambda number: f'"{number}"'.encode()),
    st.floats().map(lambda number: f'"{number!r}"'.encode()),
    st.sampled_from([*NUMBERS, *STRINGS, *WORDS, *CONTAINERS]),
    st.binary(max_size=8),
)
"""Spelt values: JSON mostly."""


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    """Return a target's inputs: bent seeds, and now and then any bytes."""
    seeds = [seed_of(entry.raw) for entry in target.entries()]
    bent = st.sampled_from(seeds).flatmap(_bent)
    made = st.one_of(bent, bent, bent, bent, st.binary(max_size=64))
    return made if target.blind else made.map(target.made)


def _bent(seed: Seed) -> st.SearchStrategy[bytes]:
    if not seed.spans:
        place = st.integers(0, len(seed.raw))
        return st.tuples(place, st.binary(max_size=8), place).map(
            lambda cut: seed.raw[: cut[0]] + cut[1] + seed.raw[cut[2] :]
        )
    spans = st.sampled_from(seed.spans)
    drawn = st.lists(st.tuples(spans, VALUES), min_size=1, max_size=_MOST_REPLACED)

    def replaced(pairs: list[tuple[Any, bytes]]) -> bytes:
        raw, limit = seed.raw, len(seed.raw)
        for span, value in sorted(pairs, key=lambda pair: pair[0], reverse=True):
            if span.end <= limit:
                raw = raw[: span.start] + value + raw[span.end :]
                limit = span.start
        return raw

    return drawn.map(replaced)
