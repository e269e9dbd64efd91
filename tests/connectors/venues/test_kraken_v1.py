"""Version 1 of Kraken is read; what it leaves out is named, and what is wrong."""

import json
import zlib
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.venues import kraken_v1
from connectors.venues.venue import Venue
from operators.market.decode import Line, Parsed
from operators.records.base import Side
from operators.records.frame import FrameKind, Ignored
from operators.records.market import BookDelta, BookSnapshot, Top, Trade
from operators.records.time import SECOND, US
from tests.connectors.venues.captured import counted, needs, paths, said
from tests.connectors.venues.laws import Known, reader

CAPTURES = paths("KRAKEN", "ws.48", "ws.49", "ws.50")
real = needs(CAPTURES)

VENUE: Venue = kraken_v1
NOW_NS = 1_534_614_249 * SECOND
VENUE_NS = NOW_NS - SECOND
STAMP: dict[str, Any] = {
    "venue": "kraken_v1",
    "symbol": "BTC-USD",
    "received_ns": NOW_NS,
}
LINE = Line(VENUE_NS)

TRADE = '["5541.20000","0.15850568","1534614057.321597","s","l",""]'
OTHER = '["6060.00000","0.02455000","1534614057.324998","b","m",""]'
TRADES = f'[0,[{TRADE},{OTHER}],"trade","XBT/USD"]'
SPREAD = (
    '[0,["5698.40000","5700.00000","1534614248.765567","1.01234567","0.98765432"],'
    '"spread","XBT/USD"]'
)
TICKER = (
    '[0,{"a":["5525.40000",1,"1.000"],"b":["5525.10000",1,"1.500"],"c":["5525.10000",'
    '"0.00398963"],"t":[11493,16267]},"ticker","XBT/USD"]'
)
BOOK = (
    '[0,{"as":[["5541.30000","2.50700000","1534614248.123678"],["5542.70000",'
    '"0.64700000","1534244244.345643"]],"bs":[["5541.20000","1.52900000",'
    '"1534614248.765567"]]},"book-100","XBT/USD"]'
)
DELTA = (
    '[1234,{"a":[["5541.30000","2.50700000","1534614248.456738"],["5542.50000",'
    '"0.40100000","1534614248.456739","r"]],"c":"974942666"},"book-10","XBT/USD"]'
)
BOTH = (
    '[1234,{"a":[["5541.30000","0.00000000","1534614248.456738"]]},{"b":[["5541.30000",'
    '"0.00100000","1534614248.456739"]],"c":"974942666"},"book-10","XBT/USD"]'
)


parse = reader(VENUE, NOW_NS, LINE)


def test_trades_are_read_with_an_id_of_their_own_fields() -> None:
    first = Trade(
        **STAMP,
        event_ns=1_534_614_057_321_597 * US,
        trade_id="1534614057.321597-sl-5541.20000-0.15850568",
        price=5541.2,
        quantity=0.15850568,
        side=Side.SELL,
    )
    second = Trade(
        **STAMP,
        event_ns=1_534_614_057_324_998 * US,
        trade_id="1534614057.324998-bm-6060.00000-0.02455000",
        price=6060.0,
        quantity=0.02455,
        side=Side.BUY,
    )
    assert parse(TRADES) == Parsed((first, second), second.event_ns)


def test_equal_trades_of_a_frame_are_told_apart_by_their_place_among_them() -> None:
    raw = f'[0,[{TRADE},{OTHER},{TRADE},{TRADE}],"trade","XBT/USD"]'
    trades = parse(raw).events
    ids = [trade.trade_id for trade in trades if isinstance(trade, Trade)]
    assert ids[2:] == [f"{ids[0]}-1", f"{ids[0]}-2"]
    assert len(set(ids)) == 4
    assert parse(raw).events == trades


def test_a_spread_is_dated_by_its_time_unless_that_is_of_long_ago() -> None:
    best: dict[str, Any] = {
        **STAMP,
        "bid": 5698.4,
        "bid_quantity": 1.01234567,
        "ask": 5700.0,
        "ask_quantity": 0.98765432,
    }
    stated_ns = 1_534_614_248_765_567 * US
    assert parse(SPREAD) == Parsed((Top(**best, event_ns=stated_ns),), stated_ns)
    stale = SPREAD.replace("1534614248.765567", "1534514248.765567")
    assert parse(stale) == Parsed((Top(**best, event_ns=VENUE_NS),))


def test_a_ticker_states_the_best_prices() -> None:
    top = Top(
        **STAMP,
        event_ns=VENUE_NS,
        bid=5525.1,
        bid_quantity=1.5,
        ask=5525.4,
        ask_quantity=1.0,
    )
    assert parse(TICKER) == Parsed((top,))


