"""Calibrations, from the files that ``tapewatch calibrate`` writes and people edit.

    DIR/pool.yaml                                what all symbols have in common
    DIR/<venue>/<SYMBOL>.yaml                    of a symbol: its fit, pins, live values
    DIR/<venue>/past/<SYMBOL>.<hash>.yaml        what was replaced
    DIR/past/pool.<hash>.yaml

A fit is believed only as it was written: its hash is over all of it, and over what it
is of. What cannot be believed is refused by name, and nothing else with it: without its
fit a symbol begins from the pool, without the pool from nothing.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from config.calibration_checks import (
    CONTENT,
    RefusedError,
    check_content,
    check_head,
    check_length,
    check_past,
    converted,
    fit_of,
    tree_of,
)
from config.calibration_file import PAST, Kept, Refusal, place_of, read
from operators.calibration.prior import SCHEMA, Pool, Prior

POOL: Final = "pool.yaml"


class Calibrated(msgspec.Struct, frozen=True, kw_only=True):
    """What a folder of calibrations says.

    Attributes:
        pool: What all symbols have in common; the defaults where there is no file.
        content: The hash of its file; empty without it.
        kept: What each symbol's file says, by ``venue:symbol``.
        refused: All that is not used.
    """

    pool: Pool = Pool()
    content: str = ""
    kept: Mapping[str, Kept] = {}
    refused: tuple[Refusal, ...] = ()

    def prior(self, key: str) -> Prior:
        """Return what a symbol, by ``venue:symbol``, begins from."""
        kept = self.kept.get(key)
        if kept is None:
            return Prior(pool=self.pool, origin=self.content)
        return Prior(
            pool=self.pool,
            entry=kept.entry,
            pins=kept.pins,
            origin=kept.content or self.content,
        )


def load(
    folder: Path,
    *,
    length_ms: int | None = None,
    now_ns: int | None = None,
    only: Path | None = None,
) -> Calibrated:
    """Return what a folder says; one that is missing says nothing.

    Args:
        folder: The folder.
        length_ms: Fits on windows of another length are refused [ms]; None takes all.
        now_ns: What time it is: fits that have expired then, or are of later, are
            refused [ns UTC]. None takes all: the flow judges by the time of events.
        only: The pool and this file alone are read; None reads all.
    """
    pool, content, refused = _pool(folder, length_ms, now_ns)
    kept = {
        each.key: each
        for path in (files(folder) if only is None else [only])
        if path.exists()
        for each in [read(folder, path, length_ms=length_ms, now_ns=now_ns)]
    }
    for each in kept.values():
        refused += each.refused
    return Calibrated(pool=pool, content=content, kept=kept, refused=refused)


def files(folder: Path) -> Iterator[Path]:
    """Yield the files of all symbols, in order; of no other names."""
    for path in sorted(folder.glob("*/*.yaml")):
        if path.parent.name != PAST and _is_ours(folder, path):
            yield path


def _is_ours(folder: Path, path: Path) -> bool:
    try:
        return place_of(folder, path.parent.name, path.stem) == path
    except ValueError:
        return False


def _pool(
    folder: Path, length_ms: int | None, now_ns: int | None
) -> tuple[Pool, str, tuple[Refusal, ...]]:
    path = folder / POOL
    if not path.exists():
        return Pool(), "", ()
    try:
        tree = tree_of(path)
        check_head(tree, {"schema": SCHEMA})
        fit = fit_of(tree, "`tapewatch calibrate fit` writes it anew")
        pool = converted(fit | {"schema": SCHEMA}, Pool, "fit")
        check_content(tree, fit, "the pool cannot be edited; pin values of a symbol")
        check_length(pool.length_ms, length_ms)
        if now_ns is not None:
            check_past(pool.fitted_to_ns, now_ns)
    except RefusedError as error:
        return Pool(), "", (Refusal(POOL, error.place, error.what, error.remedy),)
    return pool, str(tree["fit"][CONTENT]), ()
