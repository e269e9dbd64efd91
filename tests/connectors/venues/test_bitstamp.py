"""Bitstamp is read; what it leaves out is named, and what is wrong."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.venues import bitstamp
from connectors.venues.venue import Venue
from operators.market.decode import Line, Parsed
from operators.market.order_book import OrderBook, OrderBookParams
from operators.records.base import UNREADABLE, NotARecordError, Side
from operators.records.frame import FrameKind, Ignored
from operators.records.instrument import Status
from operators.records.market import BookDelta, BookSnapshot, Trade
from operators.records.time import MS, US
from tests.connectors.venues.captured import (
    believed,
    counted,
    listed,
    needs,
    paths,
    said,
)
from tests.connectors.venues.laws import Known, reader

CAPTURES = paths("BITSTAMP", "http.0", "ws.1")
real = needs(CAPTURES)

VENUE: Venue = bitstamp
NOW_NS = 1_641_343_700_000 * MS
LINE = Line(NOW_NS - 500 * MS)
MICROS = 1_641_343_699_596_001
EVENT_NS = MICROS * US
STAMP: dict[str, Any] = {
    "venue": "bitstamp",
    "symbol": "ETH-USD",
    "event_ns": EVENT_NS,
    "received_ns": NOW_NS,
}
TRADE = (
    '{"data":{"id":216000477,"timestamp":"1641343699","amount":0.0792,"amount_str":'
    '"0.07920000","price":3805.44,"price_str":"3805.44","type":0,"microtimestamp":'
    '"1641343699596001","buy_order_id":1443875737346049,"sell_order_id":'
    '1443875731320832},"channel":"live_trades_ethusd","event":"trade"}'
)
DELTA = (
    '{"data":{"timestamp":"1641343699","microtimestamp":"1641343699596001","bids":'
    '[["3805.10","0.50000000"]],"asks":[["3806.00","0.00000000"]]},"channel":'
    '"diff_order_book_ethusd","event":"data"}'
)
BOOK = (
    '{"timestamp":"1641343699","microtimestamp":"1641343699596001","bids":[["3805.44",'
    '"0.6"],["3805.10","2"]],"asks":[["3806.00","1.7"]]}'
)
URLS = {"BOOK": "https://www.bitstamp.net" + (bitstamp.snapshot_path("ETH-USD") or "")}


parse = reader(VENUE, NOW_NS, LINE)


def fetched(data: str, url: str = URLS["BOOK"]) -> Parsed:
    return parse(data, kind=FrameKind.REST, url=url)


def test_a_trade_tells_whose_it_was() -> None:
    trade = Trade(
        **STAMP, trade_id="216000477", price=3805.44, quantity=0.0792, side=Side.BUY
    )
    assert parse(TRADE) == Parsed((trade,), EVENT_NS)
    (sold,) = parse(TRADE.replace('"type":0', '"type":1')).events
    assert sold == msgspec.structs.replace(trade, side=Side.SELL)


def test_a_change_is_numbered_by_its_date_and_follows_nothing() -> None:
    delta = BookDelta(
        **STAMP, sequence=MICROS, bids=((3805.1, 0.5),), asks=((3806.0, 0.0),)
    )
    assert parse(DELTA) == Parsed((delta,), EVENT_NS)


def test_a_book_is_fetched_and_moves_no_clock() -> None:
    snapshot = BookSnapshot(
        **STAMP,
        sequence=MICROS,
        bids=((3805.44, 0.6), (3805.1, 2.0)),
        asks=((3806.0, 1.7),),
        fetched=True,
    )
    assert fetched(BOOK) == Parsed((snapshot,))
    assert fetched(BOOK, "/api/v2/order_book/ethusd") == Parsed((snapshot,))
    assert fetched("[]", "/api/v2/trading-pairs-info/").ignored == "fetched"
    with pytest.raises(NotARecordError, match="unknown symbol ``"):
        fetched(BOOK, "/api/v2/order_book/")
    with pytest.raises(NotARecordError, match="at `url`"):
        fetched(BOOK, "http://[x")


def test_changes_of_before_the_book_are_none_of_it_and_later_ones_are() -> None:
    book = OrderBook(OrderBookParams())
    later = DELTA.replace(str(MICROS), str(MICROS + 1))
    for told in (parse(DELTA), parse(later), fetched(BOOK)):
        list(book.update(told.events))
    assert book.state.ok
    assert book.state.sequence == MICROS + 1
    assert not book.state.asks.ranks


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (
            '{"event":"bts:subscription_succeeded","channel":"live_trades_x","data":{}}',
            "acknowledgement",
        ),
        ('{"event":"bts:heartbeat","channel":"","data":{}}', "heartbeat"),
        ('{"event":"bts:request_reconnect","channel":""}', "asks to reconnect"),
        ('{"event":"bts:error","channel":"","data":{"code":null}}', "error reply"),
        ('{"event":"order_created","channel":"live_orders_btcusd"}', "orders"),
        ('{"event":"data","channel":"order_book_btcusd"}', "limited book"),
    ],
)
def test_what_yields_nothing_says_why(raw: str, reason: str) -> None:
    assert parse(raw) == Parsed(ignored=reason)


def test_subscriptions_are_one_message_each() -> None:
    sent = bitstamp.subscribe(["BTC-USD", "BTC-USD-PERP"], VENUE.CHANNELS)
    told = [json.loads(each) for each in sent]
    assert {each["event"] for each in told} == {"bts:subscribe"}
    assert [each["data"]["channel"] for each in told] == [
        *("live_trades_btcusd", "diff_order_book_btcusd"),
        *("live_trades_btcusd-perp", "diff_order_book_btcusd-perp"),
    ]


def test_a_book_is_fetched_anew() -> None:
    assert VENUE.resync("BTC-USD") == []
    assert VENUE.snapshot_path("BTC-USD") == "/api/v2/order_book/btcusd/"


ROW = {
    "trading": "Enabled",
    "base_decimals": 8,
    "url_symbol": "btcusd",
    "name": "BTC/USD",
    "minimum_order": "20.0 USD",
    "counter_decimals": 2,
}
HALTED = ROW | {"trading": "Disabled", "url_symbol": "etheur"}
LISTED = json.dumps([ROW, HALTED, ROW | {"url_symbol": "btcxyz"}])


def test_instruments_have_exact_sizes() -> None:
    found, halted = VENUE.instruments(LISTED.encode())
    assert (found.tick_size, found.lot_size) == (Decimal("0.01"), Decimal("1e-8"))
    assert (found.min_notional, found.symbol) == (Decimal(20), "BTC-USD")
    assert (halted.status, halted.quote) == (Status.HALTED, "EUR")
    with pytest.raises(UNREADABLE, match="minimum_order"):
        VENUE.instruments(LISTED.replace("20.0 USD", "much").encode())


SAMPLES = [TRADE, DELTA]
KNOWN = Known(
    VENUE,
    parse,
    SAMPLES,
    names=[
        ("btcusd", "BTC-USD"),
        ("usdtusd", "USDT-USD"),
        ("usdcusdt", "USDC-USDT"),
        ("1inchusd", "1INCH-USD"),
        ("btcusd-perp", "BTC-USD-PERP"),
    ],
    refused=["", "usd", "BTCUSD", "btc-usd", "btcusd-perps"],
    mistakes=[
        *[
            (DELTA, '"0.50000000"', bad, r"\$\.bids\[0\]\[1\]")
            for bad in ('"nan"', '"-1"', '"1e151"', '""')
        ],
        (TRADE, "3805.44,", "1e151,", r"\$\.price"),
        (TRADE, '"type":0', '"type":2', "Invalid enum value 2"),
        (TRADE, '"1641343699596001"', '"9000000000000001"', r"\$\.microtimestamp"),
        (DELTA, "book_ethusd", "book_ETHUSD", "unknown symbol `ETHUSD`"),
        (DELTA, "diff_order", "dif_order", "unknown channel `dif_order_book_ethusd`"),
        (DELTA, '"event":"data"', '"event":"date"', "unknown event `date`"),
        (DELTA, '"bids"', '"bid"', "missing required field `bids`"),
        (DELTA, DELTA, "{}", "unknown channel ``"),
        (DELTA, DELTA, "[]", "Expected `object`"),
        (DELTA, DELTA, DELTA[:-1], "truncated"),
    ],
    fetch=fetched,
    fetched=[BOOK],
)


@real
def test_every_real_frame_is_read_and_every_book_right(tmp_path: Path) -> None:
    outs = said(VENUE, CAPTURES, tmp_path)
    count = {Ignored: 41, Trade: 10, BookSnapshot: 10, BookDelta: 717}
    assert counted(outs) == count
    books = believed(outs)
    assert (len(books), all(each.state.ok for each in books.values())) == (10, True)
    at: dict[str, int] = {}
    for event in outs:
        if isinstance(event, BookDelta):
            assert event.sequence is not None
            assert event.sequence > at.get(event.symbol, -1)
            at[event.symbol] = event.sequence


@real
def test_the_names_of_the_real_list_split_as_the_venue_splits_them() -> None:
    (body,) = listed("BITSTAMP")
    rows = json.loads(body)
    found = VENUE.instruments(body)
    assert [each.symbol for each in found] == [
        row["name"].replace("/", "-") for row in rows
    ]
    assert all(bitstamp.native(each.symbol) == each.native for each in found)
