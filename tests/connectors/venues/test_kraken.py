"""Version 2 of Kraken is read; what it leaves out is named, and what is wrong."""

import json
import zlib
from decimal import Decimal
from typing import Any

import pytest

from connectors.venues import kraken
from connectors.venues.venue import Venue
from operators.market.decode import Line, Parsed
from operators.records.base import UNREADABLE, Side
from operators.records.frame import FrameKind
from operators.records.instrument import Instrument, Status
from operators.records.market import BookDelta, BookSnapshot, Top, Trade
from operators.records.time import SECOND, US
from tests.connectors.venues.captured import SHARED, listed, needs
from tests.connectors.venues.laws import Known, reader

LISTED = SHARED / "data/ws/KRAKEN.0.zst"
real = needs([LISTED])

VENUE: Venue = kraken
STATED_NS = 1_696_613_755_440_295 * US
NOW_NS = STATED_NS + SECOND
VENUE_NS = STATED_NS - SECOND
STAMP: dict[str, Any] = {
    "venue": "kraken",
    "symbol": "MATIC-USD",
    "received_ns": NOW_NS,
}
LINE = Line(VENUE_NS)

# https://docs.kraken.com/exchange/guides/websockets/book-checksum-v2
EXAMPLE_BIDS = (
    *(("45283.5", "0.10000000"), ("45283.4", "1.54582015"), ("45282.1", "0.10000000")),
    *(("45281.0", "0.10000000"), ("45280.3", "1.54592586"), ("45279.0", "0.07990000")),
    *(("45277.6", "0.03310103"), ("45277.5", "0.30000000"), ("45277.3", "1.54602737")),
    ("45276.6", "0.15445238"),
)
EXAMPLE_ASKS = (
    *(("45285.2", "0.00100000"), ("45286.4", "1.54571953"), ("45286.6", "1.54571109")),
    *(("45289.6", "1.54560911"), ("45290.2", "0.15890660"), ("45291.8", "1.54553491")),
    *(("45294.7", "0.04454749"), ("45296.1", "0.35380000"), ("45297.5", "0.09945542")),
    ("45299.5", "0.18772827"),
)


def wire(levels: tuple[tuple[str, str], ...]) -> str:
    return ",".join(f'{{"price":{price},"qty":{qty}}}' for price, qty in levels)


EXAMPLE = (
    '{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":['
    f'{wire(EXAMPLE_BIDS)}],"asks":[{wire(EXAMPLE_ASKS)}],"checksum":3310070434}}]}}'
)
BOOK = (
    '{"channel":"book","type":"snapshot","data":[{"symbol":"MATIC/USD","bids":['
    '{"price":0.5666,"qty":4831.75496356},{"price":0.5665,"qty":6658.22734739}],"asks":'
    '[{"price":0.5668,"qty":4410.79769741}],"checksum":2439117997}]}'
)
DELTA = (
    '{"channel":"book","type":"update","data":[{"symbol":"MATIC/USD","bids":[{"price":'
    '0.5657,"qty":1098.39475580}],"asks":[{"price":0.5668,"qty":0.00000000}],'
    '"checksum":2114181697,"timestamp":"2023-10-06T17:35:55.440295Z"}]}'
)
TRADES = (
    '{"channel":"trade","type":"update","data":[{"symbol":"MATIC/USD","side":"sell",'
    '"price":0.5117,"qty":40.0,"ord_type":"market","trade_id":4665906,"timestamp":'
    '"2023-09-25T07:49:37.708706Z"},{"symbol":"MATIC/USD","side":"buy","price":0.5118,'
    '"qty":2,"ord_type":"limit","trade_id":4665907,"timestamp":'
    '"2023-09-25T07:49:37.708707Z"}]}'
)
TICKER = (
    '{"channel":"ticker","type":"update","data":[{"symbol":"MATIC/USD","bid":0.10025,'
    '"bid_qty":740.0,"ask":0.10036,"ask_qty":1361.44813783,"last":0.10035,"volume":9.9,'
    '"timestamp":"2023-10-06T17:35:55.440295Z"}]}'
)
ACK = (
    '{"method":"subscribe","result":{"channel":"book","depth":10,"snapshot":true,'
    '"symbol":"MATIC/USD"},"success":true,"time_in":"2023-10-06T17:35:55.440200Z",'
    '"time_out":"2023-10-06T17:35:55.440295Z"}'
)
STATUS = (
    '{"channel":"status","data":[{"api_version":"v2","connection_id":12,"system":'
    '"online","version":"2.0.0"}],"type":"update"}'
)


parse = reader(VENUE, NOW_NS, LINE)


