"""A trade is late by how far it lies behind the newest record of the symbol."""

from operators.quality.late import Late, LateParams
from operators.records.quality import Severity
from tests.operators.quality.scene import delta, heartbeat, said, top, trade


def check() -> Late:
    return Late(LateParams(late_s=1.0, worse_s=10.0))


def test_a_trade_is_late_beyond_a_second_and_worse_beyond_ten():
    records = [
        top(0, 1, 2),
        heartbeat(20),
        trade(19),
        trade(18.999),
        trade(10),
        trade(9.999),
    ]

    assert [severity for _, severity in said(check(), records)] == [
        Severity.LOW,
        Severity.LOW,
        Severity.MEDIUM,
    ]


def test_trades_from_before_the_symbol_was_seen_are_not_late():
    assert said(check(), [trade(5), trade(1), delta(20), trade(3)]) == []


def test_only_trades_are_late():
    assert said(check(), [top(0, 1, 2), heartbeat(20), delta(5), top(6, 1, 2)]) == []
