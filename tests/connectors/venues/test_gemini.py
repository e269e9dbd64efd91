"""Gemini is read; what it leaves out is named, and what is wrong."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.venues import gemini
from connectors.venues.venue import Venue
from operators.market.decode import Line, Parsed
from operators.records.base import Side
from operators.records.frame import FrameKind, Ignored
from operators.records.instrument import Status
from operators.records.market import BookDelta, BookSnapshot, Trade
from operators.records.time import MS
from tests.connectors.venues.captured import (
    believed,
    counted,
    listed,
    needs,
    paths,
    said,
)
from tests.connectors.venues.laws import Known, reader

CAPTURES = paths("GEMINI", "ws.1")
real = needs(CAPTURES)

VENUE: Venue = gemini
NOW_NS = 1_624_493_681_500 * MS
VENUE_NS = NOW_NS - 500 * MS
LINE = Line(VENUE_NS)
EVENT_NS = 1_624_493_681_030 * MS
STAMP: dict[str, Any] = {
    "venue": "gemini",
    "symbol": "BTC-USD",
    "received_ns": NOW_NS,
}
BOOK = (
    '{"type":"l2_updates","symbol":"BTCUSD","changes":[["buy","9122.04","0.00121425"],'
    '["sell","9122.07","0.98942292"]],"trades":[{"type":"trade","symbol":"BTCUSD",'
    '"event_id":169841458,"timestamp":1560976400428,"price":"9122.04","quantity":'
    '"0.0073173","side":"sell"}],"auction_events":[]}'
)
DELTA = (
    '{"type":"l2_updates","symbol":"BTCUSD","changes":[["sell","9160.20","0"],["buy",'
    '"9122.04","0.1921229751"]]}'
)
TRADE = (
    '{"type":"trade","symbol":"BTCUSD","event_id":3575573053,"timestamp":1624493681030,'
    '"price":"9004.21000000","quantity":"0.09110000","side":"buy","tid":2840140800042677}'
)
HEARTBEAT = '{"type":"heartbeat","timestamp":1624493681030}'


parse = reader(VENUE, NOW_NS, LINE)


def test_a_book_begins_with_old_trades_that_are_left_out() -> None:
    snapshot = BookSnapshot(
        **STAMP,
        event_ns=VENUE_NS,
        bids=((9122.04, 0.00121425),),
        asks=((9122.07, 0.98942292),),
    )
    assert parse(BOOK) == Parsed((snapshot,))
    (first,) = parse(BOOK, Line()).events
    assert first.event_ns == NOW_NS


def test_a_change_states_what_is_left_of_each_side() -> None:
    delta = BookDelta(
        **STAMP,
        event_ns=VENUE_NS,
        bids=((9122.04, 0.1921229751),),
        asks=((9160.2, 0.0),),
    )
    assert parse(DELTA) == Parsed((delta,))


def test_a_trade_has_the_takers_side() -> None:
    trade = Trade(
        **STAMP,
        event_ns=EVENT_NS,
        trade_id="3575573053",
        price=9004.21,
        quantity=0.0911,
        side=Side.BUY,
    )
    assert parse(TRADE) == Parsed((trade,), EVENT_NS)


def test_a_heartbeat_states_the_venues_clock() -> None:
    assert parse(HEARTBEAT) == Parsed((), EVENT_NS, "heartbeat")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ('{"type":"candles_1m_updates","symbol":"BTCUSD","changes":[]}', "candles"),
        ('{"type":"auction_result"}', "auction"),
        ('{"type":"mark_price_updates"}', "mark price"),
        ('{"result":"error","reason":"InvalidJson"}', "error reply"),
    ],
)
def test_what_yields_nothing_says_why(raw: str, reason: str) -> None:
    assert parse(raw) == Parsed(ignored=reason)
    assert parse("[]", kind=FrameKind.REST).ignored == "fetched"


def test_subscriptions_are_spelt_as_the_venue_does_and_bounded() -> None:
    sent = gemini.subscribe(["BTC-USD", "ETH-BTC"], VENUE.CHANNELS)
    assert [json.loads(each) for each in sent] == [
        {
            "type": "subscribe",
            "subscriptions": [{"name": "l2", "symbols": ["BTCUSD", "ETHBTC"]}],
        }
    ]
    symbols = [f"A{number}-USD" for number in range(250)]
    many = [json.loads(each) for each in gemini.subscribe(symbols, ["l2"])]
    counts = [len(each["subscriptions"][0]["symbols"]) for each in many]
    assert counts == [100, 100, 50]


def test_a_book_is_sent_anew_upon_subscribing_again() -> None:
    sent = [json.loads(each) for each in VENUE.resync("BTC-USD")]
    assert [each["type"] for each in sent] == ["unsubscribe", "subscribe"]
    assert VENUE.snapshot_path("BTC-USD") is None


LISTED = '["btcusd","ethbtc","btcxyz"]'
DETAILS = (
    '{"symbol":"BTCUSD","base_currency":"BTC","quote_currency":"USD","tick_size":1E-8,'
    '"quote_increment":0.01,"min_order_size":"0.00001","status":"limit_only"}'
)


def test_a_list_has_names_and_details_have_exact_sizes() -> None:
    found = VENUE.instruments(LISTED.encode())
    assert [each.symbol for each in found] == ["BTC-USD", "ETH-BTC"]
    assert {each.tick_size for each in found} == {None}
    (one,) = VENUE.instruments(DETAILS.encode())
    assert (one.tick_size, one.lot_size) == (Decimal("0.01"), Decimal("1e-8"))
    assert (one.min_quantity, one.status) == (Decimal("0.00001"), Status.HALTED)
    (closed,) = VENUE.instruments(DETAILS.replace("limit_only", "closed").encode())
    assert closed.status == Status.CLOSED


SAMPLES = [BOOK, DELTA, TRADE, HEARTBEAT]
KNOWN = Known(
    VENUE,
    parse,
    SAMPLES,
    names=[
        ("BTCUSD", "BTC-USD"),
        ("BTCGUSD", "BTC-GUSD"),
        ("PAXGUSD", "PAXG-USD"),
        ("GUSDUSD", "GUSD-USD"),
        ("1INCHUSD", "1INCH-USD"),
        ("EFILFIL", "EFIL-FIL"),
        ("BTCGUSDPERP", "BTC-GUSD-PERP"),
    ],
    refused=["", "USD", "btcusd", "BTC-USD", "BTCXYZ"],
    mistakes=[
        *[
            (DELTA, '"0.1921229751"', bad, r"\$\.changes\[1\]\[2\]")
            for bad in ('"nan"', '"-1"', '"1e151"', '""')
        ],
        (DELTA, '"sell"', '"none"', "Invalid enum value 'none'"),
        (DELTA, "BTCUSD", "BTCXYZ", "unknown symbol `BTCXYZ`"),
        (DELTA, "l2_updates", "l3_updates", "unknown type `l3_updates`"),
        (DELTA, '"changes"', '"change"', "missing required field `changes`"),
        (TRADE, "1624493681030", "9000000000001", r"\$\.timestamp"),
        (TRADE, '"event_id"', '"eventid"', "missing required field `event_id`"),
        (TRADE, TRADE, "{}", "unknown type ``"),
        (TRADE, TRADE, "[]", "Expected `object`"),
        (TRADE, TRADE, TRADE[:-1], "truncated"),
    ],
)


@real
def test_every_real_frame_is_read_and_every_book_right(tmp_path: Path) -> None:
    outs = said(VENUE, CAPTURES, tmp_path)
    count = {Ignored: 9, Trade: 16, BookSnapshot: 10, BookDelta: 645}
    assert counted(outs) == count
    books = believed(outs)
    assert (len(books), all(each.state.ok for each in books.values())) == (10, True)


@real
def test_the_names_of_the_real_list_split_as_the_venue_splits_them() -> None:
    names, *details = listed("GEMINI")
    found = [each for body in details for each in VENUE.instruments(body)]
    rows = [json.loads(body) for body in details]
    assert [each.symbol for each in found] == [
        f"{row['base_currency']}-{row['quote_currency']}" for row in rows
    ]
    assert VENUE.instruments(names) != []
    assert len(VENUE.instruments(names)) == len(json.loads(names)) == len(found)
