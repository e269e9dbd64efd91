"""What OKX documents is read; a real capture's books agree with its checksums."""

import json
import subprocess
import sys
import zlib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.recording import Recording
from connectors.venues import okx
from connectors.venues.venue import Venue
from operators.market.decode import Decode, DecodeParams, Line, Parsed
from operators.records.base import UNREADABLE, NotARecordError, Side
from operators.records.dead import DeadLetter
from operators.records.frame import Frame, FrameKind, Ignored
from operators.records.instrument import Instrument, Status
from operators.records.market import BookDelta, BookSnapshot, Mark, Top, Trade
from operators.records.time import MS

SHARED = Path(__file__).resolve().parents[4] / "shared"
CAPTURE = SHARED / "data/ws/OKX.ws.1.0.zst"
real = pytest.mark.skipif(not CAPTURE.exists(), reason=f"no recording {CAPTURE}")
CALM = settings(deadline=None, suppress_health_check=list(HealthCheck))
NOW_NS = 1_630_048_898_000 * MS
VENUE_NS = 1_630_048_897_999 * MS

# The venue's own examples.
TRADE = """{
  "arg": {"channel": "trades", "instId": "BTC-USDT"},
  "data": [
    {
      "instId": "BTC-USDT", "tradeId": "130639474", "px": "42219.9",
      "sz": "0.12060306", "side": "buy", "ts": "1630048897897",
      "count": "3", "source": "0", "seqId": 1234
    }
  ]
}"""
SNAPSHOT = """{
  "arg": {"channel": "books", "instId": "BTC-USDT"},
  "action": "snapshot",
  "data": [
    {
      "asks": [["8476.98", "415", "0", "13"], ["8477", "7", "0", "2"]],
      "bids": [["8476.97", "256", "0", "12"], ["8475.50", "101", "0", "1"]],
      "ts": "1597026383085", "checksum": 0, "prevSeqId": -1, "seqId": 123456
    }
  ]
}"""
UPDATE = """{
  "arg": {"channel": "books", "instId": "BTC-USDT"},
  "action": "update",
  "data": [
    {
      "asks": [["8476.98", "0", "0", "0"]],
      "bids": [["8475.54", "100", "0", "1"]],
      "ts": "1597026383185", "checksum": 0, "prevSeqId": 123456, "seqId": 123457
    }
  ]
}"""
BEST = """{
  "arg": {"channel": "bbo-tbt", "instId": "BCH-USDT-SWAP"},
  "data": [
    {
      "asks": [["111.06", "55154", "0", "2"]],
      "bids": [["111.05", "57745", "0", "2"]],
      "ts": "1670324386802", "seqId": 363996337
    }
  ]
}"""
TICKER = """{
  "arg": {"channel": "tickers", "instId": "BTC-USDT"},
  "data": [
    {
      "instType": "SPOT", "instId": "BTC-USDT", "last": "9999.99", "lastSz": "0.1",
      "askPx": "9999.99", "askSz": "11", "bidPx": "8888.88", "bidSz": "5",
      "open24h": "9000", "sodUtc8": "2222", "ts": "1597026383085"
    }
  ]
}"""
MARK = """{
  "arg": {"channel": "mark-price", "instId": "LTC-USD-190628"},
  "data": [
    {
      "instType": "FUTURES", "instId": "LTC-USD-190628", "markPx": "0.1",
      "ts": "1597026383085"
    }
  ]
}"""
FUNDING = """{
  "arg": {"channel": "funding-rate", "instId": "BTC-USD-SWAP"},
  "data": [
    {
      "formulaType": "noRate", "fundingRate": "0.0001875391284828",
      "fundingTime": "1700726400000", "impactValue": "", "instId": "BTC-USD-SWAP",
      "method": "current_period", "maxFundingRate": "0.00375", "nextFundingRate": "",
      "nextFundingTime": "1700755200000", "settState": "settled",
      "ts": "1700724675402"
    }
  ]
}"""
OPEN_INTEREST = """{
  "arg": {"channel": "open-interest", "instId": "BTC-USDT-SWAP"},
  "data": [
    {
      "instType": "SWAP", "instId": "BTC-USDT-SWAP", "oi": "2216113.01",
      "oiCcy": "22161.1301", "ts": "1743041250440"
    }
  ]
}"""
EXAMPLES = [TRADE, SNAPSHOT, UPDATE, BEST, TICKER, MARK, FUNDING, OPEN_INTEREST]
SPOT: dict[str, Any] = {"venue": "okx", "symbol": "BTC-USDT", "received_ns": NOW_NS}

