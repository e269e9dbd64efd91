"""Tiers follow ranks, and do not flap."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from operators.records.priority import Tier
from operators.scanner.params import TierParams
from operators.scanner.tiers import Held, target

bounds = st.lists(st.floats(0, 1), min_size=4, max_size=4).map(sorted)
params = st.builds(
    lambda b, dwell: TierParams(*b, dwell=dwell), bounds, st.integers(1, 6)
)
places = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=60)


def run(moves: list[tuple[float, bool]], params: TierParams) -> list[Tier]:
    held, found = Held(Tier.MEDIUM), []
    for place, tradable in moves:
        held.move(place, tradable, params)
        found.append(held.tier)
    return found


@given(places, params)
def test_a_tier_is_kept_for_its_dwell_unless_it_is_not_tradable(moves, params):
    tiers = [Tier.MEDIUM, *run(moves, params)]
    changes = [
        at
        for at, (one, two) in enumerate(pairwise(tiers), 1)
        if one is not two and (moves[at - 1][1] or two is not Tier.LOW)
    ]
    starts = [at for at, (a, b) in enumerate(pairwise(tiers), 1) if a is not b]
    for at in changes:
        before = [each for each in starts if each < at]
        assert at - max(before, default=0) >= params.dwell
    for tier, (_, tradable) in zip(tiers[1:], moves, strict=True):
        assert tradable or tier is Tier.LOW


@given(st.sampled_from(Tier), params, st.data())
def test_within_the_bounds_of_a_tier_it_is_never_left(tier, params, data):
    """A place that wanders between entering and leaving changes nothing."""
    low, high = {
        Tier.HIGH: (0.0, params.high_until),
        Tier.MEDIUM: (params.high, params.low),
        Tier.LOW: (params.low_from, 1.0),
    }[tier]
    inside = st.floats(low, high, exclude_min=tier is Tier.MEDIUM and low < high)
    held = Held(tier, windows=100)
    for place in data.draw(st.lists(inside, max_size=20)):
        if tier is Tier.MEDIUM and not low < place < high:
            continue
        if tier is Tier.LOW and place <= params.high:
            continue
        held.move(place, True, params)
        assert held.tier is tier


@given(st.floats(0, 1), params)
def test_one_that_stays_where_it_is_comes_to_rest(place, params):
    tiers = run([(place, True)] * (3 * params.dwell + 3), params)
    assert tiers[-1] is target(tiers[-1], place, params)
    assert len([1 for a, b in pairwise(tiers) if a is not b]) <= 2
