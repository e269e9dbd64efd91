"""The efficiency ratio is 1 of a straight way, and less of any other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.numerics.efficiency import efficiency_ratio

places = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)


@given(places)
def test_it_is_the_distance_beside_the_way(path):
    way = np.abs(np.diff(path)).sum()
    said = efficiency_ratio(path)

    if way == 0.0:
        assert said is None
    else:
        assert said == pytest.approx(min(abs(path[-1] - path[0]) / way, 1), abs=1e-12)
        assert 0.0 <= said <= 1.0


@given(places.filter(lambda path: len(set(path)) > 1))
def test_a_way_that_never_turns_is_straight(path):
    assert efficiency_ratio(sorted(path)) == pytest.approx(1.0)
    assert efficiency_ratio([*path, path[0]]) in {0.0, None}
