"""What a line brings is counted once, by its own seconds, whatever happens to it."""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.venues import PARSERS
from operators.market.decode import DecodeParams
from operators.market.heard import Heard
from operators.market.listen import Listen
from operators.market.redriven import redriven
from operators.records.connection import LineEvent
from operators.records.frame import Frame, FrameKind
from operators.records.health import Reading
from operators.records.market import Heartbeat
from operators.records.time import MS, SECOND

CALM = settings(deadline=None, suppress_health_check=list(HealthCheck))
START_MS = 1_723_161_255_000
START_NS = START_MS * MS
BOOK = '{"lastUpdateId":0,"bids":[["1","1"]],"asks":[["9","1"]]}'
BOOK_URL = "http://x/api/v3/depth?symbol=BTCUSDT"


def traded(at_ms: int, symbol: str = "BTCUSDT") -> str:
    stated = START_MS + at_ms
    price = {"p": "2", "q": "1", "m": False}
    return json.dumps(
        {"e": "trade", "E": stated, "s": symbol, "t": 1, "T": stated, **price}
    )


def frame(at_ms: int, data: str = "", line: str = "a", **more: Any) -> Frame:
    values = {
        "venue": "binance",
        "connection": "binance-0",
        "line": line,
        "kind": FrameKind.WS,
        "received_ns": (START_MS + at_ms) * MS,
        "url": "",
        "data": data,
    }
    return Frame(**{**values, **more})


def status(at_ms: int, event: str, line: str = "a", **more: Any) -> Frame:
    place = {"venue": "binance", "connection": "binance-0", "line": line, "url": ""}
    told = {**place, "received_ns": 1, "event": event, **more}
    return frame(at_ms, json.dumps(told), line, kind=FrameKind.STATUS)


def opened(at_ms: int, line: str = "a") -> Frame:
    return frame(at_ms, line=line, kind=FrameKind.OPEN, url="ws://x")


def closed(at_ms: int, why: str) -> Frame:
    return frame(at_ms, why, kind=FrameKind.CLOSE)


def listened(frames: list[Frame], *, close: bool = True) -> list[Any]:
    listen = Listen(DecodeParams(), PARSERS)
    said: list[Any] = list(listen.update(frames))
    return said + (list(listen.close()) if close else [])


def readings(frames: list[Frame], *, close: bool = True) -> list[Reading]:
    said = listened(frames, close=close)
    return [each for each in said if isinstance(each, Reading)]


def test_a_second_is_told_when_a_later_one_begins_and_at_the_end():
    text = traded(100)
    frames = [
        *(frame(130, text), frame(900, traded(850, "ETHUSDT")), frame(999, "{")),
        *(frame(1_000, text), frame(5_500, traded(5_600))),
    ]

    first, second, last = readings(frames)

    assert first == Reading(
        venue="binance",
        connection="binance-0",
        line="a",
        received_ns=START_NS + SECOND,
        frames=3,
        octets=len(text) + len(traded(850, "ETHUSDT")) + 1,
        dead=1,
        delays_ns=(30 * MS, 50 * MS),
        counts={"BTC-USDT": 1, "ETH-USDT": 1},
    )
    assert (second.received_ns, second.frames) == (START_NS + 2 * SECOND, 1)
    assert last.received_ns == START_NS + 6 * SECOND
    assert last.delays_ns == (-100 * MS,)
    assert readings(frames, close=False) == [first, second]


def test_a_second_is_told_before_what_the_next_frame_says():
    said = listened([frame(0, traded(0)), frame(1_500, traded(1_400))], close=False)

    kinds = [type(each) for each in said]
    assert kinds == [Heard, Reading, Heard, Heard]
    assert isinstance(said[-1].event, Heartbeat)


