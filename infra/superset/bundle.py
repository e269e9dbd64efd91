"""The dashboards as Superset imports them: files of YAML that refer to each other.

Everything has the same id in every bundle, so that an import takes the place of the
one before::

    python -m infra.superset.bundle OUT_FOLDER duckdb:////LAKE/catalog/current/...
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

import yaml

from infra.superset import columns, filters, kinds, layout, parts, uses
from infra.superset.charts import AnyChart
from infra.superset.colours import NAMED, OF_WORDS
from infra.superset.specs import AssetsError, Dashboard, load

NAME: Final = "Tapewatch"
_SPACE: Final = UUID("6f0a4c1e-7c0c-5a0e-9d5e-7461706577a7")
_VERSION: Final = "1.0.0"
_REFRESH_S: Final = 15
_ON_REQUEST: Final = {"cache_timeout": None, "version": _VERSION}

Json = dict[str, Any]
Columns = Mapping[str, dict[str, str]]


def bundle(uri: str) -> dict[str, str]:
    """Return the files of the bundle, by their paths.

    Args:
        uri: Where Superset finds the catalogue, as SQLAlchemy has it.

    Raises:
        AssetsError: If an asset says what it may not.
    """
    dashboards, known = load(), columns.known()
    for dashboard in dashboards:
        for chart in dashboard.charts():
            _check(dashboard, chart, known)
    made = {
        "metadata.yaml": {
            "version": _VERSION,
            "type": "assets",
            "timestamp": "2026-01-01T00:00:00+00:00",
        },
        f"databases/{NAME}.yaml": _database(uri),
    }
    for view in sorted(known):
        made[f"datasets/{NAME}/{view}.yaml"] = _dataset(view, known[view])
    numbers = _numbers(dashboards)
    for dashboard in dashboards:
        for chart in dashboard.charts():
            path = f"charts/{dashboard.slug}_{numbers[dashboard.slug][chart.name]}"
            made[f"{path}.yaml"] = _chart(dashboard, chart, known)
        told = _dashboard(dashboard, dashboards, known, numbers[dashboard.slug])
        made[f"dashboards/{dashboard.slug}.yaml"] = told
    return {
        path: yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)
        for path, tree in made.items()
    }


def write(folder: Path, uri: str) -> None:
    """Write the bundle into a folder."""
    for path, text in bundle(uri).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _check(dashboard: Dashboard, chart: AnyChart, known: Columns) -> None:
    """Refuse a chart of what there is not.

    Raises:
        AssetsError: If its view, or a column of it, or a colour is not known.
    """
    place = f"{dashboard.slug}: `{chart.name}`"
    if chart.view not in known:
        raise AssetsError(f"{place}: Expected a view of the lake, not `{chart.view}`")
    strange = sorted(uses.used(chart) - known[chart.view].keys())
    if strange:
        text = f"Expected columns of `{chart.view}`, not {', '.join(strange)}"
        raise AssetsError(f"{place}: {text}")
    for colour in uses.colours(chart):
        if colour not in NAMED:
            text = f"Expected one of {', '.join(NAMED)}, not `{colour}`"
            raise AssetsError(f"{place}: {text}")


def _id(*path: str) -> str:
    return str(uuid5(_SPACE, "/".join(path)))


def _numbers(dashboards: list[Dashboard]) -> dict[str, dict[str, int]]:
    """Return the number of each chart in the bundle, by dashboard and name."""
    found: dict[str, dict[str, int]] = {}
    number = 0
    for dashboard in dashboards:
        for chart in dashboard.charts():
            number += 1
            found.setdefault(dashboard.slug, {})[chart.name] = number
    return found


def _database(uri: str) -> Json:
    connect: Json = {"read_only": True, "config": {"threads": 2}}
    return {
        "database_name": NAME,
        "sqlalchemy_uri": uri,
        "uuid": _id("database"),
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_file_upload": False,
        "extra": {
            "engine_params": {"connect_args": connect},
            "allows_virtual_table_explore": True,
        },
        **_ON_REQUEST,
    }


def _dataset(view: str, types: dict[str, str]) -> Json:
    return {
        "table_name": view,
        "main_dttm_col": uses.TIME if uses.TIME in types else None,
        "description": None,
        "schema": "main",
        "sql": None,
        "filter_select_enabled": True,
        "uuid": _id("dataset", view),
        "database_uuid": _id("database"),
        "metrics": [
            {
                "metric_name": "rows",
                "verbose_name": "rows",
                "metric_type": "count",
                "expression": "COUNT(*)",
            }
        ],
        "columns": [
            {
                "column_name": name,
                "verbose_name": columns.label(name),
                "is_dttm": kind == "TIMESTAMP",
                "is_active": True,
                "type": kind,
                "groupby": True,
                "filterable": True,
                "expression": None,
            }
            for name, kind in types.items()
        ],
        **_ON_REQUEST,
    }


def _chart(dashboard: Dashboard, chart: AnyChart, known: Columns) -> Json:
    types = known[chart.view]
    return {
        "slice_name": chart.name,
        "description": f"{chart.about} Without data: {chart.waits}",
        "viz_type": kinds.viz_type(chart),
        "params": kinds.params(chart, types, dashboard.range),
        "query_context": None,
        "uuid": _id("chart", dashboard.slug, chart.name),
        "dataset_uuid": _id("dataset", chart.view),
        **_ON_REQUEST,
    }


def _dashboard(
    dashboard: Dashboard,
    dashboards: list[Dashboard],
    known: Columns,
    numbers: dict[str, int],
) -> Json:
    return {
        "dashboard_title": dashboard.title,
        "description": dashboard.about,
        "slug": dashboard.slug,
        "css": layout.styles(dashboard),
        "published": True,
        "uuid": _id("dashboard", dashboard.slug),
        "position": layout.position(
            dashboard,
            layout.links(dashboards, dashboard),
            numbers,
            lambda name: _id("chart", dashboard.slug, name),
        ),
        "metadata": {
            "refresh_frequency": _REFRESH_S,
            "stagger_refresh": False,
            "show_chart_timestamps": True,
            "color_scheme": parts.SCHEME,
            "label_colors": {
                **OF_WORDS,
                **{word: NAMED[name] for word, name in dashboard.words.items()},
            },
            "cross_filters_enabled": True,
            "filter_bar_orientation": "HORIZONTAL",
            "native_filter_configuration": filters.configuration(
                dashboard, known, numbers, lambda view: _id("dataset", view)
            ),
        },
        "version": _VERSION,
    }


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2])
