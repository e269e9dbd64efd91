"""Where the charts of a dashboard stand, and what its styles say."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from infra.superset.charts import COLUMNS, AnyChart, Word
from infra.superset.specs import Dashboard, Row

STYLE: Final = """\
.dashboard-chart .ant-empty > * { display: none; }
.dashboard-chart [aria-label=empty] + div { display: none; }
.dashboard-chart .ant-empty { margin: auto; padding: 8px; }
.subtitle-line.subheader-line { font-size: 0 !important; }
.subtitle-line.subheader-line::after { font-size: 12px; line-height: 1.3; }
@media (max-width: 768px) {
  [data-test=metadata-bar] { display: none; }
  .dashboard-content { max-width: 100vw; overflow: hidden; }
  .dashboard-content .grid-container { flex: none; min-width: 180vw; }
  .grid-container .grid-row { flex-wrap: wrap; row-gap: 16px; height: auto; }
  .grid-container .grid-row, .grid-row > * { max-width: calc(100vw - 24px); }
  .grid-container .grid-row > * { overflow-x: auto; }
  .dashboard-markdown { max-width: calc(100vw - 40px); }
  .grid-row [data-test=slice-header] { font-size: 12px; line-height: 1.3; }
  .dashboard-chart .header-line { font-size: 24px !important; }
  .dashboard-chart:has(.header-line), .dashboard-chart:has(.header-line) * {
    overflow: visible !important;
  }
  [data-test=last-queried-label] { display: none; }
}
"""

_LARGE: Final = (
    "[role=presentation] { visibility: visible !important; }",
    "thead { display: none; }",
    "[data-test=warning] { display: none; }",
    "tr { background: none !important; }",
    "td { font-size: 28px; border: 0 !important; background: none !important; }",
)
"""How a table of one word becomes that word, large."""

Json = dict[str, Any]


def position(
    dashboard: Dashboard,
    links: str,
    numbers: Mapping[str, int],
    uuid_of: Callable[[str], str],
) -> Json:
    """Return where everything stands.

    Args:
        dashboard: The dashboard.
        links: The text above all, in Markdown.
        numbers: The number of each chart in the bundle, by its name.
        uuid_of: The id of a chart.
    """
    rows = (Row(height=6, text=links), *dashboard.rows)
    names = [f"ROW-{number}" for number in range(len(rows))]
    made: Json = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "HEADER_ID": {
            "type": "HEADER",
            "id": "HEADER_ID",
            "meta": {"text": dashboard.title},
        },
        "GRID_ID": {
            "type": "GRID",
            "id": "GRID_ID",
            "children": names,
            "parents": ["ROOT_ID"],
        },
    }
    for name, row in zip(names, rows, strict=True):
        parents = ["ROOT_ID", "GRID_ID"]
        cells = _cells(name, row, numbers, uuid_of)
        made[name] = {
            "type": "ROW",
            "id": name,
            "children": [cell["id"] for cell in cells],
            "parents": parents,
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
        for cell in cells:
            made[cell["id"]] = {**cell, "children": [], "parents": [*parents, name]}
    return made


def _cells(
    name: str,
    row: Row,
    numbers: Mapping[str, int],
    uuid_of: Callable[[str], str],
) -> list[Json]:
    if row.text:
        meta = {"width": COLUMNS, "height": row.height, "code": row.text}
        return [{"type": "MARKDOWN", "id": f"MARKDOWN-{name}", "meta": meta}]
    return [
        {
            "type": "CHART",
            "id": f"CHART-{numbers[chart.name]}",
            "meta": {
                "chartId": numbers[chart.name],
                "uuid": uuid_of(chart.name),
                "sliceName": chart.name,
                "width": width,
                "height": row.height,
            },
        }
        for chart, width in zip(row.charts, widths(row), strict=True)
    ]


def widths(row: Row) -> list[int]:
    """Return how many columns each chart of a row takes."""
    fixed = sum(chart.width or 0 for chart in row.charts)
    free = sum(chart.width is None for chart in row.charts)
    share, rest = divmod(COLUMNS - fixed, free) if free else (0, 0)
    found = []
    for chart in row.charts:
        found.append(chart.width or share + (rest > 0))
        rest -= chart.width is None
    return found


def styles(dashboard: Dashboard) -> str:
    """Return the styles of a dashboard: what an empty chart says, and narrow pages."""
    found = [STYLE]
    for chart in dashboard.charts():
        here = f'[data-test-chart-name="{_escaped(chart.name)}"]'
        empty = ".ant-empty", ".subtitle-line.subheader-line"
        said = ", ".join(f"{here} {each}::after" for each in empty)
        found.append(f'{said} {{ content: "{_escaped(waits(chart))}"; }}')
        if isinstance(chart, Word):
            found.extend(f"{here} {each}" for each in _LARGE)
    return "\n".join(found) + "\n"


def waits(chart: AnyChart) -> str:
    """Return what a chart says where there is no data."""
    return f"Waits for: {chart.waits}."


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")


def links(dashboards: Sequence[Dashboard], here: Dashboard) -> str:
    """Return the line that leads to the other dashboards, in Markdown."""
    return " · ".join(
        f"**{each.title}**"
        if each is here
        else f"[{each.title}](/superset/dashboard/{each.slug}/)"
        for each in dashboards
    )
