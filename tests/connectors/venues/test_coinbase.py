"""Both feeds of Coinbase are read; what yields nothing is named, and what is wrong."""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.venues import coinbase
from connectors.venues.venue import Venue
from operators.market.decode import Line, Parsed
from operators.records.base import UNREADABLE, Side
from operators.records.dead import DeadLetter
from operators.records.frame import FrameKind, Ignored
from operators.records.instrument import Instrument, Status
from operators.records.market import BookDelta, BookSnapshot, Top, Trade
from operators.records.time import MS, SECOND
from tests.connectors.venues.captured import (
    needs,
    paths,
    recorded,
    said,
)
from tests.connectors.venues.laws import Known, reader

CAPTURES = paths("COINBASE", "ws.28")
real = needs(CAPTURES)

VENUE: Venue = coinbase
NOW_NS = 1_675_974_200 * SECOND
VENUE_NS = 1_675_974_199 * SECOND
STAMP: dict[str, Any] = {
    "venue": "coinbase",
    "symbol": "ETH-USD",
    "received_ns": NOW_NS,
}
LINE = Line(VENUE_NS)


def advanced(channel: str, events: str, number: int = 7) -> str:
    return (
        f'{{"channel":"{channel}","client_id":"",'
        f'"timestamp":"2023-02-09T20:32:50.714964855Z","sequence_num":{number},'
        f'"events":[{events}]}}'
    )


SENT_NS = 1_675_974_770_714_964_855
TRADE = (
    '{"trade_id":"000000012","product_id":"ETH-USD","price":"1260.01","size":"0.3",'
    '"side":"BUY","time":"2019-08-14T20:42:27.265Z"}'
)
OLDER = TRADE.replace("12", "11", 1).replace("27.265", "27.264")
TRADES = advanced("market_trades", f'{{"type":"update","trades":[{TRADE},{OLDER}]}}')
OLD_TRADES = TRADES.replace('"update"', '"snapshot"')
LEVELS = (
    '{"side":"bid","event_time":"1970-01-01T00:00:00Z","price_level":"21921.70",'
    '"new_quantity":"0.06317902"},{"side":"bid","event_time":"1970-01-01T00:00:00Z",'
    '"price_level":"21921.73","new_quantity":"0.02"},{"side":"offer",'
    '"event_time":"1970-01-01T00:00:00Z","price_level":"21921.80","new_quantity":"1"}'
)
BOOK = advanced(
    "l2_data", f'{{"type":"snapshot","product_id":"ETH-USD","updates":[{LEVELS}]}}'
)
DELTA = advanced(
    "l2_data",
    '{"type":"update","product_id":"ETH-USD","updates":['
    '{"side":"bid","event_time":"2023-02-09T20:32:50.1Z","price_level":"21921.73",'
    '"new_quantity":"0"},{"side":"offer","event_time":"2023-02-09T20:32:50.25Z",'
    '"price_level":"21922.1","new_quantity":"2.5"}]}',
)
TICKER = advanced(
    "ticker",
    '{"type":"snapshot","tickers":[{"type":"ticker","product_id":"ETH-USD",'
    '"price":"21932.98","volume_24_h":"16038.28770938","best_bid":"21931.98",'
    '"best_bid_quantity":"8000.21","best_ask":"21933.98",'
    '"best_ask_quantity":"8038.07770938"}]}',
)

MATCH = (
    '{"type":"match","trade_id":10,"sequence":50,"maker_order_id":"ac9","taker_order_id"'
    ':"132","time":"2014-11-07T08:19:27.028459Z","product_id":"ETH-USD",'
    '"size":"5.23512","price":"400.23","side":"sell"}'
)
L2UPDATE = (
    '{"type":"l2update","product_id":"ETH-USD","changes":[["buy","10101.8","0.162567"],'
    '["sell","10102.5","0"]],"time":"2022-08-04T15:25:05.010758Z"}'
)
SNAPSHOT = (
    '{"type":"snapshot","product_id":"ETH-USD","bids":[["10101.10","0.45054140"]],'
    '"asks":[["10102.55","0.57753524"],["10102.60","1"]]}'
)
OLD_TICKER = (
    '{"type":"ticker","sequence":37475248783,"product_id":"ETH-USD","price":"1285.22",'
    '"best_bid":"1285.04","best_bid_size":"0.46688654","best_ask":"1285.27",'
    '"best_ask_size":"1.5663704","side":"buy","time":"2022-10-19T23:28:22.061769Z",'
    '"trade_id":370843401,"last_size":"11.4396987"}'
)
HEARTBEAT = (
    '{"type":"heartbeat","sequence":90,"last_trade_id":20,"product_id":"ETH-USD",'
    '"time":"2014-11-07T08:19:28.464459Z"}'
)

