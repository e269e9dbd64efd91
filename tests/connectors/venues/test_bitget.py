"""Bitget is read; what it leaves out is named, and what is wrong."""

import json
import zlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.venues import bitget
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
    Mark,
    Top,
    Trade,
)
from operators.records.time import MS
from tests.connectors.venues.captured import counted, listed, needs, paths, said
from tests.connectors.venues.laws import Known, reader

CAPTURES = paths("BITGET", "ws.1", "ws.2")
real = needs(CAPTURES)

VENUE: Venue = bitget
NOW_NS = 1_695_710_946_500 * MS
LINE = Line()
STAMP: dict[str, Any] = {
    "venue": "bitget",
    "symbol": "BTC-USDT",
    "received_ns": NOW_NS,
}


def pushed(action: str, channel: str, data: str, kind: str = "SPOT") -> str:
    return (
        f'{{"action":"{action}","arg":{{"instType":"{kind}","channel":"{channel}",'
        f'"instId":"BTCUSDT"}},"data":[{data}],"ts":1695710946300}}'
    )


SENT_NS = 1_695_710_946_300 * MS
EVENT_NS = 1_695_710_946_294 * MS
TRADES = pushed(
    "update",
    "trade",
    '{"ts":"1695710946294","price":"27001.5","size":"0.006","side":"buy",'
    '"tradeId":"1111111111"},{"ts":"1695710946200","price":"27001","size":"0.1",'
    '"side":"sell","tradeId":"1111111110"}',
)
OLD_TRADES = (
    '{"action":"update","arg":{"instType":"sp","channel":"trade","instId":"BTCUSDT"},'
    '"data":[["1695710946294","27000.5","0.001","buy"],["1695710946294","27000.5",'
    '"0.001","buy"]]}'
)
SNAPSHOT = pushed(
    "snapshot",
    "books",
    '{"asks":[["43232.8","9"],["43232.90","8"]],"bids":[["43231.1","4"],["43231","6"]],'
    '"checksum":-1504501796,"seq":123,"ts":"1695710946294"}',
)
DELTA = pushed(
    "update",
    "books",
    '{"asks":[["43232.8","0"]],"bids":[],"checksum":0,"seq":130,"pseq":123,'
    '"ts":"1695710946294"}',
)
TOP = pushed(
    "snapshot",
    "books1",
    '{"asks":[["27000.5","8.760"]],"bids":[["27000.0","2.710"]],"checksum":0,'
    '"seq":123,"ts":"1695710946294"}',
)
TICKER = pushed(
    "snapshot",
    "ticker",
    '{"instId":"BTCUSDT","lastPr":"27000.5","bidPr":"27000","askPr":"27000.5",'
    '"bidSz":"2.71","askSz":"8.76","fundingRate":"0.000010","nextFundingTime":'
    '"1695722400000","markPrice":"27000.0","indexPrice":"25702.4","holdingAmount":'
    '"929.502","ts":"1695710946294"}',
    "USDT-FUTURES",
)
OLD_TICKER = (
    '{"action":"snapshot","arg":{"instType":"mc","channel":"ticker","instId":"BTCUSDT"}'
    ',"data":[{"instId":"BTCUSDT","last":"27000.5","bestAsk":"1","bestBid":"1",'
    '"capitalRate":"0.000010","nextSettleTime":1695722400000,"systemTime":'
    '1695710946294,"markPrice":"27000.0","indexPrice":"25702.4","holding":"929.502"}]}'
)


parse = reader(VENUE, NOW_NS, LINE)


def test_trades_have_the_takers_side() -> None:
    said = parse(TRADES)
    first = Trade(
        **STAMP,
        event_ns=EVENT_NS,
        trade_id="1111111111",
        price=27001.5,
        quantity=0.006,
        side=Side.BUY,
    )
    assert (said.events[0], len(said.events)) == (first, 2)
    assert (said.events[1].event_ns, said.venue_ns) == (EVENT_NS - 94 * MS, SENT_NS)


