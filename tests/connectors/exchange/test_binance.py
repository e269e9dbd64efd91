"""Binance's protocol: what is sent is what the venue sends, and consistent."""

import json
from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.exchange import TWELVE, ExchangeParams
from connectors.exchange.binance import BinanceSession, about, open_session
from connectors.exchange.simulation import feed_of
from operators.records.time import MS, SECOND

START_NS = 1_723_161_253_937_085_768
TWO = ("BTC-USDT", "DOGE-USDT")

# Lines that the real venue sent on 2024-08-08.
REAL = [
    '{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255308,'
    '"s":"BTCUSDT","U":50093239203,"u":50093239207,"b":[["55653.87000000",'
    '"0.00000000"]],"a":[["61838.04000000","0.32332000"]]}}',
    '{"stream":"btcusdt@bookTicker","data":{"u":50093239212,"s":"BTCUSDT",'
    '"b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"}}',
    '{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT",'
    '"t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,'
    '"m":true,"M":true}}',
]


def feed(seed=7, symbols=TWELVE, start_ns=START_NS, rate=1.0):
    params = ExchangeParams(seed=seed, symbols=symbols, rate=rate)
    return feed_of(params, start_ns)


def frames(of, seconds):
    return list(of.until(START_NS + int(seconds * SECOND)))


def ask(of, path):
    answer = of.rest(path)
    return answer.status, json.loads(answer.body)


def shape(value):
    """The keys, in order, and the forms of what they hold."""
    if isinstance(value, dict):
        return [(key, shape(item)) for key, item in value.items()]
    if isinstance(value, list):
        return ["level" for _ in value[:1]]
    if isinstance(value, str) and value.replace(".", "").isdigit():
        return len(value.partition(".")[2])
    return type(value).__name__


def test_frames_look_like_those_of_the_venue():
    ours = {}
    for message in frames(feed(), 5):
        loaded = json.loads(message.combined)
        assert json.loads(message.raw) == loaded["data"]
        if message.kind != "depth@100ms" or (
            loaded["data"]["b"] and loaded["data"]["a"]
        ):
            ours[message.kind] = loaded
    for line in REAL:
        real = json.loads(line)
        kind = real["stream"].partition("@")[2]
        assert shape(ours[kind]["data"]) == shape(real["data"])
        assert list(ours[kind]) == list(real)


@settings(max_examples=10, deadline=None)
@given(
    st.integers(0, 2**32),
    st.lists(st.integers(0, 3_000), max_size=10).map(sorted),
)
def test_frames_do_not_depend_on_how_often_they_are_asked_for(seed, cuts_ms):
    whole = frames(feed(seed), 3)
    cut = feed(seed)
    pieces = [m for ms in cuts_ms for m in cut.until(START_NS + ms * MS)]
    assert pieces + frames(cut, 3) == whole


def test_another_seed_gives_other_frames():
    assert frames(feed(1), 1) != frames(feed(2), 1)


def test_there_are_some_hundred_frames_a_second_and_all_kinds_of_all_symbols():
    seen = defaultdict(int)
    for message in frames(feed(), 60):
        seen[message.stream] += 1
    assert len(seen) == 12 * 4
    default = sum(n for stream, n in seen.items() if not stream.endswith("@depth"))
    assert 300 < default / 60 < 600


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 2**32),
    st.integers(0, 2_000),
    st.integers(0, 2_000),
    st.sampled_from(["depth@100ms", "depth"]),
)
def test_a_book_rebuilt_by_the_documented_rule_is_the_book_of_the_exchange(
    rebuilt_book, seed, subscribed_ms, later_ms, kind
):
    simulated = feed(seed, TWO, rate=3)
    list(simulated.until(START_NS + subscribed_ms * MS))
    asked_ns = START_NS + (subscribed_ms + later_ms) * MS
    buffered = [m for m in simulated.until(asked_ns) if m.kind == kind]
    books = {}
    for symbol in ("BTCUSDT", "DOGEUSDT"):
        path = f"/api/v3/depth?symbol={symbol}&limit=1000"
        books[symbol] = rebuilt_book(ask(simulated, path)[1])
    for message in buffered:
        diff = json.loads(message.raw)
        books[diff["s"]].apply(diff)
    tickers, met = {}, 0
    for message in simulated.until(asked_ns + 12 * SECOND):
        data = json.loads(message.raw)
        if message.kind == "bookTicker":
            tickers[data["s"]] = data
        elif message.kind == kind:
            book = books[data["s"]]
            book.apply(data)
            assert_same(book, simulated, data["s"])
            ticker = tickers.get(data["s"])
            if ticker and ticker["u"] == book.sequence:
                assert book.top == tuple(Decimal(ticker[key]) for key in "bBaA")
                met += 1
    assert all(book.began for book in books.values())
    assert met > 0