TRADED = Trade(
    **SPOT,
    event_ns=1_630_048_897_897 * MS,
    trade_id="130639474",
    sequence=130_639_474,
    price=42219.9,
    quantity=0.12060306,
    side=Side.BUY,
)
WHOLE = BookSnapshot(
    **SPOT,
    event_ns=1_597_026_383_085 * MS,
    sequence=123_456,
    bids=((8476.97, 256.0), (8475.5, 101.0)),
    asks=((8476.98, 415.0), (8477.0, 7.0)),
    depth=400,
)
CHANGED = BookDelta(
    **SPOT,
    event_ns=1_597_026_383_185 * MS,
    sequence=123_457,
    previous=123_456,
    bids=((8475.54, 100.0),),
    asks=((8476.98, 0.0),),
)
QUOTED = Top(
    **{**SPOT, "symbol": "BCH-USDT-PERP"},
    event_ns=1_670_324_386_802 * MS,
    sequence=363_996_337,
    bid=111.05,
    bid_quantity=57745.0,
    ask=111.06,
    ask_quantity=55154.0,
)
TICKED = Top(
    **SPOT,
    event_ns=1_597_026_383_085 * MS,
    bid=8888.88,
    bid_quantity=5.0,
    ask=9999.99,
    ask_quantity=11.0,
)
MARKED = Mark(
    **{**SPOT, "symbol": "LTC-USD-190628"}, event_ns=1_597_026_383_085 * MS, mark=0.1
)
FUNDED = Mark(
    **{**SPOT, "symbol": "BTC-USD-PERP"},
    event_ns=1_700_724_675_402 * MS,
    funding_rate=0.0001875391284828,
    next_funding_ns=1_700_726_400_000 * MS,
)
OPENED = Mark(
    **{**SPOT, "symbol": "BTC-USDT-PERP"},
    event_ns=1_743_041_250_440 * MS,
    open_interest=2216113.01,
)


def parse(data: str | bytes, **more: Any) -> Parsed:
    text = {"data": data} if isinstance(data, str) else {"b64": data}
    place = {"venue": "okx", "connection": "c", "line": "a", "received_ns": NOW_NS}
    values = {"kind": FrameKind.WS, "url": "", **place, **text, **more}
    return okx.parse(Frame(**values), Line(VENUE_NS))


def compact(raw: str) -> str:
    return msgspec.json.format(raw, indent=-1)


@pytest.mark.parametrize(
    ("raw", "record"),
    [
        *[(TRADE, TRADED), (SNAPSHOT, WHOLE), (UPDATE, CHANGED), (BEST, QUOTED)],
        *[(TICKER, TICKED), (MARK, MARKED), (FUNDING, FUNDED), (OPEN_INTEREST, OPENED)],
    ],
)
def test_a_channel_is_read_however_it_is_spaced(raw: str, record: Any) -> None:
    for text in (raw, compact(raw), raw.encode(), compact(raw).encode()):
        assert parse(text) == Parsed([record], record.event_ns)


def test_a_message_of_several_trades_is_dated_by_its_newest() -> None:
    message = json.loads(TRADE)
    (first,) = message["data"]
    later = {**first, "side": "sell", "tradeId": "130639475", "ts": "1630048897899"}
    message["data"].append(later)
    sold = msgspec.structs.replace(
        TRADED,
        side=Side.SELL,
        trade_id="130639475",
        sequence=130_639_475,
        event_ns=1_630_048_897_899 * MS,
    )
    assert parse(json.dumps(message)) == Parsed([TRADED, sold], sold.event_ns)


def test_a_checksum_comes_with_the_texts_of_the_levels_as_the_venue_wrote_them() -> (
    None
):
    (event,) = parse(SNAPSHOT.replace('"checksum": 0', '"checksum": -855196043')).events
    assert event == msgspec.structs.replace(
        WHOLE,
        checksum=-855_196_043,
        bid_texts=("8476.97:256", "8475.50:101"),
        ask_texts=("8476.98:415", "8477:7"),
    )
    (event,) = parse(UPDATE.replace('"checksum": 0', '"checksum": 7')).events
    assert event == msgspec.structs.replace(
        CHANGED, checksum=7, bid_texts=("8475.54:100",), ask_texts=("8476.98:0",)
    )


