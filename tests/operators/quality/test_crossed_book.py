"""A crossed book is CRITICAL; a locked one, or one odd quote, is not."""

from operators.quality.crossed_book import CrossedBook, CrossedBookParams
from operators.records.quality import IssueKind, Severity
from tests.operators.quality.scene import book, found, heartbeat, said, state, top


def check() -> CrossedBook:
    return CrossedBook(CrossedBookParams(locked_s=5.0))


def test_a_book_that_crosses_is_critical_until_one_is_right():
    records = [book(0, 99, 100), book(1, 101, 100), book(2, 99, 100), book(3, 99, 100)]

    assert said(check(), records) == [(1, Severity.CRITICAL), (2, None)]


def test_a_book_lost_for_being_crossed_is_critical_until_it_is_right_again():
    records = [
        state(0),
        state(1, "crossed"),
        top(2, 99, 100),
        heartbeat(3),
        state(4),
    ]

    assert said(check(), records) == [(1, Severity.CRITICAL), (4, None)]


def test_another_reason_for_a_lost_book_is_none_of_its_business():
    assert said(check(), [state(0), state(1, "checksum"), state(2)]) == []


def test_one_crossed_quote_is_medium_and_a_second_critical():
    records = [top(0, 101, 100), top(1, 101, 100), top(2, 99, 100)]

    assert said(check(), records) == [
        (0, Severity.MEDIUM),
        (1, Severity.CRITICAL),
        (2, None),
    ]


def test_quotes_and_books_are_not_compared_with_each_other():
    records = [top(0, 99, 100), book(1, 102, 103), top(2, 99, 100), book(3, 90, 91)]

    assert said(check(), records) == []


def test_a_book_that_is_right_does_not_undo_a_crossed_quote():
    records = [top(0, 101, 100), book(1, 99, 100), top(2, 99, 100)]

    assert said(check(), records) == [(0, Severity.MEDIUM), (2, None)]


def test_a_side_that_is_empty_crosses_nothing():
    records = [top(0, 0, 100), top(1, 101, 0), top(2, 101, 100, size=0), book(3, 1, 2)]

    assert said(check(), records) == []


def test_a_locked_quote_is_low_and_medium_when_it_stays():
    records = [top(0, 100, 100), heartbeat(4), heartbeat(5), top(6, 99, 100)]
    what = found(check(), records)

    assert [(at_s, each.severity) for at_s, each in what] == [
        (0, Severity.LOW),
        (5, Severity.MEDIUM),
        (6, None),
    ]
    assert {each.kind for _, each in what} == {IssueKind.LOCKED_BOOK}


def test_a_locked_book_that_crosses_is_crossed_and_no_longer_locked():
    kinds = [
        (each.kind, each.severity)
        for _, each in found(check(), [book(0, 100, 100), book(1, 101, 100)])
    ]

    assert kinds == [
        (IssueKind.LOCKED_BOOK, Severity.LOW),
        (IssueKind.LOCKED_BOOK, None),
        (IssueKind.CROSSED_BOOK, Severity.CRITICAL),
    ]
