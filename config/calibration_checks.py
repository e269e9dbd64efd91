"""Whether a part of a calibration's file can be believed; if not, where and why."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import Any, Final

import msgspec

from config.load import UNREADABLE
from config.plain_yaml import TooMuchError, plain

CONTENT: Final = "content"
HEAD: Final = ("schema", "venue", "symbol")
_MOST: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Tree = Mapping[Any, Any]


class RefusedError(Exception):
    """A part of a file that cannot be believed: its place, why, and what to do."""

    def __init__(self, place: str, what: str, remedy: str) -> None:
        super().__init__(what)
        self.place, self.what, self.remedy = place, what, remedy


def content_of(head: Tree, fit: Tree) -> str:
    """Return the hash of a fit, whatever it holds, and of what it is of.

    Raises:
        TypeError: If it holds what no JSON can.
    """
    named = {name: head[name] for name in HEAD if name in head}
    told = {name: value for name, value in fit.items() if name != CONTENT}
    canonical = msgspec.json.encode({"of": named, "fit": told}, order="sorted")
    return hashlib.sha256(canonical).hexdigest()


def tree_of(path: Path) -> dict[Any, Any]:
    """Return the plain values in a file.

    Raises:
        RefusedError: If it cannot be read, or holds no mapping.
    """
    remedy = "mend it, or remove it and run `tapewatch calibrate fit`"
    try:
        raw = path.read_bytes()
        if len(raw) > _MOST:
            raise RefusedError("$", f"Expected at most {_MOST:,} bytes", remedy)
        tree = plain(raw.decode())
    except OSError as error:
        raise RefusedError("$", error.strerror or str(error), remedy) from error
    except (*UNREADABLE, TooMuchError) as error:
        text = " ".join(str(error).split())
        raise RefusedError("$", f"Expected YAML: {text}", remedy) from error
    if not isinstance(tree, dict):
        raise RefusedError("$", "Expected a mapping", remedy)
    return tree


def check_head(tree: Tree, wanted: Tree) -> None:
    """Check that a file says these things of itself.

    Raises:
        RefusedError: If not.
    """
    for name, value in wanted.items():
        if tree.get(name) != value or isinstance(tree.get(name), bool):
            text = f"Expected {value!r}, not {tree.get(name)!r}"
            hint = "written by other code, or moved; fit it anew"
            raise RefusedError(name, text, hint)


def fit_of(tree: Tree, remedy: str) -> dict[Any, Any]:
    """Return a fit without its hash, if it has one and all numbers are finite.

    Raises:
        RefusedError: If not.
    """
    fit = dict(finite(section(tree.get("fit"), "fit"), "fit"))
    content = fit.pop(CONTENT, None)
    if not isinstance(content, str):
        raise RefusedError(f"fit.{CONTENT}", "Expected the hash of the fit", remedy)
    return fit


def check_content(tree: Tree, fit: Tree, remedy: str) -> None:
    """Check that a fit is what was written.

    Raises:
        RefusedError: If not.
    """
    if content_of(tree, fit) != tree["fit"][CONTENT]:
        text = "The fit is not what was written: its hash is another"
        raise RefusedError(f"fit.{CONTENT}", text, remedy)


def check_length(mine: int, wanted: int | None) -> None:
    """Check that a fit is of windows of the length that is wanted [ms].

    Raises:
        RefusedError: If not.
    """
    if wanted is not None and mine != wanted:
        text = f"Fitted on windows of {mine} ms, the settings have {wanted} ms"
        raise RefusedError("fit.length_ms", text, "fit it anew")


def check_past(fitted_to_ns: int, now_ns: int) -> None:
    """Check that a fit knows nothing of the future.

    Raises:
        RefusedError: If not.
    """
    if fitted_to_ns > now_ns:
        text = f"Dated in the future: {at(fitted_to_ns)}"
        hint = "wait until then, mend the clock, or fit it anew"
        raise RefusedError("fit.fitted_to_ns", text, hint)


def section(told: Any, name: str) -> dict[Any, Any]:
    """Return a section, if it is a mapping; an empty one if there is none.

    Raises:
        RefusedError: If not.
    """
    if told is None:
        return {}
    if not isinstance(told, dict):
        raise RefusedError(name, "Expected a mapping", "mend it, or remove it")
    return told


def converted(tree: Any, kind: Any, place: str) -> Any:
    """Return plain values as a struct of this kind, if they are one.

    Raises:
        RefusedError: If not.
    """
    try:
        return msgspec.convert(tree, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        what, _, where = str(error).partition(" - at `$")
        where = f"{place}{where.rstrip('`')}"
        raise RefusedError(where, what, "undo the edit, or fit it anew") from error


def finite(told: Any, place: str) -> Any:
    """Return plain values as they are, if all of their numbers are finite."""
    inside: Any = ()
    if isinstance(told, dict):
        inside = told.items()
    elif isinstance(told, list):
        inside = enumerate(told)
    elif isinstance(told, float) and not isfinite(told):
        raise RefusedError(place, f"Expected a finite number, not {told}", "mend it")
    for name, value in inside:
        finite(value, f"{place}.{name}")
    return told


def at(ns: int) -> str:
    """Return a time for a person, to the second; UTC."""
    try:
        moment = _EPOCH + timedelta(seconds=ns // 1_000_000_000)
    except OverflowError:
        return "far away"
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
