"""What Bybit documents is read, on both of its markets; and what is wrong is named."""

import json
from decimal import Decimal
from types import ModuleType
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.venues import bybit_linear, bybit_spot
from connectors.venues.venue import Venue
from operators.market.decode import Line, Parsed
from operators.records.base import UNREADABLE, NotARecordError, Side
from operators.records.frame import Frame, FrameKind
from operators.records.instrument import Instrument, Status
from operators.records.market import BookDelta, BookSnapshot, Mark, Top, Trade
from operators.records.time import MS

CALM = settings(deadline=None, suppress_health_check=list(HealthCheck))
NOW_NS = 1_672_304_487_000 * MS
MARKETS: list[ModuleType] = [bybit_spot, bybit_linear]
SYMBOLS = {bybit_spot: "BTC-USDT", bybit_linear: "BTC-USDT-PERP"}

# The venue's own examples.
TRADE = """{
    "topic": "publicTrade.BTCUSDT",
    "type": "snapshot",
    "ts": 1672304486868,
    "data": [
        {
            "T": 1672304486865,
            "s": "BTCUSDT",
            "S": "Buy",
            "v": "0.001",
            "p": "16578.50",
            "L": "PlusTick",
            "i": "20f43950-d8dd-5b31-9112-a178eb6023af",
            "BT": false,
            "seq": 1783284617
        }
    ]
}"""
SNAPSHOT = """{
    "topic": "orderbook.50.BTCUSDT",
    "type": "snapshot",
    "ts": 1672304484978,
    "data": {
        "s": "BTCUSDT",
        "b": [["16493.50", "0.006"], ["16493.00", "0.100"]],
        "a": [["16611.00", "0.029"], ["16612.00", "0.213"]],
        "u": 18521288,
        "seq": 7961638724
    },
    "cts": 1672304484976
}"""
DELTA = """{
    "topic": "orderbook.50.BTCUSDT",
    "type": "delta",
    "ts": 1687940967466,
    "data": {
        "s": "BTCUSDT",
        "b": [["30247.20", "30.028"], ["30240.00", "0"]],
        "a": [["30248.70", "0"], ["30249.30", "0.892"]],
        "u": 177400507,
        "seq": 66544703342
    },
    "cts": 1687940967464
}"""
TOP = SNAPSHOT.replace("orderbook.50", "orderbook.1")
PERPETUAL = """{
  "topic": "tickers.BTCUSDT",
  "type": "snapshot",
  "data": {
    "symbol": "BTCUSDT", "tickDirection": "MinusTick", "price24hPcnt": "-0.158315",
    "lastPrice": "66666.60", "markPrice": "66666.60", "indexPrice": "115418.19",
    "openInterest": "492373.72", "openInterestValue": "32824881841.75",
    "fundingIntervalHour": "8", "fundingCap": "0.005",
    "nextFundingTime": "1760342400000", "fundingRate": "-0.005",
    "bid1Price": "66666.60", "bid1Size": "23789.165",
    "ask1Price": "66666.70", "ask1Size": "23775.469",
    "preOpenPrice": "", "preQty": "", "curPreListingPhase": ""
  },
  "cs": 9532239429,
  "ts": 1760325052630
}"""
FUTURE = """{
  "topic": "tickers.BTC-26DEC25",
  "type": "snapshot",
  "data": {
    "symbol": "BTC-26DEC25", "markPrice": "121144.63", "indexPrice": "114132.51",
    "openInterest": "6.622", "deliveryTime": "2025-12-26T08:00:00Z",
    "basis": "-4730.84", "nextFundingTime": "", "fundingRate": "",
    "bid1Price": "111254.50", "bid1Size": "0.176"
  },
  "cs": 31337927919,
  "ts": 1760409119857
}"""
SPOT_TICKER = """{
    "topic": "tickers.BTCUSDT",
    "ts": 1673853746003,
    "type": "snapshot",
    "cs": 2588407389,
    "data": {"symbol": "BTCUSDT", "lastPrice": "21109.77", "usdIndexPrice": "21120.24"}
}"""
EXAMPLES = [TRADE, SNAPSHOT, DELTA, TOP, PERPETUAL, SPOT_TICKER]

