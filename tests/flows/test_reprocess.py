"""History is the same from Kafka, from the lake and from a recording of either."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from config.load import ConfigError, save
from config.settings import Kafka, Settings
from connectors.kafka_history import KafkaHistory
from connectors.reader import consumer
from flows import account, moment
from flows.compare import Comparison, compare
from flows.past import Wish
from flows.replay import replay
from flows.reprocess import reprocess
from infra.kafka.installation import Installation
from infra.kafka.real import RealBroker
from operators.records import topics
from operators.records.base import Record
from operators.records.frame import Frame, FrameKind
from operators.records.market import Heartbeat, Trade
from operators.records.span import Span
from operators.records.time import MS, SECOND
from sinks.catalog import connect
from sinks.kafka import Publisher
from sinks.lake import TABLES

SHARED = Path(__file__).resolve().parents[3] / "shared"
START_MS = 1_723_161_255_000
SECONDS = 150
BOUND_S = 60
PAIRS = {"binance-0": "BTCUSDT", "binance-3": "ETHUSDT"}  # of two partitions
NAMES = ("venue", "connection", "line", "kind", "received_ns", "url", "data")


def frames_of(connection: str, symbol: str, line: str) -> list[Frame]:
    """Return what a line of a hot pair brings: ``b`` a little later than ``a``."""
    behind_ms = 3 if line == "b" else 0
    frames: list[Frame] = []

    def add(at_ms: int, data: Any, kind: FrameKind = FrameKind.WS) -> None:
        received_ns = (START_MS + at_ms + behind_ms) * MS + len(frames) % 1_000
        rest = f"http://x/api/v3/depth?symbol={symbol}"
        text = data if isinstance(data, str) else json.dumps(data)
        frame = Frame(
            venue="binance",
            connection=connection,
            line=line,
            kind=kind,
            received_ns=received_ns,
            url=rest if kind is FrameKind.REST else "",
            data=text,
        )
        frames.append(frame)

    levels = {"b": [["99.5", "2"]], "a": [["100.5", "3"]]}
    add(0, "", FrameKind.OPEN)
    book = {"lastUpdateId": 0, "bids": [["99", "1"]], "asks": [["101", "1"]]}
    add(1, book, FrameKind.REST)
    for number in range(1, 4 * SECONDS):
        at_ms = 250 * number
        when = {"E": START_MS + at_ms, "s": symbol}
        trade = {"t": number, "p": f"{100 + number % 7}", "q": "0.5", "m": False}
        add(at_ms, {"e": "trade", **when, **trade, "T": START_MS + at_ms})
        if number % 4 == 0:
            count = number // 4
            add(at_ms, {"e": "depthUpdate", **when, "U": count, "u": count, **levels})
    return frames


class World(NamedTuple):
    """A broker that holds frames, and the lake that they were archived in."""

    settings: Settings
    lake: Path
    frames: int


def crossed(frames: list[Frame]) -> Iterator[Frame]:
    """Yield the frames as two ingest processes publish them: a second in turn."""
    at = {"a": 0, "b": SECOND // 2}
    yield from sorted(
        frames, key=lambda f: ((f.received_ns + at[f.line]) // SECOND, f.line != "b")
    )


@pytest.fixture(scope="module")
def world(
    installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with RealBroker(folder / "kafka", installation) as broker:
        admin = AdminClient({"bootstrap.servers": broker.bootstrap})
        for made in admin.create_topics(
            [NewTopic(each.name, 3, 1) for each in topics.ALL]
        ).values():
            made.result(30)
        tree = Settings()
        settings = msgspec.structs.replace(
            tree,
            kafka=Kafka(bootstrap=broker.bootstrap),
            lake=msgspec.structs.replace(tree.lake, path=str(folder / "lake")),
            recovery=msgspec.structs.replace(tree.recovery, path=str(folder / "state")),
        )
        frames = [
            frame
            for connection, symbol in PAIRS.items()
            for line in "ab"
            for frame in frames_of(connection, symbol, line)
        ]
        publisher = Publisher(settings.kafka, [topics.FRAMES])
        publisher.send(list(crossed(frames)))
        publisher.flush()
        archive(settings, folder, len(frames))
        yield World(settings, folder / "lake", len(frames))


def archive(settings: Settings, folder: Path, count: int) -> None:
    """Run the archive until it has kept so many frames."""
    save(settings, folder / "settings.yaml")
    words = ["flow", "archive", "--config", str(folder / "settings.yaml")]
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-m", "flows", *words], cwd=root) as process:
        deadline_s = time.monotonic() + BOUND_S
        while kept(folder / "lake") < count and time.monotonic() < deadline_s:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(BOUND_S) == 0
    assert kept(folder / "lake") == count


def kept(lake: Path) -> int:
    if not (lake / "catalog" / "current").exists():
        return 0
    return int(ask(lake, "select count(*) from frames")[0][0])


def ask(lake: Path, query: str) -> list[Any]:
    with connect(lake) as connection:
        return connection.execute(query).fetchall()


def exported(lake: Path, out: Path) -> Path:
    """Write the lake's frames to a recording, in Kafka's order, its partitions abreast.

    A recording is in order of arrival. With one connection after the other, what sums
    up all of them would find the others absent.
    """
    order = 'order by "offset", partition'
    rows = ask(lake, f"select {', '.join(NAMES)} from frames {order}")
    lines = (json.dumps(dict(zip(NAMES, row, strict=True))) for row in rows)
    out.write_text("\n".join(lines) + "\n")
    return out


def disagreements(found: Comparison) -> list[Any]:
    """Return the verdicts that are not: equal, something there, nothing twice."""
    assert {each.table for each in found.verdicts if each.equal} >= {
        *("frames", "trades", "book_deltas", "books", "heartbeats", "bars", "tallies")
    }
    return [
        each
        for each in found.verdicts
        if not each.is_equal or each.repeated_a or each.repeated_b
    ]


def test_the_archive_keeps_the_order_of_kafka(world: World) -> None:
    rows = ask(
        world.lake,
        'select partition, "offset", connection, line, received_ns from frames'
        ' order by partition, "offset"',
    )
    counts = [sum(row[0] == number for row in rows) for number in range(3)]
    assert sorted(counts) == [0, world.frames // 2, world.frames // 2]
    for number, count in enumerate(counts):
        assert [row[1] for row in rows if row[0] == number] == list(range(count))
    for connection, symbol in PAIRS.items():
        both = [f for line in "ab" for f in frames_of(connection, symbol, line)]
        published = [(f.line, f.received_ns) for f in crossed(both)]
        assert published != sorted(published, key=lambda each: each[1])
        assert [row[3:] for row in rows if row[2] == connection] == published


def test_kafka_the_lake_and_a_recording_give_the_same(
    world: World, tmp_path: Path
) -> None:
    ways: dict[str, Path] = {}
    for source in ("kafka", "lake"):
        ways[source] = tmp_path / source
        done = reprocess(world.settings, Wish(ways[source], source=source))
        assert done.account.records == world.frames
        assert done.account.done
        assert done.account.cold == 0
    ways["recording"] = tmp_path / "recording"
    recording = exported(world.lake, tmp_path / "it.jsonl")
    replay(world.settings, recording, ways["recording"], closes=False)
    for one, other in (("kafka", "lake"), ("lake", "recording")):
        found = compare(world.settings, ways[one], ways[other])
        assert disagreements(found) == []
        unmade = ["connections", "deliveries", "processes"]
        assert found.skipped == unmade


@pytest.fixture(scope="module")
def whole(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = tmp_path_factory.mktemp("whole") / "lake"
    reprocess(world.settings, Wish(lake, source="lake"))
    return lake


MIDST = Span((START_MS + 61_000) * MS, (START_MS + 122_500) * MS)


@pytest.mark.parametrize("source", ["kafka", "lake"])
def test_a_span_is_complete_and_nothing_else_is_there(
    world: World, whole: Path, tmp_path: Path, source: str
) -> None:
    wish = Wish(tmp_path / "b", MIDST, source=source, warm_up_s=10)
    done = reprocess(world.settings, wish)
    found = compare(world.settings, whole, tmp_path / "b")
    assert found.span == MIDST
    assert disagreements(found) == []
    remembering = {each.name for each in TABLES.values() if each.remembers}
    assert remembering <= set(found.skipped)
    for table in done.account.tables:
        query = f"select min(event_ns), max(event_ns) from {table}"
        ((first_ns, last_ns),) = ask(tmp_path / "b", query)
        assert MIDST.holds(first_ns), table
        assert MIDST.holds(last_ns), table


def test_what_needs_an_older_state_is_missing_and_that_is_said(
    world: World, whole: Path, tmp_path: Path
) -> None:
    span = Span((START_MS + 100_000) * MS, MIDST.to_ns)
    wish = Wish(tmp_path / "b", span, source="lake", warm_up_s=10)
    assert reprocess(world.settings, wish).account.cold == 4
    found = {
        each.table: each
        for each in compare(world.settings, whole, tmp_path / "b").verdicts
    }
    assert found["books"].missing > 0
    assert found["books"].equal == 0
    for table in ("frames", "trades", "book_deltas", "bars", "heartbeats"):
        assert found[table].equal > 0, table
        assert found[table].is_equal, table


def test_doing_it_again_makes_it_anew(world: World, whole: Path) -> None:
    before = account.read(whole)
    done = reprocess(world.settings, Wish(whole, source="lake")).account
    assert before is not None
    timed = {"seconds": before.seconds, "code": before.code}
    assert msgspec.structs.replace(done, **timed) == before
    found = compare(world.settings, whole, whole)
    assert disagreements(found) == []
    assert next(each.equal for each in found.verdicts) == world.frames


def test_live_is_left_alone(world: World, whole: Path, tmp_path: Path) -> None:
    reprocess(world.settings, Wish(tmp_path / "b", source="kafka"))
    reader = consumer(world.settings.kafka, "tapewatch-reprocess")
    places = [TopicPartition(topics.FRAMES.name, number) for number in range(3)]
    assert {each.offset for each in reader.committed(places, timeout=30)} == {-1001}
    reader.close()
    for into in (world.lake, world.lake / "hot", world.lake.parent):
        with pytest.raises(ConfigError, match="Expected a lake of its own"):
            reprocess(world.settings, Wish(into))
    with pytest.raises(ConfigError, match=r"has market, book, bars, .* already"):
        reprocess(world.settings, Wish(whole, MIDST))
    (whole / "reprocess.json").rename(tmp_path / "kept.json")
    with pytest.raises(ConfigError, match="a lake of something else"):
        reprocess(world.settings, Wish(whole))
    (tmp_path / "kept.json").rename(whole / "reprocess.json")


def test_a_partition_that_is_ahead_waits_and_nothing_is_lost(world: World) -> None:
    kafka = msgspec.structs.replace(world.settings.kafka, batch=50)
    found: list[list[Record]] = []
    for most in (1_000_000, 60):
        with closing(
            KafkaHistory(kafka, topics.FRAMES, Span(), most_held=most)
        ) as past:
            found.append(list(past))
            assert past.position == past.size == world.frames
    assert found[0] == found[1]
    assert len(found[0]) == world.frames


def test_bars_from_the_market(world: World, whole: Path, tmp_path: Path) -> None:
    names = "venue, symbol, event_ns, received_ns"
    beats = ask(whole, f"select {names} from heartbeats order by received_ns")
    more = "trade_id, price, quantity, side, sequence"
    trades = ask(whole, f"select {names}, {more} from trades order by received_ns")
    columns = (*names.split(", "), *more.split(", "))
    market: list[Trade | Heartbeat] = [
        msgspec.convert(dict(zip(columns, row, strict=True)), Trade) for row in trades
    ]
    market += [Heartbeat(**dict(zip(columns, row, strict=False))) for row in beats]
    publisher = Publisher(world.settings.kafka, [topics.MARKET])
    publisher.send(sorted(market, key=lambda each: (each.received_ns, each.event_ns)))
    publisher.flush()
    wish = Wish(tmp_path / "b", topic="market", flows=("bars",))
    done = reprocess(world.settings, wish).account
    assert done.tables == ("late_trades", "bars")
    found = compare(world.settings, whole, tmp_path / "b")
    assert [each.table for each in found.verdicts if each.equal] == ["bars"]
    assert found.is_equal
    with pytest.raises(ConfigError, match=r"order of market\.v1 is only in Kafka"):
        reprocess(world.settings, wish._replace(source="lake"))
    with pytest.raises(ConfigError, match="--topic: Expected frames or market"):
        reprocess(world.settings, wish._replace(topic="bars"))


def test_what_kafka_has_deleted_comes_from_the_lake(
    world: World, whole: Path, tmp_path: Path
) -> None:
    """The last test on this broker: it deletes."""
    said: list[str] = []
    reprocess(world.settings, Wish(tmp_path / "a"), say=said.append)
    admin = AdminClient({"bootstrap.servers": world.settings.kafka.bootstrap})
    reader = consumer(world.settings.kafka, "x")
    gone = [TopicPartition(topics.FRAMES.name, number) for number in range(3)]
    for place in gone:
        place.offset = reader.get_watermark_offsets(place, timeout=30)[1] // 4
    reader.close()
    for each in admin.delete_records([p for p in gone if p.offset]).values():
        each.result(30)

    late = Span((START_MS + 130_000) * MS)
    for number, span in enumerate((Span(), MIDST, late)):
        wish = Wish(tmp_path / f"b{number}", span, warm_up_s=10)
        reprocess(world.settings, wish, say=said.append)
    assert said[0] == "from Kafka: Kafka holds everything since its beginning"
    assert said[1].startswith("from the lake: Kafka holds nothing before 2024-08-08T")
    assert said[2].startswith("from the lake: Kafka holds nothing before 2024-08-08T")
    assert said[3].startswith("from Kafka: Kafka holds everything since 2024-08-08T")
    for number in range(2):
        found = compare(world.settings, whole, tmp_path / f"b{number}")
        assert disagreements(found) == []

    forced = Wish(tmp_path / "more", Span(START_MS * MS), source="kafka", warm_up_s=1)
    done = reprocess(world.settings, forced, say=said.append).account
    assert said[-1].startswith("from Kafka: asked for, though Kafka holds nothing")
    firsts = (
        'select arg_min(received_ns, "offset") as first from frames group by partition'
    )
    ((first_ns,),) = ask(tmp_path / "more", f"select max(first) from ({firsts})")
    longest_ns = max(world.settings.bars.lengths_ms) * MS
    assert done.whole_from_ns == first_ns + SECOND + longest_ns


def test_where_there_is_neither_one_is_told(tmp_path: Path) -> None:
    tree = Settings()
    lake = msgspec.structs.replace(tree.lake, path=str(tmp_path / "none"))
    settings = msgspec.structs.replace(tree, lake=lake)
    with pytest.raises(ConfigError, match="no lake here"):
        reprocess(settings, Wish(tmp_path / "b", source="lake"))
    with pytest.raises(ConfigError, match="--flows: `bars` reads"):
        reprocess(settings, Wish(tmp_path / "b", source="lake", flows=("bars",)))
    assert not (tmp_path / "b").exists()


def test_a_real_recording_is_the_same_again(tmp_path: Path) -> None:
    tick = SHARED / "data/tick/spot_btcusdt_20240808.gz"
    if not tick.exists():
        pytest.skip(f"no recordings in {SHARED}")
    tool = [sys.executable, str(SHARED / "tools/to_recording.py")]
    recording = tmp_path / "it.jsonl"
    subprocess.run([*tool, str(recording), f"binance={tick}"], check=True)
    replay(Settings(), recording, tmp_path / "a", closes=False)
    wish = Wish(tmp_path / "b", source="lake", lake=tmp_path / "a")
    reprocess(Settings(), wish)
    found = compare(Settings(), tmp_path / "a", tmp_path / "b")
    assert [each for each in found.verdicts if not each.is_equal] == []
    assert sum(each.equal for each in found.verdicts) > 50_000


NOW_NS = 1_800_000_000 * SECOND


@pytest.mark.parametrize(
    ("text", "at_ns"),
    [
        ("2024-08-08T23:54:15", 1_723_161_255 * SECOND),
        ("2024-08-08T23:54:15Z", 1_723_161_255 * SECOND),
        ("2024-08-09 01:54:15.5+02:00", 1_723_161_255 * SECOND + SECOND // 2),
        ("2024-08-08T23:54:15.343999999Z", 1_723_161_255_343_999_999),
        ("2024-08-08", 1_723_075_200 * SECOND),
        ("-2h", NOW_NS - 7_200 * SECOND),
        ("-1.5m", NOW_NS - 90 * SECOND),
    ],
)
def test_times_are_told_in_many_ways(text: str, at_ns: int) -> None:
    assert moment.moment(text, "--from", NOW_NS) == at_ns
    assert moment.moment(moment.written(at_ns), "--from", 0) == at_ns


@pytest.mark.parametrize("text", ["", "yesterday", "2h", "-2w", "2024-13-01"])
def test_what_is_no_time_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match="--to: Expected a time such as"):
        moment.span(None, text, NOW_NS)
    with pytest.raises(ConfigError, match="--to: Expected a time after --from"):
        moment.span("-1h", "-2h", NOW_NS)
