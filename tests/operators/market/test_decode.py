"""Every frame is accounted for, and only the venue's clock moves time."""

from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connectors.venues import PARSERS
from operators.market.decode import Decode, Decoded, DecodeParams, Line, Parsed
from operators.records import topics
from operators.records.dead import DeadLetter
from operators.records.frame import Frame, FrameKind, Ignored
from operators.records.market import Gap, Heartbeat, Top, Trade
from operators.records.time import MS, SECOND

CALM = settings(deadline=None, suppress_health_check=list(HealthCheck))
NOW_MS = 1_723_161_255_343
NOW_NS = NOW_MS * MS
DAY_S = 86_400

TOP = '{"u":50093239212,"s":"BTCUSDT","b":"61837.63","B":"3.78","a":"61837.64","A":"1"}'
REAL = [
    '{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT",'
    '"t":3735683259,"p":"61837.63","q":"0.02","T":1723161255342,"m":true,"M":true}}',
    '{"stream":"btcusdt@bookTicker","data":' + TOP + "}",
    '{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":50093239189,'
    '"u":50093239202,"b":[["61737.63","0.00"]],"a":[["61837.64","1.5"]]}',
    '{"lastUpdateId":50093239218,"bids":[["61837.63","3.7"]],"asks":[]}',
    '{"e":"kline","E":1723161255208,"s":"BTCUSDT","k":{"o":"1"}}',
    '{"result":null,"id":1}',
    '{"error":{"code":2,"msg":"Invalid request"},"id":1}',
]

STATUS = (
    '{"venue":"binance","connection":"binance-0","line":"a","received_ns":1,'
    '"event":"silent","url":"u","silence_ns":5}'
)


def frame(data: str | bytes, **more: Any) -> Frame:
    place = {"venue": "binance", "connection": "binance-0", "line": "a", "url": ""}
    text = {"data": data} if isinstance(data, str) else {"b64": data}
    values = {"kind": FrameKind.WS, "received_ns": NOW_NS, **place, **text, **more}
    return Frame(**values)


def trade(at_ms: int, symbol: str = "BTCUSDT", traded_ms: int | None = None) -> str:
    return (
        f'{{"e":"trade","E":{at_ms},"s":"{symbol}","t":1,"p":"2","q":"3",'
        f'"T":{at_ms if traded_ms is None else traded_ms},"m":false}}'
    )


def decode(frames: list[Frame], **params: int) -> list[Decoded]:
    return list(Decode(DecodeParams(**params), PARSERS).update(frames))


def only(frame: Frame, **params: int) -> Decoded:
    (out,) = decode([frame], **params)
    return out


def heartbeats(outs: list[Decoded]) -> list[tuple[str, int]]:
    return [(out.symbol, out.event_ns) for out in outs if isinstance(out, Heartbeat)]


@st.composite
def mutations(draw: st.DrawFn) -> str | bytes:
    """Cut, splice or overwrite a real payload."""
    raw = draw(st.sampled_from(REAL)).encode()
    start = draw(st.integers(0, len(raw)))
    end = draw(st.integers(start, min(len(raw), start + 12)))
    known = [b"null", b"[]", b"{}", b"-1", b"1e999", b'"NaN"', b"[" * 2_000, b"\xff"]
    into = draw(st.one_of(st.sampled_from([b"", *known]), st.binary(max_size=8)))
    raw = raw[:start] + into + raw[end:] if draw(st.booleans()) else raw[:start]
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


urls = st.one_of(
    st.sampled_from(
        ["", "http://x/api/v3/depth?symbol=BTCUSDT", "http://[", "//[x]/depth", "?&&="]
    ),
    st.text(max_size=20),
)


@settings(CALM, max_examples=600)
@given(
    data=st.one_of(st.text(), st.binary(), mutations(), st.sampled_from(REAL)),
    kind=st.sampled_from([FrameKind.WS, FrameKind.WS, *FrameKind]),
    url=urls,
    venue=st.sampled_from(["binance", "binance", "nowhere"]),
)
@example('{"a":' + "[" * 100_000, FrameKind.WS, "", "binance")
@example(REAL[3], FrameKind.REST, "http://[x/depth?symbol=BTCUSDT", "binance")
def test_every_frame_is_records_or_one_ignored_or_one_dead_letter(
    data: str | bytes, kind: FrameKind, url: str, venue: str
) -> None:
    source = frame(data, kind=kind, url=url, venue=venue)
    outs = decode([frame(REAL[0]), source])[1:]
    kinds = Counter(type(out) for out in outs)
    if kinds[Ignored] or kinds[DeadLetter]:
        assert len(outs) == 1
        (out,) = outs
        assert out.reason
        for name, value in source.place.items():
            assert getattr(out, name) == value
    else:
        assert kinds.total() - kinds[Heartbeat] >= 1
        assert all(out.received_ns == NOW_NS for out in outs)