def test_trades_of_the_first_version_have_an_id_of_all_that_is_said_of_them() -> None:
    said = parse(OLD_TRADES)
    ids = [each.trade_id for each in said.events if isinstance(each, Trade)]
    assert ids == [
        "1695710946294-buy-27000.5-0.001",
        "1695710946294-buy-27000.5-0.001-1",
    ]
    assert said.venue_ns == EVENT_NS


def test_a_book_bears_its_checksum_and_is_numbered_where_it_says_what_it_follows() -> (
    None
):
    snapshot = BookSnapshot(
        **STAMP,
        event_ns=EVENT_NS,
        bids=((43231.1, 4.0), (43231.0, 6.0)),
        asks=((43232.8, 9.0), (43232.9, 8.0)),
        checksum=-1_504_501_796,
        bid_texts=("43231.1:4", "43231:6"),
        ask_texts=("43232.8:9", "43232.90:8"),
    )
    delta = BookDelta(
        **STAMP,
        event_ns=EVENT_NS,
        sequence=130,
        previous=123,
        bids=(),
        asks=((43232.8, 0.0),),
    )
    assert parse(SNAPSHOT) == Parsed([snapshot], SENT_NS)
    assert parse(DELTA) == Parsed([delta], SENT_NS)
    numbered = parse(SNAPSHOT.replace('"seq":123', '"seq":123,"pseq":0'))
    assert isinstance(numbered.events[0], BookSnapshot)
    assert numbered.events[0].sequence == 123


def test_what_has_not_changed_for_days_is_true_now() -> None:
    line = Line(SENT_NS)
    for raw in (SNAPSHOT, TOP, OLD_TICKER):
        said = parse(raw.replace("1695710946294", "1695310946294"), line)
        assert said.events[0].event_ns == SENT_NS
        assert said.venue_ns == (None if raw is OLD_TICKER else SENT_NS)


def test_the_documented_book_agrees_with_its_checksum_and_no_other_does() -> None:
    # The text that the venue's documentation makes of this book.
    text = b"43231.1:4:43232.8:9:43231:6:43232.9:8"
    documented = SNAPSHOT.replace("43232.90", "43232.9")
    assert zlib.crc32(text) == json.loads(documented)["data"][0]["checksum"] % 2**32
    for raw, is_right in ((documented, True), (SNAPSHOT, False)):
        said = list(OrderBook(OrderBookParams()).update(parse(raw).events))
        states = [each.ok for each in said if isinstance(each, BookState)]
        assert states == [is_right]


def test_the_top_has_both_sides_or_says_why_not() -> None:
    top = Top(
        **STAMP,
        event_ns=EVENT_NS,
        bid=27000.0,
        bid_quantity=2.71,
        ask=27000.5,
        ask_quantity=8.76,
    )
    assert parse(TOP) == Parsed([top], SENT_NS)
    assert parse(TOP.replace('[["27000.0","2.710"]]', "[]")).ignored == "one-sided top"


def test_tickers_of_contracts_are_marks_in_both_versions() -> None:
    mark = Mark(
        venue="bitget",
        symbol="BTC-USDT-PERP",
        event_ns=EVENT_NS,
        received_ns=NOW_NS,
        mark=27000.0,
        index=25702.4,
        funding_rate=0.00001,
        next_funding_ns=1_695_722_400_000 * MS,
        open_interest=929.502,
    )
    assert parse(TICKER) == Parsed([mark], SENT_NS)
    assert parse(OLD_TICKER) == Parsed([mark], EVENT_NS)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("pong", "pong"),
        (
            '{"event":"subscribe","arg":{"instType":"SPOT","channel":"books","instId":'
            '"BTCUSDT"}}',
            "acknowledgement",
        ),
        ('{"event":"error","code":30001,"msg":"no"}', "error reply"),
        (pushed("snapshot", "trade", ""), "old trades"),
        (pushed("update", "trade", ""), "no trades"),
        (pushed("update", "books", ""), "empty books"),
        (pushed("update", "books15", "{}"), "books15"),
        (pushed("update", "candle1m", '["1","2"]'), "candle1m"),
        (pushed("snapshot", "ticker", '{"lastPr":"1"}'), "ticker without a mark"),
    ],
)
def test_what_yields_nothing_says_why(raw: str, reason: str) -> None:
    said = parse(raw)
    assert (list(said.events), said.ignored) == ([], reason)
    assert parse("{}", kind=FrameKind.REST).ignored == "fetched"