def test_a_snapshot_is_true_now_and_as_deep_as_its_channel() -> None:
    whole = BookSnapshot(
        **STAMP,
        event_ns=VENUE_NS,
        bids=((5541.2, 1.529),),
        asks=((5541.3, 2.507), (5542.7, 0.647)),
        depth=100,
        bid_texts=("554120000152900000",),
        ask_texts=("554130000250700000", "55427000064700000"),
    )
    assert parse(BOOK) == Parsed((whole,))
    empty = parse('[0,{"as":[],"bs":[]},"book-25","XBT/USD"]')
    assert empty == Parsed(
        (BookSnapshot(**STAMP, event_ns=VENUE_NS, bids=(), asks=(), depth=25),)
    )


def test_a_change_is_dated_by_its_newest_level_but_not_by_a_republished_one() -> None:
    event_ns = 1_534_614_248_456_738 * US
    delta = BookDelta(
        **STAMP,
        event_ns=event_ns,
        bids=(),
        asks=((5541.3, 2.507), (5542.5, 0.401)),
        checksum=974_942_666,
        ask_texts=("554130000250700000", "55425000040100000"),
    )
    assert parse(DELTA) == Parsed((delta,), event_ns)
    republished = DELTA.replace('456738"', '456738","r"')
    (event,) = parse(republished).events
    assert (event.event_ns, parse(republished).venue_ns) == (VENUE_NS, None)


def test_a_change_of_both_sides_is_one_change() -> None:
    event_ns = 1_534_614_248_456_739 * US
    delta = BookDelta(
        **STAMP,
        event_ns=event_ns,
        bids=((5541.3, 0.001),),
        asks=((5541.3, 0.0),),
        checksum=974_942_666,
        bid_texts=("554130000100000",),
        ask_texts=("554130000",),
    )
    assert parse(BOTH) == Parsed((delta,), event_ns)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ('{"event":"heartbeat"}', "heartbeat"),
        ('{"event":"pong","reqid":42}', "pong"),
        ('{"event":"systemStatus","status":"online","connectionID":8628615}', "status"),
        (
            '{"channelID":10001,"channelName":"ohlc-5","event":"subscriptionStatus",'
            '"pair":"XBT/EUR","status":"subscribed","subscription":{"name":"ohlc"}}',
            "acknowledgement",
        ),
        (
            '{"errorMessage":"Subscription depth not supported","event":'
            '"subscriptionStatus","pair":"XBT/USD","status":"error"}',
            "error reply",
        ),
        ('{"event":"error","errorMessage":"Malformed request"}', "error reply"),
        ('{"Error":"Exceeded msg rate"}', "error reply"),
        ('[42,["1542057314.748456","1542057360.4"],"ohlc-5","XBT/USD"]', "ohlc"),
        ('[0,[],"trade","XBT/USD"]', "no trades"),
    ],
)
def test_what_yields_nothing_says_why(raw: str, reason: str) -> None:
    assert parse(raw) == Parsed(ignored=reason)
    assert parse("{}", kind=FrameKind.REST).ignored == "fetched"


NUMBERS = ["nan", "inf", "1e999", "1e151", "-1", "", "1,5", "true", "1_0", "9" * 41]


def test_subscriptions_are_spelt_as_the_venue_does() -> None:
    messages = kraken_v1.subscribe(["BTC-EUR", "DOGE-USD"], kraken_v1.CHANNELS)
    assert [json.loads(each) for each in messages] == [
        {"event": "subscribe", "pair": ["XBT/EUR", "XDG/USD"], "subscription": asked}
        for asked in (
            *({"name": "trade"}, {"name": "spread"}),
            {"name": "book", "depth": 100},
        )
    ]
    assert kraken_v1.subscribe([], kraken_v1.CHANNELS) == []


def test_many_symbols_are_subscribed_to_in_few_messages() -> None:
    symbols = [f"A{number}-USD" for number in range(500)]
    sent = [json.loads(each) for each in kraken_v1.subscribe(symbols, ["trade"])]
    assert [len(each["pair"]) for each in sent] == [100] * 5
    pairs = [pair for each in sent for pair in each["pair"]]
    assert [kraken_v1.canonical(pair) for pair in pairs] == symbols


def test_a_book_is_sent_anew_upon_subscribing_again() -> None:
    sent = [json.loads(each) for each in VENUE.resync("BTC-USD")]
    assert [each["event"] for each in sent] == ["unsubscribe", "subscribe"]
    assert all(each["pair"] == ["XBT/USD"] for each in sent)
    assert VENUE.snapshot_path("BTC-USD") is None
    assert any(each in '{"event":"heartbeat"}' for each in VENUE.IDLE)


def test_the_list_gives_native_names_of_this_version() -> None:
    pair = {"wsname": "XDG/EUR", "pair_decimals": 7, "lot_decimals": 8}
    (found,) = VENUE.instruments(json.dumps({"result": {"XDGEUR": pair}}).encode())
    assert (found.symbol, found.native) == ("DOGE-EUR", "XDG/EUR")
    assert (found.venue, found.tick_size) == ("kraken_v1", Decimal("0.0000001"))


