"""Rows of a table at any time: those of a day, made once, and dated anew.

Columns that charts read hold numbers drawn at random; most others are constant.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from operators.records.time import SECOND
from sinks.lake import STAMP, TIME, Table, dated

DAY_S: Final = 86_400


class Rows(NamedTuple):
    """The rows of a table.

    Attributes:
        every_s: They come in groups, so often [s].
        of: How many in a group.
        columns: Makes columns from how many groups and a source of chance; those that
            are not made hold the same in every row. Columns of times hold how much
            later than the group they are [ns].
        dated: The columns of times.
        days: How long they are kept [d].
    """

    every_s: int
    of: int
    columns: Callable[[int, np.random.Generator], dict[str, Any]]
    dated: tuple[str, ...] = ("event_ns",)
    days: float = 1e9


class Source:
    """Rows of a table at any time, from those of a day."""

    def __init__(self, table: Table, rows: Rows) -> None:
        """Make the day."""
        self.rows = rows
        groups = DAY_S // rows.every_s
        self._schema = dated(table.schema)
        made = rows.columns(groups, np.random.default_rng(7))
        count = groups * rows.of
        self._later = {
            name: np.asarray(made.pop(name, np.zeros(count)), dtype=np.int64)
            for name in rows.dated
        }
        self._day: dict[str, Any] = {}
        for field in table.schema:
            if field.name not in self._later:
                known = made.pop(field.name, None)
                self._day[field.name] = (
                    pa.array(known, field.type)
                    if known is not None
                    else pa.repeat(_plain(field), count)
                )
        assert not made, f"{table.name} has no {', '.join(made)}"

    def between(self, since_s: int, until_s: int) -> Iterator[pa.Table]:
        """Yield the rows of the groups in a time, a day at most at once."""
        every_s, of = self.rows.every_s, self.rows.of
        groups = DAY_S // every_s
        first, last = -(-since_s // every_s), -(-until_s // every_s)
        while first < last:
            start = first % groups
            count = min(last - first, groups - start)
            part = slice(start * of, (start + count) * of)
            at_ns = np.repeat(np.arange(first, first + count) * every_s * SECOND, of)
            yield self._table(part, at_ns)
            first += count

    def _table(self, part: slice, at_ns: Any) -> pa.Table:
        dates = {name: at_ns + later[part] for name, later in self._later.items()}
        length = part.stop - part.start
        event_ns = dates.get("event_ns", dates.get("received_ns", at_ns))
        arrays = []
        for field in self._schema:
            if field.name == TIME:
                arrays.append(pa.array(event_ns // 1_000).cast(STAMP))
            elif field.name == "event_ns":
                arrays.append(pa.array(event_ns))
            elif field.name in dates:
                arrays.append(pa.array(dates[field.name]))
            else:
                arrays.append(self._day[field.name].slice(part.start, length))
        return pa.Table.from_arrays(arrays, schema=self._schema)


def _plain(field: pa.Field) -> pa.Scalar:
    """Return what a column holds that is not made."""
    known = {pa.string(): "x", pa.int64(): 1, pa.float64(): 1.0, pa.bool_(): True}
    return pa.scalar(known.get(field.type), field.type)
