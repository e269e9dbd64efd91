"""Laws of every operator. A line in ``OPERATORS`` is all that a new one needs."""

import copy
import pickle
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from bytewax import operators as op
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource, run_main
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.venues import PARSERS
from operators import step
from operators.alerts.alerts import Alerts
from operators.alerts.rule import Judge, Rule
from operators.calibration.calibrate import Calibrate
from operators.calibration.prior import Parameters, Prior
from operators.features.bars import Bars, BarsParams
from operators.features.features import Features
from operators.features.params import FeaturesParams
from operators.healing.case import Limit
from operators.healing.heal_lines import HealLines
from operators.healing.heal_symbols import HealSymbols
from operators.healing.params import HealParams
from operators.health.connection_health import HealthOfConnections
from operators.health.judgement import HealthParams
from operators.health.rates import RatesParams
from operators.health.system_health import SystemHealthParams, SystemHealths
from operators.market.arbitrate import Arbitrate, ArbitrateParams
from operators.market.decode import Decode, DecodeParams
from operators.market.heard import Heard, Moved
from operators.market.listen import Listen
from operators.market.order_book import OrderBook, OrderBookParams
from operators.quality.checks import checks
from operators.quality.issues import IssuesParams
from operators.quality.lines import Lines, LinesParams
from operators.quality.quality import Quality, QualityParams
from operators.records.base import Record, Side
from operators.records.connection import LineEvent
from operators.records.feature import Feature
from operators.records.frame import Frame, FrameKind
from operators.records.health import ConnectionHealth, Reading
from operators.records.health import Level as Health
from operators.records.market import (
    BookDelta,
    BookSnapshot,
    Flaw,
    FlawKind,
    Gap,
    Heartbeat,
    Top,
    Trade,
)
from operators.records.quality import (
    IssueKind,
    Phase,
    QualityIssue,
    QualityScore,
    Severity,
)
from operators.records.time import MINUTE, MS
from operators.scanner.params import LearningParams, ScannerParams
from operators.scanner.scanner import Scanner
from tests.operators.calibration import made as calibrated

START_MS = 1_723_161_250_000
STATUS = (
    '{"venue":"binance","connection":"one","line":"a","received_ns":1,'
    '"event":"heartbeat","url":"","silence_ns":5}'
)
CALM = settings(deadline=None, suppress_health_check=list(HealthCheck))

Records = st.SearchStrategy[list[Any]]


def frames(connection: str) -> Records:
    """Frames of two lines, of every kind, with a clock of the venue that jumps."""
    moment, symbol = st.integers(0, 9_000), st.sampled_from(["BTCUSDT", "ETHUSDT"])
    trade = '{"e":"trade","E":%d,"s":"%s","t":1,"p":"2","q":"3","T":%d,"m":true}'
    delta = '{"stream":"x","data":{"e":"depthUpdate","E":%d,"s":"%s","U":1,"u":2,%s}}'
    top = '{"u":1,"s":"%s","b":"1","B":"1","a":"2","A":"1"}'
    snapshot = '{"lastUpdateId":1,"bids":[["1","2"]],"asks":[]}'
    dated = st.tuples(moment, symbol).map(
        lambda it: trade % (START_MS + it[0], it[1], START_MS + it[0] - 1)
    )
    book = st.tuples(moment, symbol).map(
        lambda it: delta % (START_MS + it[0], it[1], '"b":[["1","0"]],"a":[]')
    )
    said = st.sampled_from(['{"result":null,"id":1}', "{", ""])
    payload = st.one_of(dated, book, symbol.map(lambda it: top % it), said)
    plain = st.tuples(st.sampled_from([FrameKind.WS] * 6 + list(FrameKind)), payload)
    aside = st.sampled_from([(FrameKind.REST, snapshot), (FrameKind.STATUS, STATUS)])
    frame = st.tuples(st.sampled_from("ab"), st.one_of(plain, plain, plain, aside))

    def numbered(drawn: list[tuple[str, tuple[FrameKind, str]]]) -> list[Frame]:
        return [
            Frame(
                venue="binance",
                connection=connection,
                line=line,
                kind=kind,
                received_ns=START_MS * MS + number * 400 * MS,
                url="",
                data=data,
            )
            for number, (line, (kind, data)) in enumerate(drawn)
        ]

    return st.lists(frame, max_size=30).map(numbered)