TRADED = Trade(
    venue="bybit_spot",
    symbol="BTC-USDT",
    event_ns=1_672_304_486_865 * MS,
    received_ns=NOW_NS,
    trade_id="20f43950-d8dd-5b31-9112-a178eb6023af",
    price=16578.5,
    quantity=0.001,
    side=Side.BUY,
)
TOPPED = Top(
    venue="bybit_spot",
    symbol="BTC-USDT",
    event_ns=1_672_304_484_976 * MS,
    received_ns=NOW_NS,
    sequence=7_961_638_724,
    bid=16493.5,
    bid_quantity=0.006,
    ask=16611.0,
    ask_quantity=0.029,
)
WHOLE = BookSnapshot(
    venue="bybit_spot",
    symbol="BTC-USDT",
    event_ns=1_672_304_484_976 * MS,
    received_ns=NOW_NS,
    sequence=18_521_288,
    bids=((16493.5, 0.006), (16493.0, 0.1)),
    asks=((16611.0, 0.029), (16612.0, 0.213)),
    depth=50,
)
CHANGED = BookDelta(
    venue="bybit_spot",
    symbol="BTC-USDT",
    event_ns=1_687_940_967_464 * MS,
    received_ns=NOW_NS,
    first_sequence=177_400_507,
    sequence=177_400_507,
    previous=177_400_506,
    bids=((30247.2, 30.028), (30240.0, 0.0)),
    asks=((30248.7, 0.0), (30249.3, 0.892)),
)


def parse(data: str | bytes, market: Any = bybit_spot, **more: Any) -> Parsed:
    text = {"data": data} if isinstance(data, str) else {"b64": data}
    place = {"venue": market.VENUE, "connection": "c", "line": "a"}
    values = {"kind": FrameKind.WS, "url": "", "received_ns": NOW_NS, **place, **text}
    said: Parsed = market.parse(Frame(**{**values, **more}), Line())
    return said


def compact(raw: str) -> str:
    return msgspec.json.format(raw, indent=-1)


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize(
    ("raw", "record", "venue_ms"),
    [
        (TRADE, TRADED, 1_672_304_486_868),
        (TOP, TOPPED, 1_672_304_484_978),
        (SNAPSHOT, WHOLE, 1_672_304_484_978),
        (DELTA, CHANGED, 1_687_940_967_466),
    ],
)
def test_a_channel_is_read_on_both_markets_however_it_is_spaced(
    market: Any, raw: str, record: Any, venue_ms: int
) -> None:
    expected = msgspec.structs.replace(
        record, venue=market.VENUE, symbol=SYMBOLS[market]
    )
    for text in (raw, compact(raw), raw.encode(), compact(raw).encode()):
        said = parse(text, market)
        assert list(said.events) == [expected]
        assert said.venue_ns == venue_ms * MS


def test_a_message_of_several_trades_is_read_in_its_order() -> None:
    message = json.loads(TRADE)
    (first,) = message["data"]
    message["data"].append({**first, "S": "Sell", "i": "2290000000001"})
    events = parse(json.dumps(message)).events
    sold = msgspec.structs.replace(TRADED, side=Side.SELL, trade_id="2290000000001")
    assert list(events) == [TRADED, sold]


def test_a_book_without_the_time_of_its_match_is_dated_by_its_sending() -> None:
    (event,) = parse(SNAPSHOT.replace('"cts"', '"other"')).events
    assert event == msgspec.structs.replace(WHOLE, event_ns=1_672_304_484_978 * MS)


def test_a_restart_of_the_venue_brings_a_whole_book_whatever_it_calls_it() -> None:
    for kind in ("snapshot", "delta"):
        raw = SNAPSHOT.replace("18521288", "1").replace('"snapshot"', f'"{kind}"')
        (event,) = parse(raw).events
        assert event == msgspec.structs.replace(WHOLE, sequence=1)


