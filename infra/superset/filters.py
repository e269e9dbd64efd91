"""The filters of a dashboard: what they offer, and which charts they reach."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from infra.superset.charts import AnyChart, Filter, Lines
from infra.superset.specs import Dashboard
from infra.superset.uses import is_dated

SOURCES: Final = {
    Filter.VENUE: ("venues", "venue"),
    Filter.SYMBOL: ("markets", "symbol"),
}
"""The view, and the column of it, that a filter offers."""

_NAMES: Final = {
    Filter.VENUE: "Venue",
    Filter.SYMBOL: "Symbol",
    Filter.TIME: "Time range",
    Filter.GRAIN: "Time grain",
}
_ABOUT: Final = {
    Filter.VENUE: "Of which venues; a name that is not offered may be typed.",
    Filter.SYMBOL: "Of which symbols; a name that is not offered may be typed.",
    Filter.TIME: "Of what is shown over time. What is shown as it is now, stays so.",
    Filter.GRAIN: "Over how long each point of what is shown over time gathers.",
}

Json = dict[str, Any]


def reaches(chosen: Filter, chart: AnyChart, columns: Mapping[str, str]) -> bool:
    """Return whether a filter applies to a chart, whose view has these columns."""
    if chosen in chart.unfiltered:
        return False
    if chosen is Filter.TIME:
        return is_dated(chart)
    if chosen is Filter.GRAIN:
        return isinstance(chart, Lines)
    return SOURCES[chosen][1] in columns


def configuration(
    dashboard: Dashboard,
    columns: Mapping[str, Mapping[str, str]],
    numbers: Mapping[str, int],
    uuid_of: Callable[[str], str],
) -> list[Json]:
    """Return the filters of a dashboard as Superset has them.

    Args:
        dashboard: The dashboard.
        columns: The columns of each view.
        numbers: The number of each chart in the bundle, by its name.
        uuid_of: The id of a view's dataset.
    """
    found = []
    for chosen in dashboard.filters:
        excluded = [
            numbers[chart.name]
            for chart in dashboard.charts()
            if not reaches(chosen, chart, columns[chart.view])
        ]
        found.append(
            {
                "id": f"NATIVE_FILTER-{dashboard.slug}-{chosen}",
                "type": "NATIVE_FILTER",
                "name": _NAMES[chosen],
                "description": _ABOUT[chosen],
                "scope": {"rootPath": ["ROOT_ID"], "excluded": excluded},
                "cascadeParentIds": _parents(dashboard, chosen),
                **_kind(dashboard, chosen, uuid_of),
            }
        )
    return found


def _parents(dashboard: Dashboard, chosen: Filter) -> list[str]:
    if chosen is Filter.SYMBOL and Filter.VENUE in dashboard.filters:
        return [f"NATIVE_FILTER-{dashboard.slug}-{Filter.VENUE}"]
    return []


def _kind(dashboard: Dashboard, chosen: Filter, uuid_of: Callable[[str], str]) -> Json:
    if chosen is Filter.TIME:
        return {
            "filterType": "filter_time",
            "targets": [{}],
            "controlValues": {"enableEmptyFilter": False},
            "defaultDataMask": {
                "extraFormData": {"time_range": dashboard.range},
                "filterState": {"value": dashboard.range},
            },
        }
    if chosen is Filter.GRAIN:
        chart = next(each for each in dashboard.charts() if isinstance(each, Lines))
        return {
            "filterType": "filter_timegrain",
            "targets": [{"datasetUuid": uuid_of(chart.view)}],
            "controlValues": {"enableEmptyFilter": False},
            "defaultDataMask": {
                "extraFormData": {"time_grain_sqla": dashboard.grain},
                "filterState": {"value": [dashboard.grain]},
            },
        }
    view, column = SOURCES[chosen]
    return {
        "filterType": "filter_select",
        "targets": [{"datasetUuid": uuid_of(view), "column": {"name": column}}],
        "controlValues": {
            "multiSelect": True,
            "enableEmptyFilter": False,
            "defaultToFirstItem": False,
            "inverseSelection": False,
            "searchAllOptions": False,
            "creatable": True,
        },
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
    }
