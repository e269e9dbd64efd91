"""A replay accounts for every line, and how it is batched changes nothing."""

import base64
import gzip
import json
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from config.load import ConfigError
from config.settings import Settings
from connectors.recording import Recording, RecordingError
from flows.catalogue import FLOWS
from flows.outline import outline
from flows.replay import Replayed, Seen, replay
from operators.records.time import MS, SECOND
from sinks.catalog import connect
from sinks.lake import TABLES, catalog

START_MS = 1_723_161_255_000
NOISE = base64.b64encode(b'{"e":"' + bytes(range(128, 256))).decode()
URL = "http://x/api/v3/depth?symbol="
VIEWS = sorted(table.name for table in TABLES.values())


class Said(NamedTuple):
    """A frame of the story, and the table that it should end in."""

    becomes: str
    data: str
    kind: str = "ws"
    url: str = ""


def traded(at_ms: int, number: int, **wrong: Any) -> str:
    symbol = ("BTCUSDT", "ETHUSDT")[number % 2]
    when = {"e": "trade", "E": START_MS + at_ms, "s": symbol, "t": number}
    price = {"p": f"{100 + number % 7}.5", "q": "0.25", "m": number % 3 == 0}
    row = {**when, **price, "T": START_MS + at_ms, **wrong}
    return json.dumps({"stream": "x", "data": row})


BOOK = '{"lastUpdateId":%d,"bids":[["1","2"]],"asks":[]}'
DELTA = '{"e":"depthUpdate","E":%d,"s":"ETHUSDT","U":%d,"u":%d,"b":[],"a":[["3","0"]]}'
TOP = '{"u":%d,"s":"BTCUSDT","b":"1","B":"2","a":"3","A":"4"}'
NO_STATUS = '{"event":"open"}'
STATUS = (
    '{"venue":"binance","connection":"binance-0","line":"a","received_ns":1,'
    '"event":"connecting","url":""}'
)
HOSTILE = {
    "truncated": traded(7_000, 1)[:-9],
    "Expected `array`, got `str`": DELTA.replace("[]", '"x"', 1) % (START_MS, 1, 1),
    "invalid start byte": "b64",
    "unknown symbol `XYZ`": traded(7_000, 1, s="XYZ"),
    "unknown channel `liquidation`": traded(7_000, 1, e="liquidation"),
    "Expected `float`": traded(7_000, 1, p="nan"),
    "exceeds the limit of 8000000": "x" * 10_000_000,
    "s from arrival": traded(-90_000_000, 1),
    "neither an event": "{}",
}


def story() -> list[Said]:
    frames = [
        Said("ignored", STATUS, "status"),
        Said("ignored", "", "open"),
        Said("dead_letters", NO_STATUS, "status"),
        Said("ignored", '{"method":"SUBSCRIBE"}', "sent"),
        Said("ignored", '{"result":null,"id":1}'),
        *(Said("book_snapshots", BOOK % n, "rest", URL + "BTCUSDT") for n in range(3)),
    ]
    for number in range(150):
        frames.append(Said("trades", traded(50 * number, number)))
        if number % 5 == 0:
            frames.append(Said("tops", TOP % number))
        if number % 7 == 0:
            at_ms = START_MS + 50 * number
            frames.append(Said("book_deltas", DELTA % (at_ms, number, number)))
    frames += [Said("dead_letters", data) for data in HOSTILE.values()]
    return [
        *frames,
        Said("trades", traded(2_000, 1_000)),  # late
        Said("ignored", '{"error":{"code":2},"id":1}'),
        Said("ignored", '{"e":"kline","E":1,"s":"BTCUSDT"}'),
        Said("ignored", "[]", "rest", "http://x/api/v3/exchangeInfo"),
        Said("trades", traded(7_600, 1_001)),
        Said("ignored", "", "close"),
    ]


STORY = story()
GARBAGE = {3: b"not json", 40: b'{"venue":"\xff"}', 41: b"", 90: b'{"venue":"x"'}


