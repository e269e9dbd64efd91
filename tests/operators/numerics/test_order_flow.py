"""The order flow is that of the paper's indicators, level by level."""

from hypothesis import example, given
from hypothesis import strategies as st

from operators.numerics.order_flow import added

level = st.tuples(st.integers(1, 5), st.integers(1, 9))
levels = st.lists(level, min_size=1, max_size=4, unique_by=lambda each: each[0])


def best_first(drawn, *, up):
    ordered = sorted(drawn, reverse=up)
    return tuple((float(price), float(size)) for price, size in ordered)


def indicator(now, before, *, up):
    """Equation (2) of Cont, Kukanov and Stoikov, for one side."""
    (price, size), (was, had) = now, before
    sign = 1 if up else -1
    gained = size if sign * price >= sign * was else 0.0
    return gained - (had if sign * price <= sign * was else 0.0)


@given(levels, levels, st.booleans())
@example([(1, 1)], [(1, 1)], True)
def test_each_level_adds_what_the_paper_says(now, before, up):
    now, before = best_first(now, up=up), best_first(before, up=up)
    nowhere = (float("-inf" if up else "inf"), 0.0)
    pairs = [
        (
            now[n] if n < len(now) else nowhere,
            before[n] if n < len(before) else nowhere,
        )
        for n in range(max(len(now), len(before)))
    ]
    steps = [indicator(*pair, up=up) for pair in pairs]

    assert added(now, before, up=up) == (steps[0], sum(steps))


@given(levels, levels, st.booleans())
def test_what_is_added_on_the_way_back_is_the_contrary(now, before, up):
    now, before = best_first(now, up=up), best_first(before, up=up)

    forth, back = added(now, before, up=up), added(before, now, up=up)
    assert back == (-forth[0], -forth[1])
