"""The queries of every chart of the dashboards, as Superset asks them.

They are made from what Superset itself is told of a chart. Where a chart over time has
more lines than it shows, Superset joins it with a query of which are the first.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from infra.superset import filters, kinds
from infra.superset.charts import AnyChart
from infra.superset.columns import Columns
from infra.superset.specs import load

_GRAINS: Final = {"PT1M": "minute", "PT1H": "hour", "P1D": "day"}

Params = Mapping[str, Any]


class Query(NamedTuple):
    """What is asked for a chart, or for the choices of a filter.

    Attributes:
        dashboard: Where it is shown.
        name: The chart.
        is_dated: Whether the time that is chosen applies.
        text: The query in SQL, with ``{since}`` and ``{until}`` where it does.
    """

    dashboard: str
    name: str
    is_dated: bool
    text: str

    def over(self, span: timedelta, now: datetime) -> str:
        """Return it for so long a time until now."""
        return self.text.format(since=now - span, until=now)


def queries(types: Columns, grain: str = "PT1M") -> Iterator[Query]:
    """Yield the queries of all dashboards.

    Args:
        types: The columns of each view.
        grain: Over which charts over time gather.
    """
    for dashboard in load():
        for chart in dashboard.charts():
            told = kinds.params(chart, types[chart.view], dashboard.range)
            text = _text(chart, told, grain)
            yield Query(dashboard.slug, chart.name, kinds.is_dated(chart), text)
    for chosen, (view, column) in filters.SOURCES.items():
        text = f"SELECT {column} FROM main.{view} GROUP BY {column} LIMIT 1000"
        yield Query("all", f"filter: {chosen}", is_dated=False, text=text)


def _text(chart: AnyChart, told: Params, grain: str) -> str:
    source = f"FROM main.{chart.view}"
    if conditions := [_condition(each) for each in told["adhoc_filters"]]:
        source += f" WHERE {' AND '.join(conditions)}"
    if told.get("query_mode") == "raw":
        order = ", ".join(
            f"{column} {'ASC' if is_ascending else 'DESC'}"
            for column, is_ascending in map(json.loads, told["order_by_cols"])
        )
        by = f" ORDER BY {order}" if order else ""
        names = ", ".join(told["all_columns"])
        return f"SELECT {names} {source}{by} LIMIT {told['row_limit']}"
    metrics = [_metric(each) for each in told.get("metrics") or [told["metric"]]]
    shown = ", ".join(f'{made} AS "{label}"' for made, label in metrics)
    series = list(told.get("groupby", ()))
    if told.get("x_axis") == kinds.TIME:
        time = f"DATE_TRUNC('{_GRAINS[grain]}', {kinds.TIME})"
        join = _first(source, series, metrics[0][0], told) if series else ""
        columns = ", ".join([f"{time} AS event_time", *series])
        before, _, where = source.partition(" WHERE ")
        groups = ", ".join([time, *series])
        return (
            f"SELECT {columns}, {shown} {before}{join} WHERE {where} GROUP BY {groups}"
            f' ORDER BY "{metrics[0][1]}" DESC LIMIT {told["row_limit"]}'
        )
    columns = [*([told["x_axis"]] if "x_axis" in told else []), *series]
    names = "".join(f"{column}, " for column in columns)
    groups = f" GROUP BY {', '.join(columns)}" if columns else ""
    order = f' ORDER BY "{metrics[0][1]}" DESC' if columns else ""
    return f"SELECT {names}{shown} {source}{groups}{order} LIMIT 50000"


def _first(source: str, series: list[str], made: str, told: Params) -> str:
    """Return the join with those series that are shown."""
    inner = ", ".join(f"{each} AS {each}__" for each in series)
    groups, on = ", ".join(series), " AND ".join(f"{e} = {e}__" for e in series)
    order = "DESC" if told["order_desc"] else "ASC"
    return (
        f" JOIN (SELECT {inner}, {made} AS mme_inner__ {source} GROUP BY {groups}"
        f" ORDER BY mme_inner__ {order} LIMIT {told['limit']}) AS series_limit ON {on}"
    )


def _condition(told: Params) -> str:
    column = told["subject"]
    if told["operator"] == "TEMPORAL_RANGE":
        return f"{column} >= '{{since}}' AND {column} < '{{until}}'"
    words = ", ".join(f"'{each}'" for each in told["comparator"])
    return f"{column} IN ({words})"


def _metric(told: Params) -> tuple[str, str]:
    if told["expressionType"] == "SQL":
        return told["sqlExpression"], told["label"]
    return f"{told['aggregate']}({told['column']['column_name']})", told["label"]
