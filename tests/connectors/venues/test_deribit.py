"""Deribit is read; what it leaves out is named, and what is wrong."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.venues import deribit
from connectors.venues.venue import Venue
from operators.market.decode import Line, Parsed
from operators.records.base import UNREADABLE, Side
from operators.records.frame import FrameKind, Ignored
from operators.records.instrument import Status
from operators.records.market import (
    BookDelta,
    BookSnapshot,
    Mark,
    Top,
    Trade,
)
from operators.records.time import MS
from tests.connectors.venues.captured import counted, listed, needs, paths, said
from tests.connectors.venues.laws import Known, reader

CAPTURES = paths("DERIBIT", "ws.1")
real = needs(CAPTURES)

VENUE: Venue = deribit
NOW_NS = 1_590_484_512_300 * MS
VENUE_NS = NOW_NS - 700 * MS
LINE = Line(VENUE_NS)
STAMP: dict[str, Any] = {
    "venue": "deribit",
    "symbol": "BTC-USD-PERP",
    "received_ns": NOW_NS,
}


def pushed(channel: str, data: str) -> str:
    return (
        '{"jsonrpc":"2.0","method":"subscription","params":{"channel":"'
        f'{channel}","data":{data}}}}}'
    )


TRADES = pushed(
    "trades.BTC-PERPETUAL.raw",
    '[{"trade_seq":30289442,"trade_id":"48079269","timestamp":1590484512188,'
    '"tick_direction":2,"price":8950,"mark_price":8948.9,'
    '"instrument_name":"BTC-PERPETUAL","index_price":8955.88,"direction":"sell",'
    '"amount":10}]',
)
SNAPSHOT = pushed(
    "book.BTC-PERPETUAL.100ms",
    '{"type":"snapshot","timestamp":1590484511000,"instrument_name":"BTC-PERPETUAL",'
    '"change_id":297217,"bids":[["new",5042.34,30],["new",5041.94,20]],'
    '"asks":[["new",5042.64,40],["new",5043.3,40]]}',
)
CHANGE = pushed(
    "book.BTC-PERPETUAL.100ms",
    '{"type":"change","timestamp":1590484512000,"prev_change_id":297217,'
    '"instrument_name":"BTC-PERPETUAL","change_id":297218,'
    '"bids":[["delete",5041.94,0],["delete",5042.34,5]],"asks":[["change",5042.64,4]]}',
)
TICKER = pushed(
    "ticker.BTC-PERPETUAL.100ms",
    '{"timestamp":1590484512000,"stats":{"volume":2.6,"low":5.0,"high":7.0},'
    '"state":"open","settlement_price":36169.49,"open_interest":502097590,'
    '"min_price":35898.37,"max_price":36991.72,"mark_price":36446.51,'
    '"last_price":36457.5,"instrument_name":"BTC-PERPETUAL","index_price":36441.64,'
    '"funding_8h":0.0000211,"current_funding":0,"best_bid_price":36442.5,'
    '"best_bid_amount":5000,"best_ask_price":36443,"best_ask_amount":100}',
)
QUOTE = pushed(
    "quote.BTC-PERPETUAL",
    '{"timestamp":1590484512000,"instrument_name":"BTC-PERPETUAL",'
    '"best_bid_price":3914.97,"best_bid_amount":40,"best_ask_price":3996.61,'
    '"best_ask_amount":50}',
)


parse = reader(VENUE, NOW_NS, LINE)


def test_a_trade_is_numbered_and_has_the_takers_side() -> None:
    event_ns = 1_590_484_512_188 * MS
    trade = Trade(
        **STAMP,
        event_ns=event_ns,
        trade_id="48079269",
        sequence=30_289_442,
        price=8950.0,
        quantity=10.0,
        side=Side.SELL,
    )
    assert parse(TRADES) == Parsed([trade], event_ns)
    of_all = TRADES.replace("trades.BTC-PERPETUAL.raw", "trades.future.BTC.100ms")
    assert parse(of_all) == Parsed([trade], event_ns)


def test_a_book_begins_with_a_snapshot_and_goes_on_by_its_change_ids() -> None:
    snapshot = BookSnapshot(
        **STAMP,
        event_ns=1_590_484_511_000 * MS,
        sequence=297_217,
        bids=((5042.34, 30.0), (5041.94, 20.0)),
        asks=((5042.64, 40.0), (5043.3, 40.0)),
    )
    delta = BookDelta(
        **STAMP,
        event_ns=1_590_484_512_000 * MS,
        sequence=297_218,
        previous=297_217,
        bids=((5041.94, 0.0), (5042.34, 0.0)),
        asks=((5042.64, 4.0),),
    )
    assert parse(SNAPSHOT) == Parsed((snapshot,), snapshot.event_ns)
    assert parse(CHANGE) == Parsed((delta,), delta.event_ns)


def test_a_book_that_has_not_changed_for_days_is_true_now() -> None:
    old = SNAPSHOT.replace("1590484511000", "1590284511000")
    (event,) = parse(old).events
    assert (event.event_ns, parse(old).venue_ns) == (VENUE_NS, None)


def test_a_ticker_is_a_mark_and_a_quote_where_there_is_one() -> None:
    event_ns = 1_590_484_512_000 * MS
    mark = Mark(
        **STAMP,
        event_ns=event_ns,
        mark=36446.51,
        index=36441.64,
        open_interest=502_097_590.0,
    )
    top = Top(
        **STAMP,
        event_ns=event_ns,
        bid=36442.5,
        bid_quantity=5000.0,
        ask=36443.0,
        ask_quantity=100.0,
    )
    assert parse(TICKER) == Parsed((mark, top), event_ns)
    for none in ('"best_bid_price":0.0', '"best_bid_price":null'):
        one_sided = TICKER.replace('"best_bid_price":36442.5', none)
        assert parse(one_sided) == Parsed((mark,), event_ns)


def test_a_quote_has_both_sides_or_says_why_not() -> None:
    event_ns = 1_590_484_512_000 * MS
    top = Top(
        **STAMP,
        event_ns=event_ns,
        bid=3914.97,
        bid_quantity=40.0,
        ask=3996.61,
        ask_quantity=50.0,
    )
    assert parse(QUOTE) == Parsed((top,), event_ns)
    empty = QUOTE.replace('"best_ask_price":3996.61', '"best_ask_price":null')
    assert parse(empty) == Parsed((), event_ns, "one-sided quote")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ('{"jsonrpc":"2.0","id":1,"result":["quote.X"]}', "acknowledgement"),
        ('{"jsonrpc":"2.0","id":0,"result":{"version":"1.2"}}', "acknowledgement"),
        (
            '{"jsonrpc":"2.0","id":1,"error":{"code":11050,"message":"bad_request"}}',
            "error reply",
        ),
        (
            '{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}',
            "heartbeat",
        ),
        (pushed("trades.BTC-PERPETUAL.raw", "[]"), "no trades"),
        (pushed("book.BTC-PERPETUAL.none.20.100ms", "{}"), "grouped book"),
        (pushed("platform_state", '{"locked":true}'), "platform_state"),
        (pushed("perpetual.BTC-PERPETUAL.raw", "{}"), "perpetual"),
    ],
)
def test_what_yields_nothing_says_why(raw: str, reason: str) -> None:
    said = parse(raw)
    assert (list(said.events), said.venue_ns, said.ignored) == ([], None, reason)
    assert parse("{}", kind=FrameKind.REST).ignored == "fetched"


NAMES = [
    ("BTC_USDC", "BTC-USDC"),
    ("ETH_BTC", "ETH-BTC"),
    ("BTC-PERPETUAL", "BTC-USD-PERP"),
    ("SOL_USDC-PERPETUAL", "SOL-USDC-PERP"),
    ("BTC-5JUL24", "BTC-USD-240705"),
    ("BTC_USDC-30SEP22", "BTC-USDC-220930"),
    ("BTC-30SEP22-20000-C", "BTC-USD-220930-20000-C"),
    ("ETH-3JAN25-3500-P", "ETH-USD-250103-3500-P"),
    ("XRP_USDC-30JUN23-0d625-C", "XRP-USDC-230630-0.625-C"),
]


def test_subscriptions_are_spelt_as_the_venue_does_and_bounded() -> None:
    (sent,) = deribit.subscribe(["BTC-USD-PERP", "ETH-USD-220930-20-P"], VENUE.CHANNELS)
    assert json.loads(sent) == {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "public/subscribe",
        "params": {
            "channels": [
                *("trades.BTC-PERPETUAL.100ms", "ticker.BTC-PERPETUAL.100ms"),
                *("book.BTC-PERPETUAL.100ms", "trades.ETH-30SEP22-20-P.100ms"),
                *("ticker.ETH-30SEP22-20-P.100ms", "book.ETH-30SEP22-20-P.100ms"),
            ]
        },
    }
    assert '"quote.BTC-PERPETUAL"' in deribit.subscribe(["BTC-USD-PERP"], ["quote"])[0]
    symbols = [f"A{number}-USDC" for number in range(150)]
    many = [json.loads(each) for each in deribit.subscribe(symbols, ["quote"])]
    assert [len(each["params"]["channels"]) for each in many] == [100, 50]


def test_a_book_is_sent_anew_upon_subscribing_again() -> None:
    sent = [json.loads(each) for each in VENUE.resync("BTC-USD-PERP")]
    methods = [each["method"] for each in sent]
    assert methods == ["public/unsubscribe", "public/subscribe"]
    asked = [each["params"]["channels"] for each in sent]
    assert asked == [["book.BTC-PERPETUAL.100ms"]] * 2
    assert VENUE.snapshot_path("BTC-USD-PERP") is None
    assert VENUE.PING is not None
    reply = '{"jsonrpc":"2.0","id":0,"result":{"version":"1.2.26"},"testnet":false}'
    assert any(each in reply for each in VENUE.IDLE)


FUTURE: dict[str, Any] = {
    "tick_size": 0.5,
    "quote_currency": "USD",
    "min_trade_amount": 10,
    "kind": "future",
    "is_active": True,
    "instrument_name": "BTC-PERPETUAL",
    "instrument_type": "reversed",
    "settlement_currency": "BTC",
    "contract_size": 10,
    "base_currency": "BTC",
    "state": "open",
}
OPTION = FUTURE | {
    "kind": "option",
    "instrument_name": "BTC-30SEP22-20000-C",
    "quote_currency": "BTC",
    "tick_size": 0.0001,
    "min_trade_amount": 0.1,
    "contract_size": 1,
}
LISTED = json.dumps({"jsonrpc": "2.0", "result": [FUTURE, OPTION]})


def test_instruments_have_exact_sizes() -> None:
    linear = {
        "instrument_name": "BTC_USDC-PERPETUAL",
        "instrument_type": "linear",
        "settlement_currency": "USDC",
        "state": "halted",
    }
    combo = {"instrument_name": "BTC-FS-29DEC23_PERP", "kind": "future_combo"}
    rows = [FUTURE, OPTION, FUTURE | linear, FUTURE | combo]
    found = VENUE.instruments(json.dumps({"result": rows}).encode())
    inverse, call, halted = found
    assert (inverse.symbol, inverse.inverse) == ("BTC-USD-PERP", True)
    assert (inverse.tick_size, inverse.lot_size) == (Decimal("0.5"), Decimal(10))
    assert (call.base, call.quote, call.inverse) == ("BTC", "BTC", False)
    assert (call.tick_size, call.lot_size) == (Decimal("0.0001"), Decimal("0.1"))
    assert (halted.inverse, halted.status) == (False, Status.HALTED)
    for bad in ({"tick_size": -1}, {"contract_size": 1e31}, {"tick_size": "x"}):
        with pytest.raises(UNREADABLE):
            VENUE.instruments(json.dumps({"result": [FUTURE | bad]}).encode())


SAMPLES = [TRADES, SNAPSHOT, CHANGE, TICKER, QUOTE]
KNOWN = Known(
    VENUE,
    parse,
    SAMPLES,
    names=NAMES,
    refused=[
        *("BTC", "BTC-05JUL24", "BTC-32JUL24", "BTC-5JUX24", "BTC_USD-PERPETUAL", ""),
        *("BTC-FS-29DEC23_PERP", "BTC-5JUL24-1.5-C", "BTC-5JUL24-1-X", "btc-PERPETUAL"),
        *(
            "BTC-PERPETUAL-1-C",
            "BTC-5JUL24-20000",
            "BTC-\u0665JUL24",
            "ETH-CS-5JUL24-1_2",
        ),
    ],
    mistakes=[
        *[
            (TRADES, "8950", bad, r"\$\.params\.data\[0\]\.price|malformed|finite|rang")
            for bad in ("1e151", '"1"', "null", "NaN", "1e999")
        ],
        (TRADES, '"amount":10', '"amount":-1', ">= 0"),
        (TRADES, '"sell"', '"none"', "Invalid enum value 'none'"),
        (TRADES, "48079269", "4" * 65, "length <= 64"),
        (TRADES, '"BTC-PERPETUAL"', '"BTC-X"', "unknown symbol `BTC-X`"),
        (TRADES, "1590484512188", "9000000000001", "<= 9000000000000"),
        (SNAPSHOT, '"snapshot"', '"whole"', "Invalid enum value 'whole'"),
        (SNAPSHOT, '"new",5042.34', '"old",5042.34', "Invalid enum value 'old'"),
        (SNAPSHOT, '"BTC-PERPETUAL"', '"ETH-PERPETUAL"', "on the channel of `BTC"),
        (CHANGE, '"prev_change_id":297217,', "", "without `prev_change_id`"),
        (QUOTE, "quote", "quotes", "unknown channel `quotes`"),
        (QUOTE, '"subscription"', '"ask"', "unknown method `ask`"),
        (QUOTE, "50}", '50},"channel":"ticker.X.raw"', "channel stated twice"),
        (QUOTE, QUOTE, "{}", "neither a notification nor a reply"),
        (QUOTE, QUOTE, "[]", "Expected `object`"),
        (QUOTE, QUOTE, QUOTE[:-1], "truncated"),
    ],
)


@pytest.fixture
def outs(tmp_path: Path) -> list[object]:
    return said(VENUE, CAPTURES, tmp_path)


@real
def test_every_real_frame_is_read_and_every_chain_whole(outs: list[object]) -> None:
    assert counted(outs) == {
        Ignored: 3,
        Mark: 89,
        Top: 76,
        BookSnapshot: 10,
        BookDelta: 36,
    }
    at: dict[str, int | None] = {}
    for event in outs:
        if isinstance(event, BookDelta):
            assert event.previous == at[event.symbol]
        if isinstance(event, BookSnapshot | BookDelta):
            at[event.symbol] = event.sequence
    books = [each for each in outs if isinstance(each, BookSnapshot)]
    sizes = {(len(each.bids), len(each.asks)) for each in books}
    assert (0, 0) in sizes
    assert any(bids == 0 < asks for bids, asks in sizes)


@real
def test_every_name_of_the_real_list_goes_both_ways() -> None:
    found = [each for body in listed("DERIBIT") for each in VENUE.instruments(body)]
    assert len(found) == 1_017
    assert all(deribit.canonical(each.native) == each.symbol for each in found)
    assert all(deribit.native(each.symbol) == each.native for each in found)
    inverse = {each.symbol for each in found if each.inverse}
    assert len(inverse) == 21
    assert all("-USD-" in symbol for symbol in inverse)
