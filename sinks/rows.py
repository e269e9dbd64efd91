"""The queries behind the views: a table's rows, and each fact of them once."""

import glob
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from operators.records.base import Record
from operators.records.span import Span
from sinks.lake import EMPTY, TABLES, TIME, Table, cold, hot
from sinks.manifest import Manifest, Part, columns_of, hot_files
from sinks.promotions import folder, shown

_RECKONED: Final = f"make_timestamp(event_ns // 1000) as {TIME}"
_PLACE: Final = ("venue", "symbol", "event_ns", TIME)
_BRANCHES: Final = 48


def view(lake: Path, table: Table, manifest: Manifest) -> str:
    """Return the query of a table's view.

    Each fact is shown once. Of rows with one natural key the one promoted last is
    taken, and else the earliest received; such rows say nothing else that differs.
    (The first is the one without another before it: what DuckDB 1.5.6 makes of
    ``row_number() = 1`` can end in an internal error where the rows are filtered.)
    """
    others = [name for name in table.schema.names if name not in _PLACE]
    columns = _quoted(("venue", "symbol", TIME, "event_ns", *others))
    return (
        f"select {columns} from ({rows(lake, table, manifest)})"
        f" qualify lag(true) over (partition by {_quoted(_apart(lake, table))}"
        f" order by {', '.join(turn(lake, table))}) is null"
    )


def _apart(lake: Path, table: Table) -> tuple[str, ...]:
    """Return what facts are told apart by.

    Place and time are among it, though they follow from the natural key: so DuckDB
    looks for them in the files, and compares only what it finds. Not so where a fact
    may have been dated anew by what was promoted: all of such a table is compared.
    """
    has_event = "event_ns" in _record(table).__struct_fields__
    date = "event_ns" if has_event else "received_ns"
    if shown(lake, table.name) and date not in table.natural_key:
        return table.natural_key
    return tuple(dict.fromkeys((*table.natural_key, *_PLACE)))


def key(table: Table) -> str:
    """Return a table's natural key, as a list of columns."""
    return _quoted(table.natural_key)


def turn(lake: Path, table: Table) -> list[str]:
    """Return what rows of one natural key are ordered by: the first is shown."""
    names = table.schema.names
    arrival = "received_ns" if "received_ns" in names else "event_ns"
    promoted = ["-promoted"] if shown(lake, table.name) else []
    return [*promoted, arrival, *(f'"{name}"' for name in whereabouts(table))]


def rows(lake: Path, table: Table, manifest: Manifest) -> str:
    """Return the query of a table's rows, repeated ones too.

    Where promotions speak of a table, ``promoted`` says which one brought a row, and
    the lake's own rows of their moments are left out. Messages that were not even a
    frame, and so are of no venue, no program computes again.
    """
    promotions = shown(lake, table.name)
    if not promotions:
        return " union all ".join(_own(lake, table, manifest))
    spans = [_dated(each.span) for each in promotions]
    found = _own(lake, table, manifest, ", 0 as promoted", _wanted("", spans))
    for at, each in enumerate(promotions):
        place, by = folder(lake, each.number), f", {each.number} as promoted"
        wanted = _wanted(spans[at], spans[at + 1 :])
        found += _own(place, table, Manifest(), by, wanted)
    return " union all ".join(found)


def whereabouts(table: Table) -> tuple[str, ...]:
    """Return the columns that say where a row stands, and nothing of what it says."""
    return _record(table).whereabouts


def _record(table: Table) -> type[Record]:
    return next(kind for kind, each in TABLES.items() if each.name == table.name)


