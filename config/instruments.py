"""Ticks and lots, from the lists that ``tapewatch instruments`` prints."""

import csv
from collections.abc import Iterable
from math import isfinite
from pathlib import Path

from config.load import ConfigError

_FIELDS = ("symbol", "tick_size", "lot_size")
Steps = dict[str, tuple[float | None, float | None]]


def steps(paths: Iterable[str | Path]) -> Steps:
    """Return the tick and the lot of every instrument, by ``venue:symbol``.

    A file is a CSV as ``tapewatch instruments VENUE > VENUE.csv`` writes it: its name
    says which venue. A step that the venue does not state is None.

    Raises:
        ConfigError: If a file cannot be read, or is no such list.
    """
    found: Steps = {}
    for path in map(Path, paths):
        found.update(_steps_in(path))
    return found


def _steps_in(path: Path) -> Steps:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            missing = [name for name in _FIELDS if name not in (rows.fieldnames or ())]
            if missing:
                raise ConfigError(_mended(path, f"Expected a column `{missing[0]}`"))
            return {f"{path.stem}:{row['symbol']}": _pair(row, path) for row in rows}
    except OSError as error:
        raise ConfigError(_mended(path, error.strerror or str(error))) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(_mended(path, f"Expected CSV - {error}")) from error


def _pair(row: dict[str, str | None], path: Path) -> tuple[float | None, float | None]:
    return _step(row, "tick_size", path), _step(row, "lot_size", path)


def _step(row: dict[str, str | None], name: str, path: Path) -> float | None:
    text = row[name]
    if not text:
        return None
    try:
        step = float(text)
    except ValueError:
        step = 0.0
    if not (step > 0.0 and isfinite(step)):
        where = f"`{name}` of `{row['symbol']}`"
        raise ConfigError(
            _mended(path, f"Expected a number > 0, not `{text}`, {where}")
        )
    return step


def _mended(path: Path, text: str) -> str:
    remedy = f"tapewatch instruments {path.stem} > {path.name}"
    return f"{path}: {text}; `{remedy}` writes it - at `$.quality.instruments`"
