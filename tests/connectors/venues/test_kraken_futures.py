"""Kraken's derivatives are read; what they leave out is named, and what is wrong."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.venues import kraken_futures
from connectors.venues.venue import Venue
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError, Side
from operators.records.frame import FrameKind, Ignored
from operators.records.instrument import Status
from operators.records.market import BookDelta, BookSnapshot, Mark, Top, Trade
from operators.records.time import MS
from tests.connectors.venues.captured import (
    believed,
    breaks,
    counted,
    listed,
    needs,
    paths,
    said,
)
from tests.connectors.venues.laws import Known, reader

CAPTURES = paths("KRAKEN_FUTURES", "ws.1")
real = needs(CAPTURES)

VENUE: Venue = kraken_futures
NOW_NS = 1_612_270_825_900 * MS
VENUE_NS = NOW_NS - 500 * MS
LINE = Line(VENUE_NS)
EVENT_NS = 1_612_270_825_253 * MS
STAMP: dict[str, Any] = {
    "venue": "kraken_futures",
    "symbol": "BTC-USD-PERP",
    "event_ns": EVENT_NS,
    "received_ns": NOW_NS,
}
TRADE = (
    '{"feed":"trade","product_id":"PI_XBTUSD","uid":"05af78ac-a774-478c-a50c-8b9c234e'
    '071e","side":"sell","type":"fill","seq":653355,"time":1612270825253,"qty":440,'
    '"price":34893}'
)
BOOK = (
    '{"feed":"book_snapshot","product_id":"PI_XBTUSD","timestamp":1612270825253,"seq":'
    '326072249,"tickSize":null,"bids":[{"price":34892.5,"qty":6385},{"price":34892,'
    '"qty":10924}],"asks":[{"price":34911.5,"qty":20598}]}'
)
DELTA = (
    '{"feed":"book","product_id":"PI_XBTUSD","side":"sell","seq":326094134,"price":'
    '34981,"qty":0,"timestamp":1612270825253}'
)
TICKER = (
    '{"time":1612270825253,"product_id":"PI_XBTUSD","funding_rate":4.2e-10,'
    '"relative_funding_rate":0.000135,"next_funding_rate_time":1612281600000,"feed":'
    '"ticker","bid":34832.5,"ask":34847.5,"bid_size":42864,"ask_size":2300,"index":'
    '34803.45,"openInterest":107706940,"markPrice":34844.25,"tag":"perpetual"}'
)


parse = reader(VENUE, NOW_NS, LINE)


def test_a_fill_is_a_trade_and_counted() -> None:
    trade = Trade(
        **STAMP,
        trade_id="05af78ac-a774-478c-a50c-8b9c234e071e",
        sequence=653_355,
        price=34893.0,
        quantity=440.0,
        side=Side.SELL,
    )
    assert parse(TRADE) == Parsed((trade,), EVENT_NS)
    liquidation = parse(TRADE.replace("fill", "liquidation"))
    assert liquidation == Parsed((trade,), EVENT_NS)
    block = parse(TRADE.replace("fill", "block"))
    assert block == Parsed((), EVENT_NS, "block trade")


def test_a_book_begins_with_a_snapshot_of_a_count() -> None:
    snapshot = BookSnapshot(
        **STAMP,
        sequence=326_072_249,
        bids=((34892.5, 6385.0), (34892.0, 10924.0)),
        asks=((34911.5, 20598.0),),
    )
    assert parse(BOOK) == Parsed((snapshot,), EVENT_NS)
    old = parse(BOOK.replace("1612270825253", "1612170825253"))
    assert (old.events[0].event_ns, old.venue_ns) == (VENUE_NS, None)


def test_a_change_is_of_one_level_and_follows_by_one() -> None:
    level = ((34981.0, 0.0),)
    count = {"first_sequence": 326_094_134, "sequence": 326_094_134}
    sold = BookDelta(**STAMP, **count, previous=326_094_133, bids=(), asks=level)
    assert parse(DELTA) == Parsed((sold,), EVENT_NS)
    bought = BookDelta(**STAMP, **count, previous=326_094_133, bids=level, asks=())
    assert parse(DELTA.replace("sell", "buy")) == Parsed((bought,), EVENT_NS)


def test_a_ticker_marks_and_states_the_best_prices() -> None:
    mark = Mark(
        **STAMP,
        mark=34844.25,
        index=34803.45,
        funding_rate=0.000135,
        next_funding_ns=1_612_281_600_000 * MS,
        open_interest=107_706_940.0,
    )
    top = Top(
        **STAMP,
        bid=34832.5,
        bid_quantity=42864.0,
        ask=34847.5,
        ask_quantity=2300.0,
    )
    assert parse(TICKER) == Parsed((mark, top), EVENT_NS)
    one_sided = TICKER.replace('"bid":34832.5', '"bid":0')
    assert parse(one_sided) == Parsed((mark,), EVENT_NS)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ('{"event":"info","version":1}', "info"),
        ('{"event":"alert","message":"Bad request"}', "alert"),
        ('{"event":"error","message":"Invalid product id"}', "error reply"),
        (
            '{"event":"subscribed","feed":"book","product_ids":["PI_XBTUSD"]}',
            "acknowledgement",
        ),
        ('{"event":"subscribed_failed","feed":"book"}', "error reply"),
        ('{"feed":"trade_snapshot","trades":[]}', "old trades"),
        ('{"feed":"ticker_lite","bid":1}', "ticker without sizes"),
    ],
)
def test_what_yields_nothing_says_why(raw: str, reason: str) -> None:
    assert parse(raw) == Parsed(ignored=reason)
    assert parse("{}", kind=FrameKind.REST).ignored == "fetched"


def test_a_heartbeat_states_the_venues_clock() -> None:
    raw = '{"feed":"heartbeat","time":1612270825253}'
    assert parse(raw) == Parsed((), EVENT_NS, "heartbeat")


def test_subscriptions_are_spelt_as_the_venue_does_and_bounded() -> None:
    sent = kraken_futures.subscribe(["BTC-USD-PERP", "ETH-USD-211231"], VENUE.CHANNELS)
    names = ["PI_XBTUSD", "FI_ETHUSD_211231"]
    assert [json.loads(each) for each in sent] == [
        {"event": "subscribe", "feed": feed, "product_ids": names}
        for feed in VENUE.CHANNELS
    ]
    symbols = [f"A{number}-USD-PERP" for number in range(250)]
    many = [json.loads(each) for each in kraken_futures.subscribe(symbols, ["trade"])]
    assert [len(each["product_ids"]) for each in many] == [100, 100, 50]


def test_a_book_is_sent_anew_upon_subscribing_again() -> None:
    sent = [json.loads(each) for each in VENUE.resync("BTC-USD-PERP")]
    assert [each["event"] for each in sent] == ["unsubscribe", "subscribe"]
    assert all(each["feed"] == "book" for each in sent)
    assert VENUE.snapshot_path("BTC-USD-PERP") is None


ROW = {
    "symbol": "PI_XBTUSD",
    "type": "futures_inverse",
    "tickSize": 0.5,
    "contractSize": 1,
    "tradeable": True,
}
LINEAR = ROW | {
    "symbol": "PF_XBTUSD",
    "type": "flexible_futures",
    "contractValueTradePrecision": 4,
    "tradeable": False,
}
INDEX = {"symbol": "in_xbtusd", "type": "spot index", "tradeable": False}
LISTED = json.dumps({"result": "success", "instruments": [ROW, LINEAR, INDEX]})


def test_instruments_have_exact_sizes() -> None:
    inverse, linear = VENUE.instruments(LISTED.encode())
    assert (inverse.tick_size, inverse.lot_size) == (Decimal("0.5"), Decimal(1))
    assert (inverse.inverse, linear.inverse) == (True, False)
    assert (linear.lot_size, linear.status) == (Decimal("0.0001"), Status.HALTED)
    assert (linear.symbol, linear.base) == ("BTC-USD-LINEAR-PERP", "BTC")
    with pytest.raises(NotARecordError, match="refused: apiLimitExceeded"):
        VENUE.instruments(b'{"result":"error","error":"apiLimitExceeded"}')
    with pytest.raises(NotARecordError, match="no size"):
        VENUE.instruments(LISTED.replace("0.5", "-0.5").encode())


SAMPLES = [TRADE, BOOK, DELTA, TICKER]
KNOWN = Known(
    VENUE,
    parse,
    SAMPLES,
    names=[
        ("PI_XBTUSD", "BTC-USD-PERP"),
        ("FI_ETHUSD_211231", "ETH-USD-211231"),
        ("PF_XBTUSD", "BTC-USD-LINEAR-PERP"),
        ("FF_XBTUSD_240628", "BTC-USD-LINEAR-240628"),
        ("PV_XRPXBT", "XRP-BTC-PERP"),
        ("FV_XRPXBT_180615", "XRP-BTC-180615"),
    ],
    refused=["", "IN_XBTUSD", "pi_xbtusd", "PI_XBTUSD_210924", "FI_XBTUSD", "PI_USD"],
    mistakes=[
        *[
            (DELTA, "34981", bad, r"\$\.price")
            for bad in ('"nan"', "1e151", "null", '"34981"')
        ],
        (DELTA, '"qty":0', '"qty":-1', r"\$\.qty"),
        (DELTA, '"seq":326094134', '"seq":-1', r"\$\.seq"),
        (DELTA, '"sell"', '"none"', "Invalid enum value 'none'"),
        (DELTA, "1612270825253", "9000000000001", r"\$\.timestamp"),
        (DELTA, "PI_XBTUSD", "IN_XBTUSD", "unknown symbol `IN_XBTUSD`"),
        (DELTA, '"book"', '"books"', "unknown feed `books`"),
        (TRADE, '"fill"', '"gift"', "Invalid enum value 'gift'"),
        (TRADE, '"uid"', '"id"', "missing required field `uid`"),
        (BOOK, '"bids"', '"bid"', "missing required field `bids`"),
        (BOOK, BOOK, '{"event":"party"}', "unknown event `party`"),
        (BOOK, BOOK, "{}", "unknown feed ``"),
        (BOOK, BOOK, "[]", "Expected `object`"),
        (BOOK, BOOK, BOOK[:-1], "truncated"),
    ],
)


@real
def test_every_real_frame_is_read_and_every_chain_whole(tmp_path: Path) -> None:
    outs = said(VENUE, CAPTURES, tmp_path)
    count = {Ignored: 152, Trade: 3, BookSnapshot: 10, BookDelta: 7_014}
    assert counted(outs) == count
    assert breaks(outs) == []
    books = believed(outs)
    assert (len(books), all(each.state.ok for each in books.values())) == (10, True)


@real
def test_every_contract_of_the_real_list_is_ours_too() -> None:
    (body,) = listed("KRAKEN_FUTURES")
    found = VENUE.instruments(body)
    traded = [row for row in json.loads(body)["instruments"] if row["tradeable"]]
    assert [each.native.lower() for each in found] == [row["symbol"] for row in traded]
    assert all(kraken_futures.native(each.symbol) == each.native for each in found)