def test_books_of_old_are_not_numbered() -> None:
    old = UPDATE.replace('"prevSeqId": 123456, "seqId": 123457', '"other": 1')
    (event,) = parse(old).events
    assert event == msgspec.structs.replace(CHANGED, sequence=None, previous=None)


def test_a_book_that_does_not_change_says_so_by_its_numbers() -> None:
    message = json.loads(UPDATE)
    message["data"][0] |= {"asks": [], "bids": [], "prevSeqId": 15, "seqId": 15}
    (event,) = parse(json.dumps(message)).events
    assert isinstance(event, BookDelta)
    assert (event.previous, event.sequence) == (15, 15)
    assert (event.bids, event.asks) == ((), ())


def test_books_of_50_levels_say_so() -> None:
    (event,) = parse(SNAPSHOT.replace('"books"', '"books50-l2-tbt"')).events
    assert event == msgspec.structs.replace(WHOLE, depth=50)


def test_funding_that_is_not_dated_is_dated_by_the_lines_clock() -> None:
    said = parse(FUNDING.replace('"ts"', '"other"'))
    assert said == Parsed([msgspec.structs.replace(FUNDED, event_ns=VENUE_NS)])


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("pong", "pong"),
        (
            '{"id":"1512","event":"subscribe","arg":{"channel":"books",'
            '"instId":"BTC-USDT"},"connId":"a4d3ae55"}',
            "acknowledgement",
        ),
        (
            '{"arg":{"channel":"books","instId":"BTC-USDT"},"event":"subscribe"}',
            "acknowledgement",
        ),
        (
            '{"event":"unsubscribe","arg":{"channel":"tickers"},"connId":"d"}',
            "acknowledgement",
        ),
        ('{"event":"login","code":"0","msg":"","connId":"a"}', "acknowledgement"),
        ('{"event":"error","code":"60009","msg":"Login failed."}', "error reply"),
        (
            '{"id":"1512","event":"error","code":"60012","msg":"Invalid request: '
            '{\\"op\\": \\"subscribe\\"}","connId":"a4d3ae55"}',
            "error reply",
        ),
        ('{"event":"notice","code":"64008","msg":"Please reconnect."}', "notice"),
        (
            '{"event":"channel-conn-count","channel":"orders","connCount":"2"}',
            "connection count",
        ),
        (
            '{"arg":{"channel":"index-tickers","instId":"B-U"},"data":[]}',
            "index-tickers",
        ),
        ('{"arg":{"channel":"candle1m","instId":"B-U"},"data":[]}', "candle1m"),
        ('{"data":[],"arg":{"channel":"books5"}}', "books5"),
        (BEST.replace('[["111.06", "55154", "0", "2"]]', "[]"), "empty bbo-tbt"),
        (TICKER.replace('"askPx": "9999.99"', '"askPx": ""'), "empty tickers"),
    ],
)
def test_what_deliberately_yields_nothing_says_why(raw: str, reason: str) -> None:
    said = parse(raw)
    assert (list(said.events), said.ignored) == ([], reason)
    assert parse(raw.encode()) == said


def test_replies_show_only_that_the_connection_lives() -> None:
    for raw in ("pong", '{"event":"subscribe","arg":{}}', '{"event":"error"}'):
        assert any(marker in raw for marker in okx.IDLE)
    for raw in EXAMPLES:
        assert not any(marker in compact(raw) for marker in okx.IDLE)


def test_what_is_fetched_yields_nothing() -> None:
    assert parse("{}", kind=FrameKind.REST) == Parsed(ignored="fetched")


NUMBERS = ["nan", "inf", "-inf", "1e999", "1e151", "0x1", "", "1,5", "1_0", "true"]


