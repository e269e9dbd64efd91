"""A mismatch is HIGH until the book is right again; again and again it is CRITICAL."""

from operators.quality.checksum import Checksum, ChecksumParams
from operators.records.quality import Severity
from tests.operators.quality.scene import said, state


def check() -> Checksum:
    return Checksum(ChecksumParams(repeats=3, within_s=300.0))


def test_a_mismatch_is_high_until_the_book_is_right():
    assert said(check(), [state(0), state(1, "checksum"), state(2), state(3)]) == [
        (1, Severity.HIGH),
        (2, None),
    ]


def test_the_third_within_five_minutes_is_critical():
    records = [state(at_s, "checksum") for at_s in (0, 100, 300, 601)]

    assert [severity for _, severity in said(check(), records)] == [
        Severity.HIGH,
        Severity.HIGH,
        Severity.CRITICAL,
        Severity.HIGH,
    ]


def test_other_reasons_are_none_of_its_business():
    assert said(check(), [state(0), state(1, "sequence"), state(2)]) == []
