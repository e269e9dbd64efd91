"""The lake of a real recording says what the venue said, to the last trade."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from config.settings import Settings
from flows.replay import replay
from sinks.catalog import connect

SHARED = Path(__file__).resolve().parents[3] / "shared"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return two real, continuous recordings as one, and the lake of its replay."""
    tick = [SHARED / f"data/tick/spot_{s}_20240808.gz" for s in ("btcusdt", "ethusdt")]
    if not all(path.exists() for path in tick):
        pytest.skip(f"no recordings in {SHARED}")
    folder = tmp_path_factory.mktemp("real")
    tool = [sys.executable, str(SHARED / "tools/to_recording.py")]
    pairs = [f"binance={path}" for path in tick]
    subprocess.run([*tool, str(folder / "it.jsonl"), *pairs], check=True)
    replay(Settings(), folder / "it.jsonl", folder / "lake")
    return folder / "it.jsonl", folder / "lake"


RAW = """
create temp table raw as with frame as (
    select row_number() over () as n, json_extract(data::json, '$.data') as d
    from read_json('{}', format = 'newline_delimited',
                   columns = {{data: 'VARCHAR'}}, maximum_object_size = 33554432)
) select n, d->>'s' as s, (d->>'T')::bigint as t, (d->>'p')::double as p,
    (d->>'q')::double as q, d->>'t' as id from frame where d->>'e' = 'trade'
"""
RAW_BARS = """
select replace(s, 'USDT', '-USDT') as symbol, (t // {0} + 1) * {0} * 1000000 as w,
    arg_min(p, (t, n)), max(p), min(p), arg_max(p, (t, n)), count(*), sum(q), sum(p * q)
from raw group by s, t // {0} order by symbol, w
"""
OUR_BARS = """
select symbol, event_ns, open, high, low, close, trades, volume, turnover
from bars where length_ns = {}::bigint * 1000000 order by symbol, event_ns
"""


def ask(lake: Path, query: str) -> list[tuple[object, ...]]:
    with connect(lake) as connection:
        return connection.execute(query).fetchall()


def test_the_bars_of_a_real_recording_are_those_of_its_raw_trades(
    real: tuple[Path, Path],
) -> None:
    recording, lake = real
    with duckdb.connect() as raw:
        raw.execute("set threads = 1")
        raw.execute(RAW.format(recording))
        query = "select s, id from raw order by all"
        trades = raw.execute(query).fetchall()
        assert len(trades) > 10_000
        ours = "select replace(symbol, '-', ''), trade_id from trades order by all"
        assert ask(lake, ours) == trades
        for length_ms in Settings().bars.lengths_ms:
            expected = raw.execute(RAW_BARS.format(length_ms)).fetchall()
            bars = ask(lake, OUR_BARS.format(length_ms))
            assert [row[:7] for row in bars] == [row[:7] for row in expected]
            for mine, theirs in zip(bars, expected, strict=True):
                assert mine[7:] == pytest.approx(theirs[7:], rel=1e-12)
    assert ask(lake, "select count(*) from late_trades") == [(0,)]
    assert ask(lake, "select count(*) from dead_letters") == [(0,)]
