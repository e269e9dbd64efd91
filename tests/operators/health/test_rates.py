"""A rate is judged by what is normal for the symbol and the hour."""

import random

import pytest

from operators.health.rates import Brought, Normals, RatesParams
from operators.records.time import MINUTE

T0_NS = 1_700_000_000 // 3_600 * 60 * MINUTE
PARAMS = RatesParams()


class Minutes:
    """Tells minutes of one line."""

    def __init__(self):
        self.normals, self.line = Normals(), Brought(is_whole=True)
        self.at_ns = T0_NS

    def tell(self, counts):
        self.line.add(sum(counts.values()), counts)
        self.at_ns += MINUTE
        self.normals.end_minute(self.at_ns, [self.line], PARAMS)
        return self.line.slow


def poisson(rng, mean):
    """Draw a count with the mean of a Poisson count, by exponential waits."""
    count, left = 0, rng.expovariate(1)
    while left < mean:
        count, left = count + 1, left + rng.expovariate(1)
    return count


def test_a_symbol_that_falls_to_a_tenth_is_slow_within_three_minutes():
    minutes, rng = Minutes(), random.Random(1)
    slow = [minutes.tell({"X": poisson(rng, 100)}) for _ in range(60)]
    assert slow == [[]] * 60
    slow = [minutes.tell({"X": poisson(rng, 10)}) for _ in range(3)]

    assert slow[-1] == ["X"]


def test_what_has_become_less_for_good_is_normal_after_some_hours():
    minutes, rng = Minutes(), random.Random(1)
    for _ in range(1_440):
        minutes.tell({"X": poisson(rng, 100)})
    slow = [bool(minutes.tell({"X": poisson(rng, 10)})) for _ in range(300)]

    assert slow[10]
    assert not slow[-1]
    assert 60 < sum(slow) < 180


def test_nothing_is_judged_before_half_an_hour():
    minutes = Minutes()
    for _ in range(29):
        minutes.tell({"X": 1_000})

    assert minutes.tell({}) == []
    assert minutes.tell({}) == []


@pytest.mark.parametrize("mean", [0.05, 0.5, 1.0])
def test_a_quiet_symbol_is_never_slow(mean):
    minutes, rng = Minutes(), random.Random(2)
    slow = [minutes.tell({"X": poisson(rng, mean)}) for _ in range(2_000)]

    assert not any(slow)


def test_bursts_are_no_reason_to_call_the_time_between_them_slow():
    minutes = Minutes()
    slow = [minutes.tell({"X": 600 if n % 10 == 0 else 2}) for n in range(2_000)]

    assert not any(slow)


def test_an_hour_that_is_quiet_every_day_is_not_slow():
    minutes, said = Minutes(), {}
    for day in range(12):
        for minute in range(1_440):
            rate = 5 if minute // 60 == 3 else 100
            if minutes.tell({"X": rate}):
                said[day] = said.get(day, 0) + 1

    assert said.get(0, 0) > 0
    assert 11 not in said
    assert minutes.normals.expected(T0_NS + 30 * MINUTE, PARAMS) is not None


def test_a_line_that_lacks_what_the_other_brings_is_slow_alone():
    normals, lines = Normals(), [Brought(is_whole=True) for _ in range(2)]
    for minute in range(40):
        lines[0].add(100, {"X": 100})
        lines[1].add(100, {"X": 100 if minute < 36 else 0})
        normals.end_minute(T0_NS + minute * MINUTE, lines, PARAMS)

    assert [line.slow for line in lines] == [[], ["X"]]


def test_a_minute_that_was_not_whole_teaches_nothing():
    minutes = Minutes()
    for _ in range(10):
        minutes.tell({"X": 100})
    minutes.line.interrupt()
    minutes.tell({"X": 1})

    assert minutes.normals.symbols["X"].mean == pytest.approx(100)
    assert minutes.normals.symbols["X"].n == 10


def test_a_symbol_that_is_gone_is_forgotten():
    minutes = Minutes()
    minutes.tell({"X": 1, "Y": 1})
    for _ in range(20_000):
        minutes.tell({"Y": 1})

    assert set(minutes.normals.symbols) == {"Y"}
