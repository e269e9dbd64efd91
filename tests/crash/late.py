"""What ``system`` says otherwise than a replay, and whether it has said that itself.

It hears all connections and symbols, from several workers, and waits thirty seconds of
their time for one that is behind; it cannot know a worker that is down from a line that
is dead. Where a worker was away for longer, because broker and machine were too, the
windows of that time are said without it, and the whole names the words that came too
late. So a row may differ that lies shortly before such a naming; no other may.
"""

from pathlib import Path
from typing import Any, Final

from config.settings import Settings
from operators.records import topics
from operators.records.time import SECOND
from sinks.catalog import connect
from sinks.contrast import Verdict

SYSTEM: Final = "system_health"
ALERTS: Final = "alerts"
_BEFORE_NS: Final = 120 * SECOND
_AFTER_NS: Final = 15 * SECOND
"""For so long a level that was said wrongly holds."""


def excused(
    settings: Settings, lake: Path, other: Path, verdicts: list[Verdict]
) -> set[str]:
    """Return the tables that differ only where the lake says that it was told late.

    What rules of the settings make of such rows is excused with them.
    """
    differing = {each.table for each in verdicts if not each.is_equal}
    if SYSTEM not in differing or not _is_named(lake, other):
        return set()
    of_system = {
        rule.name
        for rule in settings.alerts.all_rules
        if rule.topic == topics.SYSTEM_HEALTH.name
    }
    differ = _contrast(lake, other, ALERTS, "rule, subject, phase, event_ns, count")
    may = {SYSTEM, ALERTS} if {row[0] for row in differ} <= of_system else {SYSTEM}
    return may & differing


def _is_named(lake: Path, other: Path) -> bool:
    with connect(lake) as connection:
        query = f"select event_ns from {SYSTEM} where issues like '% late records'"
        named = [at_ns for (at_ns,) in connection.execute(query).fetchall()]
    return all(
        any(at_ns - _BEFORE_NS <= row[0] <= at_ns + _AFTER_NS for at_ns in named)
        for row in _contrast(lake, other, SYSTEM, "event_ns, * exclude (event_ns)")
    )


def _contrast(
    lake: Path, other: Path, table: str, columns: str
) -> set[tuple[Any, ...]]:
    """Return the rows of a table that only one of two lakes has."""
    found = []
    for each in (lake, other):
        with connect(each) as connection:
            query = f"select {columns} from {table}"
            found.append(set(connection.execute(query).fetchall()))
    return found[0] ^ found[1]