def market(symbol: str) -> Records:
    """Trades, heartbeats and tops of one symbol, out of order."""
    kind = st.sampled_from([Trade, Trade, Trade, Heartbeat, Top])
    event = st.tuples(kind, st.integers(0, 12_000), st.integers(1, 9))

    def numbered(drawn: list[tuple[type[Record], int, int]]) -> list[Record]:
        return [
            made(kind, symbol, (START_MS + at_ms) * MS, number, price)
            for number, (kind, at_ms, price) in enumerate(drawn)
        ]

    return st.lists(event, max_size=40).map(numbered)


def made(kind: type[Any], symbol: str, at_ns: int, number: int, price: int) -> Record:
    place = {
        "venue": "binance",
        "symbol": symbol,
        "event_ns": at_ns,
        "received_ns": START_MS * MS + number,
    }
    if kind is Trade:
        return Trade(
            **place,
            trade_id=str(number),
            price=float(price),
            quantity=price / 7,
            side=Side.BUY,
        )
    if kind is Heartbeat:
        return Heartbeat(**place)
    return Top(
        **place, sequence=number, bid=1.0, bid_quantity=1.0, ask=2.0, ask_quantity=1.0
    )


def lines(symbol: str) -> Records:
    """What two lines bring of numbered and unnumbered streams, with holes."""
    what = st.sampled_from([Trade, BookDelta, BookSnapshot, Top, Heartbeat, Gap, Moved])
    drawn = st.tuples(st.sampled_from("ab"), what, st.integers(0, 30), st.booleans())

    def numbered(each: list[tuple[str, type[Any], int, bool]]) -> list[Any]:
        heard: list[Any] = []
        for count, (line, kind, number, stated) in enumerate(each):
            at_ns = START_MS * MS + count * 40 * MS
            key = f"okx:{symbol}"
            if kind is Moved:
                heard.append(Moved(key, line, stated, at_ns))
            else:
                event = booked(kind, symbol, at_ns, number if stated else None)
                heard.append(Heard(key, line, event))
        return heard

    return st.lists(drawn, max_size=40).map(numbered)


def books(symbol: str) -> Records:
    """Snapshots, deltas and gaps of one book, with holes and a wrong checksum."""
    what = st.sampled_from([BookDelta] * 6 + [BookSnapshot, Gap, Heartbeat])
    drawn = st.tuples(what, st.integers(0, 12))

    def numbered(each: list[tuple[type[Any], int]]) -> list[Any]:
        return [
            booked(kind, symbol, START_MS * MS + count * 900 * MS, number)
            for count, (kind, number) in enumerate(each)
        ]

    return st.lists(drawn, max_size=40).map(numbered)


def booked(kind: type[Any], symbol: str, at_ns: int, number: int | None) -> Record:
    place = {
        "venue": "okx",
        "symbol": symbol,
        "event_ns": at_ns,
        "received_ns": at_ns + MS,
    }
    sides = {"bids": ((float(number or 1), 1.0),), "asks": ((50.0, 1.0),)}
    if kind is BookDelta:
        previous = None if number is None else number - 1
        checksum = 1 if number == 11 else None
        numbers = {"sequence": number, "previous": previous, "checksum": checksum}
        return BookDelta(**place, **sides, **numbers)
    if kind is BookSnapshot:
        return BookSnapshot(**place, **sides, sequence=number, fetched=number == 2)
    if kind is Gap:
        return Gap(**place, reason="line")
    if kind is Trade:
        trade = made(Trade, symbol, at_ns, number or 0, 1)
        return msgspec.structs.replace(trade, venue="okx", sequence=number)
    made_of = made(kind, symbol, at_ns, number or 0, 1)
    return msgspec.structs.replace(made_of, venue="okx")


def stocked(symbol: str) -> Records:
    """A book with holes, and trades around it, some of them of the past or wrong."""
    what = st.sampled_from([BookDelta] * 4 + [BookSnapshot, Gap, Heartbeat, Trade, Top])
    drawn = st.tuples(what, st.integers(0, 12), st.integers(0, 4_000))

    def numbered(each: list[tuple[type[Any], int, int]]) -> list[Any]:
        return [
            booked(kind, symbol, (START_MS + count * 1_500 - back_ms) * MS, number)
            for count, (kind, number, back_ms) in enumerate(each)
        ]

    return st.lists(drawn, max_size=40).map(numbered)


