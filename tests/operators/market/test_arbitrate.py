"""Lines begin late, end early, lag and lose: the stream comes out once, in order."""

import random
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.market.arbitrate import Arbitrate, ArbitrateParams
from operators.market.heard import Heard, Moved
from operators.records.base import Side
from operators.records.market import (
    BookDelta,
    BookSnapshot,
    Gap,
    Heartbeat,
    Tally,
    Top,
    Trade,
)
from operators.records.time import MS, SECOND

KEY = "binance:BTC-USDT"
START_NS = 1_700_000_000 * SECOND
PLACE: dict[str, Any] = {"venue": "binance", "symbol": "BTC-USDT"}


def trade(number: int, received_ns: int, sequence: int | None = -1) -> Trade:
    return Trade(
        **PLACE,
        event_ns=START_NS + number * MS,
        received_ns=received_ns,
        trade_id=str(number),
        price=1.0,
        quantity=1.0,
        side=Side.BUY,
        sequence=number if sequence == -1 else sequence,
    )


def delta(number: int, received_ns: int) -> BookDelta:
    """Make the delta of this number; each covers two of the venue's counter."""
    return BookDelta(
        **PLACE,
        event_ns=START_NS + number * MS,
        received_ns=received_ns,
        first_sequence=2 * number,
        sequence=2 * number + 1,
        previous=2 * number - 1,
        bids=((float(number), 1.0),),
        asks=(),
    )


def unnumbered(number: int, received_ns: int) -> BookDelta:
    return BookDelta(
        **PLACE,
        event_ns=START_NS + number * MS,
        received_ns=received_ns,
        bids=((float(number), 1.0),),
        asks=(),
    )


def run(heard: list[Heard | Moved], hold_ms: int = 300) -> list[Any]:
    return list(Arbitrate(ArbitrateParams(hold_ms=hold_ms)).update(heard))


class Span(NamedTuple):
    """A line that brings the records from one number to another, and lags.

    One that brings the first of all is open from the beginning.
    """

    line: str
    first: int
    end: int
    lag_ms: int


def heard_of(spans: list[Span], make: Any, killed: bool) -> list[Heard | Moved]:
    """Return what an arbiter hears of these lines, in order of arrival."""
    found: list[tuple[int, int, Heard | Moved]] = []
    for span in spans:
        for number in range(span.first, span.end):
            at_ns = START_NS + (number + span.lag_ms) * MS
            if number == span.first:
                open_ns = at_ns - 1 if number else START_NS - 1
                moved = Moved(KEY, span.line, True, open_ns)
                found.append((open_ns, len(found), moved))
            heard = Heard(KEY, span.line, make(number, at_ns))
            found.append((at_ns, len(found), heard))
        if not killed:
            at_ns = START_NS + (span.end + span.lag_ms) * MS
            found.append((at_ns, len(found), Moved(KEY, span.line, False, at_ns)))
    return [each for _, _, each in sorted(found)]


@st.composite
def overlapping(draw: st.DrawFn) -> list[Span]:
    """Draw lines so that every record is brought by one that lives long enough."""
    end = draw(st.integers(1, 60))
    spans = [Span("x/a", 0, end, draw(st.integers(0, 40)))]
    for number in range(draw(st.integers(0, 3))):
        first = draw(st.integers(0, end - 1))
        last = draw(st.integers(first + 1, end))
        spans.append(Span(f"x/{number}", first, last, draw(st.integers(0, 40))))
    return spans


@pytest.mark.parametrize("make", [trade, delta])
@given(spans=overlapping(), killed=st.booleans())
def test_each_record_comes_once_and_in_order(make, spans, killed):
    outs = run(heard_of(spans, make, killed))

    numbers = [out.event_ns for out in outs if not isinstance(out, Tally)]
    end = spans[0].end
    assert numbers == [START_NS + number * MS for number in range(end)]


@given(cut=st.integers(1, 58), overlap=st.integers(0, 20), lag=st.integers(0, 40))
def test_a_line_that_dies_is_replaced_without_a_trace(cut, overlap, lag):
    """The one line dies at any moment; the other began before, lagging or leading."""
    first = max(cut - 1 - overlap, 0)
    spans = [Span("x/a", 0, cut, 20), Span("x/b", first, 60, lag)]
    outs = run(heard_of(spans, delta, killed=True), hold_ms=50)

    assert [out.sequence for out in outs] == [2 * n + 1 for n in range(60)]
    assert not any(isinstance(out, Gap) for out in outs)