def test_a_perpetual_has_a_mark_and_funding() -> None:
    mark = Mark(
        venue="bybit_linear",
        symbol="BTC-USDT-PERP",
        event_ns=1_760_325_052_630 * MS,
        received_ns=NOW_NS,
        mark=66666.6,
        index=115418.19,
        funding_rate=-0.005,
        next_funding_ns=1_760_342_400_000 * MS,
        open_interest=492373.72,
    )
    said = parse(PERPETUAL, bybit_linear)
    assert said == Parsed((mark,), 1_760_325_052_630 * MS)


def test_a_dated_future_has_a_mark_and_no_funding() -> None:
    mark = Mark(
        venue="bybit_linear",
        symbol="BTC-USDC-251226",
        event_ns=1_760_409_119_857 * MS,
        received_ns=NOW_NS,
        mark=121144.63,
        index=114132.51,
        open_interest=6.622,
    )
    assert parse(FUTURE, bybit_linear).events == (mark,)


def test_a_change_of_a_ticker_says_only_what_has_changed() -> None:
    raw = (
        '{"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":"BTCUSDT",'
        '"fundingRate":"0","bid1Price":"1"},"cs":1,"ts":1760325052730}'
    )
    mark = Mark(
        venue="bybit_linear",
        symbol="BTC-USDT-PERP",
        event_ns=1_760_325_052_730 * MS,
        received_ns=NOW_NS,
        funding_rate=0.0,
    )
    assert parse(raw, bybit_linear).events == (mark,)
    unchanged = parse(raw.replace("fundingRate", "lastPrice"), bybit_linear)
    ignored = "ticker without a mark"
    assert unchanged == Parsed((), 1_760_325_052_730 * MS, ignored)


BUY_SIDE = '"b": [["16493.50", "0.006"], ["16493.00", "0.100"]]'


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        # Pongs and acknowledgements of spot, linear, options; refusals as seen.
        ('{"success":true,"ret_msg":"pong","conn_id":"0970e","op":"ping"}', "pong"),
        ('{"success":true,"ret_msg":"pong","req_id":"","op":"ping"}', "pong"),
        ('{"args":["1672916271846"],"op":"pong"}', "pong"),
        (
            '{"success":true,"ret_msg":"subscribe","conn_id":"2","req_id":"10001",'
            '"op":"subscribe"}',
            "acknowledgement",
        ),
        (
            '{"success":true,"ret_msg":"","req_id":"","op":"unsubscribe"}',
            "acknowledgement",
        ),
        (
            '{"success":true,"conn_id":"a","data":{"failTopics":[],"successTopics":[]},'
            '"type":"COMMAND_RESP"}',
            "acknowledgement",
        ),
        (
            '{"success":false,"ret_msg":"args size >10","conn_id":"0",'
            '"op":"subscribe"}',
            "error reply",
        ),
        (
            '{"success":false,"ret_msg":"error:handler not found,topic:nonsense.X",'
            '"op":"subscribe"}',
            "error reply",
        ),
        ('{"topic":"kline.5.BTCUSDT","data":[],"ts":1,"type":"snapshot"}', "kline"),
        ('{"topic":"allLiquidation.ROSEUSDT","data":[]}', "allLiquidation"),
        ('{"type":"snapshot","topic":"priceLimit.BTCUSDT"}', "priceLimit"),
        ('{"topic":"orderbook.rpi.BTCUSDT","type":"snapshot"}', "orderbook.rpi"),
        ('{"topic":"orderbook.full.MNTUSDT","type":"delta"}', "orderbook.full"),
        (SPOT_TICKER, "ticker without a mark"),
        (TOP.replace(BUY_SIDE, '"b": []'), "one-sided top"),
        (TOP.replace('"snapshot"', '"delta"'), "change of the top"),
    ],
)
def test_what_deliberately_yields_nothing_says_why(raw: str, reason: str) -> None:
    said = parse(raw)
    assert (said.events, said.ignored) == ((), reason)


@pytest.mark.parametrize("market", MARKETS)
def test_replies_show_only_that_the_connection_lives(market: Any) -> None:
    for raw in ('{"success":true,"op":"ping"}', '{"op":"subscribe","success":false}'):
        assert any(marker in raw for marker in market.IDLE)
    for raw in EXAMPLES:
        assert not any(marker in compact(raw) for marker in market.IDLE)


