"""What of the lake is put together when: minutes, then hours, days and months.

Segments before the floor are closed, so their files are all there. Those that a writer
may yet take back are listed by name, one by one; the others of a table become one file.
Later the files of an hour that is over become one, then those of a day, then those of a
month where the table is kept for long; none of them larger than worth rewriting.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from sinks.lake import TABLES, Table, cold
from sinks.manifest import Manifest, Part, columns_of, current, hot_files, written
from sinks.merge import Input, footer
from sinks.parquet import AHEAD

MOST: Final = 256 * 1024 * 1024
"""Size of a file that is not put together with others any more [bytes]."""

_LONG_DAYS: Final = 300.0


class Closed(NamedTuple):
    """Which files are there for good.

    Attributes:
        floor: The first segment that is still written to.
        sure: By writer the number of its newest file that it will never take back.
    """

    floor: str
    sure: Mapping[str, int]

    def holds(self, writer: str | None, number: int | None) -> bool:
        """Return whether a file of a writer will never be taken back."""
        return not writer or (number or 0) <= self.sure.get(writer, 0)


class Plan(NamedTuple):
    """What to do with the files of a table.

    Attributes:
        merges: Which files become one, oldest first.
        kept: Parts that stay as they are.
        open: Hot files that their writers may yet take back.
    """

    merges: list[list[Input]]
    kept: list[Part]
    open: list[Path]


def closed(lake: Path, floor: str) -> Closed:
    """Return which files are there for good, seeing what writers have written since.

    Args:
        lake: The lake.
        floor: The first segment that is still written to.
    """
    newest: dict[str, int] = {}
    told = current(lake)
    for table in TABLES.values():
        for path in hot_files(lake, table.name, told):
            name = written(path)
            newest[name.writer] = max(newest.get(name.writer, 0), name.number)
    return Closed(floor, {writer: number - AHEAD for writer, number in newest.items()})


def plan(
    lake: Path,
    table: Table,
    told: Manifest,
    sure: Closed,
    keep_days: float | None = None,
) -> Plan:
    """Return what to do with a table's closed segments and its parts.

    Args:
        lake: The lake.
        table: The table.
        told: What counts now.
        sure: Which files are there for good.
        keep_days: How long its rows are kept; for ever if None [d].
    """
    long = keep_days is None or keep_days >= _LONG_DAYS
    inputs: list[Input] = []
    kept, opened = [], []
    parts = {lake / part.path: part for part in told.of(table.name)}
    for path, part in parts.items():
        merged = part.writer is None
        is_new = _bucket(part.first, sure.floor, long) == sure.floor
        if (merged and is_new) or not sure.holds(part.writer, part.number):
            kept.append(part)
        else:
            inputs.append(Input(path, part.octets, part.first, part.last, merged))
    for path in hot_files(lake, table.name, told):
        name = written(path)
        if name.segment >= sure.floor:
            break
        if sure.holds(name.writer, name.number):
            size = path.stat().st_size
            inputs.append(Input(path, size, name.segment, name.segment, merged=False))
        else:
            opened.append(path)
    merges = list(_runs(inputs, sure.floor, long))
    together = {each.path for run in merges for each in run}
    kept += [parts[each.path] for each in inputs if each.path not in together]
    return Plan(merges, kept, opened)


def listed(lake: Path, table: Table, path: Path) -> Part:
    """Return a hot file as a part of its own, under a name that stays.

    Raises:
        DamagedError: If it cannot be read.
        FileNotFoundError: If its writer has taken it back.
        OSError: If the disk refuses.
    """
    told, said = written(path), footer(path)
    link = cold(lake, table.name) / path.parent.name / path.name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.hardlink_to(path)
    return Part(
        path=str(link.relative_to(lake)),
        rows=said.num_rows,
        octets=link.stat().st_size,
        first=told.segment,
        last=told.segment,
        columns=columns_of(said.schema.to_arrow_schema().names),
        writer=told.writer,
        number=told.number,
    )


def _bucket(segment: str, floor: str, long: bool) -> str:
    """Return with what a segment goes together: its hour, day or month, once over."""
    if segment[:10] == floor[:10]:
        return floor
    if segment[:8] == floor[:8]:
        return segment[:10]
    if segment[:6] == floor[:6] or not long:
        return segment[:8]
    return segment[:6]


def _runs(inputs: Iterable[Input], floor: str, long: bool) -> Iterator[list[Input]]:
    """Yield which files become one: of one bucket, and not too large together."""
    buckets: defaultdict[str, list[Input]] = defaultdict(list)
    for each in sorted(inputs, key=lambda each: (each.first, each.path.name)):
        buckets[_bucket(each.first, floor, long)].append(each)
    for bucket in buckets.values():
        run: list[Input] = []
        octets = 0
        for each in bucket:
            if run and octets + each.octets > MOST:
                yield from _worth(run)
                run, octets = [], 0
            run.append(each)
            octets += each.octets
        yield from _worth(run)


def _worth(run: list[Input]) -> Iterator[list[Input]]:
    if len(run) > 1 or not run[0].merged:
        yield run