def written(path: Path, frames: list[Said], garbage: dict[int, bytes]) -> Path:
    place = {"venue": "binance", "connection": "binance-0", "line": "a"}
    rows = []
    for number, (_, data, kind, url) in enumerate(frames):
        text = {"b64": NOISE} if data == "b64" else {"data": data}
        received_ns = (START_MS + 50 * number) * MS
        row = {**place, "kind": kind, "received_ns": received_ns, "url": url, **text}
        rows.append(json.dumps(row).encode())
    for number, line in garbage.items():
        rows.insert(number - 1, line)
    path.write_bytes(b"\n".join(rows) + b"\n")
    return path


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("it") / "it.jsonl", STORY, GARBAGE)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, recording: Path) -> Path:
    folder = tmp_path_factory.mktemp("lake")
    lines = len(STORY) + len(GARBAGE)
    assert replay(Settings(), recording, folder) == Replayed(lines, len(STORY))
    return folder


def ask(lake: Path, query: str) -> list[Any]:
    with connect(lake) as connection:
        return connection.execute(query).fetchall()


def differences(one: Path, other: Path) -> Counter[str]:
    """Return how many rows of each view are in one lake only."""
    with duckdb.connect() as both:
        for name, folder in (("one", one), ("other", other)):
            both.execute(f"attach '{catalog(folder).resolve()}' as {name} (read_only)")
        query = "select count(*) from (from {}.{} except all from {}.{})"
        found = Counter[str]()
        for view, way in product(VIEWS, [("one", "other"), ("other", "one")]):
            select = query.format(way[0], view, way[1], view)
            found[view] += both.execute(select).fetchall()[0][0]
    return +found


def test_every_frame_is_kept_and_ends_where_it_should(lake: Path) -> None:
    kept = ask(lake, "select received_ns from frames order by 1")
    arrivals = [(START_MS + 50 * number) * MS for number in range(len(STORY))]
    assert kept == [(received_ns,) for received_ns in arrivals]
    ends = sorted({said.becomes for said in STORY})
    ended = {
        (received_ns, end)
        for end in ends
        for (received_ns,) in ask(lake, f"select received_ns from {end}")
        if received_ns is not None
    }
    assert ended == {
        (received_ns, said.becomes)
        for received_ns, said in zip(arrivals, STORY, strict=True)
    }
    expected = Counter(said.becomes for said in STORY)
    expected["dead_letters"] += sum(map(bool, GARBAGE.values()))
    counts = {end: ask(lake, f"select count(*) from {end}")[0][0] for end in ends}
    assert counts == expected


def test_a_dead_letter_says_where_it_lay_and_what_is_wrong_with_it(lake: Path) -> None:
    query = "select {}, raw, size from dead_letters where topic = '{}' order by {}"
    lines = ask(lake, query.format('"offset"', "recording", '"offset"'))
    assert lines == [(at, raw, len(raw)) for at, raw in GARBAGE.items() if raw]
    dead = ask(lake, query.format("reason", "frames.v1", "received_ns"))
    hostile = {"missing required field": NO_STATUS, **HOSTILE}
    for (wrong, data), (reason, *rest) in zip(hostile.items(), dead, strict=True):
        raw = base64.b64decode(NOISE) if data == "b64" else data.encode()
        assert wrong in reason
        assert rest == [raw, len(raw)]


def test_every_trade_is_in_one_bar_of_each_length_or_late(lake: Path) -> None:
    late = ask(lake, "select trade_id, length_ns from late_trades")
    assert late == [("1000", SECOND)]
    count = sum(said.becomes == "trades" for said in STORY) - 1
    sums = ask(lake, "select length_ns, sum(trades) from bars group by all order by 1")
    assert sums == [(SECOND, count), (60 * SECOND, count)]