def test_trades_are_read_in_order() -> None:
    first = Trade(
        **STAMP,
        event_ns=1_695_628_177_708_706 * US,
        trade_id="4665906",
        sequence=4_665_906,
        price=0.5117,
        quantity=40.0,
        side=Side.SELL,
    )
    second = Trade(
        **STAMP,
        event_ns=1_695_628_177_708_707 * US,
        trade_id="4665907",
        sequence=4_665_907,
        price=0.5118,
        quantity=2.0,
        side=Side.BUY,
    )
    assert parse(TRADES) == Parsed((first, second), second.event_ns)


def test_old_trades_yield_nothing() -> None:
    assert parse(TRADES.replace("update", "snapshot")) == Parsed(ignored="old trades")


def test_a_snapshot_is_true_now_and_keeps_the_texts_for_the_checksum() -> None:
    whole = BookSnapshot(
        **STAMP,
        event_ns=VENUE_NS,
        bids=((0.5666, 4831.75496356), (0.5665, 6658.22734739)),
        asks=((0.5668, 4410.79769741),),
        checksum=2_439_117_997,
        bid_texts=("5666483175496356", "5665665822734739"),
        ask_texts=("5668441079769741",),
    )
    assert parse(BOOK) == Parsed((whole,))


def test_a_change_keeps_the_zeros_that_the_venue_sent() -> None:
    delta = BookDelta(
        **STAMP,
        event_ns=STATED_NS,
        bids=((0.5657, 1098.3947558),),
        asks=((0.5668, 0.0),),
        checksum=2_114_181_697,
        bid_texts=("5657109839475580",),
        ask_texts=("5668",),
    )
    assert parse(DELTA) == Parsed((delta,), STATED_NS)


def test_a_time_of_long_ago_is_that_of_the_last_change() -> None:
    stale = DELTA.replace("2023-10-06", "2023-10-05")
    (delta,) = parse(stale).events
    assert (delta.event_ns, parse(stale).venue_ns) == (VENUE_NS, None)
    undated = DELTA.replace(',"timestamp":"2023-10-06T17:35:55.440295Z"', "")
    assert parse(undated).events == (delta,)


def test_the_documented_checksum_is_that_of_the_documented_book() -> None:
    (book,) = parse(EXAMPLE).events
    assert isinstance(book, BookSnapshot)
    text = "".join((*book.ask_texts, *book.bid_texts))
    assert text.startswith("45285210000045286415457195345286615")
    assert zlib.crc32(text.encode()) == book.checksum == 3_310_070_434
    assert book.bids == tuple((float(price), float(qty)) for price, qty in EXAMPLE_BIDS)


@pytest.mark.parametrize(
    ("count", "depth"), [(10, 10), (25, 25), (100, 100), (9, None), (11, None)]
)
def test_a_snapshot_is_as_deep_as_an_offer_that_it_fills(
    count: int, depth: int | None
) -> None:
    levels = wire(tuple((str(price), "1.0") for price in range(1, count + 1)))
    bids = '{"price":0.5666,"qty":4831.75496356},{"price":0.5665,"qty":6658.22734739}'
    (book,) = parse(BOOK.replace(bids, levels)).events
    assert isinstance(book, BookSnapshot)
    assert book.depth == depth


@pytest.mark.parametrize(
    ("text", "number", "figures"),
    [
        *[("0.00100000", 0.001, "100000"), ("45285.2", 45285.2, "452852")],
        *[("0", 0.0, ""), ("1e-8", 1e-8, "1"), ("1.50E-7", 1.5e-7, "150")],
        *[("2E+3", 2000.0, "2000"), ("9" * 40, 1e40, "9" * 40)],
    ],
)
def test_a_plain_number_and_what_it_contributes(
    text: str, number: float, figures: str
) -> None:
    assert kraken.plain(text) == (number, figures)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "-1",
        "+1",
        "1.1.1",
        "1e99",
        "9" * 41,
        "nan",
        "inf",
        "1_0",
        " 1",
        "٣",
        "²",
    ],
)
def test_a_number_that_is_not_plain_is_named(text: str) -> None:
    with pytest.raises(UNREADABLE, match="no plain number `"):
        kraken.plain(text)


def test_a_ticker_states_the_best_prices() -> None:
    top = {
        **STAMP,
        "bid": 0.10025,
        "bid_quantity": 740.0,
        "ask": 0.10036,
        "ask_quantity": 1361.44813783,
    }
    stated = Parsed((Top(**top, event_ns=STATED_NS),), STATED_NS)
    assert parse(TICKER) == parse(TICKER.replace("update", "snapshot")) == stated
    undated = TICKER.replace(',"timestamp":"2023-10-06T17:35:55.440295Z"', "")
    assert parse(undated) == Parsed((Top(**top, event_ns=VENUE_NS),))


