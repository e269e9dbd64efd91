"""What of its view a chart uses."""

from typing import Final

from infra.superset.charts import (
    AnyChart,
    Bars,
    How,
    Lines,
    Number,
    Shares,
    Table,
    Threshold,
    Word,
)

TIME: Final = "event_time"


def is_dated(chart: AnyChart) -> bool:
    """Return whether the time that was chosen applies to a chart."""
    return isinstance(chart, Lines) or (
        isinstance(chart, Table | Bars | Shares) and chart.is_dated
    )


def used(chart: AnyChart) -> set[str]:
    """Return the columns of its view that a chart uses."""
    found = {each.column for each in chart.where}
    if is_dated(chart):
        found.add(TIME)
    if isinstance(chart, Word):
        return found | {chart.column, "chosen"}
    if isinstance(chart, Table):
        return found | {*chart.columns, *(each.lstrip("-") for each in chart.order)}
    for metric in chart.values if isinstance(chart, Lines) else (chart.value,):
        found |= {metric.column} | ({"chosen"} if metric.how is How.CHOSEN else set())
    if isinstance(chart, Lines):
        found |= {*chart.by}
    if isinstance(chart, Bars):
        found |= {chart.of, *chart.by}
    if isinstance(chart, Shares):
        found.add(chart.by)
    return found


def colours(chart: AnyChart) -> set[str]:
    """Return the names of the colours of a chart's thresholds."""
    some: list[tuple[Threshold, ...]] = []
    if isinstance(chart, Number | Word):
        some = [chart.colours]
    elif isinstance(chart, Table):
        some = list(chart.colours.values())
    return {threshold.colour for each in some for threshold in each}