@pytest.mark.parametrize(
    ("raw", "old", "new", "told"),
    [
        *[(TRADE, "42219.9", bad, r"at `\$\.data\[0\]\.px`") for bad in NUMBERS],
        *[(TRADE, "0.12060306", bad, r"at `\$\.data\[0\]\.sz`") for bad in NUMBERS],
        *[(SNAPSHOT, "415", bad, r"\.asks\[0\]\[1\]`") for bad in NUMBERS],
        *[(BEST, "57745", bad, r"\.bids\[0\]\[1\]`") for bad in NUMBERS],
        *[(TICKER, "8888.88", bad, r"\.bidPx`") for bad in NUMBERS if bad],
        *[(MARK, '"0.1"', f'"{bad}"', r"\.markPx`") for bad in NUMBERS],
        *[(OPEN_INTEREST, "2216113.01", bad, r"\.oi`") for bad in NUMBERS],
        (FUNDING, "0.0001875391284828", "nan", r"\.fundingRate`"),
        (TRADE, '"42219.9"', "1e999", "out of range"),
        (TRADE, "130639474", "9223372036854775808", r"\.tradeId`"),
        (TRADE, "130639474", "x1", r"\.tradeId`"),
        (TRADE, "1630048897897", "-1", r"\.ts`"),
        (TRADE, "1630048897897", "9223372036854775807", r"\.ts`"),
        (TRADE, '"buy"', '"hold"', "Invalid enum value 'hold'"),
        (TRADE, '"side"', '"edge"', "missing required field `side`"),
        (TRADE, '"ts"', '"at"', "missing required field `ts`"),
        (TRADE, '"trades"', '"trade"', "unknown channel `trade`"),
        (TRADE, '"instId": "BTC-USDT"}', '"uly": "x"}', "unknown symbol ``"),
        (TRADE, "BTC-USDT", "BTCUSDT", "unknown symbol `BTCUSDT`"),
        (TRADE, "BTC-USDT", "btc-usdt", "unknown symbol `btc-usdt`"),
        (TRADE, "BTC-USDT", "B" * 9_999, "unknown symbol `B{40}`"),
        (TRADE, '"data"', '"rows"', "missing required field `data`"),
        (SNAPSHOT, '"action"', '"verb"', "missing required field `action`"),
        (SNAPSHOT, '"snapshot"', '"whole"', "Invalid enum value"),
        (SNAPSHOT, '["8477", "7", "0", "2"]', '["8477"]', r"\.asks\[1\]`"),
        (SNAPSHOT, '"checksum": 0', '"checksum": 2147483648', r"\.checksum`"),
        (SNAPSHOT, "123456", "9223372036854775808", r"\.seqId`"),
        (UPDATE, '"prevSeqId": 123456', '"prevSeqId": -2', r"\.prevSeqId`"),
        (TRADE, TRADE, '{"event":"dance"}', "unknown event `dance`"),
        (TRADE, TRADE, "{}", "unknown channel ``"),
        (TRADE, TRADE, "[]", "Expected `object`"),
        (TRADE, TRADE, "ping", "malformed"),
        (TRADE, TRADE, TRADE[:-1], "truncated"),
        (TRADE, TRADE, '{"arg":{"channel":"candle1m"}', "truncated"),
        (TRADE, TRADE, "", "truncated"),
    ],
)
def test_a_mistake_is_named(raw: str, old: str, new: str, told: str) -> None:
    assert old in raw
    bent = raw.replace(old, new, 1)
    for text in (bent, bent.encode()):
        with pytest.raises(UNREADABLE, match=told):
            parse(text)
    with pytest.raises(UNREADABLE):
        parse(bent.encode() + b"\xff")


def test_a_frame_of_two_channels_is_refused() -> None:
    raw = compact(TRADE)[:-1] + ',"arg":{"channel":"tickers","instId":"BTC-USDT"}}'
    with pytest.raises(NotARecordError, match="also `tickers`"):
        parse(raw)


@CALM
@given(st.data())
def test_mutated_frames_raise_nothing_but_what_is_documented(
    data: st.DataObject,
) -> None:
    raw = data.draw(st.sampled_from(EXAMPLES).map(compact))
    if data.draw(st.booleans()):
        raw = raw.replace('"checksum":0', '"checksum":-1')
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 12)))
    patch = data.draw(st.sampled_from(['"', "{", "[", "null", "-", "9" * 20, "é"]))
    patch = data.draw(st.one_of(st.just(patch), st.text(max_size=8)))
    bent = (raw[:start] + patch + raw[end:]).encode(errors="replace")
    try:
        said = parse(bent)
    except UNREADABLE:
        return
    assert said.events or said.ignored