def assert_same(book, simulated, symbol):
    own = ask(simulated, f"/api/v3/depth?symbol={symbol}&limit=5000")[1]
    assert own["lastUpdateId"] == book.sequence
    for levels, name in ((book.bids, "bids"), (book.asks, "asks")):
        assert levels == {Decimal(p): Decimal(q) for p, q in own[name]}


def test_diffs_follow_each_other_without_a_hole():
    latest = {}
    for message in frames(feed(), 30):
        if message.kind.startswith("depth"):
            diff = json.loads(message.raw)
            assert diff["U"] == latest.get(message.stream, diff["U"] - 1) + 1
            assert diff["u"] >= diff["U"]
            latest[message.stream] = diff["u"]


def test_times_and_ids_rise_in_every_stream():
    latest = defaultdict(int)
    now_ms = 0
    for message in frames(feed(), 30):
        data = json.loads(message.raw)
        number = data["t"] if message.kind == "trade" else data["u"]
        assert number > latest[message.stream]
        latest[message.stream] = number
        assert data.get("E", now_ms) >= now_ms
        now_ms = data.get("E", now_ms)


def test_prices_and_quantities_are_multiples_of_tick_and_lot():
    simulated = feed()
    info = ask(simulated, "/api/v3/exchangeInfo")[1]
    steps = {}
    for symbol in info["symbols"]:
        rules = {rule["filterType"]: rule for rule in symbol["filters"]}
        steps[symbol["symbol"]] = (
            Decimal(rules["PRICE_FILTER"]["tickSize"]),
            Decimal(rules["LOT_SIZE"]["stepSize"]),
        )
    for message in frames(simulated, 10):
        data = json.loads(message.raw)
        tick, lot = steps[data["s"]]
        if message.kind == "trade":
            assert Decimal(data["p"]) % tick == 0 < Decimal(data["p"])
            assert Decimal(data["q"]) % lot == 0 < Decimal(data["q"])
        elif message.kind.startswith("depth"):
            for price, quantity in data["b"] + data["a"]:
                assert Decimal(price) % tick == 0 < Decimal(price)
                assert Decimal(quantity) % lot == 0 <= Decimal(quantity)


def test_a_snapshot_is_sorted_and_as_long_as_asked_for():
    simulated = feed()
    frames(simulated, 5)
    answer = ask(simulated, "/api/v3/depth?symbol=ETHUSDT&limit=7")[1]
    bids = [Decimal(price) for price, _ in answer["bids"]]
    asks = [Decimal(price) for price, _ in answer["asks"]]
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert len(bids) == len(asks) == 7
    assert bids[0] < asks[0]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v3/depth?symbol=NOPE", 400, -1121),
        ("/api/v3/depth?symbol=BTCUSDT&limit=ten", 400, -1100),
        ("/api/v3/depth?symbol=BTCUSDT&limit=²", 400, -1100),
        ("/api/v3/depth", 400, -1102),
        ("/api/v3/exchangeInfo?symbol=NOPE", 400, -1121),
        ("/api/v3/exchangeInfo?symbols=[", 400, -1100),
        ("/api/v3/klines?symbol=BTCUSDT", 404, None),
    ],
)
def test_a_bad_rest_request_is_answered_as_the_venue_does(path, status, code):
    found, body = ask(feed(), path)
    assert (found, body.get("code")) == (status, code)