def test_what_is_fetched_yields_nothing() -> None:
    said = parse("{}", kind=FrameKind.REST)
    assert said == Parsed(ignored="fetched")


NUMBERS = ["nan", "inf", "-inf", "1e999", "1e151", "0x1", "", "1,5", "1_0", "true"]


@pytest.mark.parametrize(
    ("raw", "old", "new", "told"),
    [
        *[(TRADE, "16578.50", bad, r"at `\$\.data\[0\]\.p`") for bad in NUMBERS],
        *[(TRADE, "0.001", bad, r"at `\$\.data\[0\]\.v`") for bad in NUMBERS],
        *[(SNAPSHOT, "0.029", bad, r"\$\.data\.a\[0\]\[1\]") for bad in NUMBERS],
        *[(PERPETUAL, "-0.005", b, "fundingRate") for b in NUMBERS if b],
        (TRADE, '"16578.50"', "1e999", "out of range"),
        (TRADE, '"16578.50"', "null", r"at `\$\.data\[0\]\.p`"),
        (TRADE, "1672304486865", "-1", r">= 0 - at `\$\.data\[0\]\.T`"),
        (TRADE, "1672304486868", "9223372036854775807", r"at `\$\.ts`"),
        (TRADE, '"Buy"', '"Hold"', "Invalid enum value 'Hold'"),
        (TRADE, '"i"', '"j"', "missing required field `i`"),
        (TRADE, '"T"', '"t"', "missing required field `T`"),
        (TRADE, "publicTrade.", "publicTrades.", "unknown channel `publicTrades`"),
        (TRADE, "publicTrade.", "", "unknown channel `BTCUSDT`"),
        (TRADE, "BTCUSDT", "BTCXYZ", "unknown symbol `BTCXYZ`"),
        (TRADE, "BTCUSDT", "btcusdt", "unknown symbol `btcusdt`"),
        (TRADE, "BTCUSDT", "USDT", "unknown symbol `USDT`"),
        (TRADE, "BTCUSDT", "B" * 9_999, "unknown symbol `B{40}`"),
        (SNAPSHOT, "50.", "fifty.", "unknown channel `orderbook.fifty`"),
        (SNAPSHOT, "50.", "99999.", "unknown channel `orderbook.99999`"),
        (SNAPSHOT, '"u": 18521288', '"u": 9223372036854775808', r"\$\.data\.u"),
        (SNAPSHOT, '"u": 18521288,', "", "missing required field `u`"),
        (SNAPSHOT, '"type": "snapshot"', '"type": "whole"', "Invalid enum value"),
        (SNAPSHOT, '["16493.00", "0.100"]', '["1"]', r"\$\.data\.b\[1\]"),
        (TRADE, TRADE, "{}", "neither a topic"),
        (TRADE, TRADE, '{"op":"order.create"}', "neither a topic"),
        (TRADE, TRADE, "[]", "Expected `object`"),
        (TRADE, TRADE, "pong", "malformed"),
        (TRADE, TRADE, TRADE[:-1], "truncated"),
        (TRADE, TRADE, '{"topic":"kline.5.BTCUSDT",', "truncated"),
        (TRADE, TRADE, "", "truncated"),
    ],
)
def test_a_mistake_is_named(raw: str, old: str, new: str, told: str) -> None:
    assert old in raw
    bent = raw.replace(old, new, 1)
    market = bybit_linear if raw is PERPETUAL else bybit_spot
    for text in (bent, bent.encode()):
        with pytest.raises(UNREADABLE, match=told):
            parse(text, market)
    with pytest.raises(UNREADABLE):
        parse(bent.encode() + b"\xff", market)


def test_a_frame_of_two_topics_is_refused() -> None:
    raw = compact(TRADE)[:-1] + ',"topic":"publicTrade.ETHUSDT"}'
    with pytest.raises(NotARecordError, match=r"also `publicTrade\.ETHUSDT`"):
        parse(raw)