def _own(
    place: Path,
    table: Table,
    manifest: Manifest,
    promoted: str = "",
    wanted: Sequence[str] = (),
) -> list[str]:
    """Return the queries of the files of one place.

    Those that were put together hold the time as a column, which is searched by; in
    others it is reckoned.
    """
    parts = manifest.of(table.name)
    merged = [part for part in parts if part.writer is None]
    single = [part for part in parts if part.writer is not None]
    long = [
        part for part in merged if part.span_us and part.first[:10] < part.last[:10]
    ]
    names = _quoted(table.schema.names)
    found = _bounded(place, table, long, f"{names}, {TIME}{promoted}", wanted)
    short = [part for part in merged if part not in long]
    for time, some in ((TIME, short), (_RECKONED, single)):
        if some:
            files = [_pattern(place, part.path) for part in some]
            source = _read(f"[{', '.join(files)}]", _lack(table, some))
            found.append(_select(f"{names}, {time}{promoted}", source, wanted))
    pattern = literal(f"{glob.escape(str(hot(place, table.name)))}/*/*.parquet")
    source = _read(pattern, _has_grown(place, table, manifest), ", filename = true")
    since = literal(f"{hot(place, table.name)}/seg={manifest.watermark}")
    late = [*wanted, f"filename >= {since}"]
    gone = [literal(f"{place}/{path}") for path in manifest.withdrawn]
    late += [f"filename not in ({', '.join(gone)})"] if gone else []
    return [*found, _select(f"{names}, {_RECKONED}{promoted}", source, late)]


def _bounded(
    place: Path,
    table: Table,
    parts: Sequence[Part],
    columns: str,
    wanted: Sequence[str],
) -> list[str]:
    """Return queries of long parts, each with the times that its rows lie between.

    They say nothing that is not so: but where a query asks for none of these times,
    DuckDB sees that before it opens a file. (It opens the first to see what columns
    there are, and so the first is one without rows.)
    """
    found = []
    size = max(1, -(-len(parts) // _BRANCHES))
    empty = _pattern(place, str((cold(place, table.name) / EMPTY).relative_to(place)))
    for at in range(0, len(parts), size):
        some = parts[at : at + size]
        spans = [part.span_us for part in some if part.span_us]
        oldest, newest = min(span[0] for span in spans), max(span[1] for span in spans)
        files = [empty, *(_pattern(place, part.path) for part in some)]
        between = [
            f"{TIME} >= make_timestamp({oldest})",
            f"{TIME} <= make_timestamp({newest})",
        ]
        source = _read(f"[{', '.join(files)}]", _lack(table, some))
        found.append(_select(columns, source, [*wanted, *between]))
    return found


def _select(columns: str, source: str, wanted: Sequence[str]) -> str:
    where = f" where {' and '.join(wanted)}" if wanted else ""
    return f"select {columns} from {source}{where}"


def _read(files: str, grown: bool, more: str = "") -> str:
    union = ", union_by_name = true" if grown else ""
    return f"read_parquet({files}, hive_partitioning = false{union}{more})"


def _wanted(inside: str, outside: Iterable[str]) -> list[str]:
    return [*filter(None, [inside]), *(f"not coalesce({o}, false)" for o in outside)]


def _dated(span: Span) -> str:
    bounds = [
        f"event_ns {sign} {at_ns}"
        for sign, at_ns in ((">=", span.from_ns), ("<", span.to_ns))
        if at_ns is not None
    ]
    return f"({' and '.join(['venue is not null', *bounds])})"


def _lack(table: Table, parts: Iterable[Part]) -> bool:
    """Return whether any part lacks a column, or has one that is gone."""
    now = table.schema.names
    known = {columns_of(now), columns_of([*now, TIME])}
    return any(part.columns not in known for part in parts)


def _has_grown(place: Path, table: Table, manifest: Manifest) -> bool:
    """Return whether a table's oldest hot file lacks a column it has today."""
    first = next(iter(hot_files(place, table.name, manifest)), None)
    return first is not None and (
        not set(table.schema.names) <= set(pq.read_schema(first).names)
    )


def _pattern(place: Path, path: str) -> str:
    return literal(f"{glob.escape(str(place))}/{path}")


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def literal(text: str) -> str:
    """Return a text as SQL has it."""
    return f"'{text.replace(chr(39), chr(39) * 2)}'"