def proven(symbol: str) -> Records:
    """Minutes of a book that is right and knows its normal, then all that can be wrong.

    Prices and quantities may be anything: bids above asks, far away, zero, negative.
    """
    number = st.sampled_from([0.0, -1.0, 60.0, 95.0, 99.0, 100.0, 101.0, 140.0, 900.0])
    what = st.sampled_from([BookDelta, BookDelta, Top, Top, Trade, Trade, Flaw, Gap])
    what = st.one_of(what, st.sampled_from([BookSnapshot, Heartbeat, Heartbeat]))
    later_ms = st.sampled_from([0, 90, 700, 1_000, 1_000, 6_000, 31_000, 70_000])
    holes = st.sampled_from([0, 0, 0, 0, 3])
    drawn = st.tuples(what, number, number, later_ms, holes)
    calm = [
        (kind, 99.0 + count % 3 * 0.1, 101.0, 700, 0)
        for count in range(100)
        for kind in (BookSnapshot if count == 0 else BookDelta, Trade, Top, Heartbeat)
    ]

    def numbered(each: list[Any]) -> list[Any]:
        records, at_ms, sequence = [], START_MS, 0
        for kind, price, other, later_ms, hole in [*calm, *each]:
            at_ms += later_ms
            sequence += 1 + hole
            records.append(wild(kind, symbol, at_ms * MS, sequence, (price, other)))
        return records

    return st.lists(drawn, max_size=40).map(numbered)


def wild(
    kind: type[Any], symbol: str, at_ns: int, sequence: int, prices: tuple[float, float]
) -> Record:
    place = {"venue": "okx", "symbol": symbol, "event_ns": at_ns, "received_ns": at_ns}
    price, other = prices
    sides = {"bids": ((price, abs(other)),), "asks": ((other, abs(price)),)}
    match kind.__name__:
        case "BookSnapshot":
            return BookSnapshot(**place, **sides, sequence=sequence)
        case "BookDelta":
            return BookDelta(**place, **sides, sequence=sequence, previous=sequence - 1)
        case "Trade":
            return Trade(
                **place,
                trade_id=str(sequence),
                price=price,
                quantity=other,
                side=Side.SELL,
            )
        case "Top":
            quantities = {"bid_quantity": abs(other), "ask_quantity": 1.0}
            return Top(**place, sequence=sequence, bid=price, ask=other, **quantities)
        case "Flaw":
            kind = FlawKind.DUPLICATE if price < other else FlawKind.OUT_OF_ORDER
            return Flaw(**place, line="one/a", kind=kind, count=3)
        case _:
            return Gap(**place, reason="line") if kind is Gap else Heartbeat(**place)


def read(connection: str) -> Records:
    """Readings of two lines: silent, late, skewed, dead, and what happens to them."""
    event = st.sampled_from([None] * 4 + list(LineEvent))
    delays = st.lists(st.integers(-90_000, 90_000), max_size=30)
    few = st.integers(0, 9)
    line, gap_s = st.sampled_from("ab"), st.integers(0, 90)
    drawn = st.tuples(line, gap_s, few, few, delays, event)

    def numbered(each: list[Any]) -> list[Reading]:
        readings, at_s = [], START_MS // 1_000
        for line, gap_s, frames, dead, delays_ms, happened in each:
            at_s += gap_s
            reading = Reading(
                venue="okx",
                connection=connection,
                line=line,
                received_ns=at_s * 1_000 * MS,
                frames=frames,
                dead=dead,
                delays_ns=tuple(delay_ms * MS for delay_ms in delays_ms),
                event=happened,
            )
            readings.append(reading)
        return readings

    return st.lists(drawn, max_size=30).map(numbered)


def told(connection: str) -> Records:
    """Readings of two lines and a second socket, over minutes, with long gaps."""
    event = st.sampled_from([None] * 9 + list(LineEvent) + [LineEvent.HEARTBEAT] * 5)
    gap_ms = st.sampled_from([0, 0, 400, 1_000, 7_000, 7_000, 61_000, 4_000_000])
    line, few = st.sampled_from(["a", "a", "b", "a~"]), st.integers(0, 9)
    delays = st.lists(st.sampled_from([-9_000, 10, 11, 700]), max_size=5)
    drawn = st.tuples(line, gap_ms, few, delays, event)

    def numbered(each: list[Any]) -> list[Reading]:
        readings, at_ms = [], START_MS
        for number, (line, gap_ms, frames, delays_ms, happened) in enumerate(each):
            at_ms += gap_ms
            reading = Reading(
                venue="okx",
                connection=connection,
                line=line,
                received_ns=at_ms * MS,
                number=number,
                frames=frames,
                delays_ns=tuple(delay_ms * MS for delay_ms in delays_ms),
                counts={"X": frames} if frames else {},
                event=happened,
                silence_ns=frames * MS,
                round_trip_ns=frames * 100 * MS or None,
            )
            readings.append(reading)
        return readings

    return st.lists(drawn, max_size=40).map(numbered)


