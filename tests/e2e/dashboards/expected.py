"""What a chart must show: asked of the lake by SQL of the test's own."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from infra.superset.charts import (
    AnyChart,
    Bars,
    How,
    Lines,
    Number,
    Shares,
    Table,
    Word,
)
from sinks.catalog import connect

MOVES: Final = {"age_s", "silent_s", "up_for_s", "rows_per_min", "newest_at"}
"""Columns that say how long ago something was, or count what is of the last minute."""

_SAYS: Final = {
    How.SUM: "sum({})",
    How.MEAN: "avg({})",
    How.MAX: "max({})",
    How.MIN: "min({})",
    How.COUNT: "count({})",
    How.MEDIAN: "quantile_cont({}, 0.5)",
    How.P95: "quantile_cont({}, 0.95)",
    How.CHOSEN: "arg_max_null({}, chosen)",
}
_FORMAT: Final = re.compile(r",?(\.\d)?[fdg]")

Chosen = Mapping[str, str]
"""By column, what was chosen in a filter."""


class Lake:
    """The lake, as it is asked."""

    def __init__(self, folder: Path, span: str) -> None:
        self._folder = folder
        self._since = f"event_time >= (now() at time zone 'UTC') - interval '{span}'"

    def number(self, chart: Number, chosen: Chosen) -> str | None:
        """Return a number as it is written; None where there is none."""
        value = _SAYS[chart.value.how].format(chart.value.column)
        ((found,),) = self._ask(value, chart, chosen)
        return None if found is None else written(found, chart.format)

    def word(self, chart: Word, chosen: Chosen) -> str | None:
        """Return a word; None where there is none."""
        rows = self._ask(chart.column, chart, chosen, "order by chosen desc limit 1")
        return str(rows[0][0]) if rows else None

    def rows(self, chart: Table, chosen: Chosen) -> list[tuple[str, ...]]:
        """Return the rows of a table as they are written, in some order."""
        order = ", ".join(
            f"{each.lstrip('-')} {'desc' if each.startswith('-') else 'asc'}"
            for each in chart.order
        )
        rest = f"{f'order by {order}' if order else ''} limit {chart.rows}"
        names = self.still(chart)
        return sorted(
            tuple(
                written(cell, chart.formats.get(name))
                for name, cell in zip(names, row, strict=True)
            )
            for row in self._ask(", ".join(names), chart, chosen, rest)
        )

    def still(self, chart: Table) -> list[str]:
        """Return the columns of a table that a moment does not change."""
        return [name for name in chart.columns if name not in MOVES]

    def has_data(self, chart: AnyChart) -> bool:
        """Return whether there is anything that a chart can show."""
        if isinstance(chart, Number):
            return self.number(chart, {}) is not None
        ((count,),) = self._ask("count(*)", chart, {})
        return bool(count)

    def _ask(
        self, what: str, chart: AnyChart, chosen: Chosen, rest: str = ""
    ) -> Sequence[tuple[object, ...]]:
        some = {each.column: each.words for each in chart.where}
        with connect(self._folder) as connection:
            columns = connection.execute(f"describe {chart.view}").fetchall()
            names = {name for name, *_ in columns}
            some |= {name: (word,) for name, word in chosen.items() if name in names}
            where = [
                f"{name} in ({', '.join(repr(word) for word in words)})"
                for name, words in some.items()
            ]
            if isinstance(chart, Lines) or (
                isinstance(chart, Table | Bars | Shares) and chart.is_dated
            ):
                where.append(self._since)
            if where:
                rest = f"where {' and '.join(where)} {rest}"
            query = f"select {what} from {chart.view} {rest}"
            return connection.execute(query).fetchall()


def written(value: object, form: str | None = None) -> str:
    """Return a value as a page writes it.

    Args:
        value: It.
        form: How a number is written; as the house writes them if not given.

    Raises:
        ValueError: If it is written in a way that is not known here.
    """
    if value is None:
        return "N/A"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if not isinstance(value, int | float):
        return str(value)
    plain = (form or (",d" if isinstance(value, int) else ",.1f")).replace("~g", "g")
    if not _FORMAT.fullmatch(plain):
        raise ValueError(f"Expected a plain format, not `{plain}`")
    return format(value, plain)