def test_heartbeats_are_on_each_second_of_the_venue_once_a_symbol(lake: Path) -> None:
    query = "select symbol, event_ns from heartbeats order by all"
    seconds = [(START_MS // 1_000 + each) * SECOND for each in range(1, 8)]
    expected = [(name, at) for name in ("BTC-USDT", "ETH-USDT") for at in seconds]
    assert ask(lake, query) == expected


@pytest.mark.parametrize("batch", [1, 7, 10_000])
def test_batches_change_no_row(
    lake: Path, recording: Path, tmp_path: Path, batch: int
) -> None:
    replay(Settings(), recording, tmp_path, batch=batch)
    assert differences(lake, tmp_path) == Counter()


def test_replaying_again_into_the_same_lake_changes_nothing(
    lake: Path, recording: Path, tmp_path: Path
) -> None:
    for _ in range(2):
        replay(Settings(), recording, tmp_path, batch=3)
    assert differences(lake, tmp_path) == Counter()


def test_an_open_end_leaves_out_the_windows_that_time_has_not_closed(
    lake: Path, recording: Path, tmp_path: Path
) -> None:
    replay(Settings(), recording, tmp_path, closes=False)
    assert differences(lake, tmp_path).keys() == {
        *("bars", "features", "calibrations", "normalised", "tallies", "readings")
    }
    select = "select symbol, event_ns, length_ns, open, close, trades from bars"
    query = f"""{select} where event_ns <= {{}} + (
        select max(event_ns) - {Settings().bars.lateness_ms * MS} from
        (select symbol, event_ns from trades union all
        select symbol, event_ns from heartbeats) as t where t.symbol = bars.symbol
    ) order by all"""
    left = ask(tmp_path, f"{select} order by all")
    assert left == ask(lake, query.format(0))
    assert 0 < len(left) < len(ask(lake, query.format(3_600 * SECOND)))


def test_flows_can_be_left_out_but_not_those_they_read_from(
    lake: Path, recording: Path, tmp_path: Path
) -> None:
    replay(Settings(), recording, tmp_path / "market", flows=("market",))
    unwritten = {
        record.table
        for name in set(FLOWS) - {"market"}
        for topic in outline(Settings(), name).writes
        for record in topic.records
    }
    differ = differences(lake, tmp_path / "market").keys()
    assert {"bars", "books", "connection_health", "quality_scores"} <= differ
    assert differ <= unwritten
    with pytest.raises(ConfigError, match=r"--flows: `bars` reads 'market\.v1'"):
        replay(Settings(), recording, tmp_path / "bars", flows=("bars",))
    with pytest.raises(ConfigError, match=r"--flows: Expected some of .* not `bras`"):
        replay(Settings(), recording, tmp_path / "none", flows=("market", "bras"))


def test_a_recording_that_is_cut_off_stops_the_replay_and_is_named(
    recording: Path, tmp_path: Path
) -> None:
    path = tmp_path / "it.jsonl.gz"
    path.write_bytes(gzip.compress(recording.read_bytes())[:-20])
    with pytest.raises(RecordingError, match=r"it\.jsonl\.gz, after line \d+: "):
        replay(Settings(), path, tmp_path / "lake")
    with pytest.raises(RecordingError, match="No such file"):
        replay(Settings(), tmp_path / "nowhere", tmp_path / "lake")


def test_frames_of_one_moment_are_told_apart(tmp_path: Path) -> None:
    path = written(tmp_path / "it.jsonl", [Said("ignored", '{"result":1}')], {})
    path.write_bytes(3 * path.read_bytes())
    replay(Settings(), path, tmp_path, batch=2)
    for view in ("frames", "ignored"):
        rows = ask(tmp_path, f"select repeat from {view} order by 1")
        assert rows == [(0,), (1,), (2,)]


def test_an_empty_recording_makes_an_empty_lake(tmp_path: Path) -> None:
    (tmp_path / "it.jsonl").touch()
    assert replay(Settings(), tmp_path / "it.jsonl", tmp_path) == Replayed(0, 0)
    assert ask(tmp_path, "select count(*) from frames") == [(0,)]


@pytest.mark.parametrize(
    ("kinds", "is_cold"),
    [
        (["open", "ws"], False),
        (["status", "open", "ws"], False),
        (["status", "status", "ws", "open"], True),
        (["status"], False),
    ],
)
def test_a_line_is_cold_unless_its_first_frame_opens_it(
    tmp_path: Path, kinds: list[str], is_cold: bool
) -> None:
    """What happened to it before says nothing about that."""
    path = written(
        tmp_path / "it.jsonl", [Said("", STATUS, kind) for kind in kinds], {}
    )
    with Recording(path) as recording:
        seen = Seen(recording, lambda position, size: None)
        assert len(list(seen)) == len(kinds)
    assert bool(seen.cold) == is_cold
