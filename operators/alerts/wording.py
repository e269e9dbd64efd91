"""What an alert says: a text with names of fields in braces."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from string import Formatter
from typing import Any, Final

from operators.alerts.fields import Kind
from operators.records.time import SECOND

_SPEC: Final = re.compile(r",?(\.\d{1,2}[fg%])?|time")


def worded(text: str, fields: Mapping[str, Kind]) -> Callable[[Any], str]:
    """Return a text as something that is filled in from a record.

    ``{score:.1f}`` shows a number with one digit, ``{volume:,.0f}`` with commas, and
    ``{opened_ns:time}`` as a time. What is not known leaves nothing; spaces that stand
    side by side become one.

    Raises:
        ValueError: If it names what no record has, or asks for what cannot be shown.
    """
    parts = []
    try:
        parsed = list(Formatter().parse(text))
    except ValueError as error:
        raise ValueError(f"Expected a text with {{fields}}: {error}: {text}") from error
    for plain, name, spec, conversion in parsed:
        parts.append((plain, name, spec or ""))
        if name is None:
            continue
        if name not in fields:
            known = ", ".join(sorted(fields))
            raise ValueError(f"Expected a field ({known}), not `{name}` in `{text}`")
        if conversion or not _SPEC.fullmatch(spec or ""):
            raise ValueError(f"Expected a form such as `:.2f`, not `{text}`")

    def fill(record: Any) -> str:
        words = [
            plain + ("" if name is None else _shown(getattr(record, name, None), spec))
            for plain, name, spec in parts
        ]
        return " ".join("".join(words).split())

    return fill


def named(text: str) -> set[str]:
    """Return the fields that a good text names."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def _shown(value: Any, spec: str) -> str:
    if value is None:
        return ""
    if spec == "time" and isinstance(value, int):
        return told_time(value)
    if spec and spec != "time" and isinstance(value, int | float):
        return format(value, spec)
    return str(value)


def told_time(at_ns: int) -> str:
    """Return a moment as people read it, to the second."""
    try:
        at = datetime.fromtimestamp(at_ns // SECOND, UTC)
    except (OverflowError, ValueError, OSError):
        return str(at_ns)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
