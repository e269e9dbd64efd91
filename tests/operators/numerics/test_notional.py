"""What rests up to a price is what a plain sum finds there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.numerics.notional import notional

prices = st.floats(0.01, 1e6)


@given(st.dictionaries(prices, st.floats(0, 1e6), max_size=30), prices, st.booleans())
def test_it_is_the_plain_sum(levels, bound, are_bids):
    sign = -1 if are_bids else 1
    ranks = sorted(sign * price for price in levels)
    quantities = {sign * price: size for price, size in levels.items()}
    near = [
        price * size
        for price, size in levels.items()
        if (price >= bound if are_bids else price <= bound)
    ]

    said = notional(ranks, quantities, sign * bound)
    assert said == pytest.approx(sum(near), rel=1e-12)
