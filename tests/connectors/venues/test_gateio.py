"""Gate is read, as of today and of 2021; mistakes are named."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.venues import gateio
from connectors.venues.venue import Venue
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError, Side
from operators.records.frame import FrameKind, Ignored
from operators.records.instrument import Status
from operators.records.market import BookDelta, BookSnapshot, Top, Trade
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

CAPTURES = paths("GATEIO", "http.0", "ws.1")
real = needs(CAPTURES)

VENUE: Venue = gateio
NOW_NS = 1_606_294_782_000 * MS
VENUE_NS = NOW_NS - 500 * MS
LINE = Line(VENUE_NS)
EVENT_NS = 1_606_294_781_123 * MS
STAMP: dict[str, Any] = {
    "venue": "gateio",
    "symbol": "GT-USDT",
    "received_ns": NOW_NS,
}
TRADE = (
    '{"time":1606294781,"time_ms":1606294781236,"channel":"spot.trades","event":"update"'
    ',"result":{"id":309143071,"create_time":1606294781,"create_time_ms":'
    '"1606294781123.4578","side":"sell","currency_pair":"GT_USDT","amount":'
    '"16.4700000000","price":"0.4705000000","range":"2390902-2390902"}}'
)
TOP = (
    '{"time":1606294781,"time_ms":1606294781236,"channel":"spot.book_ticker","event":'
    '"update","result":{"t":1606294781123,"u":48733182,"s":"GT_USDT","b":"19177.79","B":'
    '"0.0003341504","a":"19179.38","A":"0.09"}}'
)
DELTA = (
    '{"time":1606294781,"time_ms":1606294781236,"channel":"spot.order_book_update",'
    '"event":"update","result":{"t":1606294781123,"e":"depthUpdate","E":1606294781,"s":'
    '"GT_USDT","U":48776301,"u":48776306,"b":[["19137.74","0.0001"],["19088.37","0"]],'
    '"a":[["19137.75","0.6135"]]}}'
)
BOOK = (
    '{"id":123456,"current":1606294781123,"update":1606294781000,"asks":[["1.52",'
    '"1.151"],["1.53","1.218"]],"bids":[["1.17","201.863"]]}'
)
URLS = {"BOOK": "https://api.gateio.ws" + (gateio.snapshot_path("GT-USDT") or "")}


parse = reader(VENUE, NOW_NS, LINE)


def fetched(data: str, url: str = URLS["BOOK"]) -> Parsed:
    return parse(data, kind=FrameKind.REST, url=url)


def test_a_trade_is_dated_to_the_fraction_of_a_millisecond() -> None:
    trade = Trade(
        **STAMP,
        event_ns=EVENT_NS + 457_800,
        trade_id="309143071",
        price=0.4705,
        quantity=16.47,
        side=Side.SELL,
    )
    assert parse(TRADE) == Parsed((trade,), EVENT_NS + 457_800)
    assert parse(TRADE.replace(".4578", "")).venue_ns == EVENT_NS


def test_a_ticker_states_the_best_prices_at_a_count_of_the_book() -> None:
    top = Top(
        **STAMP,
        event_ns=EVENT_NS,
        sequence=48_733_182,
        bid=19177.79,
        bid_quantity=0.0003341504,
        ask=19179.38,
        ask_quantity=0.09,
    )
    assert parse(TOP) == Parsed((top,), EVENT_NS)
    one_sided = parse(TOP.replace('"19177.79"', '""').replace('"0.0003341504"', '""'))
    assert one_sided == Parsed((), EVENT_NS, "one-sided ticker")


def test_a_change_spans_counts_and_may_be_the_whole_book() -> None:
    delta = BookDelta(
        **STAMP,
        event_ns=EVENT_NS,
        first_sequence=48_776_301,
        sequence=48_776_306,
        previous=48_776_300,
        bids=((19137.74, 0.0001), (19088.37, 0.0)),
        asks=((19137.75, 0.6135),),
    )
    assert parse(DELTA) == Parsed((delta,), EVENT_NS)
    book = BookSnapshot(
        **STAMP,
        event_ns=EVENT_NS,
        sequence=48_776_306,
        bids=delta.bids,
        asks=delta.asks,
    )
    assert parse(DELTA.replace('"E"', '"full":true,"E"')) == Parsed((book,), EVENT_NS)


def test_a_book_is_fetched_and_moves_no_clock() -> None:
    snapshot = BookSnapshot(
        **STAMP,
        event_ns=EVENT_NS,
        sequence=123_456,
        bids=((1.17, 201.863),),
        asks=((1.52, 1.151), (1.53, 1.218)),
        fetched=True,
    )
    assert fetched(BOOK) == Parsed((snapshot,))
    (old,) = fetched(BOOK.replace('"current":1606294781123,', "")).events
    assert old.event_ns == VENUE_NS
    assert fetched("[]", "/api/v4/spot/currency_pairs").ignored == "fetched"
    with pytest.raises(NotARecordError, match="unknown symbol ``"):
        fetched(BOOK, "/api/v4/spot/order_book")
    with pytest.raises(NotARecordError, match="at `url`"):
        fetched(BOOK, "http://[x")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (
            '{"channel":"spot.trades","event":"subscribe","error":null,"result":{}}',
            "acknowledgement",
        ),
        (
            '{"channel":"spot.trades","event":"subscribe","error":{"code":2}}',
            "error reply",
        ),
        ('{"channel":"spot.pong","event":"","result":null}', "pong"),
        (
            '{"channel":"spot.tickers","event":"update","result":{}}',
            "ticker without sizes",
        ),
        ('{"channel":"spot.candlesticks","event":"update","result":{}}', "candles"),
        ('{"channel":"spot.obu","result":{}}', "limited book"),
    ],
)
def test_what_yields_nothing_says_why(raw: str, reason: str) -> None:
    assert parse(raw) == Parsed(ignored=reason)


def test_subscriptions_are_spelt_as_the_venue_does_and_bounded() -> None:
    sent = gateio.subscribe(["BTC-USDT", "GT-USDT"], VENUE.CHANNELS)
    told = [json.loads(each) for each in sent]
    both = ["BTC_USDT", "GT_USDT"]
    assert [(each["channel"], each["payload"]) for each in told] == [
        ("spot.trades", both),
        ("spot.book_ticker", both),
        ("spot.order_book_update", ["BTC_USDT", "100ms"]),
        ("spot.order_book_update", ["GT_USDT", "100ms"]),
    ]
    assert {each["event"] for each in told} == {"subscribe"}
    symbols = [f"A{number}-USDT" for number in range(250)]
    many = [json.loads(each) for each in gateio.subscribe(symbols, ["spot.trades"])]
    assert [len(each["payload"]) for each in many] == [100, 100, 50]


def test_a_book_is_fetched_anew() -> None:
    assert VENUE.resync("BTC-USDT") == []
    path = "/api/v4/spot/order_book?currency_pair=BTC_USDT&limit=100&with_id=true"
    assert VENUE.snapshot_path("BTC-USDT") == path


ROW = {
    "id": "GT_USDT",
    "precision": 4,
    "amount_precision": 3,
    "min_base_amount": "0.001",
    "min_quote_amount": "1",
    "trade_status": "tradable",
}
HALTED = ROW | {"trade_status": "untradable", "min_base_amount": None}
LISTED = json.dumps([ROW, HALTED, ROW | {"id": "gt_usdt"}])


def test_instruments_have_exact_sizes() -> None:
    found, halted = VENUE.instruments(LISTED.encode())
    assert (found.tick_size, found.lot_size) == (Decimal("1e-4"), Decimal("0.001"))
    assert (found.min_quantity, found.min_notional) == (Decimal("0.001"), Decimal(1))
    assert (halted.status, halted.min_quantity) == (Status.HALTED, None)


SAMPLES = [TRADE, TOP, DELTA]
KNOWN = Known(
    VENUE,
    parse,
    SAMPLES,
    names=[("BTC_USDT", "BTC-USDT"), ("QTUM3S_USDT", "QTUM3S-USDT")],
    refused=["BTCUSDT", "btc_usdt", "BTC_USDT_X", "", "BTC-USDT"],
    mistakes=[
        *[
            (TRADE, '"0.4705000000"', bad, r"\$\.price")
            for bad in ('"nan"', '"1e999"', '""', "null")
        ],
        *[
            (DELTA, '"0.6135"', bad, r"\$\.a\[0\]\[1\]")
            for bad in ('"nan"', '"-1"', '"1e151"', '""')
        ],
        (TRADE, '"sell"', '"none"', "Invalid enum value 'none'"),
        (TRADE, '"1606294781123.4578"', '"9606294781123"', "no time `9606294781123`"),
        (TRADE, '"1606294781123.4578"', '"1606294781123."', "no time"),
        (DELTA, '"U":48776301', '"U":48776307', "after `u`"),
        (DELTA, '"U":48776301,', "", "`U` is missing"),
        (DELTA, "GT_USDT", "GTUSDT", "unknown symbol `GTUSDT`"),
        (DELTA, "spot.order_book_update", "spot.order", "unknown channel `spot.order`"),
        (DELTA, '"update"', '"all"', "unknown event `all`"),
        (DELTA, DELTA, "[]", "Expected `object`"),
        (DELTA, DELTA, DELTA[:-1], "truncated"),
    ],
    fetch=fetched,
    fetched=[BOOK],
)


@real
def test_every_real_frame_is_read_and_every_chain_whole(tmp_path: Path) -> None:
    outs = said(VENUE, CAPTURES, tmp_path)
    count = {Ignored: 81, Trade: 9, BookSnapshot: 10, BookDelta: 172}
    assert counted(outs) == count
    assert breaks(outs) == []
    books = believed(outs)
    assert (len(books), all(each.state.ok for each in books.values())) == (10, True)


@real
def test_every_name_of_the_real_list_is_ours_too() -> None:
    (body,) = listed("GATEIO")
    found = VENUE.instruments(body)
    assert len(found) == len(json.loads(body))
    assert all(gateio.native(each.symbol) == each.native for each in found)