@given(lost=st.sets(st.integers(1, 58)), data=st.data())
def test_what_one_line_loses_the_other_brings(lost, data):
    """Each record is lost by at most one of two lines."""
    lag = data.draw(st.integers(0, 40))
    of_a = {number for number in lost if data.draw(st.booleans())}
    heard = [
        each
        for each in heard_of(
            [Span("x/a", 0, 60, 0), Span("x/b", 0, 60, lag)], delta, killed=True
        )
        if isinstance(each, Moved)
        or each.event.sequence // 2 not in (of_a if each.line == "x/a" else lost - of_a)
    ]
    outs = run(heard)

    assert [out.sequence for out in outs] == [2 * n + 1 for n in range(60)]


@pytest.mark.parametrize("number", [1, 2, 57])
def test_what_no_line_brings_is_a_gap_on_the_very_next_record(number):
    spans = [Span("x/a", 0, 60, 0)]
    heard = [
        each
        for each in heard_of(spans, delta, killed=True)
        if isinstance(each, Moved) or each.event.sequence // 2 != number
    ]
    operator = Arbitrate(ArbitrateParams())
    for each in heard:
        outs = list(operator.update([each]))
        if isinstance(each, Heard) and each.event.sequence // 2 == number + 1:
            gap, after = outs
            assert isinstance(gap, Gap)
            assert (gap.last, gap.next) == (2 * number - 1, 2 * number + 1)
            assert after is each.event
        else:
            assert not any(isinstance(out, Gap) for out in outs)


def test_a_gap_on_both_lines_does_not_wait_for_the_hold():
    spans = [Span("x/a", 0, 9, 0), Span("x/b", 0, 9, 1)]
    heard = [
        each
        for each in heard_of(spans, delta, killed=True)
        if isinstance(each, Moved) or each.event.sequence // 2 != 4
    ]
    outs = run(heard, hold_ms=10_000_000)

    kinds = [type(out).__name__ for out in outs]
    assert kinds == ["BookDelta"] * 4 + ["Gap"] + ["BookDelta"] * 4


def test_a_silent_line_delays_the_other_no_longer_than_the_hold():
    """Line b opens behind a hole, while a is open but brings nothing more."""
    heard: list[Heard | Moved] = [Heard(KEY, "x/a", delta(0, START_NS))]
    heard += [
        Heard(KEY, "x/b", delta(n, START_NS + n * 100 * MS)) for n in range(5, 12)
    ]
    operator = Arbitrate(ArbitrateParams(hold_ms=300))
    outs = [list(operator.update([each])) for each in heard]

    assert [len(each) for each in outs] == [1, 0, 0, 0, 5, 1, 1, 1]
    assert isinstance(outs[4][0], Gap)


@given(st.permutations(range(40)), st.integers(1, 4))
def test_trades_without_numbers_come_once(order, lines):
    heard = [
        Heard(KEY, f"x/{line}", trade(number, START_NS, sequence=None))
        for number in order
        for line in range(lines)
    ]
    outs = run(heard)

    assert [out.trade_id for out in outs] == [str(number) for number in order]


def test_an_older_quote_is_not_passed_on_behind_a_newer_one():
    def top(sequence: int) -> Top:
        return Top(
            **PLACE,
            event_ns=START_NS,
            received_ns=START_NS,
            sequence=sequence,
            bid=1.0,
            bid_quantity=1.0,
            ask=2.0,
            ask_quantity=1.0,
        )

    heard = [("a", 1), ("b", 1), ("a", 3), ("b", 2), ("b", 3), ("b", 4)]
    outs = run([Heard(KEY, f"x/{line}", top(number)) for line, number in heard])

    assert [out.sequence for out in outs] == [1, 3, 4]


def test_a_venue_that_counts_anew_is_followed():
    def snapshot(sequence: int) -> BookSnapshot:
        return BookSnapshot(
            **PLACE,
            event_ns=START_NS,
            received_ns=START_NS,
            sequence=sequence,
            bids=(),
            asks=(),
        )

    heard: list[Heard | Moved] = [Heard(KEY, "x/a", snapshot(1001))]
    heard += [Heard(KEY, "x/a", delta(n, START_NS)) for n in (501, 502)]
    heard += [Heard(KEY, "x/a", snapshot(1))]
    heard += [Heard(KEY, "x/a", delta(n, START_NS)) for n in (1, 2)]
    outs = run(heard)

    kinds = [type(out).__name__ for out in outs]
    assert kinds == [
        *("BookSnapshot", "BookDelta", "BookDelta"),
        *("Gap", "BookSnapshot", "BookDelta", "BookDelta"),
    ]
    assert outs[3].reason == "restart"


