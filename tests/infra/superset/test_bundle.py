"""The bundle is whole, says what the views say, and is refused where it is not."""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from infra.superset import bundle as bundles
from infra.superset import columns, uses
from infra.superset.bundle import bundle, write
from infra.superset.charts import Filter, Number
from infra.superset.colours import NAMED
from infra.superset.filters import SOURCES, reaches
from infra.superset.layout import waits, widths
from infra.superset.specs import ASSETS, AssetsError, Dashboard, load
from sinks.catalog import publish

URI: Final = "duckdb:////lake/catalog/current/tapewatch.duckdb"
DASHBOARDS: Final = load()
each = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.slug)

FIRST: Final = """\
title: A
slug: a
place: 1
about: Something.
rows:
  - charts:
      - name: N
        kind: number
        view: system_now
        value: {column: score}
        about: A number.
        waits: it
"""


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return {path: yaml.safe_load(text) for path, text in bundle(URI).items()}


def under(made: dict[str, Any], folder: str) -> list[Any]:
    return [tree for path, tree in made.items() if path.startswith(f"{folder}/")]


def refused(folder: Path, text: str) -> str:
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(AssetsError) as told:
        load(folder)
    return str(told.value)


def test_the_columns_are_those_of_the_views(tmp_path: Path) -> None:
    catalogue = publish(tmp_path / "lake")
    assert columns.known() == columns.described(catalogue, columns.shown())


def test_the_dashboards_are_those_of_the_issue() -> None:
    assert [each.slug for each in DASHBOARDS] == [
        *("system-status", "symbol-priority", "connections", "data-quality"),
        *("calibration", "controls"),
    ]


def test_the_same_bundle_is_made_each_time() -> None:
    command = [sys.executable, "-c", "from infra.superset.bundle import *; import sys"]
    command[-1] += f"; sys.stdout.write(repr(bundle({URI!r})))"
    other = subprocess.run(command, capture_output=True, text=True, check=True)
    assert other.stdout == repr(bundle(URI))


def test_no_two_things_have_one_id(made: dict[str, Any]) -> None:
    ids = Counter(tree["uuid"] for tree in made.values() if "uuid" in tree)
    assert ids.most_common(1)[0][1] == 1
    assert len(ids) == len(made) - 1


def test_what_is_referred_to_is_there(made: dict[str, Any]) -> None:
    (database,) = under(made, "databases")
    assert database["sqlalchemy_uri"] == URI
    datasets = {tree["uuid"] for tree in under(made, "datasets")}
    charts = {tree["uuid"] for tree in under(made, "charts")}
    assert {tree["database_uuid"] for tree in under(made, "datasets")} == {
        database["uuid"]
    }
    assert {tree["dataset_uuid"] for tree in under(made, "charts")} <= datasets
    placed: list[str] = []
    for tree in under(made, "dashboards"):
        cells = [cell for cell in tree["position"].values() if isinstance(cell, dict)]
        placed += [cell["meta"]["uuid"] for cell in cells if cell["type"] == "CHART"]
        for cell in cells:
            assert all(child in tree["position"] for child in cell.get("children", ()))
        for told in tree["metadata"]["native_filter_configuration"]:
            for target in told["targets"]:
                assert not target or target["datasetUuid"] in datasets
    assert Counter(placed) == Counter(charts)


def test_a_view_is_asked_only_for_columns_that_it_has(made: dict[str, Any]) -> None:
    known = columns.known()
    for dashboard in DASHBOARDS:
        for chart in dashboard.charts():
            assert uses.used(chart) <= known[chart.view].keys(), chart.name
    for tree in under(made, "datasets"):
        named = {column["column_name"] for column in tree["columns"]}
        assert named == known[tree["table_name"]].keys()


def test_a_chart_has_no_query_of_its_own(made: dict[str, Any]) -> None:
    assert all(tree["sql"] is None for tree in under(made, "datasets"))
    for tree in under(made, "charts"):
        params = tree["params"]
        for metric in [*params.get("metrics", []), params.get("metric")]:
            sql = (metric or {}).get("sqlExpression", "")
            assert sql.startswith(("arg_max_null(", "quantile_cont(")) or not sql
        told = params["adhoc_filters"]
        assert {one["expressionType"] for one in told} <= {"SIMPLE"}


@each
def test_an_empty_chart_says_what_it_waits_for(
    made: dict[str, Any], dashboard: Dashboard
) -> None:
    css = made[f"dashboards/{dashboard.slug}.yaml"]["css"]
    for chart in dashboard.charts():
        assert f'[data-test-chart-name="{chart.name}"] .ant-empty::after' in css
        assert f'content: "{waits(chart)}"' in css
        assert chart.about.endswith(".")
        assert not chart.waits.endswith(".")


@each
def test_a_number_has_its_unit(dashboard: Dashboard) -> None:
    units = {*columns.UNITS.values(), "0 to 100"}
    endings = tuple(columns.UNITS) + ("score",)
    for chart in dashboard.charts():
        if isinstance(chart, Number) and chart.value.column.endswith(endings):
            unit = chart.name.partition("(")[2].rstrip(")")
            assert unit in units, chart.name


