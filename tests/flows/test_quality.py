"""Healthy real data raises nothing, faults do; Kafka and kills change nothing."""

import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from config.load import ConfigError, save
from config.settings import Kafka, Recovery, Settings
from connectors.venues import PARSERS
from flows.ledger import Ledger
from flows.replay import replay
from flows.scan import scan
from infra.kafka.installation import Installation
from infra.kafka.real import RealBroker
from operators.market.order_book import OrderBook
from operators.quality.checks import checks
from operators.quality.lines import Lines
from operators.quality.quality import Quality
from operators.records import topics
from operators.records.base import Record, Side
from operators.records.health import Reading
from operators.records.market import BookDelta, BookSnapshot, Heartbeat, Trade
from operators.records.time import MS, SECOND
from sinks.catalog import connect
from sinks.kafka import Publisher

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
FLOWS = ("market", "quality")
BOUND_S = 60.0
READ = [topics.MARKET, topics.READINGS]
WRITTEN = [topics.QUALITY_ISSUES, topics.QUALITY_SCORES]

CAPTURES = {
    "binance": "BINANCE.http.0.0 BINANCE.ws.1.0",
    "binance_usdm": "BINANCE_FUTURES.http.0.0 BINANCE_FUTURES.ws.1.0",
    "binance_coinm": "BINANCE_DELIVERY.http.0.0 BINANCE_DELIVERY.ws.1.0",
    "bitget": "BITGET.ws.1.0 BITGET.ws.2.0",
    "coinbase": "COINBASE.ws.28.0",
    "deribit": "DERIBIT.ws.1.0",
    "hitbtc": "HITBTC.ws.1.0",
    "kraken_v1": "KRAKEN.ws.48.0 KRAKEN.ws.49.0 KRAKEN.ws.50.0",
    "kucoin": "KUCOIN.http.0.0 KUCOIN.ws.1.0",
    "okx": "OKX.ws.1.0",
}
TICK = ["spot_btcusdt_20240808.gz", "spot_ethusdt_20240808.gz"]
SKEWED = 1_270


def recorded(folder: Path, venue: str, names: list[str]) -> Path:
    paths = [SHARED / "data" / name for name in names]
    if not all(path.exists() for path in paths):
        pytest.skip(f"no recordings in {SHARED}")
    out = folder / "it.jsonl"
    tool = [sys.executable, str(SHARED / "tools/to_recording.py"), str(out)]
    subprocess.run([*tool, *(f"{venue}={path}" for path in paths)], check=True)
    return out


def ask(lake: Path, query: str) -> list[tuple[Any, ...]]:
    with connect(lake) as connection:
        return connection.execute(query).fetchall()


def severities(lake: Path) -> set[str]:
    return {each for (each,) in ask(lake, "select severity from quality_issues")}


def check_healthy(lake: Path) -> None:
    """Nothing worse than MEDIUM, scores above 98, every book proven right."""
    assert not severities(lake) & {"high", "critical"}
    lowest, count = ask(lake, "select min(score), count(*) from quality_scores")[0]
    assert count
    assert lowest > 98
    last = """select symbol, arg_max(tradable, (event_ns, received_ns))
        from quality_scores group by symbol"""
    assert {tradable for _, tradable in ask(lake, last)} == {True}


@pytest.mark.parametrize("venue", CAPTURES)
def test_nothing_is_wrong_with_a_healthy_venue(venue, tmp_path):
    assert venue in PARSERS
    names = [f"ws/{name}.zst" for name in CAPTURES[venue].split()]
    replay(Settings(), recorded(tmp_path, venue, names), tmp_path / "lake", flows=FLOWS)

    check_healthy(tmp_path / "lake")


def test_a_recorder_behind_its_venue_is_skewed_and_nothing_else(tmp_path):
    recording = recorded(tmp_path, "binance", [f"tick/{name}" for name in TICK])
    replay(Settings(), recording, tmp_path / "lake", flows=FLOWS)

    check_healthy(tmp_path / "lake")
    query = "select kind, severity, phase, value from quality_issues order by event_ns"
    said = ask(tmp_path / "lake", query)
    assert {row[:2] for row in said} == {("clock skew", "low")}
    assert {phase for *_, phase, _ in said} == {"open", "update"}
    assert all(abs(value + SKEWED) < 10 for *_, value in said)