@CALM
@given(data=st.one_of(mutations(), st.binary()), url=urls)
def test_a_dead_letter_keeps_the_bytes_untouched(data: str | bytes, url: str) -> None:
    out = only(frame(data, venue="nowhere", url=url))
    raw = data.encode() if isinstance(data, str) else data
    assert isinstance(out, DeadLetter)
    assert (out.raw, out.size, out.url) == (raw, len(raw), url)
    assert (out.topic, out.reason) == ("frames.v1", "unknown venue `nowhere`")


@pytest.mark.parametrize("kind", [FrameKind.SENT, FrameKind.OPEN, FrameKind.CLOSE])
def test_what_the_venue_did_not_say_is_ignored_by_its_kind(kind: FrameKind) -> None:
    assert only(frame(REAL[0], kind=kind)) == Ignored(
        **frame("").place, reason=kind.value
    )


def test_what_happened_to_the_line_is_held_and_ignored() -> None:
    operator = Decode(DecodeParams(), PARSERS)
    status = frame(STATUS, kind=FrameKind.STATUS)

    said = list(operator.update([status]))

    assert said == [Ignored(**status.place, reason="status")]
    assert operator.held == topics.CONNECTIONS.decode(STATUS.encode())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("{", "truncated"),
        (STATUS.replace("silent", "asleep"), "Invalid enum value 'asleep'"),
        (b"\xff", "malformed"),
    ],
)
def test_what_is_no_status_is_a_dead_letter(data: str | bytes, reason: str) -> None:
    operator = Decode(DecodeParams(), PARSERS)
    (said,) = operator.update([frame(data, kind=FrameKind.STATUS)])
    assert isinstance(said, DeadLetter)
    assert reason in said.reason
    assert operator.held is None


dated = st.tuples(st.sampled_from(["BTCUSDT", "ETHUSDT"]), st.integers(-4_000, 9_000))
undated = st.tuples(st.sampled_from(["BTCUSDT", "ETHUSDT"]), st.none())
stories = st.lists(st.one_of(dated, undated), max_size=25)


def told(story: list[tuple[str, int | None]], step_ns: int = MS, **more: Any) -> Any:
    return [
        frame(
            TOP.replace("BTCUSDT", symbol)
            if at_ms is None
            else trade(NOW_MS + at_ms, symbol),
            **{"received_ns": NOW_NS + number * step_ns, **more},
        )
        for number, (symbol, at_ms) in enumerate(story)
    ]


@CALM
@given(stories)
def test_each_new_second_of_the_venue_is_one_heartbeat_a_symbol_seen(
    story: list[tuple[str, int | None]],
) -> None:
    clock_ms, seen, expected = None, [], []
    for native, at_ms in story:
        symbol = {"BTCUSDT": "BTC-USDT", "ETHUSDT": "ETH-USDT"}[native]
        seen += [] if symbol in seen else [symbol]
        if at_ms is None or (clock_ms is not None and NOW_MS + at_ms <= clock_ms):
            continue
        second = (NOW_MS + at_ms) // 1_000
        if clock_ms is not None and second != clock_ms // 1_000:
            expected += [(each, second * SECOND) for each in seen]
        clock_ms = NOW_MS + at_ms
    assert heartbeats(decode(told(story))) == expected


def test_our_clock_makes_no_heartbeat() -> None:
    story = [("BTCUSDT", 0)] + [("BTCUSDT", None)] * 20
    outs = decode(told(story, step_ns=10 * SECOND))
    assert [type(out) for out in outs] == [Trade] + [Top] * 20
    assert {out.event_ns for out in outs} == {NOW_NS}