@given(seed=st.integers(0, 2**32), data=st.data())
def test_everything_that_is_heard_is_accounted_for(seed, data):
    spans = data.draw(overlapping())
    make = random.Random(seed).choice([trade, delta])
    heard = heard_of(spans, make, killed=True)
    beats = [
        Heard(KEY, "x/a", Heartbeat(**PLACE, event_ns=at_ns, received_ns=at_ns))
        for at_ns in (START_NS + 100 * SECOND, START_NS + 200 * SECOND)
    ]
    outs = run([*heard, *beats])

    tallies = [out for out in outs if isinstance(out, Tally)]
    brought = sum(isinstance(each, Heard) for each in heard)
    assert sum(t.taken + t.repeated + t.stale for t in tallies) == brought
    assert sum(t.taken for t in tallies) == spans[0].end


def book_of(outs: list[Any]) -> dict[float, float]:
    book: dict[float, float] = {}
    for out in outs:
        if isinstance(out, BookDelta):
            book.update(out.bids)
    return book


@given(cut=st.integers(1, 59), lag=st.integers(0, 40), killed=st.booleans())
def test_a_book_without_numbers_is_taken_over_from_where_the_other_line_ended(
    cut, lag, killed
):
    spans = [Span("x/a", 0, cut, 0), Span("x/b", 0, 1_000, lag)]
    outs = run(heard_of(spans, unnumbered, killed), hold_ms=100)

    assert not any(isinstance(out, Gap) for out in outs)
    assert set(book_of(outs)) == {float(number) for number in range(1_000)}
    times = [out.event_ns for out in outs]
    again = sum(b <= a for a, b in pairwise(times))
    assert again <= 1  # where the one takes over from the other, and nowhere else


def whole(number: int, received_ns: int) -> BookSnapshot:
    """Make the snapshot of a book that has had the deltas up to this number."""
    return BookSnapshot(
        **PLACE,
        event_ns=START_NS + number * MS,
        received_ns=received_ns,
        bids=tuple((float(each), 1.0) for each in range(number, -1, -1)),
        asks=(),
    )


@settings(max_examples=15)
@given(st.integers(310, 600), st.integers(310, 600))
def test_a_book_that_is_sent_anew_on_each_line_in_turn_is_had(first, second):
    """While a line subscribes anew the other takes over, and a snapshot must count."""
    begins, ends = 700, 700 + first
    again, until = ends + 400, ends + 400 + second
    heard: list[Heard | Moved] = []
    for number in range(until + 700):
        at_ns = START_NS + number * MS
        for line, silent in (("x/a", (begins, ends)), ("x/b", (again, until))):
            if number in (0, silent[1]):
                heard.append(Heard(KEY, line, whole(number, at_ns)))
            elif not silent[0] <= number < silent[1]:
                heard.append(Heard(KEY, line, unnumbered(number, at_ns)))

    outs = run(heard)

    assert {each.event_ns for each in outs if isinstance(each, BookSnapshot)} & {
        START_NS + ends * MS,
        START_NS + until * MS,
    }
    assert not any(isinstance(each, Gap) for each in outs)
    assert set(book_of(outs)) == set(map(float, range(1, until + 700)))


@pytest.mark.parametrize("late", [(3,), (3, 4, 5), (5, 3), (3, 3)])
def test_trades_that_were_given_up_and_come_after_all_are_passed_on_once(late):
    """As when the frames of a line come from its spool, behind those of the other."""
    heard: list[Heard | Moved] = []
    now_ns = START_NS
    for number in (1, 2, 6, 7):
        now_ns += SECOND  # longer than any hold: what lies between is given up
        heard.append(Heard(KEY, "c/b", trade(number, now_ns)))
    heard += [Heard(KEY, "c/a", trade(number, now_ns)) for number in late]
    heard += [Heard(KEY, "c/b", trade(8, now_ns + SECOND))]

    numbers = [each.sequence for each in run(heard) if isinstance(each, Trade)]

    assert numbers == [1, 2, 6, 7, *dict.fromkeys(late), 8]
