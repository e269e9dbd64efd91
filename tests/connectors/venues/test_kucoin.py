"""KuCoin is read; what it leaves out is named, and what is wrong."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.venues import kucoin
from connectors.venues.venue import Venue
from operators.market.decode import Line, Parsed
from operators.market.order_book import OrderBook, OrderBookParams
from operators.records.base import NotARecordError, Side
from operators.records.book import BookState
from operators.records.frame import FrameKind, Ignored
from operators.records.instrument import Status
from operators.records.market import (
    BookDelta,
    BookSnapshot,
    Top,
    Trade,
)
from operators.records.time import MS, SECOND
from tests.connectors.venues.captured import counted, listed, needs, paths, said
from tests.connectors.venues.laws import Known, reader

CAPTURES = paths("KUCOIN", "http.0", "ws.1")
real = needs(CAPTURES)

VENUE: Venue = kucoin
NOW_NS = 1_729_816_426 * SECOND
VENUE_NS = NOW_NS - SECOND
LINE = Line(VENUE_NS)
STAMP: dict[str, Any] = {
    "venue": "kucoin",
    "symbol": "BTC-USDT",
    "received_ns": NOW_NS,
}
MATCH = (
    '{"topic":"/market/match:BTC-USDT","type":"message","subject":"trade.l3match",'
    '"data":{"makerOrderId":"671b5007389355000701b1d3","price":"67523","sequence":'
    '"11067996711960577","side":"buy","size":"0.003","symbol":"BTC-USDT",'
    '"takerOrderId":"671b50161777ff00074c168d","time":"1729816425921000000",'
    '"tradeId":"11067996711960577","type":"match"}}'
)
TICKER = (
    '{"type":"message","topic":"/market/ticker:BTC-USDT","subject":"trade.ticker",'
    '"data":{"sequence":"1545896668986","price":"0.08","size":"0.011","bestAsk":"0.08",'
    '"bestAskSize":"0.18","bestBid":"0.049","bestBidSize":"0.036","time":1729816425416}}'
)
DELTA = (
    '{"topic":"/market/level2:BTC-USDT","type":"message","subject":"trade.l2update",'
    '"data":{"changes":{"asks":[["67993.3","1.21427407","14701689783"],["0","0",'
    '"14701689784"]],"bids":[["67990","0","14701689785"]]},"sequenceEnd":14701689785,'
    '"sequenceStart":14701689783,"symbol":"BTC-USDT","time":1729816425625}}'
)
OLD_DELTA = (
    '{"data":{"sequenceStart":14701689783,"symbol":"BTC-USDT","changes":{"asks":[["0",'
    '"0","14701689783"]],"bids":[]},"sequenceEnd":14701689783},"subject":'
    '"trade.l2update","topic":"/market/level2:BTC-USDT","type":"message"}'
)
BOOK = (
    '{"code":"200000","data":{"time":1729816425000,"sequence":"14610502970","bids":'
    '[["66976.4","0.69109872"],["66976.3","0.14377"]],"asks":[["66976.5","0.05408199"]]}}'
)
URLS = {"BOOK": "https://api.kucoin.com" + kucoin.snapshot_path("BTC-USDT")}


parse = reader(VENUE, NOW_NS, LINE)


def fetched(data: str, url: str = URLS["BOOK"]) -> Parsed:
    return parse(data, kind=FrameKind.REST, url=url)


def test_a_trade_has_an_id_and_no_number_that_counts_trades() -> None:
    event_ns = 1_729_816_425_921 * MS
    trade = Trade(
        **STAMP,
        event_ns=event_ns,
        trade_id="11067996711960577",
        price=67523.0,
        quantity=0.003,
        side=Side.BUY,
    )
    assert parse(MATCH) == Parsed((trade,), event_ns)


def test_a_ticker_states_the_best_prices_at_a_count_of_the_book() -> None:
    event_ns = 1_729_816_425_416 * MS
    top = Top(
        **STAMP,
        event_ns=event_ns,
        sequence=1_545_896_668_986,
        bid=0.049,
        bid_quantity=0.036,
        ask=0.08,
        ask_quantity=0.18,
    )
    assert parse(TICKER) == Parsed((top,), event_ns)
    of_all = TICKER.replace("ticker:BTC-USDT", "ticker:all")
    assert parse(of_all.replace("trade.ticker", "BTC-USDT")) == parse(TICKER)
    one_sided = parse(TICKER.replace('"0.049"', "null"))
    assert (one_sided.events, one_sided.ignored) == ((), "one-sided ticker")
    old = parse(TICKER.replace("1729816425416", "1729716425416"))
    assert (old.events[0].event_ns, old.venue_ns) == (VENUE_NS, None)


def test_a_change_spans_counts_and_a_level_at_price_0_is_none() -> None:
    event_ns = 1_729_816_425_625 * MS
    delta = BookDelta(
        **STAMP,
        event_ns=event_ns,
        first_sequence=14_701_689_783,
        sequence=14_701_689_785,
        previous=14_701_689_782,
        bids=((67990.0, 0.0),),
        asks=((67993.3, 1.21427407),),
    )
    assert parse(DELTA) == Parsed((delta,), event_ns)


def test_a_change_that_is_not_dated_has_the_lines_time() -> None:
    delta = BookDelta(
        **STAMP,
        event_ns=VENUE_NS,
        first_sequence=14_701_689_783,
        sequence=14_701_689_783,
        previous=14_701_689_782,
        bids=(),
        asks=(),
    )
    assert parse(OLD_DELTA) == Parsed((delta,))


def test_a_book_is_fetched_and_moves_no_clock() -> None:
    snapshot = BookSnapshot(
        **STAMP,
        event_ns=1_729_816_425_000 * MS,
        sequence=14_610_502_970,
        bids=((66976.4, 0.69109872), (66976.3, 0.14377)),
        asks=((66976.5, 0.05408199),),
        fetched=True,
    )
    assert fetched(BOOK) == Parsed((snapshot,))
    whole = "https://api.kucoin.com/api/v3/market/orderbook/level2?symbol=BTC-USDT"
    assert fetched(BOOK, whole) == Parsed((snapshot,))
    assert fetched("{}", "https://api.kucoin.com/api/v2/symbols").ignored == "fetched"
    assert fetched('{"code":"429000","msg":"no"}').ignored == "error reply"
    with pytest.raises(NotARecordError, match="unknown symbol ``"):
        fetched(BOOK, "/api/v1/market/orderbook/level2_100")
    with pytest.raises(NotARecordError, match="at `url`"):
        fetched(BOOK, "http://[x")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ('{"id":"hQvf8jkno","type":"welcome"}', "welcome"),
        ('{"id":"1","type":"ack"}', "acknowledgement"),
        ('{"id":"0","type":"pong"}', "pong"),
        ('{"id":"1","type":"error","code":404,"data":"no topic"}', "error reply"),
        (
            '{"type":"message","topic":"/market/candles:BTC-USDT_1min","data":{}}',
            "/market/candles",
        ),
    ],
)
def test_what_yields_nothing_says_why(raw: str, reason: str) -> None:
    assert parse(raw) == Parsed(ignored=reason)


def test_a_topic_is_found_wherever_it_stands() -> None:
    wide = json.loads(DELTA)
    wide["data"]["changes"]["bids"] *= 40
    data, topic = wide.pop("data"), wide.pop("topic")
    middle = json.dumps({"data": data, "topic": topic, **wide, "id": "x" * 300})
    assert len(parse(middle).events) == 1


def test_subscriptions_are_spelt_as_the_venue_does_and_bounded() -> None:
    sent = kucoin.subscribe(["BTC-USDT", "ETH-USDT"], VENUE.CHANNELS)
    topics = [json.loads(each)["topic"] for each in sent]
    assert topics == [f"{each}:BTC-USDT,ETH-USDT" for each in VENUE.CHANNELS]
    assert {json.loads(each)["type"] for each in sent} == {"subscribe"}
    symbols = [f"A{number}-USDT" for number in range(250)]
    many = [json.loads(each) for each in kucoin.subscribe(symbols, ["/market/match"])]
    assert [each["topic"].count(",") + 1 for each in many] == [100, 100, 50]


def test_a_book_is_fetched_anew() -> None:
    assert VENUE.resync("BTC-USDT") == []
    path = "/api/v1/market/orderbook/level2_100?symbol=BTC-USDT"
    assert VENUE.snapshot_path("BTC-USDT") == path
    assert VENUE.PING is not None


ROW = {
    "symbol": "BTC-USDT",
    "baseCurrency": "BTC",
    "quoteCurrency": "USDT",
    "baseMinSize": "0.00001",
    "baseIncrement": "0.00000001",
    "priceIncrement": "0.1",
    "minFunds": "0.1",
    "enableTrading": True,
}
LISTED = json.dumps({"code": "200000", "data": [ROW]})


def test_instruments_have_exact_sizes() -> None:
    rows = [ROW, ROW | {"enableTrading": False, "minFunds": None, "symbol": "A-B"}]
    body = json.dumps({"code": "200000", "data": [*rows, ROW | {"symbol": "x"}]})
    found, halted = VENUE.instruments(body.encode())
    assert (found.tick_size, found.lot_size) == (Decimal("0.1"), Decimal("1e-8"))
    assert (found.min_quantity, found.min_notional) == (Decimal("1e-5"), Decimal("0.1"))
    assert (halted.status, halted.min_notional) == (Status.HALTED, None)
    with pytest.raises(NotARecordError, match="refused: no"):
        VENUE.instruments(b'{"code":"400","msg":"no"}')


SAMPLES = [MATCH, TICKER, DELTA, OLD_DELTA]
KNOWN = Known(
    VENUE,
    parse,
    SAMPLES,
    names=[(each, each) for each in ("BTC-USDT", "1INCH-USDT", "KCS-BTC")],
    refused=["BTCUSDT", "btc-usdt", "BTC-USDT-X", "", "BTC_USDT"],
    mistakes=[
        *[
            (MATCH, '"67523"', bad, r"\$\.data\.price")
            for bad in ('"nan"', '"1e999"', '""', "null")
        ],
        *[
            (DELTA, '"1.21427407"', bad, r"\$\.data\.changes\.asks\[0\]")
            for bad in ('"nan"', '"-1"', '"1e151"', '""')
        ],
        (MATCH, '"buy"', '"none"', "Invalid enum value 'none'"),
        (MATCH, '"1729816425921000000"', '"9223372036854775808"', r"\$\.data\.time"),
        (MATCH, '"symbol":"BTC-USDT"', '"symbol":"X-Y"', "on the topic of `BTC-USDT`"),
        (TICKER, "BTC-USDT", "BTCUSDT", "unknown symbol `BTCUSDT`"),
        (TICKER, "/market/ticker", "/market/tick", "unknown channel `/market/tick`"),
        (TICKER, "{", '{"topic":"/market/ticker:X-Y",', "topic stated twice"),
        (DELTA, '"sequenceStart":14701689783', '"sequenceStart":14701689786', "before"),
        (DELTA, '"bids"', '"bid"', "missing required field `bids`"),
        (TICKER, TICKER, '{"type":"order"}', "unknown type `order`"),
        (TICKER, TICKER, "[]", "Expected `object`"),
        (TICKER, TICKER, TICKER[:-1], "truncated"),
    ],
    fetch=fetched,
    fetched=[BOOK],
)


@pytest.fixture
def outs(tmp_path: Path) -> list[object]:
    return said(VENUE, CAPTURES, tmp_path)


@real
def test_every_real_frame_is_read_or_named(outs: list[object]) -> None:
    assert counted(outs) == {
        Ignored: 34,
        Trade: 18,
        Top: 830,
        BookSnapshot: 9,
        BookDelta: 3_853,
    }


@real
def test_every_real_chain_is_whole_and_books_agree_with_the_tickers(
    outs: list[object],
) -> None:
    books: dict[str, OrderBook] = {}
    at: dict[str, int] = {}
    best: dict[tuple[str, int], tuple[float, float]] = {}
    for event in outs:
        if not isinstance(event, BookSnapshot | BookDelta):
            continue
        if isinstance(event, BookDelta) and event.symbol in at:
            assert event.previous == at[event.symbol]
        if isinstance(event, BookDelta):
            at[event.symbol] = event.sequence or 0
        book = books.setdefault(event.symbol, OrderBook(OrderBookParams()))
        for each in book.update([event]):
            assert not isinstance(each, BookState) or each.ok
        if book.state.ok:
            state = book.state
            asks, bids = state.asks.ranks, state.bids.ranks
            best[event.symbol, state.sequence or 0] = (-bids[0], asks[0])
    tops = [each for each in outs if isinstance(each, Top)]
    compared = [
        best[each.symbol, each.sequence] == (each.bid, each.ask)
        for each in tops
        if each.sequence is not None and (each.symbol, each.sequence) in best
    ]
    assert len(books) == 9
    assert len(compared) > 500
    assert all(compared)


@real
def test_every_name_of_the_real_list_is_ours_too() -> None:
    (body,) = listed("KUCOIN")
    found = VENUE.instruments(body)
    assert len(found) == len(json.loads(body)["data"])
    assert all(kucoin.native(each.symbol) == each.native for each in found)