@CALM
@given(stories, st.integers(-3_600, 3_600))
def test_a_recorder_with_a_wrong_clock_changes_no_heartbeat(
    story: list[tuple[str, int | None]], wrong_s: int
) -> None:
    moved = [
        msgspec.structs.replace(each, received_ns=each.received_ns + wrong_s * SECOND)
        for each in told(story)
    ]
    assert heartbeats(decode(moved)) == heartbeats(decode(told(story)))


@CALM
@given(st.lists(st.tuples(st.sampled_from("ab"), st.one_of(dated, undated))))
def test_lines_of_one_connection_are_independent(
    story: list[tuple[str, tuple[str, int | None]]],
) -> None:
    mixed = [told([each], line=line)[0] for line, each in story]
    operator = Decode(DecodeParams(), PARSERS)
    said = [(each.line, list(operator.update([each]))) for each in mixed]
    for line in "ab":
        mine = [out for name, outs in said if name == line for out in outs]
        assert mine == decode([each for each in mixed if each.line == line])


@pytest.mark.parametrize("text", [TOP, TOP + " " * 2_000, TOP[:-1] + ',"x":"ü"}'])
def test_a_frame_is_parsed_up_to_the_limit_in_bytes_and_not_beyond(text: str) -> None:
    text = text.ljust(1_500)
    size = len(text.encode())
    assert isinstance(only(frame(text), max_frame_bytes=size), Top)
    assert isinstance(only(frame(text.encode()), max_frame_bytes=size), Top)
    for data in (text, text.encode()):
        out = only(frame(data), max_frame_bytes=size - 1)
        assert isinstance(out, DeadLetter)
        assert out.reason == f"frame of {size} bytes exceeds the limit of {size - 1}"
        assert out.size == size


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("what", ["event", "venue"])
def test_a_time_too_far_from_arrival_is_not_believed(what: str, sign: int) -> None:
    far_ms = NOW_MS + sign * DAY_S * 1_000
    sent_ms, traded_ms = (NOW_MS, far_ms) if what == "event" else (far_ms, NOW_MS)
    data = trade(sent_ms, "BTCUSDT", traded_ms)
    assert isinstance(only(frame(data), max_skew_s=DAY_S), Trade)
    out = only(frame(data, received_ns=NOW_NS - sign), max_skew_s=DAY_S)
    assert isinstance(out, DeadLetter)
    assert out.reason.startswith(f"{what} time {far_ms * MS} ns is {DAY_S} s from")


def test_a_dead_frame_leaves_no_trace_in_the_state() -> None:
    operator = Decode(DecodeParams(max_skew_s=5), PARSERS)
    list(operator.update([frame(trade(NOW_MS))]))
    before = msgspec.json.encode(operator.state)
    dead = [trade(NOW_MS + 9_000, "ETHUSDT"), trade(NOW_MS + 9_000)[:-1], "{}", ""]
    assert [type(out) for out in operator.update(map(frame, dead))] == [DeadLetter] * 4
    assert msgspec.json.encode(operator.state) == before


def test_nothing_is_left_to_say_at_the_end() -> None:
    operator = Decode(DecodeParams(), PARSERS)
    list(operator.update([frame(REAL[0])]))
    assert list(operator.close()) == []


def test_a_hole_in_the_count_of_a_line_is_a_gap_of_each_of_its_symbols() -> None:
    """Repetitions and late messages are no holes; a new connection counts anew."""

    def parse(frame: Frame, line: Any) -> Parsed:
        number = int(frame.payload)
        return Parsed(ignored="x", sequence=number)

    operator = Decode(DecodeParams(), {"binance": parse})
    operator.state["binance-0/a"] = Line(symbols={"BTC-USDT": None, "ETH-USDT": None})
    numbers = [5, 6, 6, 8, 7, 9, 12]
    frames = [frame(str(number)) for number in numbers]
    frames.append(frame("", kind=FrameKind.SENT))
    frames.append(frame(STATUS, kind=FrameKind.STATUS))
    frames.append(frame("14"))
    frames.append(frame("", kind=FrameKind.OPEN))
    frames.append(frame("1"))

    outs = list(operator.update(frames))

    gaps = [(out.symbol, out.last, out.next) for out in outs if isinstance(out, Gap)]
    holes = [(6, 8), (9, 12), (12, 14)]
    assert gaps == [(s, *hole) for hole in holes for s in ("BTC-USDT", "ETH-USDT")]
