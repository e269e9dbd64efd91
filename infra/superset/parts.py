"""What charts of several kinds tell Superset alike."""

from collections.abc import Sequence
from typing import Any, Final

from infra.superset import columns
from infra.superset.charts import How, Metric, Threshold
from infra.superset.colours import NAMED

SCHEME: Final = "supersetColors"
_WORDS: Final = {
    How.SUM: "SUM",
    How.MEAN: "AVG",
    How.MAX: "MAX",
    How.MIN: "MIN",
    How.COUNT: "COUNT",
}
_MADE: Final = {
    How.CHOSEN: "arg_max_null({}, chosen)",
    How.MEDIAN: "quantile_cont({}, 0.5)",
    How.P95: "quantile_cont({}, 0.95)",
}

Params = dict[str, Any]


def metric(wanted: Metric, types: dict[str, str]) -> Params:
    """Return a number that is made of a column."""
    label = wanted.label or columns.label(wanted.column)
    named = {"label": label, "hasCustomLabel": True, "optionName": f"metric_{label}"}
    if wanted.how in _MADE:
        made = _MADE[wanted.how].format(wanted.column)
        return {"expressionType": "SQL", "sqlExpression": made, **named}
    column = {"column_name": wanted.column, "type": types[wanted.column]}
    aggregate = _WORDS[wanted.how]
    return {
        "expressionType": "SIMPLE",
        "column": column,
        "aggregate": aggregate,
        **named,
    }


def is_number(kind: str) -> bool:
    """Return whether a column of this type holds numbers."""
    return kind in {"BIGINT", "DOUBLE", "INTEGER", "HUGEINT"}


def axis(unit: str, number_format: str) -> Params:
    """Return what the axis of numbers says, and what is shown where one points."""
    return {
        "color_scheme": SCHEME,
        "y_axis_title": unit,
        "y_axis_title_margin": 60,
        "y_axis_title_position": "Left",
        "y_axis_format": number_format,
        "rich_tooltip": True,
        "tooltipSortByMetric": True,
    }


def legend(is_shown: bool) -> Params:
    """Return where it is said which colour is what."""
    return {
        "show_legend": is_shown,
        "legendType": "scroll",
        "legendOrientation": "top",
    }


def conditions(column: str, colours: Sequence[Threshold]) -> list[Params]:
    """Return the colours of a column, or of a number."""
    return [
        {
            "column": column,
            "colorScheme": NAMED[each.colour],
            "useGradient": False,
            **_operator(each),
        }
        for each in colours
    ]


def _operator(threshold: Threshold) -> Params:
    above, below = threshold.above, threshold.below
    if above is None and below is None:
        return {"operator": "=", "targetValue": threshold.word}
    if below is None:
        return {"operator": "≥", "targetValue": above}
    if above is None:
        return {"operator": "<", "targetValue": below}
    return {
        "operator": "≤ x <",
        "targetValueLeft": above,
        "targetValueRight": below,
    }
