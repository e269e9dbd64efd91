"""A replay of real recordings says that their lines do well, and why it thinks so."""

import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import Settings
from flows.replay import replay
from operators.records import topics
from operators.records.connection import ConnectionEvent, LineEvent
from operators.records.frame import Frame, FrameKind
from operators.records.time import MS, SECOND
from sinks.catalog import connect

SHARED = Path(__file__).resolve().parents[3] / "shared"
FLOWS = ("market", "health")
PLACE = {"venue": "binance", "connection": "binance-0"}
START_NS = 1_723_161_255 * SECOND
REAL = {
    "binance": "BINANCE.ws.1.0",
    "binance_coinm": "BINANCE_DELIVERY.ws.1.0",
    "binance_usdm": "BINANCE_FUTURES.ws.1.0",
    "bitget": "BITGET.ws.1.0",
    "coinbase_exchange": "COINBASE.ws.28.0",
    "deribit": "DERIBIT.ws.1.0",
    "hitbtc": "HITBTC.ws.1.0",
    "kraken_v1": "KRAKEN.ws.50.0",
    "kucoin": "KUCOIN.ws.1.0",
    "okx": "OKX.ws.1.0",
}


def ask(lake: Path, query: str) -> list[tuple[object, ...]]:
    with connect(lake) as connection:
        return connection.execute(query).fetchall()


def recorded(folder: Path, pairs: list[str]) -> Path:
    """Make a recording of captures; skip where they are not."""
    paths = [Path(pair.partition("=")[2]) for pair in pairs]
    if not all(path.exists() for path in paths):
        pytest.skip(f"no recordings in {SHARED}")
    tool = [sys.executable, str(SHARED / "tools/to_recording.py")]
    subprocess.run([*tool, str(folder / "it.jsonl"), *pairs], check=True)
    return folder / "it.jsonl"


def test_real_lines_are_green_whatever_their_clocks_and_habits(tmp_path: Path) -> None:
    captures = [f"{v}={SHARED}/data/ws/{name}.zst" for v, name in REAL.items()]
    recording = recorded(tmp_path, captures)
    replay(Settings(), recording, tmp_path / "lake", flows=FLOWS)

    query = "select venue, level, issues from connection_health group by all order by 1"
    assert ask(tmp_path / "lake", query) == [(v, "green", "") for v in sorted(REAL)]


def test_a_recorder_a_second_behind_its_venue_is_healthy(tmp_path: Path) -> None:
    tick = f"binance={SHARED}/data/tick/spot_btcusdt_20240808.gz"
    recording = recorded(tmp_path, [tick])
    replay(Settings(), recording, tmp_path / "lake", flows=FLOWS)

    query = """
        select count(*) > 50, min(level), max(level), min(feed_mean_ms) >= 0,
            max(feed_p99_ms) < 50, min(skew_ms) > -1300, max(skew_ms) < -1250,
            max(feed_p95_ms) > 2
        from connection_health where line = '' and not is_change
    """
    healthy = (True, "green", "green", True, True, True, True, True)
    assert ask(tmp_path / "lake", query) == [healthy]


def frames() -> list[Frame]:
    """Return two lines of a minute, one of which is cut and comes back elsewhere."""
    made: list[Frame] = []

    def keep(at_ms: int, line: str, kind: FrameKind, data: str) -> None:
        place = {**PLACE, "line": line, "received_ns": START_NS + at_ms * MS}
        made.append(Frame(**place, kind=kind, url="", data=data))

    def tell(at_ms: int, line: str, event: LineEvent) -> None:
        place = {**PLACE, "line": line, "received_ns": START_NS + at_ms * MS}
        told = ConnectionEvent(**place, event=event, url="", round_trip_ns=30 * MS)
        data = topics.CONNECTIONS.encode(told).decode()
        keep(at_ms, line, FrameKind.STATUS, data)

    for line in "ab":
        keep(0, line, FrameKind.OPEN, "")
        tell(1, line, LineEvent.OPEN)
        tell(2, line, LineEvent.FLOWING)
    trade = '{"e":"trade","E":%d,"s":"BTCUSDT","t":%d,"p":"2","q":"3","T":%d,"m":true}'
    for tick in range(1, 600):
        at_ms = 100 * tick + 3
        sent_ms = START_NS // MS + at_ms - 40
        for line in "ab":
            is_cut = line == "b" and 203 < tick < 300
            if not is_cut:
                keep(at_ms, line, FrameKind.WS, trade % (sent_ms, tick, sent_ms))
            if tick % 10 == 5:
                tell(at_ms + 1, line, LineEvent.HEARTBEAT)
        if tick == 203:
            keep(at_ms + 10, "b", FrameKind.CLOSE, "cut")
            tell(at_ms + 11, "b", LineEvent.CLOSED)
            tell(at_ms + 12, "b", LineEvent.FAILED_OVER)
            tell(at_ms + 13, "b", LineEvent.CONNECTING)
        if tick == 299:
            keep(at_ms + 10, "b", FrameKind.OPEN, "")
            tell(at_ms + 11, "b", LineEvent.OPEN)
            tell(at_ms + 12, "b", LineEvent.FLOWING)
    return made


@pytest.mark.parametrize("batch", [1, 7, 1_000])
def test_a_cut_line_is_told_at_once_and_however_frames_are_batched(
    tmp_path: Path, batch: int
) -> None:
    recording = tmp_path / "it.jsonl"
    lines = [topics.FRAMES.encode(frame) for frame in frames()]
    recording.write_bytes(b"\n".join(lines) + b"\n")
    replay(Settings(), recording, tmp_path / "lake", flows=FLOWS, batch=batch)

    changes = f"""
        select (received_ns - {START_NS}) // {MS}, line, level,
            split_part(issues, ',', 1)
        from connection_health where is_change order by received_ns, line
    """
    assert ask(tmp_path / "lake", changes) == [
        (0, "", "green", ""),
        (0, "a", "green", ""),
        (2, "b", "green", ""),
        (20_313, "", "yellow", "b down"),
        (20_313, "b", "red", "down"),
        (30_000, "", "green", ""),
        (30_000, "b", "yellow", "recovering"),
        (40_000, "b", "green", ""),
    ]
    last = """
        select line, drops, attempts, successes, failovers, failover_ms, lines_up,
            round(network_p50_ms, 3), round(feed_p50_ms, 3), rate, round(uptime, 3)
        from connection_health where not is_change
        order by received_ns desc, line limit 3
    """
    assert ask(tmp_path / "lake", last) == [
        ("", 0, 3, 3, 0, None, 2, 30.0, 15.0, 10.0, 100.0),
        ("a", 0, 1, 1, 0, None, 1, 30.0, 15.0, 10.0, 100.0),
        ("b", 1, 2, 2, 1, 9602.0, 1, 30.0, 15.0, 10.0, 82.545),
    ]
