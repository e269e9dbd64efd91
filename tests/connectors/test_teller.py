"""Stamps rise, at time's own pace, whatever is done to the clock."""

from itertools import pairwise

import pytest

from config.settings import Connection, Line
from connectors.websocket import Teller
from operators.records.base import Record
from operators.records.frame import Frame, FrameKind
from operators.records.time import MS, SECOND

HOUR_NS = 3_600 * SECOND
START_NS = 1_700_000_000 * SECOND


@pytest.mark.parametrize("jump_ns", [-HOUR_NS, 0, HOUR_NS])
def test_a_clock_that_jumps_leaves_stamps_rising_at_times_own_pace(jump_ns):
    kept: list[Record] = []
    passed = {"clock": START_NS, "timer": 0}
    connection = Connection(
        name="x", venue="binance", symbols=("BTC-USDT",), lines=(Line(),)
    )
    teller = Teller(
        connection, "a", kept.append, lambda: passed["clock"], lambda: passed["timer"]
    )
    for number in range(20):
        passed["timer"] += 10 * MS
        passed["clock"] += 10 * MS + (jump_ns if number == 10 else 0)
        teller.keep(FrameKind.WS, "{}")

    stamps = [each.received_ns for each in kept if isinstance(each, Frame)]
    steps = [after - before for before, after in pairwise(stamps)]
    assert steps.pop(9) == 10 * MS + max(jump_ns, 0)
    assert steps == [10 * MS] * 18
