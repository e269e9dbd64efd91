"""A steady number never moves by more than its factor within a day."""

from itertools import pairwise
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.numerics.steady import Steady

wishes = st.lists(
    st.tuples(st.integers(0, 3), st.one_of(st.none(), st.floats(1e-6, 1e6))),
    max_size=40,
).map(lambda pairs: sorted(pairs, key=lambda pair: pair[0]))


@given(wishes, st.floats(0.01, 3))
def test_it_stays_within_its_factor_of_where_the_day_found_it(moves, most):
    steady, last, began = Steady(), None, {}
    for today, wanted in moves:
        steady.move(wanted, today, most, 10)
        if wanted is None:
            assert steady.value is None
            continue
        found = began.setdefault(today, last or wanted)
        last = steady.value
        assert last is not None
        assert abs(log(last / found)) <= most + 1e-9
        if abs(log(wanted / found)) <= most:
            assert last == wanted


@given(st.floats(1e-6, 1e6))
def test_it_arrives_in_time_and_then_has_not_changed(wanted):
    steady, most = Steady(), log(2.0)
    days = int(abs(log(wanted)) / most) + 2
    for day in range(days + 400):
        steady.move(1.0 if day == 0 else wanted, day, most, 10)

    assert steady.value == pytest.approx(wanted)
    assert steady.change == pytest.approx(0.0, abs=1e-6)


def test_its_change_fades_as_what_is_new_becomes_usual():
    steady = Steady()
    for _ in range(50):
        steady.move(1.0, 0, 9.0, 10)
    changes = []
    for _ in range(30):
        steady.move(2.0, 0, 9.0, 10)
        changes.append(steady.change)

    assert changes[0] > 0.5
    assert all(later < earlier for earlier, later in pairwise(changes))


def test_nothing_has_changed_before_anything_is_known():
    assert Steady().change == 0.0