def test_the_first_versions_markets_are_the_same_symbols() -> None:
    assert bitget.canonical("sp/BTCUSDT") == "BTC-USDT"
    for theirs, ours in (("BTCUSDT", "USDT"), ("BTCPERP", "USDC"), ("BTCUSD", "USD")):
        assert bitget.canonical(f"mc/{theirs}") == f"BTC-{ours}-PERP"


def test_subscriptions_are_spelt_as_the_venue_does_and_bounded() -> None:
    (sent,) = bitget.subscribe(["BTC-USDT", "BTC-USD-PERP"], VENUE.CHANNELS)
    asked = [
        (each["instType"], each["channel"], each["instId"])
        for each in json.loads(sent)["args"]
    ]
    assert asked == [
        *[("SPOT", each, "BTCUSDT") for each in ("trade", "books1", "books")],
        *[("COIN-FUTURES", each, "BTCUSD") for each in VENUE.CHANNELS],
    ]
    symbols = [f"A{number}-USDT" for number in range(120)]
    many = [json.loads(each) for each in bitget.subscribe(symbols, ["books"])]
    assert [len(each["args"]) for each in many] == [50, 50, 20]
    assert all(each["op"] == "subscribe" for each in many)


def test_a_book_is_sent_anew_upon_subscribing_again() -> None:
    sent = [json.loads(each) for each in VENUE.resync("BTC-USDT-PERP")]
    assert [each["op"] for each in sent] == ["unsubscribe", "subscribe"]
    arg = {"instType": "USDT-FUTURES", "channel": "books", "instId": "BTCUSDT"}
    assert all(each["args"] == [arg] for each in sent)
    assert VENUE.snapshot_path("BTC-USDT") is None


SPOT = {
    "symbol": "BTCUSDT",
    "baseCoin": "BTC",
    "quoteCoin": "USDT",
    "minTradeAmount": "0",
    "pricePrecision": "2",
    "quantityPrecision": "6",
    "minTradeUSDT": "1",
    "status": "online",
}
CONTRACT = {
    "symbol": "BTCUSD",
    "baseCoin": "BTC",
    "quoteCoin": "USD",
    "minTradeNum": "0.001",
    "priceEndStep": "5",
    "pricePlace": "1",
    "sizeMultiplier": "0.001",
    "symbolType": "perpetual",
    "symbolStatus": "maintain",
}
LISTED = json.dumps({"code": "00000", "msg": "success", "data": [SPOT, CONTRACT]})


def test_instruments_have_exact_sizes() -> None:
    spot, contract = VENUE.instruments(LISTED.encode())
    assert (spot.symbol, spot.native) == ("BTC-USDT", "SPOT/BTCUSDT")
    assert (spot.tick_size, spot.lot_size) == (Decimal("0.01"), Decimal("0.000001"))
    assert (spot.min_quantity, spot.min_notional) == (None, Decimal(1))
    assert (contract.symbol, contract.inverse) == ("BTC-USD-PERP", True)
    assert (contract.tick_size, contract.lot_size) == (Decimal("0.5"), Decimal("0.001"))
    assert (spot.status, contract.status) == (Status.TRADING, Status.HALTED)
    with pytest.raises(NotARecordError, match="refused: no"):
        VENUE.instruments(b'{"code":"40034","msg":"no","data":null}')


