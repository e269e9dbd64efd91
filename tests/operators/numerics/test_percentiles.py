"""Places are the ranks of scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from operators.numerics.percentiles import percentiles


@given(st.lists(st.one_of(st.floats(-1e9, 1e9), st.integers(0, 3)), max_size=50))
def test_equals_share_the_mean_of_their_ranks(values):
    found = percentiles(values)

    assert len(found) == len(values)
    if values:
        ranks = rankdata(values, method="average")
        assert found == pytest.approx((ranks - 0.5) / len(values), rel=1e-12)
        assert np.mean(found) == pytest.approx(0.5)
