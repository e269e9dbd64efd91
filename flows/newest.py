"""The newest rows of the lake, found without reading all of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import duckdb

from sinks.catalog import connect
from sinks.lake import LakeError
from sinks.manifest import files

Row = dict[str, Any]

_TRIES: Final = 3  # the archive may take a file back meanwhile


class Newest:
    """A lake, asked for what was written last."""

    def __init__(self, lake: Path) -> None:
        """Open a lake.

        Raises:
            LakeError: If there is none.
        """
        self._lake = lake.resolve()
        self._connection = connect(lake)

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()

    def rows(
        self, table: str, by: Sequence[str] = (), segments: int = 3, most: int = 10_000
    ) -> list[Row]:
        """Return the newest row of each key, or the newest rows, newest first.

        Args:
            table: Which table.
            by: The columns of the key; without them rows are returned as they are.
            segments: Of how many of the minutes in which anything was written; what is
                older is in larger files, each of which counts as one.
            most: How many rows at most.

        Raises:
            LakeError: If its files cannot be read.
        """
        order = "event_ns desc, received_ns desc"
        for left in reversed(range(_TRIES)):
            files = self._files(table, segments)
            if not files:
                return []
            source = f"read_parquet({files!r}, union_by_name = true)"
            try:
                asked = self._connection.sql(f"select * from {source}")
                if "received_ns" not in asked.columns:
                    order = "event_ns desc"
                keys = f" partition by {', '.join(by)}" if by else ""
                turn = f"row_number() over ({keys} order by {order})"
                only = "1" if by else str(most)
                found = self._connection.sql(
                    f"select * from {source} qualify {turn} <= {only}"
                    f" order by {order} limit {most}"
                )
                names = found.columns
                return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
            except duckdb.Error as error:
                if not left:
                    raise LakeError(f"{self._lake}: {table}: {error}") from error
        return []

    def _files(self, table: str, segments: int) -> list[str]:
        found = files(self._lake, table)
        newest = sorted({file.parent.name for file in found})[-segments:]
        return [str(file) for file in found if file.parent.name in newest]