@pytest.mark.parametrize(
    ("raw", "reason", "venue_ns"),
    [
        ('{"channel":"heartbeat"}', "heartbeat", None),
        (STATUS, "status", None),
        ('{"channel":"instrument","type":"snapshot","data":{}}', "instrument", None),
        ('{"channel":"ohlc","type":"update","data":[{}]}', "ohlc", None),
        (ACK, "acknowledgement", STATED_NS),
        (ACK.replace('"subscribe"', '"unsubscribe"'), "acknowledgement", STATED_NS),
        (
            '{"method":"pong","req_id":1,"time_out":"2023-10-06T17:35:55.440295Z"}',
            "pong",
            STATED_NS,
        ),
        (
            '{"error":"Currency pair not supported A/B","method":"subscribe",'
            '"success":false,"symbol":"A/B","time_out":"2023-10-06T17:35:55.440295Z"}',
            "error reply",
            STATED_NS,
        ),
        ('{"error":"Exceeded msg rate","success":false}', "error reply", None),
        ('{"channel":"trade","type":"update","data":[]}', "no trades", None),
        ('{"channel":"book","type":"update","data":[]}', "no books", None),
        ('{"channel":"ticker","type":"update","data":[]}', "no tickers", None),
    ],
)
def test_what_yields_nothing_says_why(
    raw: str, reason: str, venue_ns: int | None
) -> None:
    assert parse(raw) == Parsed(venue_ns=venue_ns, ignored=reason)


def test_what_is_fetched_yields_nothing() -> None:
    url = "https://api.kraken.com/0/public/AssetPairs"
    assert parse("{}", kind=FrameKind.REST, url=url).ignored == "/0/public/AssetPairs"
    assert parse("{}", kind=FrameKind.REST).ignored == "fetched"
    with pytest.raises(UNREADABLE, match="at `url`"):
        parse("{}", kind=FrameKind.REST, url="http://[x/")


NUMBERS = ["nan", "1e999", "1e151", '"1"', "", "1,5", "true", "null", "[]"]


def test_old_names_are_known_and_small_letters_stay() -> None:
    assert kraken.canonical("AAPLx/USD") == "AAPLx-USD"
    assert kraken.native("AAPLx-USD") == "AAPLx/USD"
    assert kraken.canonical("XDG/XBT") == "DOGE-BTC"


def test_subscriptions_are_spelt_as_the_venue_does() -> None:
    messages = kraken.subscribe(["BTC-USD", "ETH-EUR"], kraken.CHANNELS)
    names = ["BTC/USD", "ETH/EUR"]
    assert [json.loads(each)["params"] for each in messages] == [
        {"channel": "trade", "symbol": names},
        {"channel": "ticker", "symbol": names, "event_trigger": "bbo"},
        {"channel": "book", "symbol": names, "depth": 100},
    ]
    (message,) = kraken.subscribe(["BTC-USD"], ["book"])
    assert json.loads(message) == {
        "method": "subscribe",
        "params": {"channel": "book", "symbol": ["BTC/USD"]},
    }
    assert kraken.subscribe([], kraken.CHANNELS) == []


def test_many_symbols_are_subscribed_to_in_few_messages() -> None:
    symbols = [f"A{number}-USD" for number in range(500)]
    sent = [json.loads(each) for each in kraken.subscribe(symbols, kraken.CHANNELS)]
    assert len(sent) == 15
    for channel in ("trade", "ticker", "book"):
        asked = [
            each["params"]["symbol"]
            for each in sent
            if each["params"]["channel"] == channel
        ]
        assert all(len(names) <= 100 for names in asked)
        names = [kraken.canonical(name) for names in asked for name in names]
        assert names == symbols


def test_a_book_is_sent_anew_upon_subscribing_again() -> None:
    sent = [json.loads(each) for each in VENUE.resync("BTC-USD")]
    assert [each["method"] for each in sent] == ["unsubscribe", "subscribe"]
    params = {"channel": "book", "symbol": ["BTC/USD"], "depth": 100}
    assert [each["params"] for each in sent] == [params, params]
    assert VENUE.snapshot_path("BTC-USD") is None


def test_a_heartbeat_and_a_pong_show_only_that_the_line_lives() -> None:
    for raw in ('{"channel":"heartbeat"}', '{"method":"pong","time_in":""}'):
        assert any(each in raw for each in kraken.IDLE)
    assert not any(each in DELTA for each in kraken.IDLE)