TRADED = Trade(
    **STAMP,
    event_ns=1_565_815_347_265 * MS,
    trade_id="000000012",
    sequence=12,
    price=1260.01,
    quantity=0.3,
    side=Side.SELL,
)
TRADED_BEFORE = Trade(
    **STAMP,
    event_ns=1_565_815_347_264 * MS,
    trade_id="000000011",
    sequence=11,
    price=1260.01,
    quantity=0.3,
    side=Side.SELL,
)


parse = reader(VENUE, NOW_NS, LINE)


def test_trades_come_oldest_first_with_the_aggressors_side() -> None:
    assert parse(TRADES) == Parsed((TRADED_BEFORE, TRADED), SENT_NS, sequence=7)
    (_, newest) = parse(TRADES.replace("BUY", "SELL")).events
    assert isinstance(newest, Trade)
    assert newest.side is Side.BUY


def test_a_trade_id_that_is_no_counter_is_kept_as_it_is() -> None:
    for odd in ("a1b2", "9" * 19, "²"):
        (_, trade) = parse(TRADES.replace("000000012", odd)).events
        assert isinstance(trade, Trade)
        assert (trade.trade_id, trade.sequence) in {(odd, None), ("000000012", 12)}


def test_old_trades_yield_nothing_even_beside_new_ones() -> None:
    old = Parsed(venue_ns=SENT_NS, ignored="old trades", sequence=7)
    assert parse(OLD_TRADES) == old
    before = f'{{"type":"snapshot","trades":[{OLDER}]}}'
    after = f'{{"type":"update","trades":[{TRADE}]}}'
    said = parse(advanced("market_trades", f"{before},{after}"))
    assert said == Parsed((TRADED,), SENT_NS, sequence=7)


def test_a_snapshot_is_the_whole_book_best_first() -> None:
    whole = BookSnapshot(
        **STAMP,
        event_ns=SENT_NS,
        bids=((21921.73, 0.02), (21921.7, 0.06317902)),
        asks=((21921.8, 1.0),),
    )
    assert parse(BOOK) == Parsed((whole,), SENT_NS, sequence=7)


def test_an_update_is_dated_by_its_newest_change() -> None:
    delta = BookDelta(
        **STAMP,
        event_ns=1_675_974_770_250 * MS,
        bids=((21921.73, 0.0),),
        asks=((21922.1, 2.5),),
    )
    assert parse(DELTA) == Parsed((delta,), SENT_NS, sequence=7)


def test_a_ticker_states_the_best_prices() -> None:
    top = Top(
        **STAMP,
        event_ns=SENT_NS,
        bid=21931.98,
        bid_quantity=8000.21,
        ask=21933.98,
        ask_quantity=8038.07770938,
    )
    assert parse(TICKER) == Parsed((top,), SENT_NS, sequence=7)


@pytest.mark.parametrize(
    ("channel", "events", "reason"),
    [
        (
            "subscriptions",
            '{"subscriptions":{"level2":["ETH-USD"],"heartbeats":["heartbeats"]}}',
            "acknowledgement",
        ),
        (
            "heartbeats",
            '{"current_time":"2023-06-23 20:31:56.1 +0000 UTC m=+91717.5",'
            '"heartbeat_counter":"3049"}',
            "heartbeat",
        ),
        ("candles", "{}", "candles"),
        ("status", "{}", "status"),
        ("ticker_batch", '{"tickers":[{"product_id":"ETH-USD"}]}', "ticker_batch"),
        ("l2_data", "", "no books"),
        ("market_trades", "", "old trades"),
        ("ticker", "", "no tickers"),
    ],
)
def test_what_yields_nothing_still_counts_and_tells_the_time(
    channel: str, events: str, reason: str
) -> None:
    said = parse(advanced(channel, events, 0))
    assert said == Parsed(venue_ns=SENT_NS, ignored=reason, sequence=0)


