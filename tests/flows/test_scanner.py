"""A replay of real recordings ranks their symbols, however records are grouped."""

import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import Settings
from flows.replay import replay
from operators.features.params import FeaturesParams
from operators.scanner.params import LearningParams, ScannerParams
from sinks.catalog import connect

SHARED = Path(__file__).resolve().parents[3] / "shared"
FLOWS = ("market", "features", "quality", "scanner")
CAPTURES = {
    "binance_usdm": "BINANCE_FUTURES.ws.1.0",
    "okx": "OKX.ws.1.0",
    "kucoin": "KUCOIN.ws.1.0",
}
SETTINGS = Settings(
    features=FeaturesParams(lengths_ms=(5_000,)),
    scanner=ScannerParams(
        length_ms=5_000,
        patience_s=5,
        beta_least=1,
        learning=LearningParams(least=2, every_s=5, tolerance=0.0),
    ),
)


def ask(lake: Path, query: str) -> list[tuple[object, ...]]:
    with connect(lake) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture(scope="module", params=CAPTURES)
def lakes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """Return what two replays of a capture say, in batches of two sizes."""
    folder = tmp_path_factory.mktemp("scanned")
    path = SHARED / f"data/ws/{CAPTURES[request.param]}.zst"
    if not path.exists():
        pytest.skip(f"no recordings in {SHARED}")
    tool = [sys.executable, str(SHARED / "tools/to_recording.py")]
    recording = folder / "it.jsonl"
    subprocess.run([*tool, str(recording), f"{request.param}={path}"], check=True)
    for batch in (37, 1_000):
        replay(SETTINGS, recording, folder / str(batch), flows=FLOWS, batch=batch)
    return folder / "37", folder / "1000"


def test_all_symbols_of_a_window_are_ranked_from_first_to_last(lakes):
    query = """
        select count(*) > 0, bool_and(ranks = range(1, count + 1)), bool_and(falls)
        from (
            select count(*) as count, list_sort(list(rank)) as ranks,
                list(score order by rank) = list_reverse_sort(list(score)) as falls
            from priorities group by event_ns
        )
    """
    assert ask(lakes[0], query) == [(True, True, True)]


def test_what_is_known_of_real_books_and_trades_is_a_component(lakes):
    query = """
        select min(score) >= 0, max(score) <= 100, count(spread) > 0,
            count(turnover) = count(*), count(data_quality) > 0
        from priorities
    """
    assert ask(lakes[0], query) == [(True,) * 5]


@pytest.mark.parametrize("table", ["priorities", "priority_weights"])
def test_how_records_are_grouped_changes_nothing(lakes, table):
    rows = [
        ask(lake, f"select * from {table} order by event_ns, venue, symbol")
        for lake in lakes
    ]
    assert len(rows[0]) > 0
    assert rows[0] == rows[1]
