"""Neither grouping nor what comes later changes a row of a recording gone wrong."""

import gzip
import heapq
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings import Settings
from flows.replay import replay
from operators.records import topics
from operators.records.frame import Frame, FrameKind
from operators.records.time import SECOND
from tests.e2e.rows import FOLLOWS, rows

SHARED = Path(__file__).resolve().parents[3] / "shared"
SYMBOLS = ("btcusdt", "ethusdt")
LENGTH_NS = 125 * SECOND
SILENT_NS = (20 * SECOND, 73 * SECOND)
CLOSED_NS = 32 * SECOND
JUDGED = (
    *("readings", "connection_health", "quality_issues", "quality_scores"),
    *("system_health", "healings", "commands", "alerts", "features"),
)


def connection(symbol: str) -> Iterator[Frame]:
    """Yield a connection's frames: some lost, halved, twice, and none for long."""
    place = {"venue": "binance", "connection": symbol, "line": "a"}
    first_ns, is_closed = None, False
    path = SHARED / f"data/tick/spot_{symbol}_20240809.gz"
    with gzip.open(path, "rt") as lines:
        for number, line in enumerate(lines):
            at, _, text = line.partition(" ")
            received_ns = int(at) if len(at) > 16 else int(at) * 1_000
            first_ns = first_ns or received_ns
            if received_ns - first_ns > LENGTH_NS:
                return
            if SILENT_NS[0] <= received_ns - first_ns < SILENT_NS[1]:
                if not is_closed and received_ns - first_ns > CLOSED_NS:
                    is_closed = True
                    yield Frame(
                        **place, kind=FrameKind.CLOSE, received_ns=received_ns, url=""
                    )
                continue
            data = text.strip()
            if number % 400 == 0:
                data = data[: len(data) // 2]
            frame = Frame(
                **place, kind=FrameKind.WS, received_ns=received_ns, url="", data=data
            )
            if number % 300:
                yield frame
            if number % 500 == 0:
                yield frame


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return two connections that fall silent together, and come back together."""
    if not (SHARED / "data/tick").exists():
        pytest.skip(f"no recordings in {SHARED}")
    path = tmp_path_factory.mktemp("laws") / "frames.jsonl"
    both = heapq.merge(*map(connection, SYMBOLS), key=lambda each: each.received_ns)
    path.write_bytes(b"".join(topics.FRAMES.encode(each) + b"\n" for each in both))
    return path


@pytest.fixture(scope="module")
def whole(recording: Path) -> Path:
    """Return the lake of the recording, replayed as is usual."""
    replay(Settings(), recording, recording.with_name("whole"))
    return recording.with_name("whole")


@pytest.mark.parametrize("batch", [1, 37])
def test_how_frames_are_grouped_changes_no_row(recording, whole, tmp_path, batch):
    replay(Settings(), recording, tmp_path / "lake", batch=batch)

    assert all(rows(whole, each) for each in ("system_health", "quality_issues"))
    for table in FOLLOWS:
        assert rows(tmp_path / "lake", table) == rows(whole, table), table


def test_what_is_said_of_a_part_is_said_of_the_whole(recording, whole, tmp_path):
    lines = recording.read_bytes().splitlines(keepends=True)
    part = tmp_path / "part.jsonl"
    part.write_bytes(b"".join(lines[: len(lines) * 6 // 10]))

    replay(Settings(), part, tmp_path / "lake", closes=False)

    assert rows(tmp_path / "lake", "system_health")
    for table in JUDGED:
        said = Counter(map(repr, rows(tmp_path / "lake", table)))
        assert not said - Counter(map(repr, rows(whole, table))), table