PAIR = {
    "altname": "XBTUSD",
    "wsname": "XBT/USD",
    "base": "XXBT",
    "quote": "ZUSD",
    "pair_decimals": 1,
    "lot_decimals": 8,
    "ordermin": "0.0001",
    "costmin": "0.5",
    "tick_size": "0.1",
    "status": "online",
}


def instruments_of(**pairs: dict[str, Any]) -> list[Instrument]:
    return kraken.instruments(json.dumps({"error": [], "result": pairs}).encode())


def test_the_list_is_read_but_for_what_has_no_name() -> None:
    dark = {key: value for key, value in PAIR.items() if key != "wsname"}
    halted = {**PAIR, "status": "cancel_only", "wsname": "XDG/EUR", "tick_size": None}
    first, second = instruments_of(XXBTZUSD=PAIR, **{"XXBTZUSD.d": dark}, XDGEUR=halted)
    assert first == Instrument(
        venue="kraken",
        symbol="BTC-USD",
        native="BTC/USD",
        base="BTC",
        quote="USD",
        tick_size=Decimal("0.1"),
        lot_size=Decimal("0.00000001"),
        min_quantity=Decimal("0.0001"),
        min_notional=Decimal("0.5"),
    )
    assert (second.symbol, second.native) == ("DOGE-EUR", "DOGE/EUR")
    assert (second.tick_size, second.status) == (Decimal("0.1"), Status.HALTED)


@pytest.mark.parametrize("bad", ["NaN", "inf", "x"])
def test_a_size_that_is_no_number_is_refused(bad: str) -> None:
    with pytest.raises(UNREADABLE):
        instruments_of(XXBTZUSD={**PAIR, "ordermin": bad})
    with pytest.raises(UNREADABLE, match="missing required field `result`"):
        kraken.instruments(b'{"error":["EService:Unavailable"]}')


@real
def test_the_venues_own_list_of_2021_is_read() -> None:
    (body,) = listed("KRAKEN")
    pairs = json.loads(body)["result"].values()
    named = [each["wsname"] for each in pairs if "wsname" in each]
    found = kraken.instruments(body)
    assert len(found) == len(named) == 293
    assert {"BTC-USD", "DOGE-EUR"} <= {each.symbol for each in found}
    assert all(kraken.canonical(each.native) == each.symbol for each in found)


SAMPLES = [TRADES, BOOK, DELTA, TICKER, ACK, STATUS]
KNOWN = Known(
    VENUE,
    parse,
    SAMPLES,
    names=[("BTC/USD", "BTC-USD"), ("ETH/EUR", "ETH-EUR")],
    refused=["", "BTC", "BTC-USD", "BTC/", "A/B/C", "B" * 99 + "/USD"],
    mistakes=[
        *[(TRADES, "0.5117", bad, ".") for bad in NUMBERS],
        *[(TICKER, "1361.44813783", bad, ".") for bad in NUMBERS],
        *[(DELTA, "1098.39475580", bad, ".") for bad in NUMBERS],
        (TRADES, "0.5117", '"1"', r"Expected `float`.*\[0\]\.price"),
        (TRADES, "0.5117", "1e151", r"<= 1e\+150.*\[0\]\.price"),
        (DELTA, "1098.39475580", '"1"', 'no plain number `"1"`'),
        (DELTA, "1098.39475580", "-1.0", "no plain number `-1.0`"),
        (DELTA, "2114181697", "4294967296", "<= 4294967295"),
        (DELTA, "2114181697", "-1", r">= 0"),
        (DELTA, "2023-10-06", "2023-13-06", "no RFC 3339 time"),
        (DELTA, '"qty":1098.39475580', '"q":1', "missing required field `qty`"),
        (DELTA, '"update"', '"delta"', "neither snapshot nor update: `delta`"),
        (DELTA, '"book"', '"books"', "unknown channel `books`"),
        (DELTA, '"book"', "7", r"at `\$\.channel`"),
        (DELTA, "MATIC/USD", "MATICUSD", "unknown symbol `MATICUSD`"),
        (TRADES, '"sell"', '"s"', "Invalid enum value 's'"),
        (TRADES, '"trade_id":4665906,', "", "missing required field `trade_id`"),
        (TRADES, "4665906", "9223372036854775808", "trade_id"),
        (TICKER, '"bid":0.10025,', "", "missing required field `bid`"),
        (ACK, '"subscribe"', '"add_order"', "nor a known reply"),
        (ACK, ACK, "{}", "neither a channel"),
        (ACK, ACK, "[]", "Expected `object`"),
        (ACK, ACK, ACK[:-1], "truncated"),
    ],
)