def test_the_older_feed_is_told_by_its_type() -> None:
    time_ns = 1_415_348_367_028_459_000
    trade = Trade(
        **STAMP,
        event_ns=time_ns,
        trade_id="10",
        sequence=10,
        price=400.23,
        quantity=5.23512,
        side=Side.BUY,
    )
    assert parse(MATCH) == Parsed((trade,), time_ns)
    (event,) = parse(MATCH.replace('"sell"', '"buy"')).events
    assert isinstance(event, Trade)
    assert event.side is Side.SELL

    time_ns = 1_659_626_705_010_758_000
    bids, asks = ((10101.8, 0.162567),), ((10102.5, 0.0),)
    delta = BookDelta(**STAMP, event_ns=time_ns, bids=bids, asks=asks)
    assert parse(L2UPDATE) == Parsed((delta,), time_ns)
    undated = BookDelta(**STAMP, event_ns=VENUE_NS, bids=bids, asks=asks)
    without = L2UPDATE.replace(',"time":"2022-08-04T15:25:05.010758Z"', "")
    assert parse(without) == Parsed((undated,))

    whole = BookSnapshot(
        **STAMP,
        event_ns=VENUE_NS,
        bids=((10101.1, 0.4505414),),
        asks=((10102.55, 0.57753524), (10102.6, 1.0)),
    )
    assert parse(SNAPSHOT) == Parsed((whole,))


def test_an_old_ticker_is_dated_by_its_time_unless_that_is_stale() -> None:
    top: dict[str, Any] = {
        **STAMP,
        "sequence": 37_475_248_783,
        "bid": 1285.04,
        "bid_quantity": 0.46688654,
        "ask": 1285.27,
        "ask_quantity": 1.5663704,
    }
    assert parse(OLD_TICKER) == Parsed((Top(**top, event_ns=VENUE_NS),))
    fresh = OLD_TICKER.replace("2022-10-19T23:28:22", "2023-02-09T20:23:22")
    said = parse(fresh)
    assert said == Parsed((Top(**top, event_ns=1_675_974_202_061_769_000),))
    without = OLD_TICKER.replace(',"best_bid_size":"0.46688654"', "")
    assert parse(without) == Parsed(ignored="ticker without quantities")


@pytest.mark.parametrize(
    ("raw", "reason", "venue_ns"),
    [
        ('{"type":"subscriptions","channels":[]}', "acknowledgement", None),
        ('{"type":"error","message":"Failed to subscribe"}', "error reply", None),
        (MATCH.replace('"match"', '"last_match"'), "old trade", None),
        (HEARTBEAT, "heartbeat", 1_415_348_368_464_459_000),
        ('{"type":"status","products":[]}', "status", None),
        ('{"type":"received","order_id":"d50"}', "received", None),
    ],
)
def test_what_of_the_older_feed_yields_nothing_says_why(
    raw: str, reason: str, venue_ns: int | None
) -> None:
    assert parse(raw) == Parsed(venue_ns=venue_ns, ignored=reason)


def test_what_is_fetched_yields_nothing() -> None:
    url = "https://api.coinbase.com/api/v3/brokerage/market/products"
    said = parse("{}", kind=FrameKind.REST, url=url)
    assert said == Parsed(ignored="/api/v3/brokerage/market/products")
    assert parse("{}", kind=FrameKind.REST).ignored == "fetched"
    with pytest.raises(UNREADABLE, match="at `url`"):
        parse("{}", kind=FrameKind.REST, url="http://[x/")


NUMBERS = ["nan", "inf", "-inf", "1e999", "1e151", "0x1", "", "1,5", "true"]
TIME = "2023-02-09T20:32:50.714964855Z"


