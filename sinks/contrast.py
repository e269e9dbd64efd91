"""One table of two lakes, fact by fact.

A row is compared by a hash of all that it says, so that millions of deep rows need no
memory of their own.
"""

from pathlib import Path
from typing import Any, Final, NamedTuple

import duckdb

from operators.records.span import Span
from sinks import manifest, rows
from sinks.lake import Table

_LAKES: Final = ("a", "b")


class Difference(NamedTuple):
    """A fact that two lakes do not agree on.

    Attributes:
        kind: ``missing`` from B, ``extra`` in B, or ``different``.
        key: Its natural key.
        columns: What A and B say of it, where they differ; all of it where one is
            silent, which is then None.
    """

    kind: str
    key: dict[str, Any]
    columns: dict[str, tuple[Any, Any]]


class Verdict(NamedTuple):
    """What two lakes say in one table.

    Attributes:
        table: The table.
        equal: Facts that both say alike.
        missing: Facts that only A has.
        extra: Facts that only B has.
        different: Facts that they say otherwise.
        repeated_a: Rows in A's files beyond one a fact.
        repeated_b: Likewise in B's.
        first: The first difference by time, if there is any.
    """

    table: str
    equal: int
    missing: int
    extra: int
    different: int
    repeated_a: int
    repeated_b: int
    first: Difference | None

    @property
    def is_equal(self) -> bool:
        """Whether both lakes say the same; how often a file says it is no matter."""
        return not (self.missing or self.extra or self.different)


def verdict(
    connection: duckdb.DuckDBPyConnection, lakes: list[Path], table: Table, span: Span
) -> Verdict:
    """Return what lakes A and B say in one table of a span."""
    counts = dict.fromkeys(("equal", "missing", "extra", "different"), 0)
    firsts: list[tuple[dict[str, Any], str]] = []
    repeated_a = repeated_b = 0
    query = _facts(lakes, table, span)
    for kind, count, twice_a, twice_b, first in connection.execute(query).fetchall():
        counts[kind] = count
        repeated_a += twice_a
        repeated_b += twice_b
        if kind != "equal":
            firsts.append((first, kind))
    firsts.sort(key=lambda each: (each[0]["dated"] is not None, each[0]["dated"]))
    difference = None
    if firsts:
        first, kind = firsts[0]
        key = {name: first[f"k_{name}"] for name in table.natural_key}
        difference = _difference(connection, lakes, table, kind, key)
    return Verdict(
        table.name,
        **counts,
        repeated_a=repeated_a,
        repeated_b=repeated_b,
        first=difference,
    )


def _facts(lakes: list[Path], table: Table, span: Span) -> str:
    """Return the query that counts facts by what the lakes make of them."""
    key = rows.key(table)
    values = [f'"{name}"' for name in _values(table)]
    said = f"hash({', '.join(values)})" if values else "0::ubigint"
    turns = _turns(lakes, table)
    parts = " union all ".join(
        f"select {key}, event_ns as dated, {said} as said, {turns[at]} as turn,"
        f" '{name}' as lake from ({_rows(lake, table)}){_where(span)}"
        for at, (name, lake) in enumerate(zip(_LAKES, lakes, strict=True))
    )
    sides = ", ".join(
        f"count(*) filter (lake = '{name}') as count_{name},"
        f" arg_min(said, turn) filter (lake = '{name}') as said_{name}"
        for name in _LAKES
    )
    first = ", ".join(f'k_{name} := "{name}"' for name in table.natural_key)
    return f"""
        with facts as (
            select {key}, min(dated) as dated, {sides} from ({parts}) group by {key}
        ), judged as (
            select *, case when count_b = 0 then 'missing' when count_a = 0 then 'extra'
                when said_a = said_b then 'equal' else 'different' end as fate
            from facts
        )
        select fate, count(*), sum(greatest(count_a - 1, 0))::bigint,
            sum(greatest(count_b - 1, 0))::bigint,
            min(struct_pack(dated := dated, {first})) filter (fate <> 'equal')
        from judged group by fate
    """


def _difference(
    connection: duckdb.DuckDBPyConnection,
    lakes: list[Path],
    table: Table,
    kind: str,
    key: dict[str, Any],
) -> Difference:
    """Return what both lakes say of one fact."""
    same = " and ".join(f'"{name}" is not distinct from ?' for name in key)
    names = ", ".join(f'"{name}"' for name in _values(table))
    said = []
    for lake in lakes:
        query = (
            f"select {names or 'null'} from ({_rows(lake, table)}) where {same}"
            f" order by {', '.join(rows.turn(lake, table))} limit 1"
        )
        said.append(connection.execute(query, list(key.values())).fetchone())
    columns = {}
    for at, name in enumerate(_values(table)):
        mine, theirs = (row[at] if row else None for row in said)
        if mine != theirs or kind != "different":
            columns[name] = (mine, theirs)
    return Difference(kind, key, columns)


def _turns(lakes: list[Path], table: Table) -> list[str]:
    """Return in both lakes' terms which of the rows of a fact is shown: the least."""
    turns = [rows.turn(lake, table) for lake in lakes]
    width = max(map(len, turns))
    if width == 1:
        return [turn[0] for turn in turns]
    padded = [["0"] * (width - len(turn)) + turn for turn in turns]
    return [f"row({', '.join(turn)})" for turn in padded]


def _rows(lake: Path, table: Table) -> str:
    return rows.rows(lake, table, manifest.current(lake))


def _values(table: Table) -> list[str]:
    """Return the columns that say something beyond which fact it is."""
    aside = {*table.natural_key, *rows.whereabouts(table)}
    return [name for name in table.schema.names if name not in aside]


def _where(span: Span) -> str:
    bounds = [
        f"event_ns {sign} {at_ns}"
        for sign, at_ns in ((">=", span.from_ns), ("<", span.to_ns))
        if at_ns is not None
    ]
    # As everywhere: what has no date lies in every span.
    return f" where event_ns is null or ({' and '.join(bounds)})" if bounds else ""
