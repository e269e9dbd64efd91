"""What Binance documents is read, and what is left out or wrong is named."""

import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.venues import VENUES, binance
from operators.market.decode import Line, Parsed
from operators.records.base import UNREADABLE, Side
from operators.records.frame import Frame, FrameKind
from operators.records.market import BookDelta, BookSnapshot, Top, Trade
from operators.records.time import MS

CALM = settings(deadline=None, suppress_health_check=list(HealthCheck))

NOW_NS = 1_723_161_254_087_896_568
VENUE_NS = 1_723_161_255_000 * MS
STAMP = {"venue": "binance", "symbol": "BTC-USDT", "received_ns": NOW_NS}

TRADE = (
    '{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000",'
    '"q":"0.02000000","T":1723161255342,"m":true,"M":true}'
)
AGG_TRADE = (
    '{"e":"aggTrade","E":1723161255343,"s":"BTCUSDT","a":12345,"p":"0.001","q":"100",'
    '"f":100,"l":105,"T":1723161255300,"m":false,"M":true}'
)
TICKER = (
    '{"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000",'
    '"a":"61837.64000000","A":"1.54698000"}'
)
DEPTH = (
    '{"e":"depthUpdate","E":1723161255308,"s":"BTCUSDT","U":50093239203,'
    '"u":50093239207,"b":[["55653.87000000","0.00000000"]],'
    '"a":[["61838.04000000","0.32332000"],["61844.30000000","0.40163000"]]}'
)
BOOK = (
    '{"lastUpdateId":50093239218,"bids":[["61837.63000000","3.78826000"]],'
    '"asks":[["61837.64000000","1.6"],["61837.65","0.1"]]}'
)
KLINE = '{"e":"kline","E":1638747660000,"s":"BTCUSDT","k":{"i":"1m","o":"0.001"}}'
URL = "https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=1000"

TRADED = Trade(
    **STAMP,
    event_ns=1_723_161_255_342 * MS,
    trade_id="3735683259",
    sequence=3_735_683_259,
    price=61837.63,
    quantity=0.02,
    side=Side.SELL,
)
AGGREGATED = Trade(
    **STAMP,
    event_ns=1_723_161_255_300 * MS,
    trade_id="agg-12345",
    sequence=12_345,
    price=0.001,
    quantity=100.0,
    side=Side.BUY,
)
TOPPED = Top(
    **STAMP,
    event_ns=VENUE_NS,
    sequence=50_093_239_212,
    bid=61837.63,
    bid_quantity=3.78826,
    ask=61837.64,
    ask_quantity=1.54698,
)
CHANGED = BookDelta(
    **STAMP,
    event_ns=1_723_161_255_308 * MS,
    first_sequence=50_093_239_203,
    sequence=50_093_239_207,
    previous=50_093_239_202,
    bids=((55653.87, 0.0),),
    asks=((61838.04, 0.32332), (61844.3, 0.40163)),
)
WHOLE = BookSnapshot(
    **STAMP,
    event_ns=VENUE_NS,
    sequence=50_093_239_218,
    bids=((61837.63, 3.78826),),
    asks=((61837.64, 1.6), (61837.65, 0.1)),
    fetched=True,
)
ONE_SYMBOL = Line(VENUE_NS, {"BTC-USDT": None})


def parse(data: str | bytes, line: Line = ONE_SYMBOL, **more: Any) -> Parsed:
    text = {"data": data} if isinstance(data, str) else {"b64": data}
    place = {"venue": "binance", "connection": "c", "line": "a", "received_ns": NOW_NS}
    values = {"kind": FrameKind.WS, "url": "", **place, **text, **more}
    return binance.parse(Frame(**values), line)


def fetched(data: str, url: str, line: Line = ONE_SYMBOL) -> Parsed:
    return parse(data, line, kind=FrameKind.REST, url=url)


