"""What Superset is told of each kind of chart."""

import json
from typing import Any, Final

from infra.superset.charts import (
    AnyChart,
    Bars,
    Lines,
    Number,
    Shares,
    Table,
    Word,
)
from infra.superset.parts import (
    SCHEME,
    Params,
    axis,
    conditions,
    is_number,
    legend,
    metric,
)
from infra.superset.uses import TIME, is_dated

_STYLES: Final = {
    "line": "echarts_timeseries_line",
    "bar": "echarts_timeseries_bar",
    "scatter": "echarts_timeseries_scatter",
    "step": "echarts_timeseries_step",
    "area": "echarts_area",
}
_DATE: Final = "%Y-%m-%d %H:%M:%S"


def params(chart: AnyChart, types: dict[str, str], span: str) -> Params:
    """Return a chart's parameters.

    Args:
        chart: The chart.
        types: The columns of its view.
        span: The time that it shows where none is chosen.
    """
    made = _KINDS[type(chart)](chart, types)
    where = [
        {
            "clause": "WHERE",
            "expressionType": "SIMPLE",
            "subject": each.column,
            "operator": "IN",
            "operatorId": "IN",
            "comparator": list(each.words),
        }
        for each in chart.where
    ]
    if is_dated(chart):
        where.append(
            {
                "clause": "WHERE",
                "expressionType": "SIMPLE",
                "subject": TIME,
                "operator": "TEMPORAL_RANGE",
                "comparator": span,
            }
        )
    return {"adhoc_filters": where, **made}


def viz_type(chart: AnyChart) -> str:
    """Return what Superset calls a chart of this kind."""
    if isinstance(chart, Lines):
        return _STYLES[chart.style]
    return {
        Number: "big_number_total",
        Word: "table",
        Table: "table",
        Bars: "echarts_timeseries_bar",
        Shares: "pie",
    }[type(chart)]


def _number(chart: Number, types: dict[str, str]) -> Params:
    value = metric(chart.value, types)
    return {
        "metric": value,
        "header_font_size": 0.5,
        "y_axis_format": chart.format,
        "time_format": _DATE,
        "conditional_formatting": conditions(value["label"], chart.colours),
    }


def _word(chart: Word, types: dict[str, str]) -> Params:
    return {
        "query_mode": "raw",
        "all_columns": [chart.column],
        "order_by_cols": [json.dumps(["chosen", False])],
        "row_limit": 1,
        "table_timestamp_format": _DATE,
        "show_cell_bars": False,
        "conditional_formatting": [
            {**each, "objectFormatting": "TEXT_COLOR"}
            for each in conditions(chart.column, chart.colours)
        ],
    }


def _table(chart: Table, types: dict[str, str]) -> Params:
    formats = {
        column: {"d3NumberFormat": chart.formats.get(column, _plain(column, types))}
        for column in chart.columns
        if is_number(types[column])
    }
    widths = {column: {"columnWidth": px} for column, px in chart.widths.items()}
    config: Params = {}
    for told in (formats, widths):
        for column, more in told.items():
            config.setdefault(column, {}).update(more)
    return {
        "query_mode": "raw",
        "all_columns": list(chart.columns),
        "order_by_cols": [
            json.dumps([each.lstrip("-"), not each.startswith("-")])
            for each in chart.order
        ],
        "row_limit": chart.rows,
        "server_page_length": 10,
        "page_length": 0,
        "table_timestamp_format": _DATE,
        "show_cell_bars": False,
        "color_pn": False,
        "allow_render_html": False,
        "column_config": config,
        "conditional_formatting": [
            each
            for column, colours in chart.colours.items()
            for each in conditions(column, colours)
        ],
    }


def _plain(column: str, types: dict[str, str]) -> str:
    return ",d" if types[column] == "BIGINT" else ",.1f"


def _lines(chart: Lines, types: dict[str, str]) -> Params:
    low, high = chart.bounds
    return {
        "x_axis": TIME,
        "time_grain_sqla": "PT1M",
        "metrics": [metric(each, types) for each in chart.values],
        "groupby": list(chart.by),
        "limit": chart.most,
        "order_desc": chart.first == "most",
        "row_limit": 50_000,
        "stack": "Stack" if chart.style in {"bar", "area"} else None,
        "x_axis_time_format": "smart_date",
        "tooltipTimeFormat": _DATE,
        "connectNulls": False,
        "markerEnabled": chart.style == "scatter",
        "markerSize": 6,
        **axis(chart.unit, chart.format),
        **legend(bool(chart.by) or len(chart.values) > 1),
        "truncateYAxis": low is not None or high is not None,
        "y_axis_bounds": [low, high],
    }


def _bars(chart: Bars, types: dict[str, str]) -> Params:
    value, by_value = metric(chart.value, types), chart.sort == "value"
    return {
        "x_axis": chart.of,
        "orientation": "horizontal",
        "metrics": [value],
        "groupby": list(chart.by),
        "stack": "Stack" if chart.by else None,
        "x_axis_sort": _sorted_by(chart, value["label"]),
        "x_axis_sort_asc": by_value,
        "row_limit": chart.most,
        "order_desc": True,
        "show_value": True,
        **axis(chart.unit, chart.format),
        **legend(bool(chart.by)),
    }


def _sorted_by(chart: Bars, label: str) -> str:
    """Return what bars are sorted by, which is said otherwise of stacks."""
    if chart.by:
        return "sum" if chart.sort == "value" else "name"
    return label if chart.sort == "value" else chart.of


def _shares(chart: Shares, types: dict[str, str]) -> Params:
    return {
        "groupby": [chart.by],
        "metric": metric(chart.value, types),
        "donut": True,
        "innerRadius": 45,
        "outerRadius": 75,
        "label_type": "value",
        "labels_outside": True,
        "show_labels": True,
        "show_labels_threshold": 0,
        "show_total": True,
        "number_format": ",d",
        "row_limit": 25,
        "sort_by_metric": True,
        "color_scheme": SCHEME,
        **legend(is_shown=True),
    }


_KINDS: Final[dict[type[AnyChart], Any]] = {
    Number: _number,
    Word: _word,
    Table: _table,
    Lines: _lines,
    Bars: _bars,
    Shares: _shares,
}
