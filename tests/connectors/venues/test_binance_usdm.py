"""What Binance documents of USD-M futures is read, and what is wrong is named."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.venues import binance_usdm
from connectors.venues.venue import Venue
from operators.market.decode import Line, Parsed
from operators.records.base import UNREADABLE, NotARecordError, Side
from operators.records.frame import Frame, FrameKind
from operators.records.instrument import Instrument, Status
from operators.records.market import BookDelta, BookSnapshot, Mark, Top, Trade
from operators.records.time import MS

CALM = settings(deadline=None, suppress_health_check=list(HealthCheck))

VENUE: Venue = binance_usdm
NOW_NS = 1_626_992_741_062_170_112
VENUE_NS = 1_626_992_741_000 * MS
STAMP: dict[str, Any] = {
    "venue": "binance_usdm",
    "symbol": "BTC-USDT-PERP",
    "received_ns": NOW_NS,
}

AGG_TRADE = (
    '{"e":"aggTrade","E":1626992741575,"s":"BTCUSDT","a":5933014,"p":"0.001","q":"100",'
    '"nq":"90","f":100,"l":105,"T":1626992741421,"m":true,"st":1}'
)
TRADE = (
    '{"e":"trade","E":1626992741490,"T":1626992741486,"s":"BTCUSDT","t":3493102749,'
    '"p":"27785.00","q":"0.014","X":"MARKET","m":false}'
)
TICKER = (
    '{"e":"bookTicker","u":400900217,"s":"BTCUSDT","b":"25.35190000","B":"31.21000000",'
    '"a":"25.36520000","A":"40.66000000","T":1626992741012,"E":1626992741017}'
)
DEPTH = (
    '{"e":"depthUpdate","E":1626992741140,"T":1626992741123,"s":"BTCUSDT","U":157,'
    '"u":160,"pu":149,"b":[["0.0024","10"]],"a":[["0.0026","100"],["0.0027","0"]]}'
)
MARK = (
    '{"e":"markPriceUpdate","E":1626992741000,"s":"BTCUSDT","p":"11794.15000000",'
    '"ap":"11794.1","i":"11784.62659091","P":"11784.25641265","r":"0.00038167",'
    '"T":1627027200000}'
)
BOOK = (
    '{"lastUpdateId":1027024,"E":1626992741264,"T":1626992741261,'
    '"bids":[["4.00000000","431.00000000"]],"asks":[["4.00000200","12.00000000"]]}'
)
FORCED = (
    '{"e":"forceOrder","E":1568014460893,"o":{"s":"BTCUSDT","S":"SELL","o":"LIMIT",'
    '"f":"IOC","q":"0.014","p":"9910","ap":"9910","X":"FILLED","l":"0.014",'
    '"z":"0.014","T":1568014460893}}'
)
DATED = STAMP | {"symbol": "BTC-USDT-211231"}

AGGREGATED = Trade(
    **STAMP,
    event_ns=1_626_992_741_421 * MS,
    trade_id="agg-5933014",
    sequence=5_933_014,
    price=0.001,
    quantity=100.0,
    side=Side.SELL,
)
TRADED = Trade(
    **STAMP,
    event_ns=1_626_992_741_486 * MS,
    trade_id="3493102749",
    sequence=3_493_102_749,
    price=27785.0,
    quantity=0.014,
    side=Side.BUY,
)
TOPPED = Top(
    **STAMP,
    event_ns=1_626_992_741_012 * MS,
    sequence=400_900_217,
    bid=25.3519,
    bid_quantity=31.21,
    ask=25.3652,
    ask_quantity=40.66,
)
CHANGED = BookDelta(
    **STAMP,
    event_ns=1_626_992_741_123 * MS,
    first_sequence=157,
    sequence=160,
    previous=149,
    bids=((0.0024, 10.0),),
    asks=((0.0026, 100.0), (0.0027, 0.0)),
)
MARKED = Mark(
    **STAMP,
    event_ns=1_626_992_741_000 * MS,
    mark=11794.15,
    index=11784.62659091,
    funding_rate=0.00038167,
    next_funding_ns=1_627_027_200_000 * MS,
)
WHOLE = BookSnapshot(
    **STAMP,
    event_ns=1_626_992_741_261 * MS,
    sequence=1_027_024,
    bids=((4.0, 431.0),),
    asks=((4.000002, 12.0),),
    fetched=True,
)
EVENTS = [AGG_TRADE, TRADE, TICKER, DEPTH, MARK]


def parse(data: str | bytes, line: Line | None = None, **more: Any) -> Parsed:
    text = {"data": data} if isinstance(data, str) else {"b64": data}
    place = {"venue": "binance_usdm", "connection": "c", "line": "a"}
    values: dict[str, Any] = {
        "kind": FrameKind.WS,
        "url": "",
        "received_ns": NOW_NS,
        **place,
        **text,
    }
    return VENUE.parse(Frame(**(values | more)), line or Line(VENUE_NS))


@pytest.mark.parametrize(
    ("raw", "record", "venue_ms"),
    [
        (AGG_TRADE, AGGREGATED, 1_626_992_741_575),
        (TRADE, TRADED, 1_626_992_741_490),
        (TICKER, TOPPED, 1_626_992_741_017),
        (DEPTH, CHANGED, 1_626_992_741_140),
        (MARK, MARKED, 1_626_992_741_000),
    ],
    ids=["aggTrade", "trade", "bookTicker", "depthUpdate", "markPriceUpdate"],
)
def test_a_channel_is_read_bare_and_in_an_envelope_as_text_and_as_bytes(
    raw: str, record: Any, venue_ms: int
) -> None:
    said = Parsed((record,), venue_ms * MS)
    turned = f'{{"data":{raw},"stream":"btcusdt@x"}}'
    for text in (raw, f'{{"stream":"btcusdt@x","data":{raw}}}', turned, f" {raw}"):
        assert parse(text) == said
        assert parse(text.encode()) == said


def test_a_fetched_book_is_dated_by_itself_and_moves_no_clock_of_the_line() -> None:
    url = "https://fapi.binance.com/fapi/v1/depth?symbol=BTCUSDT&limit=1000"
    assert parse(BOOK, kind=FrameKind.REST, url=url) == Parsed((WHOLE,))
    path = VENUE.snapshot_path("BTC-USDT-PERP")
    assert path == "/fapi/v1/depth?symbol=BTCUSDT&limit=1000"
    path = VENUE.snapshot_path("BTC-USDT-211231")
    assert path == "/fapi/v1/depth?symbol=BTCUSDT_211231&limit=1000"
    with pytest.raises(UNREADABLE, match="on a line of 0 symbols"):
        parse(BOOK, kind=FrameKind.REST)


def test_a_dated_contract_has_no_funding() -> None:
    raw = MARK.replace("BTCUSDT", "BTCUSDT_211231").replace("0.00038167", "")
    (mark,) = parse(raw.replace("1627027200000", "0")).events
    assert mark == Mark(**DATED, event_ns=VENUE_NS, mark=11794.15, index=11784.62659091)


@pytest.mark.parametrize("kind", ["INSURANCE_FUND", "NA", "ADL"])
def test_what_is_no_trade_of_the_market_is_ignored(kind: str) -> None:
    said = parse(TRADE.replace("MARKET", kind).replace("0.014", "0"))
    assert said == Parsed(ignored="trade outside the market")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (FORCED, "forceOrder"),
        ('{"e":"kline","E":1638747660000,"s":"BTCUSDT","k":{"i":"1m"}}', "kline"),
        ('{"e":"24hrTicker","E":123456789,"s":"BTCUSDT","p":"0.0015"}', "24hrTicker"),
        ('{"result":null,"id":1}', "acknowledgement"),
        ('{"error":{"code":2,"msg":"Invalid request"},"id":1}', "error reply"),
    ],
)
def test_what_deliberately_yields_nothing_says_why(raw: str, reason: str) -> None:
    assert parse(raw) == Parsed(ignored=reason)
    assert parse(f'{{"stream":"s","data":{raw}}}') == Parsed(ignored=reason)


def test_a_reply_is_told_from_what_a_market_says() -> None:
    replies = ('{"result":null,"id":1}', '{"error":{"code":2,"msg":"x"},"id":1}')
    assert all(any(each in reply for each in VENUE.IDLE) for reply in replies)
    assert not any(each in event for each in VENUE.IDLE for event in EVENTS)


@pytest.mark.parametrize(
    ("raw", "old", "new", "told"),
    [
        (DEPTH, '"pu":149,', "", "missing required field `pu`"),
        (DEPTH, '"T":1626992741123,', "", "missing required field `T`"),
        (TICKER, '"E":1626992741017', '"x":1', "missing required field `E`"),
        (TICKER, '"e":"bookTicker",', "", "neither an event"),
        (MARK, "0.00038167", "nan", "Expected `float`"),
        (MARK, "11784.62659091", "1e999", "Expected `float`|out of range"),
        (MARK, "11794.15000000", "", "Expected `float`"),
        (AGG_TRADE, "BTCUSDT", "BTCXYZ", "unknown symbol `BTCXYZ`"),
        (AGG_TRADE, "BTCUSDT", "BTCUSDT_1", "unknown symbol `BTCUSDT_1`"),
        (AGG_TRADE, "aggTrade", "aggTrades", "unknown channel `aggTrades`"),
    ],
)
def test_a_mistake_is_named(raw: str, old: str, new: str, told: str) -> None:
    assert old in raw
    for text in (raw, f'{{"stream":"btcusdt@x","data":{raw}}}'):
        with pytest.raises(UNREADABLE, match=told):
            parse(text.replace(old, new, 1))


@CALM
@given(st.sampled_from([*EVENTS, FORCED]), st.booleans(), st.data())
def test_a_mutated_frame_is_read_or_refused(
    raw: str, combined: bool, data: st.DataObject
) -> None:
    frame = f'{{"stream":"btcusdt@x","data":{raw}}}' if combined else raw
    bent = bytearray(frame.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(bent)))
        cut = data.draw(st.integers(0, 12))
        bent[at : at + cut] = data.draw(st.binary(max_size=12))
    url = data.draw(st.sampled_from(["", "https://x/fapi/v1/depth?symbol=BTCUSDT"]))
    for kind in (FrameKind.WS, FrameKind.REST):
        try:
            said = parse(bytes(bent), kind=kind, url=url)
        except UNREADABLE:
            continue
        assert said.events or said.ignored


values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@CALM
@given(st.sampled_from([*EVENTS, BOOK]), values, st.data())
def test_a_field_of_any_value_is_read_or_refused(
    raw: str, value: Any, data: st.DataObject
) -> None:
    tree = json.loads(raw)
    tree[data.draw(st.sampled_from(sorted(tree)))] = value
    url = "https://fapi.binance.com/fapi/v1/depth?symbol=BTCUSDT"
    for kind in (FrameKind.WS, FrameKind.REST):
        try:
            parse(json.dumps(tree), kind=kind, url=url)
        except UNREADABLE:
            continue


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(UNREADABLE):
        parse('{"data":' * 100_000)


codes = st.from_regex(r"[A-Z0-9]{1,10}", fullmatch=True)
quotes = st.sampled_from(["USDT", "USDC", "FDUSD", "BUSD", "BTC", "USD1"])
terms = st.sampled_from(["", "_210924", "_211231"])


@CALM
@given(codes, quotes, terms)
def test_names_are_each_others_inverse(base: str, quote: str, term: str) -> None:
    name = VENUE.canonical(base + quote + term)
    assert VENUE.native(name) == base + quote + term
    assert name.endswith(f"{quote}-{term[1:] or 'PERP'}")


def test_names_are_as_the_house_spells_them() -> None:
    assert VENUE.canonical("BTCUSDT") == "BTC-USDT-PERP"
    assert VENUE.canonical("1000PEPEUSDC") == "1000PEPE-USDC-PERP"
    assert VENUE.canonical("ETHBTC") == "ETH-BTC-PERP"
    assert VENUE.canonical("币安人生USDT") == "币安人生-USDT-PERP"
    assert VENUE.native("BTC-USDT-211231") == "BTCUSDT_211231"
    for foreign in ("BTC-USDT", "BTC", "", "BTC-USDT-PERP-X", "BTC-USDT-FOO"):
        with pytest.raises(NotARecordError, match="binance_usdm"):
            VENUE.native(foreign)


def test_five_hundred_symbols_fit_on_a_connection_of_each_address() -> None:
    symbols = [f"A{number}-USDT-PERP" for number in range(500)]
    for url, channels in (
        (binance_usdm.URL, binance_usdm.CHANNELS[:2]),
        (binance_usdm.MARKET_URL, binance_usdm.CHANNELS[2:]),
    ):
        assert {binance_usdm.address(channel) for channel in channels} == {url}
        messages = [json.loads(each) for each in VENUE.subscribe(symbols, channels)]
        streams = [stream for message in messages for stream in message["params"]]
        assert streams[:2] == [f"a0usdt@{channel}" for channel in channels]
        assert len(set(streams)) == len(streams) == 1_000 <= VENUE.LIMITS.streams
        assert all(len(message["params"]) <= 200 for message in messages)
        assert [message["id"] for message in messages] == [1, 2, 3, 4, 5]
        assert len(messages) <= VENUE.LIMITS.messages_per_s
    assert binance_usdm.address("trade") == binance_usdm.URL
    assert binance_usdm.address("kline_1m") == binance_usdm.MARKET_URL
    assert VENUE.subscribe([], VENUE.CHANNELS) == []
    assert VENUE.resync(symbols[0]) == []


LISTED = {
    "symbol": "BTCUSDT",
    "contractType": "PERPETUAL",
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "0.1", "tickSize": "0.10"},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "stepSize": "0.0010"},
        {"filterType": "MIN_NOTIONAL", "notional": "5"},
    ],
}


def listed(**more: Any) -> list[Instrument]:
    return VENUE.instruments(json.dumps({"symbols": [LISTED | more]}).encode())


def test_the_list_is_read_exactly() -> None:
    (found,) = listed()
    assert (found.symbol, found.native) == ("BTC-USDT-PERP", "BTCUSDT")
    assert (found.base, found.quote, found.inverse) == ("BTC", "USDT", False)
    sizes = (found.tick_size, found.lot_size, found.min_quantity, found.min_notional)
    assert [str(size) for size in sizes] == ["0.10", "0.0010", "0.001", "5"]
    assert found.multiplier == 1
    assert found.status is Status.TRADING


@pytest.mark.parametrize(
    ("stated", "status"),
    [
        ("PENDING_TRADING", Status.HALTED),
        ("TRADING_HALT", Status.HALTED),
        ("SETTLING", Status.CLOSED),
        ("CLOSE", Status.CLOSED),
        ("SOMETHING_ELSE", Status.HALTED),
    ],
)
def test_only_what_trades_is_said_to_trade(stated: str, status: Status) -> None:
    (found,) = listed(status=stated)
    assert found.status is status


def test_the_list_leaves_out_what_has_no_name_and_refuses_what_is_no_list() -> None:
    assert listed(symbol="ICPUSDT_SETTLED") == []
    zero = [{"filterType": "PRICE_FILTER", "tickSize": "0.00"}]
    (found,) = listed(filters=zero)
    assert (found.tick_size, found.lot_size) == (None, None)
    for size in ("-1", "NaN", "Infinity", "x"):
        with pytest.raises(UNREADABLE):
            listed(filters=[{"filterType": "LOT_SIZE", "stepSize": size}])
    for body in (b"", b"{}", b"[]", b'{"symbols":[{}]}', b"\xff"):
        with pytest.raises(UNREADABLE):
            VENUE.instruments(body)
    assert VENUE.instruments_path() == "/fapi/v1/exchangeInfo"
