"""A span of rows, cut into slices of few enough to be sorted in memory."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import duckdb

MOST: Final = 50_000
"""Rows of a slice that is not cut further, where time lets it be."""

_BUCKETS: Final = 256


class Slice(NamedTuple):
    """A part of the rows.

    Attributes:
        where: What they meet, in SQL.
        rows: How many they are.
    """

    where: str
    rows: int


def slices(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    since_us: int,
    until_us: int,
    pieces: int = 1,
) -> Iterator[Slice]:
    """Yield the slices that have rows: first what has no date, then by time.

    Args:
        connection: The lake.
        source: What has ``event_time``, as SQL has it behind ``from``.
        since_us: The first moment [us UTC].
        until_us: The first moment behind [us UTC].
        pieces: In how many pieces it is counted, where counting needs memory.

    Raises:
        duckdb.Error: If it cannot be read.
    """
    undated = "event_time is null"
    query = f"select count(*) from {source} where {undated}"
    ((rows,),) = connection.execute(query).fetchall()
    if rows:
        yield Slice(undated, rows)
    step_us = -(-(until_us - since_us) // pieces)
    for at_us in range(since_us, until_us, step_us):
        yield from _cut(connection, source, at_us, min(at_us + step_us, until_us))


def _cut(
    connection: duckdb.DuckDBPyConnection, source: str, since_us: int, until_us: int
) -> Iterator[Slice]:
    width_us = -(-(until_us - since_us) // _BUCKETS)
    start_us = since_us
    rows = 0
    for bucket, count in _counted(connection, source, since_us, until_us, width_us):
        at_us = since_us + bucket * width_us
        if rows and rows + count > MOST:
            yield Slice(between(start_us, at_us), rows)
            start_us, rows = at_us, 0
        if count > MOST and width_us > 1:
            end_us = min(at_us + width_us, until_us)
            yield from _cut(connection, source, at_us, end_us)
            start_us = end_us
        else:
            rows += count
    if rows:
        yield Slice(between(start_us, until_us), rows)


def _counted(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    since_us: int,
    until_us: int,
    width_us: int,
) -> list[tuple[int, int]]:
    """Return how many rows there are in each piece of a span, where there are any."""
    query = (
        f"select (epoch_us(event_time) - {since_us}) // {width_us} as bucket, count(*)"
        f" from {source} where {between(since_us, until_us)} group by 1 order by 1"
    )
    return connection.execute(query).fetchall()


def between(since_us: int, until_us: int) -> str:
    """Return the condition of a span as SQL."""
    return (
        f"event_time >= make_timestamp({since_us}::bigint)"
        f" and event_time < make_timestamp({until_us}::bigint)"
    )
