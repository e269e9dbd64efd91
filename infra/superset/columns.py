"""The columns of the views that charts show, with their types and labels.

``columns.yaml`` says them once more, since a bundle is made where no lake is. It is
written from the views themselves, and a test holds it to them::

    python -m infra.superset.columns LAKE/catalog/current/tapewatch.duckdb
"""

import re
import sys
from pathlib import Path
from typing import Final

import duckdb
import msgspec

from infra.superset.specs import load

COLUMNS: Final = Path(__file__).with_name("columns.yaml")
UNITS: Final = {
    "_kb_per_s": "kB/s",
    "_per_s": "1/s",
    "_per_min": "1/min",
    "_ms": "ms",
    "_s": "s",
    "_pct": "%",
    "_mb": "MB",
    "_bps": "bps",
}
"""What a name ends with, and the unit that it means."""

Columns = dict[str, dict[str, str]]
"""By view, the type of each column."""


def known(path: Path = COLUMNS) -> Columns:
    """Return what the file says."""
    return msgspec.yaml.decode(path.read_bytes(), type=Columns)


def described(catalogue: Path, views: set[str]) -> Columns:
    """Return what a catalogue says of some views."""
    with duckdb.connect(str(catalogue), read_only=True) as connection:
        return {
            view: {
                name: kind
                for name, kind, *_ in connection.execute(f"describe {view}").fetchall()
            }
            for view in sorted(views)
        }


def label(column: str) -> str:
    """Return what a column is called before people, with its unit."""
    for ending, unit in UNITS.items():
        if column.endswith(ending):
            name = column.removesuffix(ending).replace("_", " ")
            return f"{name} ({unit})"
    return re.sub("_", " ", column)


def shown() -> set[str]:
    """Return the views that any dashboard shows, or offers a choice from."""
    charts = {chart.view for dashboard in load() for chart in dashboard.charts()}
    return charts | {"venues", "markets"}


if __name__ == "__main__":
    text = msgspec.yaml.encode(described(Path(sys.argv[1]), shown()))
    COLUMNS.write_bytes(text)
