"""Ask the lake, and write the answer for a person or a program."""

import csv
import io
from pathlib import Path
from typing import Any

import duckdb
import msgspec
from rich.console import Console
from rich.table import Table

from sinks.catalog import connect

_SHOWN = 1_000

# What may be asked: COPY could write into the lake. (PIVOT begins by a CREATE.)
_READS = {duckdb.StatementType.SELECT, duckdb.StatementType.CREATE}


class QueryError(Exception):
    """A query that the lake could not answer."""


def ask(query: str, lake: Path, form: str) -> str:
    """Return the answer to a query as ``table``, ``csv`` or ``json``.

    Raises:
        LakeError: If there is no lake.
        QueryError: If DuckDB refuses the query.
    """
    with connect(lake) as connection:
        try:
            for statement in connection.extract_statements(query):
                if statement.type not in _READS:
                    raise QueryError(f"expected a query, not {statement.type.name}")
            connection.execute(query)
            names = [column[0] for column in connection.description or []]
            rows = connection.fetchall()
        except duckdb.Error as error:
            raise QueryError(str(error)) from error
    if form == "csv":
        return _csv(names, rows)
    if form == "json":
        return _json(names, rows)
    return _table(names, rows)


def _csv(names: list[str], rows: list[Any]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return out.getvalue()


def _json(names: list[str], rows: list[Any]) -> str:
    values = [dict(zip(names, row, strict=True)) for row in rows]
    return msgspec.json.format(msgspec.json.encode(values)).decode() + "\n"


def _table(names: list[str], rows: list[Any]) -> str:
    table = Table(*names)
    for row in rows[:_SHOWN]:
        table.add_row(*("" if value is None else str(value) for value in row))
    out = io.StringIO()
    console = Console(file=out, width=200, markup=False, emoji=False, highlight=False)
    console.print(table)
    more = f", the first {_SHOWN} shown" if len(rows) > _SHOWN else ""
    plural = "" if len(rows) == 1 else "s"
    return f"{out.getvalue()}{len(rows)} row{plural}{more}\n"
