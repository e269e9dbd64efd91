"""The windows that a batch fit learns from, out of a lake's table ``features``."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from config.load import ConfigError
from operators.records.time import MS, SECOND

HOUR_NS: Final = 3_600 * SECOND
WEEK: Final = 168
_THURSDAY: Final = 72  # hours from Monday to the epoch's day
NUMBERS: Final = ("volatility", "turnover", "spread", "depth")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# What the flow `calibration` learns from, in the same order of preference.
_QUERY: Final = """
select event_ns, sqrt(coalesce(realised_variance, rogers_satchell)), turnover,
    coalesce(spread_mean_bps, spread_bps),
    case when bid_depth < ask_depth then bid_depth else ask_depth + 0 * bid_depth end,
    high, low, close, atr_periods, atr
from features
where venue = ? and symbol = ? and length_ns = ? and event_ns > ? and event_ns <= ?
order by event_ns
"""


class Windows(NamedTuple):
    """The windows of a symbol, by their end. Numbers that are not known are NaN.

    Attributes:
        venue: The symbol's venue.
        symbol: Its canonical name.
        end_ns: [n], when each window ends [ns UTC].
        start_ns: [n], when it starts.
        numbers: Of each name in ``NUMBERS`` [n]: volatility [1], turnover [quote],
            mean spread [bps], the thinner side's depth [quote].
        true_range: [n], of prices; NaN where the window before is missing [quote].
        periods: [k], of the ATRs.
        atr: [n, k], as it was before each window [quote].
    """

    venue: str
    symbol: str
    end_ns: Ints
    start_ns: Ints
    numbers: dict[str, Floats]
    true_range: Floats
    periods: tuple[int, ...]
    atr: Floats

    @property
    def hours(self) -> Ints:
        """[n], the hour of the week in which each starts, 0 to 167."""
        hours: Ints = (self.start_ns // HOUR_NS + _THURSDAY) % WEEK
        return hours


def symbols(
    connection: duckdb.DuckDBPyConnection, length_ms: int
) -> list[tuple[str, str]]:
    """Return the venues and symbols that a lake has windows of, in order.

    Raises:
        ConfigError: If it has none of this length.
    """
    found = connection.execute(
        "select venue, symbol, length_ns from features group by all order by all"
    ).fetchall()
    wanted = [(venue, symbol) for venue, symbol, ns in found if ns == length_ms * MS]
    if not wanted:
        lengths = ", ".join(str(ns // MS) for ns in sorted({each[2] for each in found}))
        text = f"it has windows of {lengths} ms" if lengths else "it has no features"
        hint = "the flow `features` writes them; `tapewatch replay` into a lake runs it"
        raise ConfigError(f"--length-ms {length_ms}: {text}; {hint}")
    return wanted


def windows(
    connection: duckdb.DuckDBPyConnection,
    length_ms: int,
    *,
    since_ns: int = -(2**63) + 1,
    until_ns: int = 2**63 - 1,
) -> Iterator[Windows]:
    """Yield the windows of each symbol.

    Args:
        connection: To the lake.
        length_ms: Of windows of this length [ms].
        since_ns: Of windows that end after it [ns UTC].
        until_ns: Of windows that end then at the latest [ns UTC].

    Raises:
        ConfigError: If the lake has none.
    """
    length_ns = length_ms * MS
    for venue, symbol in symbols(connection, length_ms):
        asked = (venue, symbol, length_ns, since_ns, until_ns)
        rows = connection.execute(_QUERY, asked).fetchall()
        if rows:
            yield _of_rows(venue, symbol, length_ns, rows)


def _of_rows(venue: str, symbol: str, length_ns: int, rows: list[Any]) -> Windows:
    end_ns: Ints = np.array([row[0] for row in rows], dtype=np.int64)
    numbers = {
        name: _floats([row[place] for row in rows])
        for place, name in enumerate(NUMBERS, 1)
    }
    high, low, close = (_floats([row[place] for row in rows]) for place in (5, 6, 7))
    before = np.full(len(rows), np.nan)
    before[1:] = np.where(np.diff(end_ns) == length_ns, _filled(close)[:-1], np.nan)
    periods = max((tuple(row[8] or ()) for row in rows), key=len, default=())
    atr = np.full((len(rows), len(periods)), np.nan)
    for at, row in enumerate(rows[:-1]):
        if tuple(row[8] or ()) == periods:
            atr[at + 1] = _floats(row[9])
    return Windows(
        venue=venue,
        symbol=symbol,
        end_ns=end_ns,
        start_ns=end_ns - length_ns,
        numbers=numbers,
        true_range=np.maximum(high, before) - np.minimum(low, before),
        periods=periods,
        atr=atr,
    )


def _floats(values: Any) -> Floats:
    """Return values, what is unknown or not finite as NaN."""
    found: Floats = np.array(
        [np.nan if value is None else value for value in values], dtype=np.float64
    )
    found[~np.isfinite(found)] = np.nan
    return found


def _filled(values: Floats) -> Floats:
    """Return values, unknown ones as the last that was known."""
    at = np.where(np.isnan(values), 0, np.arange(len(values)))
    filled: Floats = values[np.maximum.accumulate(at)]
    return filled