@CALM
@given(st.data())
def test_mutated_frames_raise_nothing_but_what_is_documented(
    data: st.DataObject,
) -> None:
    raw = data.draw(st.sampled_from(EXAMPLES).map(compact))
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 12)))
    patch = data.draw(st.sampled_from(['"', "{", "[", "null", "-", "9" * 20, "é"]))
    patch = data.draw(st.one_of(st.just(patch), st.text(max_size=8)))
    bent = (raw[:start] + patch + raw[end:]).encode(errors="replace")
    for market in MARKETS:
        try:
            said = parse(bent, market)
        except UNREADABLE:
            continue
        assert said.events or said.ignored or '"data":[]' in bent.decode()


bases = st.from_regex(r"[A-Z0-9]{1,10}", fullmatch=True)


@CALM
@given(bases, st.sampled_from(["USDT", "USDC", "BTC", "EUR", "BRL", "MNT"]))
def test_spot_names_are_each_others_inverse(base: str, quote: str) -> None:
    name = bybit_spot.canonical(base + quote)
    assert bybit_spot.native(name) == base + quote
    assert name.count("-") == 1


@pytest.mark.parametrize(
    ("native", "canonical"),
    [
        ("BTCUSDT", "BTC-USDT-PERP"),
        ("1000PEPEUSDT", "1000PEPE-USDT-PERP"),
        ("PERPUSDT", "PERP-USDT-PERP"),
        ("BTCPERP", "BTC-USDC-PERP"),
        ("BTCUSDT-21FEB25", "BTC-USDT-250221"),
        ("DOGEUSDT-03JUL26", "DOGE-USDT-260703"),
        ("BTC-27DEC24", "BTC-USDC-241227"),
    ],
)
def test_contracts_are_named_both_ways(native: str, canonical: str) -> None:
    assert bybit_linear.canonical(native) == canonical
    assert bybit_linear.native(canonical) == native


@CALM
@given(bases, st.sampled_from(["USDT", "PERP"]), st.dates())
def test_contract_names_are_each_others_inverse(base: str, end: str, date: Any) -> None:
    name = base + end
    assert bybit_linear.native(bybit_linear.canonical(name)) == name
    dated = f"{base}{'USDT' if end == 'USDT' else ''}-{date:%d%b%y}".upper()
    assert bybit_linear.native(bybit_linear.canonical(dated)) == dated


@pytest.mark.parametrize(
    "name",
    [
        *("BTCUSD", "BTC-32DEC24", "BTC-27DEZ24", "BTC-27DEC2024", "BTC-0DEC24"),
        *("USDT", "PERP", "-27DEC24", "BTC-6JAN23-17500-C", "btcusdt", ""),
    ],
)
def test_what_is_no_linear_contract_has_no_name(name: str) -> None:
    with pytest.raises(NotARecordError, match="unknown symbol"):
        bybit_linear.canonical(name)


@pytest.mark.parametrize(("market", "most"), [(bybit_spot, 10), (bybit_linear, 100)])
def test_500_symbols_are_subscribed_to_within_the_limits(
    market: Any, most: int
) -> None:
    term = "-PERP" if market is bybit_linear else ""
    symbols = [f"1000BABYDOGE{number}-USDT{term}" for number in range(500)]
    messages = market.subscribe(symbols, market.CHANNELS)
    requests = [json.loads(message) for message in messages]
    assert {request["op"] for request in requests} == {"subscribe"}
    assert all(1 <= len(request["args"]) <= most for request in requests)
    assert all(len(message) < 21_000 for message in messages)
    topics = [topic for request in requests for topic in request["args"]]
    assert len(topics) == len(set(topics)) == 500 * len(market.CHANNELS)
    connection = topics[: market.LIMITS.streams]
    assert len(json.dumps(connection)) <= 21_000
    assert market.subscribe([], market.CHANNELS) == []


def test_requests_are_spelt_as_the_venue_does() -> None:
    (message,) = bybit_linear.subscribe(["BTC-USDC-PERP"], ["orderbook.1", "tickers"])
    assert json.loads(message) == {
        "req_id": "1",
        "op": "subscribe",
        "args": ["orderbook.1.BTCPERP", "tickers.BTCPERP"],
    }
    assert [json.loads(each) for each in bybit_spot.resync("BTC-USDT")] == [
        {"req_id": "1", "op": "unsubscribe", "args": ["orderbook.200.BTCUSDT"]},
        {"req_id": "1", "op": "subscribe", "args": ["orderbook.200.BTCUSDT"]},
    ]
    assert json.loads(bybit_spot.PING.text) == {"op": "ping"}
    assert bybit_spot.PING.every_s <= 20


