"""What a lake says, to be compared with another."""

from collections.abc import Iterable
from pathlib import Path

from config.settings import Settings
from flows.replay import replay
from operators.records import topics
from operators.records.frame import Frame
from sinks.catalog import connect

FOLLOWS = (
    *("frames", "trades", "tops", "book_deltas", "book_snapshots", "heartbeats"),
    *("ignored", "late_trades", "bars", "dead_letters", "tallies", "gaps"),
    *("books", "book_states", "readings", "flaws", "connection_health"),
    *("quality_issues", "quality_scores", "system_health", "healings", "commands"),
    *("alerts", "features"),
)
"""Tables whose rows follow from the frames alone."""


def rows(lake: Path, table: str) -> list[tuple[object, ...]]:
    """Return a table's rows, but for where Kafka kept them."""
    with connect(lake) as connection:
        names = [
            name for name, *_ in connection.execute(f"describe {table}").fetchall()
        ]
        kept = ", ".join(
            f'"{name}"'
            for name in names
            if table != "frames" or name not in ("partition", "offset")
        )
        return connection.execute(f"select {kept} from {table} order by all").fetchall()


def undisturbed(folder: Path, given: Iterable[Frame]) -> Path:
    """Replay frames; return the lake that nothing has disturbed."""
    folder.mkdir(exist_ok=True)
    recording, lake = folder / "frames.jsonl", folder / "undisturbed"
    recording.write_bytes(
        b"".join(topics.FRAMES.encode(each) + b"\n" for each in given)
    )
    replay(Settings(), recording, lake, closes=False)
    return lake


def check_same(lake: Path, folder: Path, given: Iterable[Frame], trades: int) -> None:
    """Compare a lake, row for row, with that of a replay of its frames."""
    other = undisturbed(folder, given)
    assert len(rows(lake, "trades")) == trades
    for table in FOLLOWS:
        assert rows(lake, table) == rows(other, table), table