@pytest.mark.parametrize(
    ("raw", "record", "venue_ms"),
    [
        (TRADE, TRADED, 1_723_161_255_343),
        (AGG_TRADE, AGGREGATED, 1_723_161_255_343),
        (TICKER, TOPPED, None),
        (DEPTH, CHANGED, 1_723_161_255_308),
    ],
    ids=["trade", "aggTrade", "bookTicker", "depthUpdate"],
)
def test_a_channel_is_read_bare_and_in_an_envelope_as_text_and_as_bytes(
    raw: str, record: Any, venue_ms: int | None
) -> None:
    said = Parsed((record,), venue_ms and venue_ms * MS)
    for text in (raw, f'{{"stream":"btcusdt@x","data":{raw}}}'):
        assert parse(text) == said
        assert parse(text.encode()) == said


def test_the_aggressor_buys_where_the_maker_sells() -> None:
    (event,) = parse(TRADE.replace('"m":true', '"m":false')).events
    assert event == msgspec.structs.replace(TRADED, side=Side.BUY)


def test_what_the_venue_does_not_date_is_dated_by_its_clock_else_by_arrival() -> None:
    (event,) = parse(TICKER, Line()).events
    assert event == msgspec.structs.replace(TOPPED, event_ns=NOW_NS)


def test_a_fetched_book_is_of_the_symbol_in_its_url_or_of_the_lines_only_one() -> None:
    assert fetched(BOOK, URL, Line(VENUE_NS)) == Parsed((WHOLE,))
    assert fetched(BOOK, "") == Parsed((WHOLE,))
    for symbols in ({}, {"BTC-USDT": None, "ETH-USDT": None}):
        with pytest.raises(UNREADABLE, match=f"a line of {len(symbols)} symbols"):
            fetched(BOOK, "", Line(VENUE_NS, symbols))
    with pytest.raises(UNREADABLE, match="Invalid IPv6 URL - at `url`"):
        fetched(BOOK, "http://[x/depth?symbol=BTCUSDT")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ('{"result":null,"id":1}', "acknowledgement"),
        ('{"result":["btcusdt@trade"],"id":3}', "acknowledgement"),
        ('{"error":{"code":2,"msg":"Invalid request"},"id":1}', "error reply"),
        (KLINE, "kline"),
        (f'{{"stream":"btcusdt@kline_1m","data":{KLINE}}}', "kline"),
    ],
)
def test_what_deliberately_yields_nothing_says_why(raw: str, reason: str) -> None:
    assert parse(raw) == Parsed(ignored=reason)


def test_what_else_is_fetched_yields_nothing_and_is_named_by_its_path() -> None:
    assert fetched("{}", "https://x/api/v3/time") == Parsed(ignored="/api/v3/time")


NUMBERS = ["nan", "inf", "-inf", "1e999", "1e151", "0x1", "", "1,5", "true"]


