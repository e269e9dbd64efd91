"""How far groups differ is told apart from how far each is only guessed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.numerics.buhlmann import MOST, parts

WITHIN, COUNT = 4.0, 30


def made(between: float, seed: int, groups: int = 400) -> tuple[list, np.ndarray]:
    """Return observations of unlike weights, and the true means of their groups."""
    rng = np.random.default_rng(seed)
    truth = 3.0 + np.sqrt(between) * rng.standard_normal(groups)
    found = []
    for mean in truth:
        weights = rng.uniform(0.5, 4.0, rng.integers(2, COUNT))
        noise = rng.standard_normal(len(weights)) * np.sqrt(WITHIN / weights)
        found.append(list(zip(weights.tolist(), (mean + noise).tolist(), strict=True)))
    return found, truth


@pytest.mark.parametrize("between", [0.25, 1.0, 9.0])
def test_both_variances_are_unbiased(between):
    found = [parts(made(between, seed, 60)[0]) for seed in range(60)]

    within = np.array([each.within for each in found])
    apart = np.array([each.between for each in found])
    for values, truth in ((within, WITHIN), (apart, between)):
        error = values.std(ddof=1) / np.sqrt(len(values))
        assert abs(values.mean() - truth) < 4 * error


@pytest.mark.parametrize("between", [0.1, 1.0, 9.0])
def test_a_drawn_estimate_beats_both_the_own_and_the_pooled(between):
    groups, truth = made(between, seed=5)
    found = parts(groups)
    weights = np.array([sum(w for w, _ in each) for each in groups])
    own = np.array([sum(w * x for w, x in each) for each in groups]) / weights
    drawn = np.array([found.drawn(x, w) for x, w in zip(own, weights, strict=True)])

    errors = [((each - truth) ** 2).mean() for each in (drawn, own, found.mean)]

    assert errors[0] < min(errors[1:])


def test_groups_that_do_not_differ_are_the_pool():
    groups, truth = made(0.0, seed=2)
    found = parts(groups)
    weights = np.array([sum(w for w, _ in each) for each in groups])
    own = np.array([sum(w * x for w, x in each) for each in groups]) / weights
    drawn = np.array([found.drawn(x, w) for x, w in zip(own, weights, strict=True)])

    assert found.k > 5 * max(weights)
    assert ((drawn - truth) ** 2).mean() < 0.05 * ((own - truth) ** 2).mean()
    assert found.mean == pytest.approx(truth[0], abs=0.1)


def test_less_spread_than_chance_is_floored_at_none():
    alike = [[(1.0, 0.0), (1.0, 2.0)], [(1.0, 2.0), (1.0, 0.0)]]

    found = parts(alike)

    assert (found.between, found.k) == (0.0, MOST)
    assert found.within == 2.0


OBSERVED = st.lists(
    st.tuples(st.floats(0.1, 10.0), st.floats(-100.0, 100.0)), min_size=1, max_size=6
)


@given(
    st.lists(OBSERVED, min_size=2, max_size=6), st.floats(0.1, 10), st.floats(-50, 50)
)
def test_it_follows_the_unit_and_does_not_see_the_origin(groups, scale, shift):
    moved = [[(w, scale * x + shift) for w, x in each] for each in groups]

    found, other = parts(groups), parts(moved)

    if found is None:
        assert other is None
        return
    size = 1e-6 * (1.0 + found.within + found.between)
    assert other.within == pytest.approx(scale**2 * found.within, abs=scale**2 * size)
    assert other.between == pytest.approx(scale**2 * found.between, abs=scale**2 * size)


def test_too_little_says_nothing():
    assert parts([]) is None
    assert parts([[(1.0, 2.0), (1.0, 3.0)]]) is None
    assert parts([[(1.0, 2.0)], [(1.0, 3.0)]]) is None
    assert parts([[(1.0, 2.0)], [(1.0, 3.0)]], within=0.25).within == 0.25