@each
def test_a_filter_reaches_the_charts_whose_views_have_its_column(
    made: dict[str, Any], dashboard: Dashboard
) -> None:
    tree = made[f"dashboards/{dashboard.slug}.yaml"]
    known = columns.known()
    numbers = {
        cell["meta"]["sliceName"]: cell["meta"]["chartId"]
        for cell in tree["position"].values()
        if isinstance(cell, dict) and cell["type"] == "CHART"
    }
    told = tree["metadata"]["native_filter_configuration"]
    for chosen, filter_ in zip(dashboard.filters, told, strict=True):
        left_alone = {
            numbers[chart.name]
            for chart in dashboard.charts()
            if not reaches(chosen, chart, known[chart.view])
        }
        assert set(filter_["scope"]["excluded"]) == left_alone
        assert left_alone < set(numbers.values())
        if chosen in SOURCES:
            view, column = SOURCES[chosen]
            assert column in known[view]
    timed = [chart for chart in dashboard.charts() if uses.is_dated(chart)]
    assert timed
    assert all("event_time" in known[chart.view] for chart in timed)


def test_it_refreshes_by_itself_every_15_s(made: dict[str, Any]) -> None:
    for tree in under(made, "dashboards"):
        assert tree["metadata"]["refresh_frequency"] == 15
        assert tree["metadata"]["stagger_refresh"] is False


@each
def test_a_row_is_as_wide_as_the_page(dashboard: Dashboard) -> None:
    for row in dashboard.rows:
        assert not row.charts or sum(widths(row)) == 12


@each
def test_each_dashboard_leads_to_the_others(
    made: dict[str, Any], dashboard: Dashboard
) -> None:
    position = made[f"dashboards/{dashboard.slug}.yaml"]["position"]
    (text,) = [
        cell["meta"]["code"]
        for cell in position.values()
        if isinstance(cell, dict) and cell["id"] == "MARKDOWN-ROW-0"
    ]
    for other in DASHBOARDS:
        assert (f"(/superset/dashboard/{other.slug}/)" in text) == (
            other is not dashboard
        )


@each
def test_what_a_threshold_colours_can_be_read_by_its_name(dashboard: Dashboard) -> None:
    for chart in dashboard.charts():
        assert uses.colours(chart) <= NAMED.keys()


@pytest.mark.parametrize(
    ("from_", "to", "told"),
    [
        ("about: Something.", "", "missing required field `about`"),
        ("place: 1", "place: one", "Expected `int`, got `str` - at `$.place`"),
        ("waits: it", "wait: it", "unknown field `wait` - at `$.rows[0].charts[0]`"),
        ("kind: number", "kind: gauge", "- at `$.rows[0].charts[0].kind`"),
        ("{column: score}", "{column: '1; drop'}", "charts[0].value.column`"),
        ("waits: it", "waits: it\n        width: 13", "charts[0].width`"),
        ("  - charts:", "  - text: x\n    charts:", "Expected `charts` or `text`"),
        ("  - charts:", "  - height: 1\n    charts:", "$.rows[0].height`"),
        ("slug: a", "slug: A b", "- at `$.slug`"),
        ("title: A", "title: [", "a.yaml: "),
    ],
)
def test_a_mistake_is_refused_by_file_and_place(
    tmp_path: Path, from_: str, to: str, told: str
) -> None:
    assert from_ in FIRST
    text = refused(tmp_path, FIRST.replace(from_, to))
    assert text.startswith(f"{tmp_path / 'a.yaml'}: ")
    assert told in text


def test_two_charts_of_one_name_are_refused(tmp_path: Path) -> None:
    chart = FIRST.partition("charts:\n")[2]
    assert "`N` is there twice" in refused(tmp_path, FIRST + chart)


@pytest.mark.parametrize("name", ["slug", "title", "place"])
def test_two_dashboards_with_one_name_are_refused(tmp_path: Path, name: str) -> None:
    other = {"slug": "b", "title": "B", "place": 2} | {name: None}
    changed = yaml.safe_load(FIRST)
    changed |= {key: value for key, value in other.items() if value is not None}
    (tmp_path / "b.yaml").write_text(yaml.safe_dump(changed), encoding="utf-8")
    (tmp_path / "a.yaml").write_text(FIRST, encoding="utf-8")
    with pytest.raises(AssetsError, match=rf"b\.yaml: Expected another.*\$\.{name}"):
        load(tmp_path)


def test_no_dashboards_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AssetsError, match="there are none"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("from_", "to", "told"),
    [
        ("view: system_now", "view: nowhere", "Expected a view of the lake"),
        ("column: score", "column: nothing", "Expected columns of `system_now`"),
        (
            "waits: it",
            "waits: it\n        colours: [{above: 1, colour: pink}]",
            "not `pink`",
        ),
    ],
)
def test_a_chart_of_what_there_is_not_is_refused_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, from_: str, to: str, told: str
) -> None:
    (tmp_path / "a.yaml").write_text(FIRST.replace(from_, to), encoding="utf-8")
    monkeypatch.setattr(bundles, "load", lambda: load(tmp_path))
    with pytest.raises(AssetsError, match=rf"a: `N`: .*{told}"):
        bundle(URI)


def test_the_files_are_written_as_they_are(tmp_path: Path) -> None:
    write(tmp_path / "out", URI)
    found = {
        str(path.relative_to(tmp_path / "out")): path.read_text(encoding="utf-8")
        for path in (tmp_path / "out").rglob("*.yaml")
    }
    assert found == bundle(URI)


def test_every_asset_is_a_dashboard() -> None:
    assert len(DASHBOARDS) == len(list(ASSETS.iterdir()))
    assert {Filter.VENUE, Filter.TIME} <= set(DASHBOARDS[0].filters)
