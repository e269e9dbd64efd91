"""A fault teaches nothing; what lasts is learnt."""

from hypothesis import given
from hypothesis import strategies as st

from operators.numerics.guarded import Guarded
from operators.numerics.quantile import Quantile


def guarded(patience: int) -> Guarded:
    known = Guarded(Quantile(0.9, rate=0.1, start=1), patience)
    known.update(1.0, is_off=False)
    return known


@given(st.integers(0, 60))
def test_a_fault_within_patience_teaches_nothing(count):
    known = guarded(60)
    for _ in range(count):
        known.update(1e6, is_off=True)

    assert known.value == 1.0


def test_a_lasting_change_is_followed_after_patience():
    known = guarded(60)
    steps = 0
    while (known.value or 0.0) < 20.0:
        known.update(20.0, is_off=True)
        steps += 1
        assert steps <= 60 + 34  # ln(20) / (0.1 x 0.9), and patience

    assert steps > 60


def test_numbers_that_are_well_restore_the_patience():
    known = guarded(3)
    for _ in range(50):
        known.update(9.0, is_off=True)
        known.update(0.5, is_off=False)

    assert known.value is not None
    assert known.value < 1.0


def test_all_is_learnt_while_nothing_is_known():
    known = Guarded(Quantile(0.5, start=2), 60)
    known.update(4.0, is_off=True)
    known.update(4.0, is_off=True)

    assert known.value == 4.0
