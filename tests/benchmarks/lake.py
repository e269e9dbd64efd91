"""Every chart over a lake of a day, a month and a year: what a longer past costs it.

    python -m tests.benchmarks.lake [--days 1,30,365] [--folder DIR] [--explain 3]

Each chart is asked as Superset asks: on a new read-only connection with two threads,
the opening of which counts. Each is asked five times in turn over all lakes; medians
count. Milliseconds are of a clock, and so of a machine that has nothing else to do;
`CPU` is what the processor spent over the longest past, and `ratio` is that to the
shortest.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import duckdb

from infra.superset import columns
from sinks.lake import catalog
from tests.benchmarks import plausible
from tests.benchmarks.charts import Query, queries
from tests.benchmarks.past import Past

LIMIT_MS: Final = 1_000.0
_TURNS: Final = 5
_FEW: Final = 3
_FRESH_S: Final = 10.0
_HOUR: Final = timedelta(hours=1)
_WIDER: Final = {"24 h": timedelta(hours=24), "30 d": timedelta(days=30)}


class Took(NamedTuple):
    """How long something took by the clock, and of the processor [ms]."""

    clock: float
    cpu: float


class Row(NamedTuple):
    """A chart, and how long it takes over each lake, and over a wider time."""

    query: Query
    by_days: dict[int, Took]
    wider: dict[str, Took]

    @property
    def worst(self) -> float:
        """The longest over any lake, of the time that is chosen at first [ms]."""
        return max(took.clock for took in self.by_days.values())

    @property
    def ratio(self) -> float:
        """Of the processor's time over the longest past to that over the shortest."""
        return self.by_days[max(self.by_days)].cpu / self.by_days[min(self.by_days)].cpu


def ask(lake: Path, text: str) -> Took:
    """Return how long a query takes on a connection of its own."""
    start_s, cpu_s = time.perf_counter(), time.process_time()
    file = str(catalog(lake).resolve())
    config = {"threads": 2, "memory_limit": "1GB"}
    with duckdb.connect(file, read_only=True, config=config) as connection:
        connection.execute(text).fetchall()
    clock_s = time.perf_counter() - start_s
    return Took(1e3 * clock_s, 1e3 * (time.process_time() - cpu_s))


def median(some: Sequence[Took]) -> Took:
    """Return the median of each."""
    return Took(*map(statistics.median, zip(*some, strict=True)))


def measure(pasts: dict[int, Past], lakes: dict[int, Path]) -> list[Row]:
    """Return how long every chart takes over every lake, the slowest first."""
    longest = lakes[max(lakes)]
    types = columns.described(catalog(longest), columns.shown())
    found = []
    fresh_s = 0.0
    for query in queries(types):
        if time.monotonic() > fresh_s + _FRESH_S:
            for each in pasts.values():
                each.freshen(int(time.time()))
            fresh_s = time.monotonic()
        now = datetime.now(UTC).replace(tzinfo=None)
        took: defaultdict[int, list[Took]] = defaultdict(list)
        for _ in range(_TURNS):
            for days, lake in lakes.items():
                took[days].append(ask(lake, query.over(_HOUR, now)))
        wider = {
            name: median([ask(longest, query.over(span, now)) for _ in range(_FEW)])
            for name, span in _WIDER.items()
            if query.is_dated
        }
        by_days = {days: median(each) for days, each in took.items()}
        found.append(Row(query, by_days, wider))
    return sorted(found, key=lambda row: -row.worst)


def table(rows: Iterable[Row], days: Sequence[int]) -> str:
    """Return the rows as a table: milliseconds, and the ratio."""
    head = [*(f"{each} d" for each in days), "CPU", "ratio", *_WIDER]
    lines = [f"{'dashboard: chart':60}" + "".join(f"{each:>9}" for each in head)]
    for row in rows:
        name = f"{row.query.dashboard}: {row.query.name}"[:59]
        told = [*(f"{row.by_days[each].clock:.0f}" for each in days)]
        told += [f"{row.by_days[days[-1]].cpu:.0f}", f"{row.ratio:.2f}"]
        told += [f"{took.clock:.0f}" for took in row.wider.values()]
        lines.append(f"{name:60}" + "".join(f"{each:>9}" for each in told))
    return "\n".join(lines)


def explained(lake: Path, query: Query) -> str:
    """Return where the time of a query goes."""
    now = datetime.now(UTC).replace(tzinfo=None)
    text = query.over(_HOUR, now)
    with duckdb.connect(str(catalog(lake).resolve()), read_only=True) as connection:
        connection.execute("set threads = 2")
        return str(connection.execute(f"explain analyze {text}").fetchall()[0][1])


def made(lakes: dict[int, Path]) -> dict[int, Past]:
    """Write the lakes that are not there; what one has, shorter ones have of it."""
    sources = plausible.sources()
    now_s = int(time.time())
    pasts: dict[int, Past] = {}
    for days in sorted(lakes, reverse=True):
        start_s = time.perf_counter()
        pasts[days] = Past(lakes[days], sources)
        if not pasts[days].rows:
            if days in {max(lakes), min(lakes)}:
                pasts[days].write(days, now_s)
            else:
                pasts[days] = pasts[max(lakes)].shortened(lakes[days], days, now_s)
        took_s = time.perf_counter() - start_s
        rows = f"{pasts[days].rows:,} rows in {took_s:.0f} s"
        print(f"lake: {days} days: {rows}", file=sys.stderr, flush=True)
    for each in pasts.values():
        each.freshen(int(time.time()))
    return pasts


def run(days: Sequence[int], folder: Path | None = None, explain: int = 0) -> None:
    """Make the lakes, or take up those of a folder; measure, and print."""
    with tempfile.TemporaryDirectory() as temporary:
        lakes = {each: (folder or Path(temporary)) / str(each) for each in days}
        rows = measure(made(lakes), lakes)
        print(table(rows, days))
        print(summary(rows, days))
        for row in rows[:explain]:
            print(f"{row.query.name}\n{explained(lakes[days[-1]], row.query)}")


def summary(rows: Sequence[Row], days: Sequence[int]) -> str:
    """Return it in a line."""
    slowest = rows[0]
    name = f"{slowest.query.dashboard}: {slowest.query.name}"
    ratios = [row.ratio for row in rows]
    return (
        f"lake: {days[-1]} days to {days[0]}: ratio {statistics.median(ratios):.2f}"
        f" (median of {len(rows)} charts), {max(ratios):.2f} (most);"
        f" slowest: {name}, {slowest.worst / LIMIT_MS:.2f} of the limit of 1 s"
    )


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", default="1,30,365")
    parser.add_argument("--folder", type=Path, help="where the lakes stay")
    parser.add_argument("--explain", type=int, default=0, help="so many of the slowest")
    given = parser.parse_args()
    run([int(each) for each in given.days.split(",")], given.folder, given.explain)


if __name__ == "__main__":
    main()
