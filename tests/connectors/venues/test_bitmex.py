"""BitMEX is read as of today; of the books of 2021 it is said that they are not."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.venues import bitmex
from connectors.venues.venue import Venue
from operators.market.decode import Line, Parsed
from operators.records.base import Side
from operators.records.frame import FrameKind, Ignored
from operators.records.instrument import Status
from operators.records.market import BookDelta, BookSnapshot, Top, Trade
from operators.records.time import MS
from tests.connectors.venues.captured import (
    counted,
    listed,
    needs,
    paths,
    said,
)
from tests.connectors.venues.laws import Known, reader

CAPTURES = paths("BITMEX", "ws.1")
real = needs(CAPTURES)

VENUE: Venue = bitmex
EVENT_NS = 1_684_486_304_911 * MS
NOW_NS = EVENT_NS + 600 * MS
VENUE_NS = NOW_NS - 500 * MS
LINE = Line(VENUE_NS)
TIME = "2023-05-19T08:51:44.911Z"
STAMP: dict[str, Any] = {
    "venue": "bitmex",
    "symbol": "BTC-USD-PERP",
    "received_ns": NOW_NS,
}
TRADE = (
    '{"table":"trade","action":"insert","data":[{"timestamp":"2023-05-19T08:51:44.911Z"'
    ',"symbol":"XBTUSD","side":"Buy","size":100,"price":26902.5,"tickDirection":'
    '"PlusTick","trdMatchID":"6e70bebe-235e-08a6-d11b-e1042bf1f2ed","grossValue":371712}]}'
)
QUOTE = (
    '{"table":"quote","action":"insert","data":[{"timestamp":"2023-05-19T08:51:44.911Z"'
    ',"symbol":"XBTUSD","bidSize":1050200,"bidPrice":26902,"askPrice":26902.5,"askSize":'
    "161000}]}"
)
BOOK = (
    '{"table":"orderBookL2","action":"partial","keys":["symbol","id","side"],"filter":'
    '{"symbol":"XBTUSD"},"data":[{"symbol":"XBTUSD","id":8797309700,"side":"Sell",'
    '"size":500,"price":26903,"timestamp":"2023-05-19T08:51:44.911Z"},{"symbol":"XBTUSD"'
    ',"id":8797309800,"side":"Buy","size":32800,"price":26902,"timestamp":'
    '"2023-05-19T08:51:44.911Z"}]}'
)
UPDATE = (
    '{"table":"orderBookL2","action":"update","data":[{"symbol":"XBTUSD","id":8798309800'
    ',"side":"Buy","size":42800,"price":26902,"timestamp":"2023-05-19T08:51:44.911Z"}]}'
)
DELETE = (
    '{"table":"orderBookL2","action":"delete","data":[{"symbol":"XBTUSD","id":8798309800'
    ',"side":"Buy","price":26902,"timestamp":"2023-05-19T08:51:44.911Z"}]}'
)
OLD_UPDATE = (
    '{"table":"orderBookL2","action":"update","data":[{"symbol":"UNIUSDT","id":'
    '51999982703,"side":"Sell","size":123}]}'
)


parse = reader(VENUE, NOW_NS, LINE)


def test_a_trade_has_the_takers_side() -> None:
    trade = Trade(
        **STAMP,
        event_ns=EVENT_NS,
        trade_id="6e70bebe-235e-08a6-d11b-e1042bf1f2ed",
        price=26902.5,
        quantity=100.0,
        side=Side.BUY,
    )
    assert parse(TRADE) == Parsed([trade], EVENT_NS)


def test_a_quote_states_both_sides_or_is_named() -> None:
    top = Top(
        **STAMP,
        event_ns=EVENT_NS,
        bid=26902.0,
        bid_quantity=1_050_200.0,
        ask=26902.5,
        ask_quantity=161_000.0,
    )
    assert parse(QUOTE) == Parsed([top], EVENT_NS)
    one_sided = parse(QUOTE.replace('"bidPrice":26902', '"bidPrice":null'))
    assert one_sided == Parsed([], EVENT_NS, "one-sided quotes")
    days = parse(QUOTE.replace("-19T", "-18T"))
    assert (days.events[0].event_ns, days.venue_ns) == (VENUE_NS, None)


def test_a_book_begins_with_the_whole_table_even_if_it_is_empty() -> None:
    snapshot = BookSnapshot(
        **STAMP, event_ns=EVENT_NS, bids=((26902.0, 32800.0),), asks=((26903.0, 500.0),)
    )
    assert parse(BOOK) == Parsed([snapshot], EVENT_NS)
    empty = BOOK[: BOOK.index('"data":[')] + '"data":[]}'
    (nothing,) = parse(empty).events
    assert nothing == BookSnapshot(**STAMP, event_ns=VENUE_NS, bids=(), asks=())


@pytest.mark.parametrize(
    ("raw", "left"),
    [
        (UPDATE, 42800.0),
        (UPDATE.replace('"update"', '"insert"'), 42800.0),
        (DELETE, 0.0),
    ],
)
def test_a_change_states_its_price(raw: str, left: float) -> None:
    delta = BookDelta(**STAMP, event_ns=EVENT_NS, bids=((26902.0, left),), asks=())
    assert parse(raw) == Parsed([delta], EVENT_NS)


def test_changes_of_two_symbols_are_two_records() -> None:
    rows = json.loads(UPDATE)
    rows["data"].append(rows["data"][0] | {"symbol": "ETHUSD", "side": "Sell"})
    first, second = parse(json.dumps(rows)).events
    assert (first.symbol, second.symbol) == ("BTC-USD-PERP", "ETH-USD-PERP")


def test_books_of_before_2022_are_left_out_by_name() -> None:
    undated = BOOK.replace(f',"timestamp":"{TIME}"', "")
    for raw in (OLD_UPDATE, undated):
        assert parse(raw) == Parsed(ignored="book of before 2022")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("pong", "pong"),
        ('{"info":"Welcome","version":"x","limit":{"remaining":39}}', "info"),
        ('{"success":true,"subscribe":"trade:XBTUSD"}', "acknowledgement"),
        ('{"status":400,"error":"Unknown table"}', "error reply"),
        ('{"table":"trade","action":"partial","data":[]}', "old trades"),
        ('{"table":"trade","action":"insert","data":[]}', "no trades"),
        ('{"table":"orderBookL2","action":"insert","data":[]}', "no levels"),
        ('{"table":"orderBook10","action":"update","data":[]}', "limited book"),
        ('{"table":"instrument","action":"update","data":[]}', "instrument"),
    ],
)
def test_what_yields_nothing_says_why(raw: str, reason: str) -> None:
    told = parse(raw)
    assert (list(told.events), told.venue_ns, told.ignored) == ([], None, reason)
    assert parse("[]", kind=FrameKind.REST).ignored == "fetched"


def test_subscriptions_are_spelt_as_the_venue_does_and_bounded() -> None:
    (sent,) = bitmex.subscribe(["BTC-USD-PERP"], VENUE.CHANNELS)
    args = ["trade:XBTUSD", "quote:XBTUSD", "orderBookL2:XBTUSD"]
    assert json.loads(sent) == {"op": "subscribe", "args": args}
    symbols = [f"A{number}-USDT-PERP" for number in range(120)]
    many = [json.loads(each) for each in bitmex.subscribe(symbols, ["trade"])]
    assert [len(each["args"]) for each in many] == [50, 50, 20]


def test_a_book_is_sent_anew_upon_subscribing_again() -> None:
    sent = [json.loads(each) for each in VENUE.resync("BTC-USD-PERP")]
    assert [each["op"] for each in sent] == ["unsubscribe", "subscribe"]
    assert all(each["args"] == ["orderBookL2:XBTUSD"] for each in sent)
    assert VENUE.snapshot_path("BTC-USD-PERP") is None


ROW = {
    "symbol": "XBTUSD",
    "state": "Open",
    "tickSize": 0.5,
    "lotSize": 100,
    "isInverse": True,
    "underlyingToPositionMultiplier": None,
}
LINEAR = ROW | {
    "symbol": "XBTUSDT",
    "state": "Unlisted",
    "isInverse": False,
    "underlyingToPositionMultiplier": 1_000_000,
}
LISTED = json.dumps([ROW, LINEAR, ROW | {"symbol": ".BXBT"}])


def test_instruments_have_exact_sizes() -> None:
    inverse, linear = VENUE.instruments(LISTED.encode())
    assert (inverse.tick_size, inverse.lot_size) == (Decimal("0.5"), Decimal(100))
    assert (inverse.inverse, inverse.multiplier) == (True, Decimal(1))
    assert (linear.symbol, linear.multiplier) == ("BTC-USDT-PERP", Decimal("1e-6"))
    assert (inverse.status, linear.status) == (Status.TRADING, Status.HALTED)


SAMPLES = [TRADE, QUOTE, BOOK, UPDATE, DELETE, OLD_UPDATE]
KNOWN = Known(
    VENUE,
    parse,
    SAMPLES,
    names=[
        ("XBTUSD", "BTC-USD-PERP"),
        ("XBTEUR", "BTC-EUR-PERP"),
        ("ADAUSDT", "ADA-USDT-PERP"),
        ("XBTU21", "BTC-USD-U21"),
        ("XBTEURU21", "BTC-EUR-U21"),
        ("XBTUSDTZ23", "BTC-USDT-Z23"),
        ("ETHUSDU21", "ETH-USD-U21"),
        ("XRPU21", "XRP-BTC-U21"),
        ("XBT_USDT", "BTC-USDT"),
    ],
    refused=["", "XBT", ".BXBT", "xbtusd", "XBTUSDU21", "XBT7D_U105_", "USD"],
    mistakes=[
        *[
            (UPDATE, "42800", bad, r"\$\[0\]\.size")
            for bad in ('"nan"', "-1", "1e151", '"1"')
        ],
        (UPDATE, '"size":42800,', "", "a level without a price or a size"),
        (UPDATE, '"price":26902,', "", "a level without a price or a size"),
        (DELETE, '"price":26902,', "", "a level without a price or a size"),
        (UPDATE, '"Buy"', '"None"', "Invalid enum value 'None'"),
        (UPDATE, "XBTUSD", "XBTXYZ", "unknown symbol `XBTXYZ`"),
        (UPDATE, "orderBookL2", "orderBookL9", "unknown table `orderBookL9`"),
        (UPDATE, '"update"', '"upset"', "Invalid enum value 'upset'"),
        (UPDATE, '"action":"update",', "", "a table without an action"),
        (UPDATE, TIME, "yesterday", "no RFC 3339 time `yesterday`"),
        (TRADE, '"trdMatchID"', '"id"', "missing required field `trdMatchID`"),
        (TRADE, TRADE, "{}", "neither a table"),
        (TRADE, TRADE, "[]", "Expected `object`"),
        (TRADE, TRADE, TRADE[:-1], "truncated"),
    ],
)


@real
def test_every_real_frame_is_read_or_named(tmp_path: Path) -> None:
    outs = said(VENUE, CAPTURES, tmp_path)
    assert counted(outs) == {Ignored: 2_024, Trade: 17, Top: 436}
    reasons = [each.reason for each in outs if isinstance(each, Ignored)]
    assert reasons.count("book of before 2022") == 1_979
    assert all(each.bid < each.ask for each in outs if isinstance(each, Top))


@real
def test_every_name_of_the_real_list_is_ours_too() -> None:
    (body,) = listed("BITMEX")
    found = VENUE.instruments(body)
    assert len(found) == len(json.loads(body))
    assert all(bitmex.native(each.symbol) == each.native for each in found)
    assert len({each.symbol for each in found}) == len(found)