def quality() -> Quality:
    params = QualityParams(issues=BRIEF)
    return Quality(params, checks(params.checks, {}), OrderBook(OrderBookParams()))


def features() -> Features:
    return Features(FEATURES, OrderBook(OrderBookParams(levels=FEATURES.levels)))


BRIEF = IssuesParams(update_s=2.0, calm_s=0.5, quiet_s=3.0)
BARS = BarsParams(lengths_ms=(1_000, 2_000, 3_000), lateness_ms=700)
FEATURES = FeaturesParams(
    lengths_ms=(1_000, 2_000, 6_000),
    stands=8,
    levels=2,
    warm_s=2.0,
    atr_periods=(1, 3),
    efficiency=2,
    horizons=(1, 3),
)
HASTY = HealthParams(rates=RatesParams(minutes=1, warm_minutes=1))


def words(venue: str) -> Records:
    """What two connections and a symbol say, in any order, with long silences."""
    member = st.integers(0, 2)
    at_s = st.one_of(st.integers(0, 60), st.integers(0, 600))
    drawn = st.tuples(member, at_s, st.sampled_from(Health), st.booleans())

    def numbered(each: list[tuple[int, int, Health, bool]]) -> list[Record]:
        return [msgspec.structs.replace(spoken(*one), venue=venue) for one in each]

    return st.lists(drawn, max_size=60).map(numbered)


def spoken(member: int, at_s: int, level: Health, is_change: bool) -> Record:
    received_ns = (START_MS + at_s * 1_000) * MS
    if member < 2:
        line = "a" if is_change else ""
        return health(f"c.{member}", line, received_ns, level, rate=float(member))
    return QualityScore(
        venue="okx",
        symbol="c",
        event_ns=received_ns,
        received_ns=received_ns,
        is_change=is_change,
        score=50.0,
        tradable=True,
        active=True,
    )


def health(
    connection: str, line: str, received_ns: int, level: Health, **more: Any
) -> ConnectionHealth:
    return ConnectionHealth(
        venue="okx",
        connection=connection,
        line=line,
        received_ns=received_ns,
        level=level,
        is_up=True,
        octets_rate=0.0,
        **more,
    )


def healths(connection: str) -> Records:
    """How two lines do, one of which brings what cannot be read, now and then."""
    drawn = st.tuples(st.sampled_from("ab"), st.sampled_from(Health), st.booleans())

    def numbered(each: list[tuple[str, Health, bool]]) -> list[Record]:
        return [
            health(
                connection,
                line,
                (START_MS + count * 2_500) * MS,
                level,
                rate=10.0,
                issues="feed latency 600 ms" if level is Health.RED else "",
                dead=200 * count if storms else 0,
            )
            for count, (line, level, storms) in enumerate(each)
        ]

    return st.lists(drawn, max_size=40).map(numbered)


def scanned(venue: str) -> Records:
    """Features and quality of three symbols, hardly in order, with long silences."""
    member, number = st.integers(0, 2), st.integers(1, 9)
    later = st.sampled_from([0, 0, 0, 1, 1, 2, -1, -3, 30])
    drawn = st.tuples(st.booleans(), member, later, number)

    def numbered(each: list[tuple[bool, int, int, int]]) -> list[Record]:
        at, found = 10, []
        for is_feature, who, more, what in each:
            at = max(at + more, 0)
            found.append(seen(venue, is_feature, who, at, what))
        return found

    return st.lists(drawn, max_size=80).map(numbered)


def seen(venue: str, is_feature: bool, member: int, at: int, number: int) -> Record:
    place = {
        "venue": venue,
        "symbol": ("BTC-USDT", "ETH-USDT", "ETH-BTC")[member],
        "event_ns": (28_333_333 + at) * MINUTE,
    }
    if not is_feature:
        at_ns = place["event_ns"]
        return QualityScore(
            **place, received_ns=at_ns, score=10.0 * number, tradable=number > 1
        )
    return Feature(
        **place,
        length_ns=MINUTE,
        volume=float(number),
        signed_volume=1.0,
        turnover=float(number),
        trades=number,
        mid=float(number) if number > 2 else None,
        spread_bps=float(number),
        volatility=number / 1e4,
        horizons=(1,),
        returns=(number / 1e3,),
    )


