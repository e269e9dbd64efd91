"""What Binance documents of COIN-M futures is read; the rest as on USD-M."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.venues import binance_coinm
from connectors.venues.venue import Venue
from operators.market.decode import Line, Parsed
from operators.records.base import UNREADABLE, NotARecordError, Side
from operators.records.frame import Frame, FrameKind
from operators.records.instrument import Status
from operators.records.market import BookDelta, BookSnapshot, Mark, Top, Trade
from operators.records.time import MS

CALM = settings(deadline=None, suppress_health_check=list(HealthCheck))

VENUE: Venue = binance_coinm
NOW_NS = 1_626_916_403_846_970_880
VENUE_NS = 1_626_916_403_000 * MS
STAMP: dict[str, Any] = {
    "venue": "binance_coinm",
    "symbol": "BTC-USD-210924",
    "received_ns": NOW_NS,
}

AGG_TRADE = (
    '{"e":"aggTrade","E":1626916404006,"a":424951,"s":"BTCUSD_210924","p":"9643.5",'
    '"q":"2","f":606073,"l":606073,"T":1626916403852,"m":false}'
)
TICKER = (
    '{"u":17242169,"e":"bookTicker","s":"BTCUSD_210924","ps":"BTCUSD","b":"9548.1",'
    '"B":"52","a":"9548.5","A":"11","T":1626916403864,"E":1626916403871}'
)
DEPTH = (
    '{"e":"depthUpdate","E":1626916403873,"T":1626916403864,"s":"BTCUSD_210924",'
    '"ps":"BTCUSD","U":17285681,"u":17285702,"pu":17285675,"b":[["9517.6","10"]],'
    '"a":[["9518.5","45"]]}'
)
MARK = (
    '{"e":"markPriceUpdate","E":1626916403000,"s":"BTCUSD_210924",'
    '"p":"10934.62615417","P":"10962.17178236","i":"10933.62615417","r":"","T":0}'
)
BOOK = (
    '{"lastUpdateId":16769853,"symbol":"BTCUSD_210924","pair":"BTCUSD",'
    '"E":1626916404580,"T":1626916404574,"bids":[["9638.0","431"]],'
    '"asks":[["9638.2","12"]]}'
)
AGGREGATED = Trade(
    **STAMP,
    event_ns=1_626_916_403_852 * MS,
    trade_id="agg-424951",
    sequence=424_951,
    price=9643.5,
    quantity=2.0,
    side=Side.BUY,
)
TOPPED = Top(
    **STAMP,
    event_ns=1_626_916_403_864 * MS,
    sequence=17_242_169,
    bid=9548.1,
    bid_quantity=52.0,
    ask=9548.5,
    ask_quantity=11.0,
)
CHANGED = BookDelta(
    **STAMP,
    event_ns=1_626_916_403_864 * MS,
    first_sequence=17_285_681,
    sequence=17_285_702,
    previous=17_285_675,
    bids=((9517.6, 10.0),),
    asks=((9518.5, 45.0),),
)
MARKED = Mark(
    **STAMP,
    event_ns=1_626_916_403_000 * MS,
    mark=10934.62615417,
    index=10933.62615417,
)
WHOLE = BookSnapshot(
    **STAMP,
    event_ns=1_626_916_404_574 * MS,
    sequence=16_769_853,
    bids=((9638.0, 431.0),),
    asks=((9638.2, 12.0),),
    fetched=True,
)


def parse(data: str | bytes, **more: Any) -> Parsed:
    text = {"data": data} if isinstance(data, str) else {"b64": data}
    place = {"venue": "binance_coinm", "connection": "c", "line": "a"}
    values: dict[str, Any] = {
        "kind": FrameKind.WS,
        "url": "",
        "received_ns": NOW_NS,
        **place,
        **text,
    }
    return VENUE.parse(Frame(**(values | more)), Line(VENUE_NS))


@pytest.mark.parametrize(
    ("raw", "record", "venue_ms"),
    [
        (AGG_TRADE, AGGREGATED, 1_626_916_404_006),
        (TICKER, TOPPED, 1_626_916_403_871),
        (DEPTH, CHANGED, 1_626_916_403_873),
        (MARK, MARKED, 1_626_916_403_000),
    ],
    ids=["aggTrade", "bookTicker", "depthUpdate", "markPriceUpdate"],
)
def test_a_channel_is_read_bare_and_in_an_envelope_as_text_and_as_bytes(
    raw: str, record: Any, venue_ms: int
) -> None:
    said = Parsed((record,), venue_ms * MS)
    for text in (raw, f'{{"stream":"btcusd_210924@x","data":{raw}}}'):
        assert parse(text) == said
        assert parse(text.encode()) == said


def test_a_perpetual_has_funding() -> None:
    raw = MARK.replace("_210924", "_PERP").replace('"r":""', '"r":"-0.0001"')
    (mark,) = parse(raw.replace('"T":0', '"T":1626940800000')).events
    assert isinstance(mark, Mark)
    assert mark.symbol == "BTC-USD-PERP"
    assert mark.funding_rate == -0.0001
    assert mark.next_funding_ns == 1_626_940_800_000 * MS


def test_a_fetched_book_names_its_symbol_itself_where_no_url_does() -> None:
    url = "https://dapi.binance.com/dapi/v1/depth?symbol=BTCUSD_210924&limit=1000"
    assert parse(BOOK, kind=FrameKind.REST, url=url) == Parsed((WHOLE,))
    assert parse(BOOK, kind=FrameKind.REST) == Parsed((WHOLE,))
    path = VENUE.snapshot_path("BTC-USD-210924")
    assert path == "/dapi/v1/depth?symbol=BTCUSD_210924&limit=1000"


@CALM
@given(st.sampled_from([AGG_TRADE, TICKER, DEPTH, MARK, BOOK]), st.data())
def test_a_mutated_frame_is_read_or_refused(raw: str, data: st.DataObject) -> None:
    bent = bytearray(raw.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(bent)))
        cut = data.draw(st.integers(0, 12))
        bent[at : at + cut] = data.draw(st.binary(max_size=12))
    for kind in (FrameKind.WS, FrameKind.REST):
        try:
            said = parse(bytes(bent), kind=kind)
        except UNREADABLE:
            continue
        assert said.events or said.ignored


codes = st.from_regex(r"[A-Z0-9]{1,10}", fullmatch=True)


@CALM
@given(codes, st.sampled_from(["PERP", "210924", "211231"]))
def test_names_are_each_others_inverse(base: str, term: str) -> None:
    assert VENUE.canonical(f"{base}USD_{term}") == f"{base}-USD-{term}"
    assert VENUE.native(f"{base}-USD-{term}") == f"{base}USD_{term}"


@pytest.mark.parametrize(
    "foreign",
    ["BTCUSD", "BTCUSDT_210924", "BTCUSD_2109", "USD_PERP", "btcusd_perp", ""],
)
def test_what_is_no_symbol_has_no_name(foreign: str) -> None:
    with pytest.raises(NotARecordError, match="unknown symbol"):
        VENUE.canonical(foreign)


def test_five_hundred_symbols_are_subscribed_to_within_the_limits() -> None:
    symbols = [f"A{number}-USD-PERP" for number in range(500)]
    room = VENUE.LIMITS.streams // len(VENUE.CHANNELS)
    count = 0
    for start in range(0, len(symbols), room):
        part = symbols[start : start + room]
        messages = [json.loads(each) for each in VENUE.subscribe(part, VENUE.CHANNELS)]
        streams = [stream for message in messages for stream in message["params"]]
        assert len(streams) <= VENUE.LIMITS.streams
        assert len(messages) <= VENUE.LIMITS.messages_per_s
        assert all(len(message["params"]) <= 200 for message in messages)
        assert streams[0] == f"a{start}usd_perp@aggTrade"
        count += len(streams)
    assert count == 2_000
    assert VENUE.resync(symbols[0]) == []


def test_a_listed_contract_is_inverse_and_says_what_it_stands_for() -> None:
    contract = {
        "symbol": "BTCUSD_PERP",
        "contractStatus": "TRADING",
        "contractSize": 100,
        "baseAsset": "BTC",
        "quoteAsset": "USD",
        "filters": [
            {"filterType": "PRICE_FILTER", "tickSize": "0.1"},
            {"filterType": "LOT_SIZE", "stepSize": "1", "minQty": "1"},
        ],
    }
    over = contract | {"symbol": "BTCUSD_210924", "contractStatus": "DELIVERED"}
    body = json.dumps({"symbols": [contract, over]}).encode()
    found, past = VENUE.instruments(body)
    assert (found.symbol, found.native) == ("BTC-USD-PERP", "BTCUSD_PERP")
    assert (found.multiplier, found.inverse) == (Decimal(100), True)
    assert (found.tick_size, found.lot_size) == (Decimal("0.1"), Decimal(1))
    assert found.min_notional is None
    assert (found.status, past.status) == (Status.TRADING, Status.CLOSED)
    for size in (b"0", b"-1", b'"NaN"', b'"x"'):
        with pytest.raises(UNREADABLE):
            VENUE.instruments(body.replace(b": 100", b": " + size))
    assert VENUE.instruments_path() == "/dapi/v1/exchangeInfo"
