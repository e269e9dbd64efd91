"""Calibrations as YAML that a person reads and edits: units and times stand beside.

A file is changed a section at a time, in its text, so that what a person has written
elsewhere stays as it is, comments too.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec
import yaml

from config.calibration_checks import CONTENT, at, content_of
from config.plain_yaml import plain
from operators.calibration.prior import SCHEMA, Entry, Hours, Parameters, Pool

UNITS: Final = {
    "atr_period": "windows, of the mixed ATR",
    "wide_bps": "bps, a spread beyond it is wide",
    "thin": "quote currency, a depth below it is thin",
    "volatility": "of a window's log return, standard deviation",
    "length_ms": "ms, of a window",
    "n": "windows that it was fitted on",
    "credibility": "Z = n / (n + k), 0 to 1",
    "confidence": "0 to 1",
    "parent": "hash of the fit that it replaced",
    "code": "version that fitted it",
    "symbols": "that it was fitted on",
    "windows": "learnt from",
    "season": "what the hour of the week makes of the volatility",
}
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_WIDTH: Final = 10**9
_BODY: Final = r"(?:[ \t]+\S.*\n?|-(?:[ \t].*)?\n|[ \t]*\n)*"
"""Lines that belong to the key above: indented, of a list, or blank."""


class TextError(Exception):
    """A file whose text is such that a section cannot be changed in it."""


def fresh(venue: str, symbol: str) -> str:
    """Return the text of a symbol's file without a fit."""
    named = f"{venue}:{symbol}"
    return (
        f"# What is normal for {named}. Yours to edit: `pins`, here or by\n"
        f"#   tapewatch calibrate pin {named} wide_bps=12.5\n"
        "# `fit` is written by `tapewatch calibrate fit`, and refused where edited;\n"
        "# `live` by `tapewatch calibrate follow`: what the flow says now. It never\n"
        "# reads that.\n"
        f"schema: {SCHEMA}\nvenue: {scalar(venue)}\nsymbol: {scalar(symbol)}\n\n"
        "pins: {} # atr_period, wide_bps, thin, volatility\n"
    )


def of_pool(pool: Pool) -> str:
    """Return the text of the pool's file."""
    head = {"schema": SCHEMA}
    text = (
        "# What all symbols have in common: where little is known of a symbol, it is\n"
        "# this. Written by `tapewatch calibrate fit`, and refused where edited: pin\n"
        "# a symbol's values instead.\n"
        f"schema: {SCHEMA}\n"
    )
    return with_section(text, "fit", _fit_lines(head, _told(pool)))


def with_fit(text: str, entry: Entry) -> str:
    """Return a symbol's text with another fit.

    Raises:
        TextError: If that cannot be done without changing the rest.
    """
    head = {"schema": SCHEMA, "venue": entry.venue, "symbol": entry.symbol}
    return with_section(text, "fit", _fit_lines(head, _told(entry)))


def with_pins(text: str, pins: Parameters) -> str:
    """Return a symbol's text with other pins.

    Raises:
        TextError: Likewise.
    """
    told = msgspec.to_builtins(pins)
    return with_section(text, "pins", list(_lines("pins", told)))


def with_live(text: str, live: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a symbol's text with other live values.

    Raises:
        TextError: Likewise.
    """
    return with_section(text, "live", list(_lines("live", live)))


def content(kept: Entry | Pool) -> str:
    """Return the hash that a fit is written with."""
    head = {"schema": SCHEMA}
    if isinstance(kept, Entry):
        head |= {"venue": kept.venue, "symbol": kept.symbol}  # type: ignore[dict-item]
    return content_of(head, _told(kept))


def with_section(text: str, name: str, lines: Iterable[str]) -> str:
    """Return a text with a section replaced, or added at its end.

    Raises:
        TextError: If the text is no YAML, or something else would change with it.
    """
    block = "".join(f"{line}\n" for line in lines)
    found = re.search(rf"^{name}:.*\n?{_BODY}", text, re.MULTILINE)
    if found is None:
        made = f"{text.rstrip()}\n\n{block}"
    else:
        gap = "\n" if found[0].endswith("\n\n") else ""
        made = f"{text[: found.start()]}{block}{gap}{text[found.end() :]}"
    try:
        before, after, wanted = plain(text), plain(made), plain(block)
    except Exception as error:  # PyYAML raises many things
        raise TextError(f"no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(before, dict) or after != before | wanted:
        raise TextError(f"`{name}` cannot be replaced in it and the rest kept")
    return made


def scalar(value: Any) -> str:
    """Return a plain value in a line of YAML."""
    line: str = yaml.safe_dump(
        [value], default_flow_style=True, width=_WIDTH, allow_unicode=True
    )
    return line.strip()[1:-1]


def _told(kept: Entry | Pool) -> dict[str, Any]:
    """Return all fields of a fit, but those that stand elsewhere in the file."""
    found = {}
    for name in kept.__struct_fields__:
        value = getattr(kept, name)
        if name in {"schema", "venue", "symbol", "pins"}:
            continue
        if isinstance(value, msgspec.Struct):
            value = {
                key: list(each) if isinstance(each, tuple) else each
                for key in value.__struct_fields__
                if (each := getattr(value, key)) not in {None, ()}
            }
        found[name] = value
    return found


def _fit_lines(head: Mapping[str, Any], fit: dict[str, Any]) -> list[str]:
    return list(_lines("fit", fit | {CONTENT: content_of(head, fit)}))


def _lines(name: str, value: Any, depth: int = 0, within: str = "") -> Iterator[str]:
    """Yield the lines of a value under its name, with what it means beside it."""
    pad = "  " * depth
    if isinstance(value, Mapping) and value:
        yield f"{pad}{name}:"
        for key, each in value.items():
            yield from _lines(scalar(key), each, depth + 1, name)
    elif name in Hours.__struct_fields__ and isinstance(value, list):
        yield f"{pad}{name}: ["
        for day in range(len(value) // 24):
            factors = ", ".join(map(scalar, value[24 * day : 24 * day + 24]))
            label = _DAYS[day] if day < len(_DAYS) else "Sunday"
            yield f"{pad}  {factors}, # {label}, from 0:00 UTC"
        yield f"{pad}  ]"
    else:
        beside = "windows" if within == "doubt" else UNITS.get(name, "")
        if name.endswith("_ns") and isinstance(value, int) and value:
            beside = at(value)
        told = scalar(value if not isinstance(value, Mapping) else {})
        yield f"{pad}{name}: {told}{f' # {beside}' if beside else ''}"