NAMES = [
    ("BTC-USDT", "BTC-USDT"),
    ("BTC-USDT-SWAP", "BTC-USDT-PERP"),
    ("UNI-USD-SWAP", "UNI-USD-PERP"),
    ("BTC-USD-220527", "BTC-USD-220527"),
    ("BTC-USD_UM-SWAP", "BTC-USD_UM-PERP"),
    ("DOGE-USD_UM_XPERP-310404", "DOGE-USD_UM_XPERP-310404"),
    ("1INCH-USDT", "1INCH-USDT"),
]


@pytest.mark.parametrize(("native", "canonical"), NAMES)
def test_names_are_known_both_ways(native: str, canonical: str) -> None:
    assert okx.canonical(native) == canonical
    assert okx.native(canonical) == native


@pytest.mark.parametrize(
    "name",
    ["BTC", "BTC-", "-USDT", "BTC-USD-220527-30000-C", "BTC-USD-2205", "btc-usd", ""],
)
def test_what_is_no_market_has_no_name(name: str) -> None:
    with pytest.raises(NotARecordError, match="unknown symbol"):
        okx.canonical(name)


def test_500_symbols_are_subscribed_to_within_the_limits() -> None:
    symbols = [f"1000000BABYDOGE{number}-USDT-PERP" for number in range(500)]
    messages = okx.subscribe(symbols, okx.CHANNELS)
    requests = [json.loads(message) for message in messages]
    assert all(len(message.encode()) <= 64_000 for message in messages)
    assert len(messages) < 480
    args = [tuple(arg.items()) for request in requests for arg in request["args"]]
    assert len(args) == len(set(args)) == 500 * len(okx.CHANNELS)
    assert okx.subscribe([], okx.CHANNELS) == []


def test_a_symbol_is_subscribed_to_what_it_has() -> None:
    symbols = ["BTC-USDT", "BTC-USDT-PERP", "BTC-USD-220527", "D-USD_UM_XPERP-310404"]
    (message,) = okx.subscribe(symbols, ["trades", "mark-price", "funding-rate"])
    request = json.loads(message)
    assert request["op"] == "subscribe"
    assert [(arg["channel"], arg["instId"]) for arg in request["args"]] == [
        ("trades", "BTC-USDT"),
        ("trades", "BTC-USDT-SWAP"),
        ("mark-price", "BTC-USDT-SWAP"),
        ("funding-rate", "BTC-USDT-SWAP"),
        ("trades", "BTC-USD-220527"),
        ("mark-price", "BTC-USD-220527"),
        ("trades", "D-USD_UM_XPERP-310404"),
        ("mark-price", "D-USD_UM_XPERP-310404"),
        ("funding-rate", "D-USD_UM_XPERP-310404"),
    ]


def test_a_book_is_sent_anew_when_it_is_left_and_subscribed_to_again() -> None:
    args = [{"channel": "books", "instId": "BTC-USDT-SWAP"}]
    assert [json.loads(each) for each in okx.resync("BTC-USDT-PERP")] == [
        {"op": "unsubscribe", "args": args},
        {"op": "subscribe", "args": args},
    ]
    venue: Venue = okx
    assert venue.snapshot_path("BTC-USDT") is None
    assert venue.PING is not None
    assert (venue.PING.text, venue.PING.every_s < 30) == ("ping", True)


LIST = b"""{"code": "0", "msg": "", "data": [
  {"instType": "SPOT", "instId": "BTC-USDT", "baseCcy": "BTC", "quoteCcy": "USDT",
   "ctVal": "", "ctType": "", "lotSz": "0.00000001", "minSz": "0.00001",
   "tickSz": "0.1", "state": "live", "uly": "", "instIdCode": 1000000000},
  {"instType": "SWAP", "instId": "BTC-USDT-SWAP", "ctVal": "0.01", "ctType": "linear",
   "ctMult": "1", "ctValCcy": "BTC", "lotSz": "0.01", "minSz": "0.01",
   "tickSz": "0.1", "state": "live"},
  {"instType": "FUTURES", "instId": "BTC-USD-220527", "ctVal": "100", "lotSz": "1",
   "ctType": "inverse", "ctValCcy": "USD", "minSz": "1", "tickSz": "0.1",
   "state": "suspend"},
  {"instType": "SWAP", "instId": "NEW-USDT-SWAP", "state": "preopen", "ctVal": ""},
  {"instType": "OPTION", "instId": "BTC-USD-220527-30000-C", "ctVal": "0.01",
   "state": "live"}]}"""


