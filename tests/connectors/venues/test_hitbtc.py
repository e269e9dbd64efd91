"""HitBTC is read, in two versions; four lines are one; mistakes are named."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.venues import hitbtc
from connectors.venues.venue import Venue
from operators.market.arbitrate import Arbitrate, ArbitrateParams
from operators.market.decode import Decode, DecodeParams, Line, Parsed
from operators.market.heard import Heard, Moved
from operators.market.listen import Listen
from operators.market.order_book import OrderBook, OrderBookParams
from operators.records.base import Side
from operators.records.book import BookState
from operators.records.frame import Frame, FrameKind, Ignored
from operators.records.instrument import Status
from operators.records.market import (
    BookDelta,
    BookSnapshot,
    Gap,
    MarketEvent,
    Top,
    Trade,
)
from operators.records.time import MS
from tests.connectors.venues.captured import (
    counted,
    listed,
    needs,
    paths,
    recorded,
)
from tests.connectors.venues.laws import Known, reader

CAPTURES = paths("HITBTC", "ws.1", "ws.2", "ws.3", "ws.4")
real = needs(CAPTURES)

VENUE: Venue = hitbtc
NOW_NS = 1_626_866_578_900 * MS
VENUE_NS = NOW_NS - 500 * MS
LINE = Line(VENUE_NS)
EVENT_NS = 1_626_866_578_796 * MS
STAMP: dict[str, Any] = {
    "venue": "hitbtc",
    "symbol": "ETH-BTC",
    "received_ns": NOW_NS,
}
SNAPSHOT = (
    '{"ch":"orderbook/full","snapshot":{"ETHBTC":{"t":1626866578796,"s":27617207,"a":'
    '[["0.060549","12.6431"],["0.060612","1"]],"b":[["0.060439","4.4095"]]}}}'
)
UPDATE = (
    '{"ch":"orderbook/full","update":{"ETHBTC":{"t":1626866578902,"s":27617208,"a":[],'
    '"b":[["0.060508","0"]]}}}'
)
TRADES = (
    '{"ch":"trades","update":{"ETHBTC":[{"t":1626866578796,"i":1555634969,"p":'
    '"0.060508","q":"12.66828","s":"buy"}],"BTCUSDT_PERP":[{"t":1626866578700,"i":7,'
    '"p":"30881.96","q":"0.1","s":"sell"}]}}'
)
TOP = (
    '{"ch":"orderbook/top/100ms","data":{"ETHBTC":{"t":1626866578796,"a":"0.060549",'
    '"A":"12.6431","b":"0.060439","B":"4.4095"}}}'
)
OLD_SNAPSHOT = (
    '{"jsonrpc":"2.0","method":"snapshotOrderbook","params":{"ask":[{"price":"0.060549"'
    ',"size":"12.6431"},{"price":"0.060612","size":"1"}],"bid":[{"price":"0.060439",'
    '"size":"4.4095"}],"symbol":"ETHBTC","sequence":27617207,"timestamp":'
    '"2021-07-21T11:22:58.796Z"}}'
)
OLD_UPDATE = (
    '{"jsonrpc":"2.0","method":"updateOrderbook","params":{"ask":[],"bid":[{"price":'
    '"0.060508","size":"0"}],"sequence":27617208,"timestamp":'
    '"2021-07-21T11:22:58.902Z","symbol":"ETHBTC"}}'
)
OLD_TRADES = (
    '{"jsonrpc":"2.0","method":"updateTrades","params":{"data":[{"id":1555634969,'
    '"price":"0.060508","quantity":"12.66828","side":"buy","timestamp":'
    '"2021-07-21T11:22:58.796Z"}],"symbol":"ETHBTC"}}'
)


parse = reader(VENUE, NOW_NS, LINE)


@pytest.mark.parametrize("raw", [SNAPSHOT, OLD_SNAPSHOT])
def test_a_book_begins_with_a_snapshot_in_both_versions(raw: str) -> None:
    snapshot = BookSnapshot(
        **STAMP,
        event_ns=EVENT_NS,
        sequence=27_617_207,
        bids=((0.060439, 4.4095),),
        asks=((0.060549, 12.6431), (0.060612, 1.0)),
    )
    (event,) = parse(raw).events
    assert (event, parse(raw).venue_ns) == (snapshot, EVENT_NS)
    days = raw.replace("1626866578796", "1626566578796").replace("-21T", "-18T")
    (old,) = parse(days).events
    assert (old.event_ns, parse(days).venue_ns) == (VENUE_NS, None)


@pytest.mark.parametrize("raw", [UPDATE, OLD_UPDATE])
def test_a_change_follows_on_the_one_before_in_both_versions(raw: str) -> None:
    event_ns = 1_626_866_578_902 * MS
    delta = BookDelta(
        **STAMP,
        event_ns=event_ns,
        first_sequence=27_617_208,
        sequence=27_617_208,
        previous=27_617_207,
        bids=((0.060508, 0.0),),
        asks=(),
    )
    (event,) = parse(raw).events
    assert (event, parse(raw).venue_ns) == (delta, event_ns)


@pytest.mark.parametrize(("raw", "count"), [(TRADES, 2), (OLD_TRADES, 1)])
def test_trades_have_ids_in_both_versions(raw: str, count: int) -> None:
    trade = Trade(
        **STAMP,
        event_ns=EVENT_NS,
        trade_id="1555634969",
        price=0.060508,
        quantity=12.66828,
        side=Side.BUY,
    )
    said = parse(raw)
    assert (said.events[0], said.venue_ns, len(said.events)) == (trade, EVENT_NS, count)
    assert [each.symbol for each in said.events][1:] == ["BTC-USDT-PERP"] * (count - 1)


def test_the_top_has_both_sides_or_says_why_not() -> None:
    top = Top(
        **STAMP,
        event_ns=EVENT_NS,
        bid=0.060439,
        bid_quantity=4.4095,
        ask=0.060549,
        ask_quantity=12.6431,
    )
    assert parse(TOP) == Parsed([top], EVENT_NS)
    assert parse(TOP.replace('"4.4095"', "null")).ignored == "one-sided top"
    old = parse(TOP.replace("1626866578796", "1626566578796"))
    assert (old.events[0].event_ns, old.venue_ns) == (VENUE_NS, None)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ('{"result":{"ch":"trades","subscriptions":[]},"id":1}', "acknowledgement"),
        ('{"jsonrpc":"2.0","result":true,"id":"x"}', "acknowledgement"),
        ('{"error":{"code":2003,"message":"Unknown channel"},"id":16}', "error reply"),
        ('{"ch":"trades","snapshot":{"ETHBTC":[]}}', "old trades"),
        ('{"ch":"trades","update":{"ETHBTC":[]}}', "no trades"),
        ('{"ch":"orderbook/full","update":{}}', "no books"),
        ('{"ch":"orderbook/D20/100ms","data":{}}', "orderbook/D20/100ms"),
        ('{"ch":"futures/info","data":{}}', "futures/info"),
        ('{"jsonrpc":"2.0","method":"ticker","params":{}}', "ticker without sizes"),
        ('{"jsonrpc":"2.0","method":"snapshotTrades","params":{}}', "old trades"),
        ('{"jsonrpc":"2.0","method":"updateCandles","params":{}}', "candles"),
        (
            OLD_TRADES[: OLD_TRADES.index("[") + 1] + '],"symbol":"ETHBTC"}}',
            "no trades",
        ),
    ],
)
def test_what_yields_nothing_says_why(raw: str, reason: str) -> None:
    said = parse(raw)
    assert (list(said.events), said.ignored) == ([], reason)
    assert parse("{}", kind=FrameKind.REST).ignored == "fetched"


def test_subscriptions_are_spelt_as_the_venue_does_and_bounded() -> None:
    sent = hitbtc.subscribe(["ETH-BTC", "BTC-USDT-PERP"], VENUE.CHANNELS)
    assert [json.loads(each) for each in sent] == [
        {
            "method": "subscribe",
            "ch": channel,
            "params": {"symbols": ["ETHBTC", "BTCUSDT_PERP"]},
            "id": 1,
        }
        for channel in VENUE.CHANNELS
    ]
    symbols = [f"A{number}-USDT" for number in range(120)]
    many = [json.loads(each) for each in hitbtc.subscribe(symbols, ["trades"])]
    assert [len(each["params"]["symbols"]) for each in many] == [50, 50, 20]


def test_a_book_is_sent_anew_upon_subscribing_again() -> None:
    sent = [json.loads(each) for each in VENUE.resync("ETH-BTC")]
    assert [each["method"] for each in sent] == ["unsubscribe", "subscribe"]
    assert all(each["ch"] == "orderbook/full" for each in sent)
    assert VENUE.snapshot_path("ETH-BTC") is None


SPOT = {
    "type": "spot",
    "base_currency": "ETH",
    "quote_currency": "BTC",
    "status": "working",
    "quantity_increment": "0.0001",
    "tick_size": "0.000001",
}
FUTURE = {
    "type": "futures",
    "base_currency": None,
    "underlying": "BTC",
    "quote_currency": "USDT",
    "status": "suspended",
    "quantity_increment": "0.0001",
    "tick_size": "0.01",
}
LISTED = json.dumps({"ETHBTC": SPOT, "BTCUSDT_PERP": FUTURE, "BTCUSDT_2211": FUTURE})


def test_instruments_have_exact_sizes() -> None:
    spot, future = VENUE.instruments(LISTED.encode())
    assert (spot.symbol, spot.base, spot.quote) == ("ETH-BTC", "ETH", "BTC")
    assert (spot.tick_size, spot.lot_size) == (Decimal("0.000001"), Decimal("0.0001"))
    assert (future.symbol, future.base) == ("BTC-USDT-PERP", "BTC")
    assert (spot.status, future.status) == (Status.TRADING, Status.HALTED)


SAMPLES = [SNAPSHOT, UPDATE, TRADES, TOP, OLD_SNAPSHOT, OLD_UPDATE, OLD_TRADES]
KNOWN = Known(
    VENUE,
    parse,
    SAMPLES,
    names=[
        ("ETHBTC", "ETH-BTC"),
        ("BTCUSDT", "BTC-USDT"),
        ("MTXUSD", "MTX-USD"),
        ("BTCTUSD", "BTC-TUSD"),
        ("GRTUSD", "GRT-USD"),
        ("BTCUSDT_PERP", "BTC-USDT-PERP"),
    ],
    refused=["", "BTC", "btcusdt", "ETH-BTC", "BTCUSDT_2211"],
    mistakes=[
        *[
            (raw, '"12.6431"', bad, r"Expected `float`|out of range|>= 0")
            for bad in ('"nan"', '"1e999"', '"-1"', '""')
            for raw in (SNAPSHOT, OLD_SNAPSHOT)
        ],
        (TRADES, '"buy"', '"none"', "Invalid enum value 'none'"),
        (UPDATE, "27617208", "-1", ">= 0"),
        (UPDATE, "ETHBTC", "ETHXXX", "unknown symbol `ETHXXX`"),
        (UPDATE, "orderbook/full", "orderbook", "unknown channel `orderbook`"),
        (
            OLD_UPDATE,
            "updateOrderbook",
            "activeOrders",
            "unknown method `activeOrders`",
        ),
        (OLD_UPDATE, "2021-07-21", "2021-7-21", "time"),
        (OLD_UPDATE, '"symbol"', '"name"', "missing required field `symbol`"),
        (OLD_UPDATE, ',"params"', ',"parameters"', "truncated"),
        (TOP, TOP, "{}", "neither a channel"),
        (TOP, TOP, "[]", "Expected `object`"),
        (TOP, TOP, TOP[:-1], "truncated"),
    ],
)


@pytest.fixture
def sockets(tmp_path: Path) -> list[Frame]:
    """Return the four sockets of the capture, as four lines of one connection."""
    return [
        msgspec.structs.replace(frame, connection="hitbtc-0")
        for frame in recorded(VENUE, CAPTURES, tmp_path)
    ]


@real
def test_every_real_frame_is_read_or_named(sockets: list[Frame]) -> None:
    decode = Decode(DecodeParams(), {"hitbtc": hitbtc.parse})
    outs = list(decode.update(sockets))
    assert counted(outs) == {Ignored: 1_216, BookSnapshot: 80, BookDelta: 4 * 517}


def merged(frames: list[Frame]) -> list[MarketEvent]:
    """Return what the market flow makes of frames, symbol by symbol."""
    listen = Listen(DecodeParams(), {"hitbtc": hitbtc.parse})
    arbiters: dict[str, Arbitrate] = {}
    said: list[Any] = []
    for each in listen.update(frames):
        if isinstance(each, Heard | Moved):
            arbiter = arbiters.setdefault(each.key, Arbitrate(ArbitrateParams()))
            said += arbiter.update([each])
    for arbiter in arbiters.values():
        said += arbiter.close()
    return said


def numbered(events: list[Any]) -> list[tuple[str, int | None]]:
    found = [each for each in events if isinstance(each, BookDelta)]
    return sorted((each.symbol, each.sequence or 0) for each in found)


@real
@pytest.mark.parametrize("dead", [(), ("a",), ("b", "c"), ("a", "b", "d")])
def test_of_four_real_lines_each_change_comes_once_whichever_of_them_die(
    sockets: list[Frame], dead: tuple[str, ...]
) -> None:
    middle_ns = sockets[len(sockets) // 2].received_ns
    frames = [
        frame
        for frame in sockets
        if frame.line not in dead or frame.received_ns < middle_ns
    ]
    said = merged(frames)
    decode = Decode(DecodeParams(), {"hitbtc": hitbtc.parse})
    alone = list(decode.update([each for each in sockets if each.line == "c"]))
    if "c" not in dead:
        assert numbered(said) == numbered(alone)
    assert len(set(numbered(said))) == len(numbered(said)) == 517
    assert not any(isinstance(each, Gap) for each in said)


@real
def test_every_real_chain_is_whole_and_no_book_is_crossed(
    sockets: list[Frame],
) -> None:
    books: dict[str, OrderBook] = {}
    for event in merged(sockets):
        if isinstance(event, BookSnapshot | BookDelta):
            book = books.setdefault(event.symbol, OrderBook(OrderBookParams()))
            for said in book.update([event]):
                assert not isinstance(said, BookState) or said.ok
    assert (len(books), all(each.state.ok for each in books.values())) == (10, True)


@real
def test_the_names_of_the_real_list_split_as_the_venue_splits_them() -> None:
    (body,) = listed("HITBTC")
    rows = json.loads(body)
    assert len(rows) == 1_242
    split = [
        row for row in rows if row["id"] == row["baseCurrency"] + row["quoteCurrency"]
    ]
    wrong = [
        row["id"]
        for row in split
        if hitbtc.canonical(row["id"])
        != f"{row['baseCurrency']}-{row['quoteCurrency']}"
    ]
    assert all(hitbtc.native(hitbtc.canonical(row["id"])) == row["id"] for row in rows)
    assert (len(split), wrong) == (1_231, [])
