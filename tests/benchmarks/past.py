"""A past of so many days, as the keeper leaves it: files of months down to minutes.

The last two minutes are hot. What is older than charts look at has as many files and
row groups as it would have, all with the times that they would have, but only each 64th
of their rows.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sinks.catalog import publish
from sinks.lake import NEVER, TABLES, TIME, Table, cold, dated, hot, segment
from sinks.manifest import MERGED, Manifest, Part, columns_of, current
from sinks.merge import ROWS, Spans
from tests.benchmarks.dated import DAY_S, Source

HOT_S: Final = 120
FULL_DAYS: Final = 31
LONG_DAYS: Final = 300.0
_THIN: Final = 64


class Past:
    """A lake that is written at once, and then kept up to the present."""

    def __init__(self, lake: Path, sources: dict[str, Source]) -> None:
        """Take up what is there."""
        self._lake, self._sources = lake, sources
        told = current(lake)
        self._parts = dict(told.parts)
        self._closed_s = 0
        if told.watermark != NEVER:
            at = datetime.strptime(told.watermark, "%Y%m%d%H%M").replace(tzinfo=UTC)
            self._closed_s = round(at.timestamp())

    @property
    def rows(self) -> int:
        """How many rows there are in parts."""
        return sum(part.rows for of_table in self._parts.values() for part in of_table)

    def write(self, days: int, now_s: int) -> None:
        """Write the last so many days, without their last minutes."""
        self._closed_s = _closed(now_s)
        for table in TABLES.values():
            source = self._sources[table.name]
            kept_s = min(round(source.rows.days), days) * DAY_S
            found = []
            for span in buckets(now_s - kept_s, now_s, source.rows.days >= LONG_DAYS):
                thin = _THIN if span[1] < now_s - FULL_DAYS * DAY_S else 1
                if part := _write_part(self._lake, table, source, span, thin):
                    found.append(part)
            self._parts[table.name] = tuple(found)

    def shortened(self, into: Path, days: int, now_s: int) -> "Past":
        """Return a lake of the files that have rows of the last so many days."""
        since = segment(now_s - days * DAY_S)
        other = Past(into, self._sources)
        other._closed_s = self._closed_s
        for table, parts in self._parts.items():
            other._parts[table] = tuple(p for p in parts if p.last >= since)
            for part in other._parts[table]:
                link = into / part.path
                link.parent.mkdir(parents=True, exist_ok=True)
                link.hardlink_to(self._lake / part.path)
        return other

    def freshen(self, now_s: int) -> None:
        """Write what has come since: minutes that are over, and hot files."""
        closed_s = _closed(now_s)
        for table in TABLES.values():
            source = self._sources[table.name]
            for at_s in range(self._closed_s, closed_s, 60):
                span = at_s, at_s + 60
                if part := _write_part(self._lake, table, source, span, 1):
                    self._parts[table.name] += (part,)
            _write_hot(self._lake, table, source, closed_s, now_s)
        self._closed_s = closed_s
        told = Manifest(watermark=segment(closed_s), parts=self._parts)
        publish(self._lake, lambda _: told)


def _closed(now_s: int) -> int:
    return now_s - HOT_S - (now_s - HOT_S) % 60


def buckets(since_s: int, now_s: int, long: bool) -> Iterator[tuple[int, int]]:
    """Yield which times are one file, as `sinks.compaction` puts them together.

    Args:
        since_s: From when on [s UTC].
        now_s: What time it is [s UTC].
        long: Whether there are files of months.
    """
    now, closed_s = segment(now_s), _closed(now_s)

    def bucket(at_s: int) -> str:
        of = segment(at_s)
        if of[:10] == now[:10]:
            return of
        if of[:8] == now[:8]:
            return of[:10]
        return of[:8] if of[:6] == now[:6] or not long else of[:6]

    start_s = since_s
    while start_s < closed_s:
        end_s = start_s
        # From minute to minute is too slow for a month: step by what cannot pass over.
        while end_s < closed_s and bucket(end_s) == bucket(start_s):
            of = {6: DAY_S, 8: 3_600, 10: 60, 12: 60}[len(bucket(end_s))]
            end_s += of - end_s % of
        end_s = min(end_s, closed_s)
        yield start_s, end_s
        start_s = end_s


def _write_part(
    lake: Path, table: Table, source: Source, span: tuple[int, int], thin: int
) -> Part | None:
    start_s, end_s = span
    first, last = segment(start_s), segment(end_s - 1)
    folder = cold(lake, table.name) / f"seg={first}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{MERGED}{last}.m00000000.parquet"
    schema = dated(table.schema)
    rows, spans = 0, Spans()
    with pq.ParquetWriter(
        path, schema, compression="zstd", write_page_checksum=True
    ) as writer:
        for day in source.between(start_s, end_s):
            some = day if thin == 1 else _some(day, source.rows.of, thin)
            writer.write_table(some, row_group_size=ROWS // thin)
            rows += len(some)
            spans.see(some)
    if not rows:
        path.unlink()
        return None
    return Part(
        path=str(path.relative_to(lake)),
        rows=rows,
        octets=path.stat().st_size,
        first=first,
        last=last,
        columns=columns_of(schema.names),
        span_us=spans.whole,
    )


def _some(day: pa.Table, of: int, thin: int) -> pa.Table:
    """Return the first of so many groups, the next of so many, and so on."""
    return day.filter(pa.array(np.arange(len(day)) // of % thin == 0))


def _write_hot(
    lake: Path, table: Table, source: Source, since_s: int, until_s: int
) -> None:
    """Write a file a second, as the archive does, of those that are not there yet."""
    for old in hot(lake, table.name).glob("seg=*/archive-*.parquet"):
        if old.parent.name < f"seg={segment(since_s)}":
            old.unlink()
    for at_s in range(since_s, until_s):
        folder = hot(lake, table.name) / f"seg={segment(at_s)}"
        path = folder / f"archive-0-of-1-{at_s:012d}.parquet"
        if path.exists():
            continue
        for group in source.between(at_s, at_s + 1):
            folder.mkdir(parents=True, exist_ok=True)
            pq.write_table(group.drop_columns([TIME]), path, compression="zstd")
