"""A symbol's calibration, for a person."""

import io
from collections.abc import Iterator
from typing import Final

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from config.calibration_checks import at
from flows.calibrating import Shown
from flows.printed import safe
from operators.records.priority import PriorityWeights

_WIDTH: Final = 160
_SIDES: Final = ("live", "pinned", "drawn", "fitted", "pool")
_TERMS: Final = ("credibility", "freshness", "coverage", "stability", "confidence")
_COMPONENTS: Final = (
    *("volatility", "turnover", "spread", "depth", "momentum", "order_flow"),
    "data_quality",
)


def told(shown: Shown) -> str:
    """Return it as text."""
    out = io.StringIO()
    console = Console(file=out, width=_WIDTH, emoji=False, highlight=False)
    for part in _parts(shown):
        console.print(part)
    return out.getvalue()


def _parts(shown: Shown) -> Iterator[RenderableType]:
    entry, live = shown.entry, shown.live
    yield Text(shown.key, "bold")
    if entry is None:
        pooled = f"of {shown.pool_symbols} symbols" if shown.pool_symbols else "unknown"
        yield Text(f"No fit of its own: it begins from the pool, {pooled}.")
    else:
        span = f"{at(entry.fitted_from_ns)} to {at(entry.fitted_to_ns)}"
        yield Text(
            f"Fitted on {entry.n:,} windows of {entry.length_ms / 1_000:g} s, {span},"
            f" by {safe(entry.code)}; holds until {at(entry.expires_ns)}."
        )
        parent = entry.parent[:8] or "none"
        yield Text(f"File {shown.file}, hash {shown.content[:8]}, replaced {parent}.")
    if live is not None:
        origin = safe(live.origin[:8]) or "nothing"
        yield Text(
            f"Live at {at(live.event_ns)} ({safe(live.reason)}), from"
            f" {live.windows:,} windows; began from {origin}."
        )
    table = Table("parameter", "unit", *_SIDES, "Z of the fit")
    for row in shown.parameters:
        sides = [_number(getattr(row, side)) for side in _SIDES]
        table.add_row(row.name, row.unit, *sides, _number(row.credibility))
    yield table
    yield _confidence(shown)
    if isinstance(shown.weights, PriorityWeights):
        yield _weights(shown.weights)
    for refusal in shown.refused:
        yield Text(f"refused: {safe(str(refusal))}", "yellow")


def _confidence(shown: Shown) -> Table:
    """Return each term of the confidence, of the fit and of what is live."""
    table = Table("", *_TERMS)
    if (entry := shown.entry) is not None:
        known = dict.fromkeys(_TERMS, "")
        known["credibility"] = _number(entry.credibility)
        known["freshness"] = _number(shown.freshness)
        if entry.credibility:
            known["stability"] = _number(entry.confidence / entry.credibility)
        if shown.freshness is not None:
            known["confidence"] = _number(entry.confidence * shown.freshness)
        table.add_row("fit", *known.values())
    if (live := shown.live) is not None:
        table.add_row("live", *(_number(getattr(live, term)) for term in _TERMS))
    return table


def _weights(weights: PriorityWeights) -> Table:
    table = Table("weights of the priority", *_COMPONENTS, "n", "Z")
    values = [_number(getattr(weights, name)) for name in _COMPONENTS]
    figures = (str(weights.n), _number(weights.credibility))
    table.add_row(f"{safe(weights.reason)}, {at(weights.event_ns)}", *values, *figures)
    return table


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