SAMPLES = [TRADES, OLD_TRADES, SNAPSHOT, DELTA, TOP, TICKER, OLD_TICKER]
KNOWN = Known(
    VENUE,
    parse,
    SAMPLES,
    names=[
        ("SPOT/BTCUSDT", "BTC-USDT"),
        ("SPOT/ETHBTC", "ETH-BTC"),
        ("SPOT/1INCHUSDC", "1INCH-USDC"),
        ("USDT-FUTURES/BTCUSDT", "BTC-USDT-PERP"),
        ("USDC-FUTURES/BTCPERP", "BTC-USDC-PERP"),
        ("COIN-FUTURES/BTCUSD", "BTC-USD-PERP"),
    ],
    refused=[
        *("BTCUSDT", "SPOT/BTC", "SPOT/btcUSDT", "USDC-FUTURES/BTCUSDT", "SPOT/USDT"),
        *("COIN-FUTURES/BTCUSDM24", "USDT-FUTURES/BTCPERP", "", "mc/BTC_USDT"),
    ],
    mistakes=[
        *[
            (TRADES, '"27001.5"', bad, r"\$\.data\[0\]\.price")
            for bad in ('"nan"', '"1e999"', '""', "null")
        ],
        *[
            (SNAPSHOT, '"9"', bad, r"\$\.data\[0\]\.asks")
            for bad in ('"nan"', '"-1"', '"1e151"', '""', "null")
        ],
        (TRADES, '"buy"', '"none"', "Invalid enum value 'none'"),
        (TRADES, "BTCUSDT", "BTCXXX", "unknown symbol `SPOT/BTCXXX`"),
        (SNAPSHOT, "SPOT", "MARGIN", "unknown symbol `MARGIN/BTCUSDT`"),
        (SNAPSHOT, '"snapshot"', '"whole"', "Invalid enum value 'whole'"),
        (SNAPSHOT, "-1504501796", "4294967296", "<= 2147483647"),
        (SNAPSHOT, "43232.8", "4" * 65, "length <= 64"),
        (SNAPSHOT, '"books"', '"bookz"', "unknown channel `bookz`"),
        (TOP, '"ts":1695710946300', '"arg":{"channel":"books"}', "stated twice"),
        (TOP, TOP, '{"event":"ask"}', "unknown event `ask`"),
        (TOP, TOP, "{}", "unknown channel ``"),
        (TOP, TOP, TOP[:-1], "truncated"),
    ],
)


@pytest.fixture
def outs(tmp_path: Path) -> list[object]:
    return said(VENUE, CAPTURES, tmp_path)


@real
def test_every_real_frame_is_read_or_named(outs: list[object]) -> None:
    assert counted(outs) == {
        Ignored: 252,
        Trade: 55,
        Mark: 217,
        BookSnapshot: 10,
        BookDelta: 627,
    }


@real
def test_every_real_checksum_is_right_and_a_wrong_one_is_seen(
    outs: list[object],
) -> None:
    books: dict[str, OrderBook] = {}
    told = [each for each in outs if isinstance(each, BookSnapshot | BookDelta)]
    assert len([each for each in told if each.checksum is not None]) == 637
    for event in told:
        book = books.setdefault(event.symbol, OrderBook(OrderBookParams()))
        states = [each for each in book.update([event]) if isinstance(each, BookState)]
        assert all(state.ok for state in states)
    assert (len(books), all(each.state.ok for each in books.values())) == (10, True)
    last = told[-1]
    assert last.checksum is not None
    wrong = msgspec.structs.replace(last, checksum=last.checksum ^ 1)
    (state,) = (
        each
        for each in books[last.symbol].update([wrong])
        if isinstance(each, BookState)
    )
    assert (state.ok, state.reason) == (False, "checksum")


@real
def test_the_names_of_the_real_lists_split_as_the_venue_splits_them() -> None:
    rows = [row for body in listed("BITGET") for row in json.loads(body)["data"]]
    assert len(rows) == 304
    for row in rows:
        name, _, market = row["symbol"].partition("_")
        kind = "sp" if market == "SPBL" else "mc"
        symbol = f"{row['baseCoin']}-{row['quoteCoin']}"
        symbol += "" if market == "SPBL" else "-PERP"
        assert bitget.canonical(f"{kind}/{name}") == symbol
        assert bitget.native(symbol).partition("/")[2] == name