@pytest.mark.parametrize(
    ("raw", "old", "new", "told"),
    [
        *[(TRADE, "61837.63000000", bad, r"at `\$\.p`") for bad in NUMBERS],
        *[(TRADE, "0.02000000", bad, r"at `\$\.q`") for bad in NUMBERS],
        *[(TICKER, "3.78826000", bad, r"at `\$\.B`") for bad in NUMBERS],
        *[(DEPTH, "0.32332000", bad, r"at `\$\.a\[0\]\[1\]`") for bad in NUMBERS],
        (TRADE, '"61837.63000000"', "1e999", r"out of range - at `\$\.p`"),
        (TRADE, "1723161255342", "-1", r">= 0 - at `\$\.T`"),
        (TRADE, "1723161255342", "9223372036854775807", r"at `\$\.T`"),
        (TRADE, "3735683259", "9223372036854775808", r"at `\$\.t`"),
        (TRADE, "3735683259", '"x"', r"at `\$\.t`"),
        (TRADE, '"t":3735683259,', "", "missing required field `t`"),
        (TRADE, '"T":1723161255342,', "", "missing required field `T`"),
        (TRADE, '"m":true', '"m":"maybe"', r"at `\$\.m`"),
        (TRADE, '"trade"', '"trades"', "unknown channel `trades`"),
        (TRADE, '"trade"', "7", r"Expected `str`, got `int` - at `\$\.e`"),
        (TRADE, "BTCUSDT", "BTCXYZ", "unknown symbol `BTCXYZ`"),
        (TRADE, "BTCUSDT", "btcusdt", "unknown symbol `btcusdt`"),
        (TRADE, "BTCUSDT", "USDT", "unknown symbol `USDT`"),
        (TRADE, "BTCUSDT", "B" * 9_999, "unknown symbol `B{40}`"),
        (TICKER, '"u":50093239212,', "", "missing required field `u`"),
        (TICKER, '"b":"61837.63000000",', "", "neither an event"),
        (DEPTH, '"U":50093239203,', "", "missing required field `U`"),
        (DEPTH, '["55653.87000000","0.00000000"]', '["1"]', r"at `\$\.b\[0\]`"),
        (DEPTH, DEPTH, "{}", "neither an event"),
        (DEPTH, DEPTH, "[]", "Expected `object`"),
        (DEPTH, DEPTH, '{"data":null}', "Expected `object`"),
        (DEPTH, DEPTH, DEPTH[:-1], "truncated"),
        (DEPTH, DEPTH, "", "truncated"),
    ],
)
def test_a_mistake_is_named(raw: str, old: str, new: str, told: str) -> None:
    assert old in raw
    with pytest.raises(UNREADABLE, match=told):
        parse(raw.replace(old, new, 1))


def test_the_largest_price_times_the_largest_quantity_is_still_a_number() -> None:
    raw = TRADE.replace("61837.63000000", "1e150").replace("0.02000000", "1e150")
    (trade,) = parse(raw).events
    assert math.isfinite(trade.price * trade.quantity)


names = st.from_regex(r"[A-Z0-9]{1,10}", fullmatch=True)


@CALM
@given(names, st.sampled_from(["USDT", "FDUSD", "BTC", "TRY", "EUR"]))
def test_canonical_and_native_are_each_others_inverse(base: str, quote: str) -> None:
    name = binance.canonical(base + quote)
    assert binance.native(name) == base + quote
    assert (name.endswith(quote), name.count("-")) == (True, 1)


def test_the_longest_quote_wins() -> None:
    assert binance.canonical("BTCFDUSD") == "BTC-FDUSD"
    assert binance.canonical("TUSDUSDT") == "TUSD-USDT"
    assert binance.canonical("币安人生USDT") == "币安人生-USDT"


def test_subscriptions_are_spelt_as_the_venue_does() -> None:
    (message,) = binance.subscribe(["BTC-USDT", "ETH-BTC"], ["trade", "depth@100ms"])
    names = "btcusdt@trade btcusdt@depth@100ms ethbtc@trade ethbtc@depth@100ms"
    said = {"method": "SUBSCRIBE", "params": names.split(), "id": 1}
    assert json.loads(message) == said
    assert binance.subscribe([], binance.CHANNELS) == []


@CALM
@given(st.integers(0, 900))
def test_long_subscriptions_come_in_messages_of_bounded_length(count: int) -> None:
    symbols = [f"A{number}-USDT" for number in range(count)]
    messages = [json.loads(each) for each in binance.subscribe(symbols, ["trade"])]
    assert [m["id"] for m in messages] == list(range(1, len(messages) + 1))
    assert all(1 <= len(m["params"]) <= 200 for m in messages)
    streams = [stream for message in messages for stream in message["params"]]
    assert streams == [f"a{number}usdt@trade" for number in range(count)]


def test_a_book_is_fetched_by_the_native_name_and_read_by_its_own_url() -> None:
    path = VENUES["binance"].snapshot_path("BTC-USDT")
    assert path == "/api/v3/depth?symbol=BTCUSDT&limit=1000"
    assert fetched(BOOK, f"https://x{path}", Line(VENUE_NS)) == Parsed((WHOLE,))