LINEAR_LIST = b"""{"retCode": 0, "retMsg": "OK", "result": {"list": [
  {"symbol": "BTCUSDT", "contractType": "LinearPerpetual", "status": "Trading",
   "baseCoin": "BTC", "quoteCoin": "USDT", "deliveryTime": "0",
   "priceFilter": {"minPrice": "0.10", "maxPrice": "1999999.80", "tickSize": "0.10"},
   "lotSizeFilter": {"maxOrderQty": "1190.000", "minOrderQty": "0.001",
     "qtyStep": "0.001", "minNotionalValue": "5"}, "preListingInfo": null},
  {"symbol": "BIOUSDT", "status": "PreLaunch", "baseCoin": "BIO", "quoteCoin": "USDT",
   "priceFilter": {"tickSize": "0.0001"}, "lotSizeFilter": {"qtyStep": "1"}},
  {"symbol": "BTCUSDH23", "status": "Trading", "baseCoin": "BTC", "quoteCoin": "USD",
   "priceFilter": {"tickSize": "0.5"}, "lotSizeFilter": {"qtyStep": "1"}}
  ], "nextPageCursor": ""}, "retExtInfo": {}, "time": 1735809771618}"""
SPOT_LIST = b"""{"retCode": 0, "result": {"category": "spot", "list": [
  {"symbolId": 9, "symbol": "BTCUSDT", "baseCoin": "BTC", "quoteCoin": "USDT",
   "status": "Trading", "lotSizeFilter": {"basePrecision": "0.000001",
     "quotePrecision": "0.0000001", "minOrderQty": "0.000011", "minOrderAmt": "5"},
   "priceFilter": {"tickSize": "0.1"}}]}}"""


def test_the_list_of_contracts_is_read() -> None:
    first, second = bybit_linear.instruments(LINEAR_LIST)
    assert first == Instrument(
        venue="bybit_linear",
        symbol="BTC-USDT-PERP",
        native="BTCUSDT",
        base="BTC",
        quote="USDT",
        tick_size=Decimal("0.10"),
        lot_size=Decimal("0.001"),
        min_quantity=Decimal("0.001"),
        min_notional=Decimal(5),
    )
    assert (second.symbol, second.status) == ("BIO-USDT-PERP", Status.HALTED)
    assert bybit_linear.instruments_path().endswith("?category=linear&limit=1000")


def test_the_list_of_spot_markets_is_read() -> None:
    assert bybit_spot.instruments(SPOT_LIST) == [
        Instrument(
            venue="bybit_spot",
            symbol="BTC-USDT",
            native="BTCUSDT",
            base="BTC",
            quote="USDT",
            tick_size=Decimal("0.1"),
            lot_size=Decimal("0.000001"),
            min_notional=Decimal(5),
        )
    ]
    assert bybit_spot.instruments_path().endswith("?category=spot&limit=1000")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"retCode":10001,"retMsg":"params error","result":{}}', "params error"),
        (b'{"retCode":0,"result":{}}', "missing required field `list`"),
        (SPOT_LIST.replace(b'"0.1"', b'"NaN"'), "tickSize"),
        (SPOT_LIST.replace(b'"0.1"', b'"1e9"'), "tickSize"),
        (b"[]", "Expected `object`"),
        (b"", "truncated"),
    ],
)
def test_what_is_no_list_is_refused(body: bytes, told: str) -> None:
    with pytest.raises(UNREADABLE, match=told):
        bybit_spot.instruments(body)


@pytest.mark.parametrize("market", MARKETS)
def test_both_markets_offer_what_a_venue_does(market: Any) -> None:
    venue: Venue = market
    assert venue.URL.startswith("wss://stream.bybit.com/v5/public/")
    assert venue.REST_URL == "https://api.bybit.com"
    assert venue.snapshot_path(SYMBOLS[market]) is None
    assert venue.LIMITS.connects_per_minute <= 100