def test_every_subscription_takes_in_heartbeats() -> None:
    messages = coinbase.subscribe(
        ["BTC-USD", "ETH-USDC-PERP"], ["level2", "heartbeats"]
    )
    assert [json.loads(each) for each in messages] == [
        {"type": "subscribe", "channel": "heartbeats"},
        {
            "type": "subscribe",
            "product_ids": ["BTC-USD", "ETH-PERP-INTX"],
            "channel": "level2",
        },
    ]
    assert coinbase.subscribe([], coinbase.CHANNELS) == []


def test_many_symbols_are_subscribed_to_before_the_venue_closes_the_line() -> None:
    symbols = [f"A{number}-USD" for number in range(500)]
    messages = coinbase.subscribe(symbols, coinbase.CHANNELS)
    assert len(messages) / coinbase.LIMITS.messages_per_s < 5
    sent = [json.loads(each) for each in messages[1:]]
    for channel in coinbase.CHANNELS:
        asked = [each["product_ids"] for each in sent if each["channel"] == channel]
        assert [name for names in asked for name in names] == symbols
        assert all(len(names) <= 100 for names in asked)


def test_a_heartbeat_shows_only_that_the_line_lives() -> None:
    assert any(each in advanced("heartbeats", "") for each in coinbase.IDLE)
    assert not any(each in TRADES for each in coinbase.IDLE)


def test_a_book_is_sent_anew_upon_subscribing_again() -> None:
    verbs = [json.loads(each) for each in VENUE.resync("BTC-USD")]
    assert [each.pop("type") for each in verbs] == ["unsubscribe", "subscribe"]
    assert verbs == [{"product_ids": ["BTC-USD"], "channel": "level2"}] * 2
    assert VENUE.snapshot_path("BTC-USD") is None


SPOT = {
    "product_id": "BTC-USD",
    "base_increment": "0.00000001",
    "quote_increment": "0.01",
    "quote_min_size": "1",
    "base_min_size": "0.00000001",
    "price_increment": "0.01",
    "status": "online",
    "is_disabled": False,
    "trading_disabled": False,
    "product_type": "SPOT",
    "future_product_details": None,
}
PERPETUAL = {
    **SPOT,
    "product_id": "ETH-PERP-INTX",
    "status": "",
    "quote_min_size": "",
    "price_increment": "",
    "trading_disabled": True,
    "future_product_details": {"contract_size": "0.1", "venue": "INTX"},
}


def listed(*products: dict[str, Any]) -> list[Instrument]:
    return coinbase.instruments(json.dumps({"products": products}).encode())


def test_the_list_is_read_but_for_what_has_no_name() -> None:
    dated = {**SPOT, "product_id": "BIT-24APR26-CDE"}
    gone = {**SPOT, "status": "delisted", "product_id": "OLD-USD"}
    spot, perpetual, closed = listed(SPOT, dated, PERPETUAL, gone)
    assert spot == Instrument(
        venue="coinbase",
        symbol="BTC-USD",
        native="BTC-USD",
        base="BTC",
        quote="USD",
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.00000001"),
        min_quantity=Decimal("0.00000001"),
        min_notional=Decimal(1),
    )
    assert (perpetual.symbol, perpetual.native) == ("ETH-USDC-PERP", "ETH-PERP-INTX")
    assert (perpetual.multiplier, perpetual.min_notional) == (Decimal("0.1"), None)
    assert perpetual.tick_size == Decimal("0.01")
    assert perpetual.status is Status.HALTED
    assert closed.status is Status.CLOSED


@pytest.mark.parametrize("bad", ["x", "NaN", "inf", "1,5"])
def test_a_size_that_is_no_number_is_named(bad: str) -> None:
    with pytest.raises(UNREADABLE, match=f"no number `{bad}`"):
        listed({**SPOT, "base_min_size": bad})
    with pytest.raises(UNREADABLE, match="missing required field `products`"):
        coinbase.instruments(b"{}")


