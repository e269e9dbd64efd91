"""What a lake says, to be compared with another."""

from pathlib import Path

from sinks.catalog import connect

FOLLOWS = (
    *("frames", "trades", "tops", "book_deltas", "book_snapshots", "heartbeats"),
    *("ignored", "late_trades", "bars", "dead_letters", "tallies", "gaps"),
    *("books", "book_states", "commands"),
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