def test_what_happens_is_told_at_once_with_what_came_before_it():
    frames = [
        opened(0),
        status(10, "open"),
        frame(200, traded(150)),
        status(300, "heartbeat", silence_ns=7, round_trip_ns=9),
        frame(400, traded(350)),
        frame(500, traded(450)),
        closed(600, "1012 restarting"),
        status(610, "closed", reason="1012 restarting", attempt=2),
    ]

    *told, rest = readings(frames)

    assert [(each.event, each.frames) for each in told] == [
        (LineEvent.OPEN, 0),
        (LineEvent.OPEN, 0),
        (LineEvent.HEARTBEAT, 1),
        (LineEvent.CLOSED, 2),
        (LineEvent.CLOSED, 0),
    ]
    assert [each.received_ns for each in told] == [
        each.received_ns for each in frames if each.kind is not FrameKind.WS
    ]
    beat, _, gone = told[2:]
    assert (beat.silence_ns, beat.round_trip_ns) == (7, 9)
    assert (told[3].reason, gone.reason, gone.attempt) == (*["1012 restarting"] * 2, 2)
    assert (rest.event, rest.frames, rest.counts) == (None, 0, {})


def test_a_status_that_cannot_be_read_is_dead_and_tells_nothing():
    (told,) = readings([frame(0, "{}", kind=FrameKind.STATUS)])
    assert (told.event, told.dead, told.frames) == (None, 1, 0)


def test_what_is_fetched_or_sent_is_no_frame_of_the_line():
    frames = [
        frame(0, BOOK, kind=FrameKind.REST, url=BOOK_URL),
        frame(1, "{", kind=FrameKind.REST, url=BOOK_URL),
        frame(2, "{}", kind=FrameKind.SENT),
    ]

    (told,) = readings(frames)

    assert (told.frames, told.octets, told.counts) == (0, 0, {})
    assert (told.delays_ns, told.dead) == ((), 1)


def test_lines_are_told_apart_and_one_that_is_driven_again_is_not_told():
    frames = [
        frame(0, traded(0)),
        frame(100, traded(0), line="b"),
        frame(2_000, traded(0), line=redriven("a")),
        frame(1_200, traded(0), line="b"),
    ]

    told = [(each.line, each.received_ns - START_NS) for each in readings(frames)]

    assert told == [("b", SECOND), ("a", SECOND), ("b", 2 * SECOND)]


@pytest.mark.parametrize("many", [99, 100, 101, 350])
def test_of_many_delays_the_newest_hundred_are_kept(many: int):
    frames = [frame(2 * n, traded(n)) for n in range(many)]
    (told,) = readings(frames)
    assert told.frames == many
    assert told.delays_ns == tuple(n * MS for n in range(many))[-100:]


def test_octets_are_bytes_not_characters():
    noise = frame(1, data=None, b64=b"\xff\x00\x01")  # type: ignore[arg-type]
    (told,) = readings([frame(0, "é"), noise])
    assert (told.octets, told.dead) == (5, 2)


moments = st.lists(
    st.tuples(
        st.integers(-3_000, 9_000),
        st.sampled_from("ab"),
        st.sampled_from(["trade", "{", "open", "heartbeat", "close"]),
    ),
    max_size=40,
)


def drawn(moment: tuple[int, str, str]) -> Frame:
    at_ms, line, what = moment
    match what:
        case "open" | "close":
            return frame(at_ms, line=line, kind=FrameKind(what))
        case "heartbeat":
            return status(at_ms, what, line)
    return frame(at_ms, traded(at_ms) if what == "trade" else what, line)


@CALM
@given(moments)
def test_all_is_counted_once_and_no_two_readings_are_of_one_moment(
    drawn_moments: list[tuple[int, str, str]],
) -> None:
    """Whatever the clock of a recording did: times never fall, and keys differ."""
    frames = [drawn(moment) for moment in drawn_moments]
    kept = copy.deepcopy(frames)
    told = readings(frames)

    assert frames == kept
    for line in "ab":
        mine = [each for each in told if each.line == line]
        received = [f for f in frames if f.line == line and f.kind is FrameKind.WS]
        happened = [f for f in frames if f.line == line and f.kind is not FrameKind.WS]
        assert sum(each.frames for each in mine) == len(received)
        assert sum(each.octets for each in mine) == sum(
            len(f.payload) for f in received
        )
        trades = [f for f in received if f.data != "{"]
        assert sum(each.dead for each in mine) == len(received) - len(trades)
        assert sum(len(each.delays_ns) for each in mine) == len(trades)
        assert sum(sum(each.counts.values()) for each in mine) == len(trades)
        assert sum(each.event is not None for each in mine) == len(happened)
        moments = [(each.received_ns, each.number) for each in mine]
        assert moments == sorted(set(moments))
