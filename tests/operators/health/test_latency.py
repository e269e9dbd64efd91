"""Latencies are of the last hundred points, and never negative."""

from operators.health.latency import Latency
from operators.records.time import MS, SECOND


def test_a_round_trip_that_is_told_every_second_is_one_point():
    latency = Latency()
    for trip_ms in [10] * 15 + [30] * 15 + [20] * 15:
        latency.update((), trip_ms * MS)

    network, feed, _ = latency.spreads(None, is_coarse=False)
    assert feed is None
    assert network is not None
    assert (network.mean, network.p50) == (20, 20)
    assert latency.shortest_trip_ns() == 10 * MS


def test_a_change_of_the_network_shows_after_three_round_trips():
    latency = Latency()
    for number in range(100):
        latency.update((), 10 * MS + number)
    for number in range(3):
        latency.update((), 400 * MS + number)

    assert round(latency.late_trip_ms() or 0) == 400


def test_what_is_stated_in_whole_seconds_is_believed_to_the_second():
    latency = Latency()
    latency.update([number * 10 * MS for number in range(100)], None)

    fine, coarse = (latency.spreads(0, is_coarse=each)[1] for each in (False, True))
    assert fine is not None
    assert coarse is not None
    assert fine.p50 == 495
    assert coarse.p99 == 0
    latency.update([3 * SECOND] * 100, None)
    late = latency.spreads(0, is_coarse=True)[1]
    assert late is not None
    assert late.p50 == 2_000
