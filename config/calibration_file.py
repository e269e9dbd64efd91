"""One symbol's file: what of it can be believed, and what is refused by name."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from config.calibration_checks import (
    CONTENT,
    HEAD,
    RefusedError,
    Tree,
    at,
    check_content,
    check_head,
    check_length,
    check_past,
    converted,
    finite,
    fit_of,
    section,
    tree_of,
)
from operators.calibration.prior import SCHEMA, Entry, Parameters
from operators.records.calibration import Calibration
from operators.records.priority import PriorityWeights

PAST: Final = "past"
LIVE: Final = {"calibration": Calibration, "weights": PriorityWeights}
_SECTIONS: Final = ("pins", "fit", "live")
_VENUE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_SYMBOL: Final = re.compile(r"[^\s\-_/a-z]+(-[^\s\-_/a-z]+)+")


class Refusal(msgspec.Struct, frozen=True):
    """What is not used, and what to do.

    Attributes:
        file: The file, below the folder.
        place: Where in it.
        what: What is wrong.
        remedy: What to do.
    """

    file: str
    place: str
    what: str
    remedy: str

    def __str__(self) -> str:
        """Return it as a line."""
        return f"{self.file}: {self.what} - at `{self.place}`; {self.remedy}"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What a symbol's file says, as far as it can be believed.

    Attributes:
        file: The file, below the folder.
        venue: The symbol's venue, as the file's place says.
        symbol: Its canonical name, likewise.
        entry: Its own fit.
        content: The hash of that; empty without it.
        pins: What a person has fixed.
        live: The newest records that `tapewatch calibrate follow` has written.
        refused: What of it is not used.
        is_whole: Whether the file could be read as a file of this symbol at all.
    """

    file: str
    venue: str
    symbol: str
    entry: Entry | None = None
    content: str = ""
    pins: Parameters = Parameters()
    live: Mapping[str, Any] = {}
    refused: tuple[Refusal, ...] = ()
    is_whole: bool = True

    @property
    def key(self) -> str:
        """``venue:symbol``."""
        return f"{self.venue}:{self.symbol}"


def place_of(folder: Path, venue: str, symbol: str) -> Path:
    """Return the file of a symbol.

    Raises:
        ValueError: If these are no names of a venue and a symbol.
    """
    known = _VENUE.fullmatch(venue) and _SYMBOL.fullmatch(symbol)
    if not known or not symbol.isprintable() or len(symbol.encode()) > 200:
        raise ValueError(f"Expected a venue and a symbol, not {venue!r} {symbol!r}")
    return folder / venue / f"{symbol}.yaml"


def read(
    folder: Path,
    path: Path,
    *,
    length_ms: int | None = None,
    now_ns: int | None = None,
) -> Kept:
    """Return what a symbol's file says; see :func:`load`."""
    file = str(path.relative_to(folder))
    venue, symbol = path.parent.name, path.stem
    if venue == PAST:
        venue, symbol = path.parent.parent.name, symbol.rpartition(".")[0]
    named = f"{venue}:{symbol}"
    try:
        tree = tree_of(path)
        check_head(tree, {"schema": SCHEMA, "venue": venue, "symbol": symbol})
    except RefusedError as error:
        why = (Refusal(file, error.place, error.what, error.remedy),)
        return Kept(file=file, venue=venue, symbol=symbol, refused=why, is_whole=False)
    refused = [
        Refusal(file, str(key), f"Unknown key `{key}`", f"rename it: {_SECTIONS}")
        for key in tree
        if key not in {*HEAD, *_SECTIONS}
    ]
    entry, content, live = None, "", {}
    try:
        if tree.get("fit") is not None:
            entry, content = _entry(tree, named, length_ms, now_ns)
    except RefusedError as error:
        refused.append(Refusal(file, error.place, error.what, error.remedy))
    pins = _pins(tree.get("pins"), file, named, refused)
    for name, record in LIVE.items():
        try:
            if told := section(tree.get("live"), "live").get(name):
                about = {"venue": venue, "symbol": symbol}
                live[name] = msgspec.convert(
                    finite(told, f"live.{name}") | about, record
                )
        except (RefusedError, msgspec.ValidationError) as error:
            hint = "`tapewatch calibrate follow` writes it anew"
            refused.append(Refusal(file, f"live.{name}", str(error), hint))
    return Kept(
        file=file,
        venue=venue,
        symbol=symbol,
        entry=entry,
        content=content,
        pins=pins,
        live=live,
        refused=tuple(refused),
    )


def _entry(
    tree: Tree, named: str, length_ms: int | None, now_ns: int | None
) -> tuple[Entry, str]:
    fit = fit_of(tree, f"`tapewatch calibrate fit --symbol {named}` writes it anew")
    head = {name: tree[name] for name in HEAD}
    entry = converted(fit | head, Entry, "fit")
    hint = f"to fix a value: `tapewatch calibrate pin {named} NAME=VALUE`, or write it"
    check_content(tree, fit, f"{hint} under `pins`, and undo the edit, or fit anew")
    check_length(entry.length_ms, length_ms)
    if now_ns is not None:
        check_past(entry.fitted_to_ns, now_ns)
        if entry.expires_ns <= now_ns:
            text = f"Expired {at(entry.expires_ns)}"
            raise RefusedError("fit.expires_ns", text, "fit it anew")
    return entry, str(tree["fit"][CONTENT])


def _pins(told: Any, file: str, named: str, refused: list[Refusal]) -> Parameters:
    """Return the pins that can be believed; each of the others is refused by itself."""
    found = {}
    hint = f"mend it, or `tapewatch calibrate unpin {named}`"
    try:
        pins = section(told, "pins")
    except RefusedError as error:
        refused.append(Refusal(file, error.place, error.what, hint))
        return Parameters()
    for name, value in pins.items():
        try:
            msgspec.convert({name: value}, Parameters)
            found[name] = finite({name: value}, "pins")[name]
        except (RefusedError, msgspec.ValidationError) as error:
            refused.append(Refusal(file, f"pins.{name}", str(error), hint))
    return msgspec.convert(found, Parameters)