def issues(symbol: str) -> Records:
    """Issues of a symbol that come and go, some without an end."""
    kinds = [IssueKind.SEQUENCE_GAP, IssueKind.CHECKSUM, IssueKind.STALE]
    kind = st.sampled_from([*kinds, IssueKind.WIDE_SPREAD])
    drawn = st.tuples(kind, st.sampled_from(Phase), st.integers(0, 4_000))

    def numbered(each: list[tuple[IssueKind, Phase, int]]) -> list[Record]:
        at_ms, opened_ms, found = START_MS, START_MS, []
        for kind, phase, later_ms in each:
            at_ms += later_ms
            opened_ms = at_ms if phase is Phase.OPEN else opened_ms
            found.append(
                QualityIssue(
                    venue="okx",
                    symbol=symbol,
                    event_ns=at_ms * MS,
                    received_ns=at_ms * MS,
                    kind=kind,
                    severity=Severity.HIGH,
                    phase=phase,
                    opened_ns=opened_ms * MS,
                )
            )
        return found

    return st.lists(drawn, max_size=40).map(numbered)


SOON = SystemHealthParams(patience_s=10, apart_s=60, forget_s=200, calm=2)
TEACHING = LearningParams(least=2, every_s=60, tolerance=0.0)
WATCHFUL = ScannerParams(patience_s=120, apart_s=300, learning=TEACHING, beta_least=1)
OFTEN = Limit(first_s=3, longest_s=10, per_hour=3)
RARELY = HealParams(resync=OFTEN, resubscribe=OFTEN, fail_over=OFTEN, pause=OFTEN)
TOLD = Rule(
    name="told",
    topic="quality_issues.v1",
    when="kind != 'checksum' and phase != 'close'",
    severity=Severity.LOW,
    for_s=1.0,
    cooldown_s=5.0,
    repeat_s=4.0,
    escalate_after_s=6.0,
    lapse_s=15.0,
)
SUMMED = msgspec.structs.replace(TOLD, name="summed", at_least=2, digest_s=10.0)
KNOWN = Prior(
    pool=calibrated.POOL,
    entry=calibrated.entry(5, 20),
    pins=Parameters(thin=50.0),
    origin="a",
)
OPERATORS: dict[str, tuple[Callable[[], Any], Callable[[str], Records]]] = {
    "decode": (lambda: Decode(DecodeParams(), PARSERS), frames),
    "listen": (lambda: Listen(DecodeParams(), PARSERS), frames),
    "arbitrate": (lambda: Arbitrate(ArbitrateParams(settle_ms=100)), lines),
    "order_book": (lambda: OrderBook(OrderBookParams()), books),
    "bars": (lambda: Bars(BARS), market),
    "features": (features, stocked),
    "calibrate": (
        lambda: Calibrate(calibrated.HASTY, lambda _: KNOWN),
        calibrated.windows,
    ),
    "connection_health": (lambda: HealthOfConnections(HASTY), told),
    "quality": (quality, lambda symbol: st.one_of(stocked(symbol), proven(symbol))),
    "lines": (lambda: Lines(LinesParams(), BRIEF), read),
    "system_health": (lambda: SystemHealths(SOON), words),
    "scanner": (lambda: Scanner(WATCHFUL), scanned),
    "heal_symbols": (lambda: HealSymbols(RARELY), issues),
    "heal_lines": (lambda: HealLines(RARELY), healths),
    "alerts": (lambda: Alerts([Judge(TOLD), Judge(SUMMED)]), issues),
}

every_operator = pytest.mark.parametrize("name", OPERATORS)


def outs(operator: Any, records: Iterable[Any], *, close: bool = True) -> list[Any]:
    return list(operator.update(records)) + (list(operator.close()) if close else [])


@every_operator
@CALM
@given(data=st.data())
def test_resuming_from_a_snapshot_changes_nothing(name: str, data: Any) -> None:
    new, records_of = OPERATORS[name]
    records = data.draw(records_of("one"))
    cut = data.draw(st.integers(0, len(records)))
    first, second = new(), new()
    before = outs(first, records[:cut], close=False)
    second.state = pickle.loads(pickle.dumps(copy.deepcopy(first.state)))
    assert before + outs(second, records[cut:]) == outs(new(), records)


