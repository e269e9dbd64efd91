"""A frame that is driven again brings the trade that is missing, and nothing else."""

import json
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.venues import PARSERS
from operators.features.bars import Bars, BarsParams
from operators.market.arbitrate import Arbitrate, ArbitrateParams
from operators.market.decode import Decode, DecodeParams, Line, Parsed
from operators.market.heard import Heard, Moved
from operators.market.listen import Listen, ListenState
from operators.market.order_book import OrderBook, OrderBookParams
from operators.market.redriven import is_redriven, redriven
from operators.records.bar import Bar
from operators.records.book import Book, BookState
from operators.records.dead import DeadLetter
from operators.records.frame import Frame, FrameKind, Ignored
from operators.records.market import (
    BookDelta,
    Heartbeat,
    LateTrade,
    Tally,
    Top,
    Trade,
)
from operators.records.time import MS, SECOND

START_MS = 1_723_161_255_000
COUNT = 40
LATE = 7
"""The trade that is stated a minute before it arrives, and refused for that."""
STRICT, LENIENT = DecodeParams(max_skew_s=30), DecodeParams(max_skew_s=3_600)
BOOK = '{"lastUpdateId":0,"bids":[["1","1"]],"asks":[["9","1"]]}'
URL = "http://x/api/v3/depth?symbol=BTCUSDT"


def frame(line: str, at_ms: int, data: dict[str, Any] | str, **more: Any) -> Frame:
    values: dict[str, Any] = {
        "venue": "binance",
        "connection": "binance-0",
        "line": line,
        "kind": FrameKind.WS,
        "received_ns": (START_MS + at_ms) * MS,
        "url": "",
        "data": data if isinstance(data, str) else json.dumps(data),
    }
    return Frame(**{**values, **more})


def traded(number: int, at_ms: int) -> dict[str, Any]:
    price = {"p": f"{100 + number}", "q": "1", "m": False}
    stated = START_MS + at_ms
    about = {"e": "trade", "E": stated, "s": "BTCUSDT", "t": number, "T": stated}
    return {**about, **price}


def told(number: int, at_ms: int) -> list[dict[str, Any]]:
    """Return what the venue says in one step: a trade, a quote, a book's change."""
    about = {"s": "BTCUSDT"}
    change = {"e": "depthUpdate", "E": START_MS + at_ms, "U": number, "u": number}
    levels = {"b": [[f"{1 + number / 100}", f"{number}"]], "a": []}
    quote = {"u": number, **about, "b": "1", "B": f"{number}", "a": "9", "A": "1"}
    stated_ms = at_ms - 60_000 if number == LATE else at_ms
    return [traded(number, stated_ms), quote, {**change, **about, **levels}]


def live(lines: str = "ab") -> list[Frame]:
    """Return what lines bring that lag differently, in order of arrival."""
    frames = [
        frame(lines[0], 0, "", kind=FrameKind.OPEN),
        frame(lines[0], 1, BOOK, kind=FrameKind.REST, url=URL),
    ]
    for number in range(1, COUNT + 1):
        for lag, line in enumerate(lines):
            for each, data in enumerate(told(number, 100 * number)):
                at_ms = 100 * number + 40 * lag + each + 2
                frames.append(frame(line, at_ms, data))
    return sorted(frames, key=lambda each: each.received_ns)


def run(frames: list[Frame], fixed_from: int) -> list[Any]:
    """Return what all flows say; from a frame on, the parser is the mended one."""
    state = ListenState({}, {})
    arbitrate = Arbitrate(ArbitrateParams())
    behind = (
        OrderBook(OrderBookParams()),
        Bars(BarsParams(lateness_ms=1_000)),
    )
    outs: list[Any] = []
    for params, part in (
        (STRICT, frames[:fixed_from]),
        (LENIENT, frames[fixed_from:]),
    ):
        listen = Listen(params, PARSERS)
        listen.state = state
        for each in part:
            for said in listen.update([each]):
                if not isinstance(said, (Heard, Moved)):
                    outs.append(said)
                    continue
                for event in arbitrate.update([said]):
                    outs.append(event)
                    if not isinstance(event, Tally):
                        outs += [out for one in behind for out in one.update([event])]
        state = listen.state
    return outs + list(behind[-1].close())


def again(each: Frame) -> Frame:
    return msgspec.structs.replace(each, line=redriven(each.line))


def bare(outs: list[Any]) -> list[Any]:
    """Leave out what accounts for the line that frames are driven again on."""
    return [
        out for out in outs if not (isinstance(out, Tally) and is_redriven(out.line))
    ]


