"""The mean and percentiles of the last values are those of numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.numerics.recent import Recent

Batches = st.lists(st.lists(st.integers(-(10**15), 10**15), max_size=70), max_size=6)


@given(Batches)
def test_only_the_last_hundred_count_and_the_oracle_agrees(batches):
    recent = Recent()
    for batch in batches:
        recent.extend(batch)
    last = [value for batch in batches for value in batch][-100:]

    assert recent.values == last
    spread = recent.spread
    if not last:
        assert spread is None
        return
    assert spread is not None
    assert spread.mean == pytest.approx(np.mean(last), rel=1e-12, abs=1e-3)
    oracle = np.percentile(last, [50, 95, 99])
    assert list(spread[1:]) == pytest.approx(list(oracle), rel=1e-12, abs=1e-3)


def test_an_outlier_that_has_gone_leaves_nothing_behind():
    recent = Recent(most=5)
    recent.extend([10**18, 1, 2, 3, 4, 5])

    assert recent.spread == (3, 3, 4.8, 4.96)
