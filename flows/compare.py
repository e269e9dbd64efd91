"""Two lakes, fact by fact: what is equal, missing, extra, different or there twice.

Facts are what readers see: one row a natural key, promotions included.
"""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import duckdb

from config.load import ConfigError
from config.settings import Settings
from flows import account
from flows.catalogue import FLOWS
from flows.replay import made
from operators.records import topics
from operators.records.span import EVER, Span
from sinks.contrast import Verdict, verdict
from sinks.lake import TABLES, LakeError, Table, catalog

_MEMORY: Final = "2GB"
_NAMED: Final = {table.name: table for table in TABLES.values()}
_REMEMBER: Final = {table.name for table in TABLES.values() if table.remembers}


class Comparison(NamedTuple):
    """What two lakes say.

    Attributes:
        span: When the rows that were compared are dated.
        verdicts: One a table.
        skipped: Tables that were not compared.
    """

    span: Span
    verdicts: list[Verdict]
    skipped: list[str]

    @property
    def is_equal(self) -> bool:
        """Whether both lakes say the same in all tables that were compared."""
        return all(each.is_equal for each in self.verdicts)


def compare(
    settings: Settings,
    one: Path,
    other: Path,
    *,
    span: Span = EVER,
    tables: Sequence[str] = (),
    progress: Callable[[str, int, int], None] = lambda table, done, count: None,
) -> Comparison:
    """Compare two lakes.

    Args:
        settings: The whole tree; of it, only what says which tables flows fill.
        one: Lake A.
        other: Lake B.
        span: When rows are dated; where it is open, and a lake was computed again for
            a span, that span.
        tables: Which tables; if none are named, all that follow from the frames and
            that both lakes were computed to have, but where one was computed for a part
            of the past only, those that remember what came before.
        progress: Told how many of how many tables are done.

    Raises:
        LakeError: If there is no lake.
        ConfigError: If there is no such table.
    """
    lakes = [one.resolve(), other.resolve()]
    for named, lake in zip((one, other), lakes, strict=True):
        if not catalog(lake).exists():
            raise LakeError(f"{named}: no lake here; name two lakes")
    wanted = _wanted(settings, lakes, tables)
    span = _between(lakes, span)
    verdicts = []
    with tempfile.TemporaryDirectory() as spill, duckdb.connect() as connection:
        connection.execute(f"set temp_directory = '{spill}'")
        connection.execute(f"set memory_limit = '{_MEMORY}'")
        connection.execute("set preserve_insertion_order = false")
        for number, table in enumerate(wanted):
            progress(table.name, number, len(wanted))
            verdicts.append(verdict(connection, lakes, table, span))
        progress("", len(wanted), len(wanted))
    names = {table.name for table in wanted}
    skipped = [] if tables else [name for name in _NAMED if name not in names]
    return Comparison(span, verdicts, skipped)


def _wanted(
    settings: Settings, lakes: list[Path], tables: Sequence[str]
) -> list[Table]:
    unknown = [name for name in tables if name not in _NAMED]
    if unknown:
        known = ", ".join(_NAMED)
        raise ConfigError(f"--tables: Expected some of {known}, not `{unknown[0]}`")
    names = set(tables)
    if not names:
        flows = [name for name in FLOWS if name != "archive"]
        names = {"frames", "dead_letters", *made(settings, flows, topics.FRAMES)}
        for lake in lakes:
            if said := account.read(lake):
                names &= {*said.tables, "frames", "dead_letters"}
                if said.topic != topics.FRAMES.name:
                    names -= {"frames"}
                if said.from_ns is not None:
                    names -= {
                        table.name for table in _NAMED.values() if table.remembers
                    }
    return [table for name, table in _NAMED.items() if name in names]


def _between(lakes: list[Path], span: Span) -> Span:
    """Return the span, where it is open no wider than a lake was computed for."""
    from_ns, to_ns = span
    for lake in lakes:
        if said := account.read(lake):
            from_ns = said.from_ns if from_ns is None else from_ns
            to_ns = said.to_ns if to_ns is None else to_ns
    return Span(from_ns, to_ns)