@every_operator
@CALM
@given(data=st.data())
def test_a_snapshot_does_not_move_with_the_operator(name: str, data: Any) -> None:
    new, records_of = OPERATORS[name]
    records = data.draw(records_of("one"))
    cut = data.draw(st.integers(0, len(records)))
    operator = new()
    outs(operator, records[:cut], close=False)
    snapshot = copy.deepcopy(operator.state)
    kept = pickle.dumps(snapshot)
    outs(operator, records[cut:])
    assert pickle.dumps(snapshot) == kept


@every_operator
@CALM
@given(data=st.data())
def test_grouping_into_batches_changes_nothing(name: str, data: Any) -> None:
    new, records_of = OPERATORS[name]
    records = data.draw(records_of("one"))
    ends = data.draw(st.lists(st.integers(0, len(records)), max_size=8).map(sorted))
    operator, said = new(), []
    for start, end in pairwise([0, *ends, len(records)]):
        said += outs(operator, records[start:end], close=False)
    assert said + list(operator.close()) == outs(new(), records)


@every_operator
@CALM
@given(data=st.data())
def test_two_runs_agree(name: str, data: Any) -> None:
    new, records_of = OPERATORS[name]
    records = data.draw(records_of("one"))
    assert outs(new(), records) == outs(new(), records)


@every_operator
@CALM
@given(data=st.data())
def test_more_records_never_change_what_was_said(name: str, data: Any) -> None:
    new, records_of = OPERATORS[name]
    records = data.draw(records_of("one"))
    cut = data.draw(st.integers(0, len(records)))
    said = outs(new(), records[:cut], close=False)
    assert outs(new(), records)[: len(said)] == said


@every_operator
@CALM
@given(data=st.data())
def test_inputs_are_not_changed(name: str, data: Any) -> None:
    new, records_of = OPERATORS[name]
    records = data.draw(records_of("one"))
    kept = pickle.dumps(records)
    outs(new(), records)
    assert pickle.loads(kept) == records


@every_operator
@settings(CALM, max_examples=25)
@given(data=st.data())
def test_keys_interleaved_in_the_engine_say_what_they_say_alone(
    name: str, data: Any
) -> None:
    new, records_of = OPERATORS[name]
    streams = {key: data.draw(records_of(key)) for key in ("one", "two")}
    waiting = {key: list(stream) for key, stream in streams.items()}
    batches: list[tuple[str, list[Any]]] = []
    while any(waiting.values()):
        key = data.draw(st.sampled_from([key for key, left in waiting.items() if left]))
        size = data.draw(st.integers(1, len(waiting[key])))
        batches.append((key, waiting[key][:size]))
        del waiting[key][:size]
    said: list[tuple[str, list[Record]]] = []
    flow = Dataflow("contract")
    up = op.input("in", flow, TestingSource(batches, batch_size=3))
    op.output("out", step.stateful(name, up, new, closes=True), TestingSink(said))
    run_main(flow)
    for key, stream in streams.items():
        mine = [out for to, batch in said if to == key for out in batch]
        assert mine == (outs(new(), stream) if stream else [])


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        (
            "decode",
            "Trade Top BookDelta BookSnapshot Heartbeat Ignored DeadLetter",
        ),
        ("listen", "Heard Moved Ignored DeadLetter Reading"),
        ("arbitrate", "Trade Top BookDelta BookSnapshot Heartbeat Gap Flaw Tally"),
        ("order_book", "Book BookState"),
        ("bars", "Bar LateTrade"),
        ("features", "Feature"),
        ("calibrate", "Calibration Normalised"),
        ("connection_health", "ConnectionHealth"),
        ("quality", "QualityIssue QualityScore"),
        ("lines", "QualityIssue"),
        ("system_health", "SystemHealth"),
        ("scanner", "Priority PriorityWeights"),
        ("heal_symbols", "Command Healing"),
        ("heal_lines", "Command Healing"),
        ("alerts", "Alert"),
    ],
)
def test_the_strategies_reach_every_kind_of_output(name: str, kinds: str) -> None:
    new, records_of = OPERATORS[name]
    said: set[str] = set()

    @settings(CALM, max_examples=200, derandomize=True, database=None)
    @given(records=records_of("one"))
    def gather(records: list[Any]) -> None:
        said.update(type(out).__name__ for out in outs(new(), records))

    gather()
    assert said == set(kinds.split())
