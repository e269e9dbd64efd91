"""Show what was computed again in place of a lake's own rows, or take that back."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from config.load import ConfigError
from flows import account
from flows.account import Account
from flows.moment import spoken
from sinks import promotions
from sinks.catalog import alone, publish
from sinks.lake import TABLES, LakeError, catalog
from sinks.promotions import Promotion

_NEED_STATE: Final = {"books", "book_states"}
_REMEMBER: Final = {each.name for each in TABLES.values() if each.remembers}


def promote(lake: Path, history: Path, tables: Sequence[str] = ()) -> Promotion:
    """Show a reprocessed lake's rows in a lake, of the span that they are complete for.

    Args:
        lake: The lake that shall show them.
        history: What ``tapewatch reprocess`` made.
        tables: Which tables; all that were computed if none are named.

    Raises:
        LakeError: If there is no lake.
        ConfigError: If what was computed cannot be shown in its place.
    """
    _check(lake)
    said = account.read(history)
    if said is None:
        raise ConfigError(
            f"{history}: Expected what `tapewatch reprocess` made (no reprocess.json)"
        )
    if not said.done:
        raise ConfigError(
            f"{history}: is not complete; run the same `tapewatch reprocess` again"
        )
    from_ns, to_ns = said.whole
    empty = from_ns is not None and to_ns is not None and from_ns >= to_ns
    if not said.records or empty:
        raise ConfigError(
            f"{history}: no moment of it is complete ({said.records} records were read,"
            f" with {said.warm_up_s:g} s before and after the span); give"
            " `tapewatch reprocess` an earlier --to, or a shorter --warm-up"
        )
    wanted = _wanted(said, tables)
    origin = msgspec.to_builtins(said)
    with alone(lake.resolve()):
        done = promotions.add(lake, history, said.whole, wanted, origin)
    publish(lake)
    return done


def _wanted(said: Account, tables: Sequence[str]) -> tuple[str, ...]:
    """Return which tables are taken; books only if nothing of them can be missing.

    What remembers what came before is taken only where that was computed too, or by
    name.
    """
    unknown = [name for name in tables if name not in said.tables]
    if unknown:
        known = ", ".join(said.tables)
        raise ConfigError(f"--tables: Expected some of {known}, not `{unknown[0]}`")
    doubtful = [name for name in said.tables if name in _NEED_STATE]
    if not tables and said.cold and said.from_ns is not None and doubtful:
        sure = ",".join(name for name in said.tables if name not in _NEED_STATE)
        raise ConfigError(
            f"{said.cold} lines were taken up in their midst, so books that began"
            " before are missing: give `tapewatch reprocess` a --warm-up that reaches"
            f" back to where the lines opened, or name the tables: --tables {sure}"
        )
    aside = set() if said.from_ns is None else _REMEMBER
    return tuple(tables) or tuple(name for name in said.tables if name not in aside)


def undo(lake: Path) -> Promotion:
    """Take the newest promotion back; what was shown before is shown again.

    Raises:
        LakeError: If there is no lake.
        ConfigError: If nothing is promoted in it.
    """
    _check(lake)
    with alone(lake.resolve()):
        done = promotions.undo(lake)
    if done is None:
        raise ConfigError(f"--undo: nothing is promoted in {lake}")
    publish(lake)
    return done


def listed(lake: Path) -> list[Promotion]:
    """Return all promotions of a lake, oldest first.

    Raises:
        LakeError: If there is no lake.
    """
    _check(lake)
    return promotions.listed(lake)


def told(promotion: Promotion) -> str:
    """Return a promotion in one line."""
    state = "taken back" if promotion.undone else "shown"
    code = promotion.origin.get("code", "")
    tables = ", ".join(promotion.tables)
    return f"{promotion.number} {state}: {spoken(promotion.span)}: {tables} ({code})"


def _check(lake: Path) -> None:
    if not catalog(lake).exists():
        raise LakeError(f"{lake}: no lake here; `--lake DIR` names one")