def test_lists_of_instruments_are_read() -> None:
    spot, perpetual, future = okx.instruments(LIST)
    assert spot == Instrument(
        venue="okx",
        symbol="BTC-USDT",
        native="BTC-USDT",
        base="BTC",
        quote="USDT",
        tick_size=Decimal("0.1"),
        lot_size=Decimal("0.00000001"),
        min_quantity=Decimal("0.00001"),
    )
    assert (perpetual.symbol, perpetual.native) == ("BTC-USDT-PERP", "BTC-USDT-SWAP")
    assert (perpetual.multiplier, perpetual.inverse) == (Decimal("0.01"), False)
    assert (future.multiplier, future.inverse) == (Decimal(100), True)
    assert (future.base, future.quote) == ("BTC", "USD")
    assert future.status is Status.HALTED
    assert okx.instruments_path() == "/api/v5/public/instruments?instType=SWAP"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"code":"50011","msg":"Too Many Requests","data":[]}', "Too Many Requests"),
        (LIST.replace(b'"100"', b'"NaN"'), r"ctVal`"),
        (LIST.replace(b'"100"', b'"-1"'), r"ctVal`"),
        (b'{"code":"0","data":[{}]}', "missing required field"),
        (b'{"code":"0"}', "missing required field `data`"),
        (b"", "truncated"),
    ],
)
def test_what_is_no_list_is_refused(body: bytes, told: str) -> None:
    with pytest.raises(UNREADABLE, match=told):
        okx.instruments(body)


class Side400:
    """The text of every level of one side, by its price: as plain as can be."""

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.levels: dict[Decimal, str] = {}

    def set(self, levels: Sequence[Any], texts: Iterable[str]) -> None:
        for (_, quantity), text in zip(levels, texts, strict=True):
            price = Decimal(text.partition(":")[0])
            if quantity:
                self.levels[price] = text
            else:
                self.levels.pop(price, None)

    def best(self) -> list[str]:
        prices = sorted(self.levels, key=lambda price: self.sign * price)
        return [self.levels[price] for price in prices[:25]]


def checksum(bids: list[str], asks: list[str]) -> int:
    rows = range(max(len(bids), len(asks)))
    turns = [side[row] for row in rows for side in (bids, asks) if row < len(side)]
    value = zlib.crc32(":".join(turns).encode())
    return value - 2**32 if value >= 2**31 else value


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> list[Frame]:
    out = tmp_path_factory.mktemp("okx") / "real.jsonl"
    tool = [sys.executable, str(SHARED / "tools/to_recording.py"), str(out)]
    subprocess.run([*tool, f"okx={CAPTURE}"], check=True)
    with Recording(out) as frames:
        return [frame for frame in frames if isinstance(frame, Frame)]


@real
def test_every_real_frame_is_read(capture: list[Frame]) -> None:
    decode = Decode(DecodeParams(), {"okx": okx.parse})
    outs = list(decode.update(capture))
    assert [out for out in outs if isinstance(out, DeadLetter)] == []
    kinds = [type(out) for out in outs]
    assert len(capture) == 414
    assert kinds.count(BookSnapshot) == 3
    assert kinds.count(BookDelta) == 287
    assert kinds.count(Trade) == 74
    assert kinds.count(Top) == 28
    reasons = [out.reason for out in outs if isinstance(out, Ignored)]
    assert reasons.count("acknowledgement") == 18
    assert len(reasons) == 18 + 4
    assert {out.symbol for out in outs if isinstance(out, BookSnapshot)} == {
        *("BTC-USD-220527", "UNI-USD-PERP", "BTC-USDT"),
    }


@real
def test_every_real_checksum_agrees_with_its_book(capture: list[Frame]) -> None:
    books: dict[str, tuple[Side400, Side400]] = {}
    agreed = 0
    for frame in capture:
        if frame.kind is not FrameKind.WS:
            continue
        for event in okx.parse(frame, Line()).events:
            if not isinstance(event, BookSnapshot | BookDelta):
                continue
            if isinstance(event, BookSnapshot):
                books[event.symbol] = Side400(-1), Side400(1)
            bids, asks = books[event.symbol]
            bids.set(event.bids, event.bid_texts)
            asks.set(event.asks, event.ask_texts)
            assert event.checksum == checksum(bids.best(), asks.best())
            agreed += 1
    assert agreed == 290