@pytest.fixture
def okx(tmp_path: Path) -> list[dict[str, Any]]:
    """Return the frames of a real recording."""
    path = recorded(tmp_path, "okx", ["ws/OKX.ws.1.0.zst"])
    return [json.loads(line) for line in path.read_text().splitlines()]


def issues(folder: Path, frames: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    path = folder / "faulty.jsonl"
    path.write_text("".join(json.dumps(frame) + "\n" for frame in frames))
    replay(Settings(), path, folder / "lake", flows=FLOWS)
    query = "select kind, severity, symbol from quality_issues where phase = 'open'"
    return ask(folder / "lake", query)


def book_frames(frames: list[dict[str, Any]], symbol: str) -> list[int]:
    about = f'"channel":"books","instId":"{symbol}"'
    return [
        number
        for number, frame in enumerate(frames)
        if about in frame["data"].replace(" ", "") and '"update"' in frame["data"]
    ]


def test_a_lost_update_of_a_real_book_shuts_its_gate_and_no_other(okx, tmp_path):
    symbol = "BTC-USDT"
    del okx[book_frames(okx, symbol)[5]]

    found = issues(tmp_path, okx)
    assert [(severity, where) for _, severity, where in found] == [("high", symbol)]
    query = "select distinct symbol from quality_scores where has_book and not tradable"
    assert ask(tmp_path / "lake", query) == [(symbol,)]


def test_half_a_frame_is_an_issue_of_its_line(okx, tmp_path):
    at = book_frames(okx, "BTC-USDT")[-1]
    okx[at]["data"] = okx[at]["data"][:-40]

    assert issues(tmp_path, okx) == [("malformed", "low", None)]


def test_trades_off_the_grid_are_seen_where_the_grid_is_known(okx, tmp_path):
    path = tmp_path / "okx.csv"
    path.write_text("symbol,tick_size,lot_size\nBTC-USDT,7.0,\n")
    (tmp_path / "it").mkdir()
    quality = msgspec.structs.replace(Settings().quality, instruments=(str(path),))
    settings = msgspec.structs.replace(Settings(), quality=quality)
    replay(settings, tmp_path / "it.jsonl", tmp_path / "it", flows=FLOWS)

    query = "select distinct kind, symbol from quality_issues"
    assert ask(tmp_path / "it", query) == [("impossible trade", "BTC-USDT")]
    path.unlink()
    with pytest.raises(ConfigError, match=r"okx\.csv: No such file"):
        replay(settings, tmp_path / "it.jsonl", tmp_path / "none", flows=FLOWS)


def when(symbol: str, at_ms: int) -> dict[str, Any]:
    at_ns = 1_700_000_000 * SECOND + at_ms * MS
    place = {"venue": "okx", "symbol": symbol}
    return {**place, "event_ns": at_ns, "received_ns": at_ns + 5 * MS}


def told(symbol: str, second: int) -> Iterator[Record]:
    """Yield a second of a book that is lost every ten, and of trades."""
    at_ms, number = 1_000 * second, 10 * second
    yield Heartbeat(**when(symbol, at_ms))
    if second % 10 in (0, 7):
        sides = {"bids": ((100.0, 5.0),), "asks": ((100.1, 5.0),)}
        yield BookSnapshot(**when(symbol, at_ms + 1), **sides, sequence=number)
    for step in range(1, 11):
        lost = second % 10 == 4 and step == 5
        yield BookDelta(
            **when(symbol, at_ms + 90 * step),
            bids=((100.0, 1.0 + step),),
            asks=(),
            sequence=number + step + lost,
            previous=number + step - 1 + lost,
        )
    price = 0.0 if second % 30 == 29 else 100.0 + second % 3 / 10
    paid = {"price": price, "quantity": 1.0, "side": Side.BUY}
    yield Trade(**when(symbol, at_ms + 950), trade_id=str(second), **paid)


def reading(second: int) -> Reading:
    return Reading(
        venue="okx",
        connection="okx-0",
        line="a",
        received_ns=(1_700_000_000 + second) * SECOND,
        frames=20,
        dead=int(second % 40 == 3),
        delays_ns=(int(second % 50 > 25) * 800 * MS,) * 20,
    )


def story() -> list[Record]:
    records: list[Record] = []
    for second in range(240):
        for symbol in ("BTC-USDT", "ETH-USDT", "SOL-USDT"):
            records += told(symbol, second)
        records.append(reading(second))
    return records


def folded(settings: Settings, records: list[Record]) -> dict[str, list[Record]]:
    """Return by topic and key what the operators say, one key after the other."""
    params, keyed = settings.quality, defaultdict(list)
    for record in records:
        keyed[record.key].append(record)
    said: dict[str, list[Record]] = defaultdict(list)
    for key, stream in keyed.items():
        operator: Any = Lines(params.lines, params.issues)
        if not isinstance(stream[0], Reading):
            made = checks(params.checks, {})
            operator = Quality(params, made, OrderBook(settings.book))
        for record in operator.update(stream):
            topic = next(each for each in WRITTEN if isinstance(record, each.records))
            said[f"{topic.name} {key}"].append(record)
    return said


def in_topics(kafka: Kafka) -> dict[str, list[Record]]:
    said: dict[str, list[Record]] = defaultdict(list)
    for topic in WRITTEN:
        for message in scan(kafka, [topic.name], None, lambda done, most: None):
            if message.value() is not None and message.key() != topics.FENCE:
                record = topic.decode(message.value() or b"")
                said[f"{topic.name} {record.key}"].append(record)
    return said


def until(condition: Callable[[], object]) -> None:
    deadline_s = time.monotonic() + BOUND_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


def count(kafka: Kafka) -> int:
    return sum(map(len, in_topics(kafka).values()))


def is_beyond(kafka: Kafka, before: int) -> bool:
    return count(kafka) > before


@pytest.fixture
def settings(installation: Installation, tmp_path: Path) -> Iterator[Settings]:
    """Yield settings for a broker of this test's own."""
    with RealBroker(tmp_path / "kafka", installation) as broker:
        admin = AdminClient({"bootstrap.servers": broker.bootstrap})
        wanted = [NewTopic(each.name, 2, 1) for each in READ]
        wanted += [NewTopic(each.name, 1, 1) for each in [*WRITTEN, topics.DEAD]]
        for made in admin.create_topics(wanted).values():
            made.result(30)
        yield Settings(
            kafka=Kafka(bootstrap=broker.bootstrap),
            recovery=Recovery(path=str(tmp_path / "recovery"), epoch_ms=100),
        )


def test_on_kafka_it_says_what_it_says_replayed_however_often_it_is_killed(
    settings, tmp_path
):
    config, records = tmp_path / "it.yaml", story()
    save(settings, config)
    words = [sys.executable, "-m", "flows", "flow", "quality", "--config", str(config)]
    publisher = Publisher(settings.kafka, READ)
    third = len(records) // 3
    for part in (records[:third], records[third:-third]):
        before = count(settings.kafka)
        publisher.send(part)
        publisher.flush()
        with subprocess.Popen(words, cwd=ROOT) as flow:
            until(partial(is_beyond, settings.kafka, before))
            flow.kill()
    publisher.send(records[-third:])
    publisher.flush()
    ledger = Ledger(settings.kafka, READ)
    with subprocess.Popen(words, cwd=ROOT) as flow:
        until(lambda: ledger.lag("quality", READ) == 0)
        flow.terminate()
        assert flow.wait(BOUND_S) == 0
    ledger.close()

    expected = folded(settings, records)
    assert in_topics(settings.kafka) == expected
    assert len(expected) == 7