SAMPLES = [
    TRADES,
    BOOK,
    DELTA,
    TICKER,
    MATCH,
    L2UPDATE,
    SNAPSHOT,
    OLD_TICKER,
    HEARTBEAT,
]
KNOWN = Known(
    VENUE,
    parse,
    SAMPLES,
    names=[
        ("BTC-USD", "BTC-USD"),
        ("1INCH-EUR", "1INCH-EUR"),
        ("00-USD", "00-USD"),
        ("1000SHIB-PERP-INTX", "1000SHIB-USDC-PERP"),
    ],
    refused=["", "BTC", "btc-usd", "BTC/USD", "BTC-USD-", "B" * 99 + "-USD"],
    mistakes=[
        *[(TRADES, "1260.01", bad, r"trades\[0\]\.price") for bad in NUMBERS],
        *[(DELTA, '"2.5"', f'"{bad}"', r"\[1\]\.new_quantity") for bad in NUMBERS],
        *[(TICKER, "8000.21", bad, r"best_bid_quantity") for bad in NUMBERS],
        *[(MATCH, "5.23512", bad, r"at `\$\.size`") for bad in NUMBERS],
        *[(L2UPDATE, "0.162567", bad, r"changes\[0\]\[2\]") for bad in NUMBERS],
        (TRADES, TIME, "soon", "no RFC 3339 time `soon`"),
        (TRADES, TIME, "", "no RFC 3339 time ``"),
        (TRADES, "2019-08-14", "2019-02-30", "no RFC 3339 time"),
        (TRADES, '"sequence_num":7', '"sequence_num":-1', "sequence_num"),
        (TRADES, '"market_trades"', '"trades"', "unknown channel `trades`"),
        (TRADES, '"market_trades"', "7", r"at `\$\.channel`"),
        (TRADES, '"BUY"', '"buy"', "Invalid enum value 'buy'"),
        (TRADES, '"update"', '"delta"', "Invalid enum value 'delta'"),
        (TRADES, '"price":"1260.01",', "", "missing required field `price`"),
        (TRADES, "ETH-USD", "ETHUSD", "unknown symbol `ETHUSD`"),
        (TRADES, "ETH-USD", "BIT-24APR26-CDE", "unknown symbol"),
        (DELTA, '"offer"', '"ask"', "Invalid enum value 'ask'"),
        (DELTA, '"event_time":"2023-02-09T20:32:50.1Z",', "", "field `event_time`"),
        (MATCH, '"trade_id":10,', "", "missing required field `trade_id`"),
        (MATCH, '"match"', '"matches"', "unknown channel `matches`"),
        (MATCH, '"sell"', '"offer"', "Invalid enum value 'offer'"),
        (L2UPDATE, '["sell","10102.5","0"]', '["sell","1"]', r"changes\[1\]"),
        (MATCH, MATCH, "{}", "unknown channel ``"),
        (MATCH, MATCH, "[]", "Expected `object`"),
        (MATCH, MATCH, MATCH[:-1], "truncated"),
    ],
)


@real
def test_every_real_frame_is_read_or_named(tmp_path: Path) -> None:
    outs = said(VENUE, CAPTURES, tmp_path)
    assert Counter(type(each) for each in outs)[DeadLetter] == 0
    assert Counter(each.reason for each in outs if isinstance(each, Ignored)) == {
        "open": 1,
        "sent": 3,
        "acknowledgement": 3,
        "old trade": 10,
        "ticker without quantities": 107,
    }
    kinds = Counter(type(each) for each in outs)
    assert (kinds[BookSnapshot], kinds[BookDelta], kinds[Trade]) == (10, 9_719, 97)


@real
def test_a_real_match_states_the_maker_where_its_ticker_states_the_taker(
    tmp_path: Path,
) -> None:
    takers: dict[tuple[str, str], str] = {}
    aggressors: dict[tuple[str, str], str] = {}
    for frame in recorded(VENUE, CAPTURES, tmp_path):
        wire = json.loads(frame.data or "null") if frame.kind == "ws" else {}
        if wire.get("type") == "ticker":
            takers[wire["product_id"], str(wire["trade_id"])] = wire["side"]
        if wire.get("type") == "match":
            (trade,) = coinbase.parse(frame, Line()).events
            assert isinstance(trade, Trade)
            aggressors[trade.symbol, trade.trade_id] = trade.side.value
    assert len(aggressors) == 97
    assert aggressors.items() <= takers.items()