def test_the_other_rest_end_points_answer():
    simulated = feed()
    frames(simulated, 2)
    assert ask(simulated, "/api/v3/ping") == (200, {})
    assert ask(simulated, "/api/v3/time")[1]["serverTime"] == START_NS // MS + 2_000
    some = ask(simulated, '/api/v3/exchangeInfo?symbols=["ETHUSDT","BTCUSDT"]')[1]
    names = [(x["symbol"], x["baseAsset"], x["status"]) for x in some["symbols"]]
    assert names == [("ETHUSDT", "ETH", "TRADING"), ("BTCUSDT", "BTC", "TRADING")]


def replies(session, *requests):
    return [
        json.loads(reply)
        for request in requests
        for reply in session.answer(json.dumps(request))
    ]


def test_subscriptions_are_acknowledged_listed_and_ended():
    session = open_session("/ws/btcusdt@trade")
    params = ["ethusdt@depth@100ms", "btcusdt@bookTicker"]
    assert replies(
        session,
        {"method": "SUBSCRIBE", "params": params, "id": 1},
        {"method": "UNSUBSCRIBE", "params": params[:1], "id": "two"},
        {"method": "LIST_SUBSCRIPTIONS", "id": None},
    ) == [
        {"result": None, "id": 1},
        {"result": None, "id": "two"},
        {"result": ["btcusdt@trade", "btcusdt@bookTicker"], "id": None},
    ]


def test_the_combined_property_can_be_read_and_set():
    session = open_session("/ws")
    assert replies(
        session,
        {"method": "GET_PROPERTY", "params": ["combined"], "id": 1},
        {"method": "SET_PROPERTY", "params": ["combined", True], "id": 2},
        {"method": "GET_PROPERTY", "params": ["combined"], "id": 3},
    ) == [
        {"result": False, "id": 1},
        {"result": None, "id": 2},
        {"result": True, "id": 3},
    ]
    assert session.combined


@pytest.mark.parametrize(
    ("request_text", "code", "text"),
    [
        ("nonsense", 3, "Invalid JSON"),
        ("[]", 2, "missing field `method`"),
        ('{"method":"PLEASE","id":1}', 2, "unknown variant `PLEASE`"),
        ('{"method":"SUBSCRIBE","params":["a@trade"],"id":1.5}', 2, "request ID"),
        (
            '{"method":"SUBSCRIBE","params":["not a stream"],"id":1}',
            2,
            "invalid stream",
        ),
        ('{"method":"SUBSCRIBE","id":1}', 2, "missing field `params`"),
        ('{"method":"GET_PROPERTY","params":["colour"],"id":1}', 0, "Unknown property"),
        ('{"method":"GET_PROPERTY","params":[1],"id":1}', 2, "must be a string"),
        ('{"method":"SET_PROPERTY","params":["combined",1],"id":1}', 1, "Boolean"),
    ],
)
def test_a_bad_request_gets_the_error_of_the_venue(request_text, code, text):
    session = BinanceSession([], combined=True)
    (reply,) = map(json.loads, session.answer(request_text))
    assert set(reply) == {"code", "msg"}
    assert reply["code"] == code
    assert text in reply["msg"]
    assert not session.streams


@given(st.text() | st.binary())
def test_whatever_a_client_sends_it_gets_one_reply(request_text):
    (reply,) = BinanceSession([], combined=True).answer(request_text)
    assert json.loads(reply)


@given(st.text() | st.binary())
def test_any_recorded_frame_can_be_asked_what_it_is_about(frame):
    about(frame)


def test_a_frame_names_its_stream_and_its_symbol():
    assert about(REAL[0]) == ("btcusdt@depth@100ms", "BTCUSDT")
    assert about(json.dumps(json.loads(REAL[1])["data"])) == (None, "BTCUSDT")
    assert about('{"result":null,"id":1}') == (None, "")


@pytest.mark.parametrize(
    ("path", "streams", "combined"),
    [
        ("/stream?streams=a@trade/b@depth@100ms", ["a@trade", "b@depth@100ms"], True),
        ("/stream", [], True),
        ("/ws", [], False),
        ("/ws/a@trade", ["a@trade"], False),
    ],
)
def test_a_path_says_what_is_subscribed_to(path, streams, combined):
    session = open_session(path)
    assert (list(session.streams), session.combined) == (streams, combined)


@pytest.mark.parametrize("path", ["/", "/wsx", "/streams", "/api/v3/ping"])
def test_other_paths_are_no_session(path):
    assert open_session(path) is None
