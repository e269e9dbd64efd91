"""What is known weighs by how much it is known from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import gmean

from operators.numerics.credibility import credibility, drawn, shares

worths = st.lists(st.floats(0.01, 1e6), min_size=1, max_size=6)
positive = st.floats(1e-6, 1e6)


@given(positive, st.floats(0, 1e9), st.floats(0, 1e9))
def test_credibility_grows_from_nothing_towards_one(doubt, n, more):
    assert credibility(doubt, 0.0) == 0.0
    assert 0.0 <= credibility(doubt, n) <= credibility(doubt, n + more) <= 1.0
    assert credibility(doubt, doubt) == 0.5


@given(worths)
def test_shares_are_one_together(known):
    assert sum(shares(known)) == pytest.approx(1.0)
    assert shares([0.0] * len(known)) == []


@given(st.lists(st.tuples(positive, st.floats(0.01, 1e6)), min_size=1, max_size=6))
def test_what_is_drawn_is_scipy_s_weighted_geometric_mean(pairs):
    values, weights = zip(*pairs, strict=True)

    assert drawn(pairs) == pytest.approx(gmean(values, weights=weights), rel=1e-6)
    assert drawn([*pairs, (None, 5.0), (3.0, 0.0)]) == drawn(pairs)
    assert drawn([(None, 1.0)]) is None


@given(positive, positive, positive, positive)
def test_one_estimate_and_the_pool_meet_at_its_credibility(pool, own, doubt, n):
    z = credibility(doubt, n)

    got = drawn([(pool, doubt), (own, n)])

    assert got == pytest.approx(own**z * pool ** (1 - z), rel=1e-6)
