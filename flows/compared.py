"""A comparison of two lakes, as a person or a program reads it."""

import io
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.table import Table

from flows.compare import Comparison
from flows.moment import spoken
from sinks.contrast import Difference, Verdict

_COUNTS: Final = ("equal", "missing", "extra", "different", "repeated_a", "repeated_b")
_WIDTH: Final = 160


def as_json(found: Comparison) -> str:
    """Return a comparison as JSON."""
    said = {
        "equal": found.is_equal,
        "from_ns": found.span.from_ns,
        "to_ns": found.span.to_ns,
        "tables": [each._asdict() for each in found.verdicts],
        "not_compared": found.skipped,
    }
    plain = msgspec.to_builtins(said, enc_hook=str)
    for table in plain["tables"]:
        if first := table["first"]:
            kind, key, columns = first
            pairs = {name: {"a": a, "b": b} for name, (a, b) in columns.items()}
            table["first"] = {"kind": kind, "key": key, "columns": pairs}
    return msgspec.json.format(msgspec.json.encode(plain)).decode()


def as_text(found: Comparison) -> str:
    """Return a comparison as a table, what differs first, and a last plain line."""
    table = Table(
        "table",
        *(name.replace("repeated_", "repeated in ") for name in _COUNTS),
        title=f"A and B, {spoken(found.span)}",
        title_justify="left",
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for each in found.verdicts:
        counts = (f"{getattr(each, name):,}" for name in _COUNTS)
        table.add_row(each.table, *counts)
    out = io.StringIO()
    console = Console(
        file=out, width=_WIDTH, markup=False, emoji=False, highlight=False
    )
    console.print(table)
    for each in found.verdicts:
        if each.first:
            console.print(_told(each.table, each.first), soft_wrap=True)
    if found.skipped:
        console.print(f"not compared: {', '.join(found.skipped)}", soft_wrap=True)
    console.print(_last(found), soft_wrap=True)
    return out.getvalue().rstrip()


def _told(table: str, first: Difference) -> str:
    key = ", ".join(f"{name}={value}" for name, value in first.key.items())
    lines = [f"first {first.kind} in {table}: {key}"]
    for name, (mine, theirs) in first.columns.items():
        lines.append(f"  {name}: {_value(mine)} in A, {_value(theirs)} in B")
    return "\n".join(lines)


def _value(value: Any) -> str:
    return "nothing" if value is None else str(value)


def _last(found: Comparison) -> str:
    facts = sum(each.equal for each in found.verdicts)
    if found.is_equal:
        return f"equal: {facts:,} facts in {len(found.verdicts)} tables"
    unequal = [each for each in found.verdicts if not each.is_equal]
    return "not equal: " + "; ".join(map(_counted, unequal))


def _counted(verdict: Verdict) -> str:
    names = ("missing", "extra", "different")
    counts = [(getattr(verdict, name), name) for name in names]
    told = ", ".join(f"{count:,} {name}" for count, name in counts if count)
    return f"{verdict.table}: {told}"