def refused(frames: list[Frame]) -> list[int]:
    wanted = f'"t": {LATE},'
    return [at for at, each in enumerate(frames) if wanted in (each.data or "")]


@pytest.mark.parametrize("lines", ["a", "ab"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_live_stream_gets_the_missing_trade_once_and_changes_in_nothing_else(
    lines: str, data: st.DataObject
) -> None:
    frames = live(lines)
    dead = [frames[at] for at in refused(frames)]
    assert len(dead) == len(lines)
    mended = data.draw(st.integers(refused(frames)[-1] + 1, len(frames)))
    without = run(frames, mended)
    assert sum(isinstance(out, DeadLetter) for out in without) == len(dead)
    assert not any(isinstance(out, Trade) and out.sequence == LATE for out in without)

    spots = data.draw(
        st.lists(st.integers(mended, len(frames)), min_size=1, max_size=4)
    )
    mixed = list(frames)
    for spot in sorted(spots, reverse=True):
        mixed[spot:spot] = [again(each) for each in dead]
    outs = bare(run(mixed, mended))

    extra = Counter(map(repr, outs)) - Counter(map(repr, without))
    lost = Counter(map(repr, without)) - Counter(map(repr, outs))
    new = [out for out in outs if repr(out) in extra]
    (trade,) = [out for out in new if isinstance(out, Trade)]
    (late,) = [out for out in new if isinstance(out, LateTrade)]
    assert trade.sequence == LATE
    assert (late.trade_id, late.event_ns) == (trade.trade_id, trade.event_ns)
    assert len(new) == 2
    assert lost == Counter()
    kept = [out for out in outs if out not in new]
    for kind in {type(out) for out in without}:  # a trade that waited may go on sooner
        assert [out for out in kept if type(out) is kind] == [
            out for out in without if type(out) is kind
        ]
    assert [out.ok for out in outs if isinstance(out, BookState)] == [True]
    assert sum(isinstance(out, Book) for out in outs) > COUNT / 2


def test_a_trade_whose_bar_is_still_open_is_in_it() -> None:
    """It was refused for its arrival, which a stall had delayed by a minute."""
    frames = live("a")
    (at,) = refused(frames)
    stated = frame("a", 0, traded(LATE, 100 * LATE + 1)).data
    late = msgspec.structs.replace(
        frames[at], data=stated, received_ns=frames[at].received_ns + 60_000 * MS
    )
    frames[at] = late
    without = run(frames, at + 1)
    mixed = [*frames[: at + 1], again(late), *frames[at + 1 :]]
    outs = run(mixed, at + 1)

    def bars(of: list[Any]) -> dict[tuple[int, int], int]:
        found = [out for out in of if isinstance(out, Bar)]
        return {(out.length_ns, out.event_ns): out.trades for out in found}

    assert not any(isinstance(out, LateTrade) for out in outs)
    more = {at: n - bars(without)[at] for at, n in bars(outs).items()}
    assert sorted(more.values()) == [0] * (len(more) - 2) + [1, 1]  # 1 s and 60 s


def test_driven_again_a_frame_moves_no_clock_and_no_counter() -> None:
    """An old message of a line that counts would make a gap of each of its symbols."""

    def parse(frame: Frame, line: Line) -> Parsed:
        number = int(frame.payload)
        venue_ns = START_MS * MS + number * SECOND
        return Parsed(ignored="x", sequence=number, venue_ns=venue_ns)

    operator = Decode(DecodeParams(), {"binance": parse})
    operator.state["binance-0/a"] = Line(symbols={"BTC-USDT": None})
    list(operator.update([frame("a", 0, "5")]))
    before = msgspec.json.encode(operator.state)
    for text in ("2", "9", "1"):
        (out,) = operator.update([again(frame("a", 0, text))])
        assert isinstance(out, Ignored)
    opened = again(frame("a", 0, "", kind=FrameKind.OPEN))
    assert [type(out) for out in operator.update([opened])] == [Ignored]
    assert msgspec.json.encode(operator.state) == before
    kinds = [type(out) for out in operator.update([frame("a", 1, "6")])]
    assert kinds == [Ignored, Heartbeat]


@pytest.mark.parametrize("what", [1, 2, "book"])
def test_an_old_state_is_stale_and_is_not_passed_on(what: int | str) -> None:
    """A quote, a change of the book, a fetched book."""
    frames = live()
    book = frame("a", 500, BOOK, kind=FrameKind.REST, url=URL)
    old = book if what == "book" else frame("a", 500, told(5, 500)[int(what)])
    mixed = [*frames[:150], again(old), *frames[150:]]

    outs = run(mixed, 0)

    assert bare(outs) == run(frames, 0)


def heard(number: int, line: str, at_ms: int, numbered: bool = True) -> Heard:
    lone = frame("a", at_ms, traded(number, at_ms))
    (event,) = Decode(LENIENT, PARSERS).update([lone])
    assert isinstance(event, Trade)
    if not numbered:
        event = msgspec.structs.replace(event, sequence=None)
    return Heard("binance:BTC-USDT", line, event)


def ids(outs: Any) -> list[str]:
    return [out.trade_id for out in outs if isinstance(out, Trade)]


def test_what_no_line_brought_is_remembered_and_filled_once() -> None:
    arbitrate = Arbitrate(ArbitrateParams())
    brought = [1, 2, 3, 8, 9, 12]
    live_ones = [heard(n, "x/a", n) for n in brought]
    assert ids(arbitrate.update(live_ones)) == [str(n) for n in brought]

    wanted = [9, 5, 7, 4, 5, 10, 6, 11, 4, 2]
    driven = [heard(n, "x/a!redriven", n) for n in wanted]

    assert ids(arbitrate.update(driven)) == ["5", "7", "4", "10", "6", "11"]
    assert arbitrate.state.trades.holes == {}
    assert arbitrate.state.lines_open == 1
    tallies = {out.line: out for out in arbitrate.close() if isinstance(out, Tally)}
    assert (tallies["x/a!redriven"].taken, tallies["x/a!redriven"].repeated) == (6, 4)


def test_only_so_many_holes_are_remembered_and_before_them_all_may_be_missing() -> None:
    arbitrate = Arbitrate(ArbitrateParams())
    list(arbitrate.update(heard(2 * n, "x/a", n) for n in range(1, 401)))
    assert len(arbitrate.state.trades.holes) <= 100

    again = [heard(n, "x/a!redriven", n) for n in (799, 3, 3, 799, 798)]

    assert ids(arbitrate.update(again)) == ["799", "3"]


def test_the_oldest_hole_is_forgotten_first_even_when_one_has_been_parted() -> None:
    arbitrate = Arbitrate(ArbitrateParams())
    list(arbitrate.update(heard(4 * n, "x/a", n) for n in range(1, 102)))
    ids(arbitrate.update([heard(6, "x/a!redriven", 6)]))  # the middle of 5, 6, 7
    trades = arbitrate.state.trades
    floors = []
    for number in range(102, 210):
        list(arbitrate.update([heard(4 * number, "x/a", number)]))
        floors.append(trades.floor)

    assert floors == sorted(floors)
    assert list(trades.holes) == sorted(trades.holes)


def test_one_that_is_newer_than_all_waits_for_the_lines_behind_it() -> None:
    arbitrate = Arbitrate(ArbitrateParams())
    outs = ids(arbitrate.update([heard(1, "x/a", 1), heard(1, "x/b", 1)]))
    outs += ids(arbitrate.update([heard(4, "x/a!redriven", 0)]))
    assert outs == ["1"]
    rest = [heard(n, line, n) for n in (2, 3, 5) for line in ("x/a", "x/b")]

    assert ids(arbitrate.update(rest)) == ["2", "3", "4", "5"]


def test_without_any_line_it_waits_for_nobody() -> None:
    arbitrate = Arbitrate(ArbitrateParams())
    driven = [heard(n, "x/a!redriven", n) for n in (5, 3, 5, 8)]

    assert ids(arbitrate.update(driven)) == ["5", "3", "8"]
    later = [heard(n, "x/a", n) for n in (9, 10)]
    assert ids(arbitrate.update(later)) == ["9", "10"]


def test_unnumbered_trades_are_told_apart_by_their_ids() -> None:
    arbitrate = Arbitrate(ArbitrateParams())
    list(arbitrate.update(heard(n, "x/a", n, numbered=False) for n in (1, 3)))
    driven = [heard(n, "x/a!redriven", n, numbered=False) for n in (1, 2, 2, 3)]

    assert ids(arbitrate.update(driven)) == ["2"]


def test_the_newest_quote_and_change_are_the_live_ones() -> None:
    outs = run(live(), 0)

    assert sum(isinstance(out, Top) for out in outs) == COUNT
    assert sum(isinstance(out, BookDelta) for out in outs) == COUNT