SAMPLES = [TRADES, SPREAD, TICKER, BOOK, DELTA, BOTH]
KNOWN = Known(
    VENUE,
    parse,
    SAMPLES,
    names=[
        ("XBT/EUR", "BTC-EUR"),
        ("XDG/XBT", "DOGE-BTC"),
        ("ETH/USD", "ETH-USD"),
        ("EUR/USD", "EUR-USD"),
    ],
    refused=["", "XBT", "XBT-USD", "XBT/", "A/B/C", "B" * 99 + "/USD"],
    mistakes=[
        *[(TRADES, "5541.20000", bad, "no plain number") for bad in NUMBERS],
        *[(DELTA, "0.40100000", bad, "no plain number") for bad in NUMBERS],
        *[(SPREAD, "5700.00000", bad, r"\$\[1\]") for bad in ("nan", "1e999", "", "x")],
        *[(TICKER, "1.500", bad, r"\$\.b\[2\]") for bad in ("nan", "1e999", "", "x")],
        *[
            (TRADES, "1534614057.321597", bad, "no time `")
            for bad in ("", ".", "x", "1.1234567890", "-1.0", "9223372037.0", "²")
        ],
        (TRADES, '"s"', '"sell"', "Invalid enum value 'sell'"),
        (TRADES, '"trade"', '"trades"', "unknown channel `trades`"),
        (TRADES, '"trade"', "7", "Expected `str`"),
        (TRADES, "XBT/USD", "XBTUSD", "unknown symbol `XBTUSD`"),
        (TRADES, "[0,", "[", "a frame of 3 parts"),
        (TRADES, "[0,", "[0,0,", "2 payloads on `trade`"),
        (BOOK, "book-100", "book-99", "unknown channel `book-99`"),
        (BOOK, '"bs"', '"b"', "both a snapshot and a change"),
        (DELTA, '"a"', '"z"', "neither a snapshot nor a change"),
        (DELTA, "974942666", "4294967296", "<= 4294967295"),
        (DELTA, '"974942666"', '"x"', r"\$\.c"),
        (DELTA, ',"1534614248.456738"', "", "of at least length 3"),
        (SPREAD, '"0.98765432"', "null", r"\$\[4\]"),
        (TICKER, '"b"', '"z"', "missing required field `b`"),
        (TRADES, TRADES, '{"event":"ownTrades"}', "unknown event `ownTrades`"),
        (TRADES, TRADES, "{}", "unknown event ``"),
        (TRADES, TRADES, "[]", "a frame of 0 parts"),
        (TRADES, TRADES, "7", "Expected"),
        (TRADES, TRADES, TRADES[:-1], "truncated"),
    ],
)


# https://docs.kraken.com/exchange/guides/websockets/book-checksum-v1
def checksum(asks: dict[float, str], bids: dict[float, str]) -> int:
    best = [asks[price] for price in sorted(asks)[:10]]
    best += [bids[price] for price in sorted(bids, reverse=True)[:10]]
    return zlib.crc32("".join(best).encode())


class Book:
    """Both sides of a book, as text; nothing of ours is used to keep it."""

    def __init__(self, snapshot: BookSnapshot) -> None:
        self.depth = snapshot.depth or 0
        self.sides: tuple[dict[float, str], dict[float, str]] = ({}, {})
        self.put(snapshot)

    def put(self, event: BookSnapshot | BookDelta) -> None:
        told = (
            (self.sides[0], event.asks, event.ask_texts, 1),
            (self.sides[1], event.bids, event.bid_texts, -1),
        )
        for side, levels, texts, sign in told:
            for (price, quantity), text in zip(levels, texts, strict=True):
                side[price] = text
                if not quantity:
                    del side[price]
            for price in sorted(side, key=lambda at: sign * at)[self.depth :]:
                del side[price]


@pytest.fixture
def outs(tmp_path: Path) -> list[object]:
    return said(VENUE, CAPTURES, tmp_path)


@real
def test_every_real_frame_is_read_or_named(outs: list[object]) -> None:
    assert counted(outs) == {
        Ignored: 131,
        Trade: 10,
        Top: 18,
        BookSnapshot: 10,
        BookDelta: 4_269,
    }
    reasons = Counter(each.reason for each in outs if isinstance(each, Ignored))
    assert reasons == {
        "open": 3,
        "sent": 3,
        "status": 3,
        "acknowledgement": 30,
        "heartbeat": 92,
    }


@real
def test_every_real_checksum_is_right(outs: list[object]) -> None:
    books: dict[str, Book] = {}
    verified = 0
    for event in outs:
        if isinstance(event, BookSnapshot):
            assert event.depth == 1_000
            books[event.symbol] = Book(event)
        if isinstance(event, BookDelta):
            book = books[event.symbol]
            book.put(event)
            assert checksum(*book.sides) == event.checksum
            verified += 1
    assert verified == 4_269
