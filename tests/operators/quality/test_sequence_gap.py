"""What is missing is an issue until the book is right again."""

import pytest

from operators.quality.sequence_gap import SequenceGap, SequenceGapParams
from operators.records.quality import Severity
from tests.operators.quality.scene import beats, found, gap, said, state


def check() -> SequenceGap:
    return SequenceGap(SequenceGapParams(restart_s=30.0))


@pytest.mark.parametrize("reason", ["sequence", "line", "size"])
def test_a_book_that_is_lost_is_high_until_it_is_right(reason):
    what = said(check(), [state(0), state(1, reason), *beats(2, 9), state(9)])

    assert what == [(1, Severity.HIGH), (9, None)]


def test_a_gap_is_said_once_with_what_is_missing():
    what = found(check(), [state(0), gap(1), state(1, "sequence"), state(3)])

    assert [(at_s, each.severity) for at_s, each in what] == [
        (1, Severity.HIGH),
        (3, None),
    ]
    assert what[0][1].evidence == "sequence: after 1 came what follows on 3"


def test_a_venue_that_begins_anew_is_low_and_high_if_no_book_comes():
    quick = [state(0), gap(1, "restart"), state(1, "restart"), *beats(2, 5), state(5)]
    slow = [state(0), gap(1, "restart"), state(1, "restart"), *beats(2, 33)]

    assert said(check(), quick) == [(1, Severity.LOW), (5, None)]
    assert said(check(), slow) == [
        (1, Severity.LOW),
        (31, Severity.HIGH),
        (32, Severity.HIGH),
    ]


def test_a_first_book_may_take_its_time():
    what = said(check(), [state(0, "sequence"), *beats(1, 20), state(20)])

    assert what == [(0, Severity.MEDIUM), (20, None)]


def test_without_a_book_a_gap_is_over_after_a_second():
    assert said(check(), [gap(0.5, "line"), *beats(1, 9)]) == [
        (0.5, Severity.MEDIUM),
        (2, None),
    ]


def test_a_gap_that_leaves_the_book_right_is_over_after_a_second():
    assert said(check(), [state(0), gap(0.5), *beats(1, 9)]) == [
        (0.5, Severity.HIGH),
        (2, None),
    ]


@pytest.mark.parametrize("reason", ["checksum", "crossed"])
def test_other_reasons_are_none_of_its_business(reason):
    assert said(check(), [state(0), state(1, reason), *beats(2, 60), state(60)]) == []
