"""What the files, the running flow and the lake say of a symbol's calibration."""

from collections.abc import Iterable
from math import exp
from pathlib import Path
from typing import Any, Final

import duckdb
import msgspec

from config.calibration_file import Kept, Refusal, place_of, read
from config.calibrations import Calibrated, load
from config.load import ConfigError
from config.settings import Settings
from operators.calibration.prior import Entry, Parameters
from operators.numerics.buhlmann import Parts
from operators.records.calibration import Calibration
from sinks.calibrations import past
from sinks.catalog import connect

UNITS: Final = {
    "atr_period": "windows",
    "wide_bps": "bps",
    "thin": "quote",
    "volatility": "1",
}
NAMES: Final = tuple(UNITS)
RESTART: Final = (
    "it takes effect when the flow `calibration` next starts: end `tapewatch up` and"
    " start it again, or restart the process alone (`systemctl restart"
    " 'tapewatch-flow@calibration-*'`, `kubectl rollout restart"
    " statefulset/flow-calibration`)"
)
_HISTORY: Final = """
select event_ns, reason, windows, credibility, confidence, atr_period, wide_bps, thin,
    volatility, pinned, origin
from calibrations where venue = ? and symbol = ?
order by event_ns desc limit ?
"""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter, from every side; None where not known.

    Attributes:
        name: The parameter.
        unit: Its unit.
        live: What the running flow has in force.
        pinned: What a person has fixed.
        drawn: What the symbol begins from: its fit, drawn to the pool.
        fitted: Its own fit.
        pool: Of all symbols.
        before: The fit that its own has replaced.
        credibility: Z of its own fit for this parameter, 0 to 1.
    """

    name: str
    unit: str
    live: float | None = None
    pinned: float | None = None
    drawn: float | None = None
    fitted: float | None = None
    pool: float | None = None
    before: float | None = None
    credibility: float | None = None


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a symbol's calibration.

    Attributes:
        key: ``venue:symbol``.
        file: Its file, below the folder; empty if there is none.
        parameters: From every side.
        entry: Its fit.
        content: The hash of that.
        freshness: How fresh the fit is now: 1 when it was made, 1/e when it expires.
        live: The newest `calibrations` of it.
        weights: The newest `priority_weights` of it.
        pool_symbols: On how many symbols the pool was fitted.
        refused: What of its file and of the pool's is not used.
    """

    key: str
    file: str = ""
    parameters: list[Row] = []
    entry: Entry | None = None
    content: str = ""
    freshness: float | None = None
    live: Calibration | None = None
    weights: Any = None
    pool_symbols: int = 0
    refused: tuple[Refusal, ...] = ()


def resolved(settings: Settings, known: Iterable[str], wanted: str) -> tuple[str, str]:
    """Return the venue and symbol that are meant by ``BTC-USDT`` or ``venue:BTC-USDT``.

    Args:
        settings: The whole tree; what its connections name is known too.
        known: Further ``venue:symbol``.
        wanted: As a person states it.

    Raises:
        ConfigError: If several venues have the symbol, or none that is known.
    """
    venue, named, symbol = wanted.partition(":")
    if named:
        return venue, symbol
    every = set(known)
    for connection in settings.ingest.connections:
        every.update(f"{connection.venue}:{each}" for each in connection.symbols)
    found = sorted(each for each in every if each.partition(":")[2] == wanted)
    if len(found) > 1:
        raise ConfigError(f"SYMBOL: {wanted} is one of {', '.join(found)}; name which")
    if not found:
        hint = "`tapewatch calibrate list` lists those that have one"
        raise ConfigError(f"SYMBOL: no calibration of {wanted}; {hint}")
    venue, _, symbol = found[0].partition(":")
    return venue, symbol


def shown(folder: Path, venue: str, symbol: str, now_ns: int) -> Shown:
    """Return what is known of a symbol.

    Args:
        folder: Of the calibrations.
        venue: The symbol's.
        symbol: Its canonical name.
        now_ns: What time it is [ns UTC].
    """
    told = load(folder, now_ns=now_ns, only=place_of(folder, venue, symbol))
    key = f"{venue}:{symbol}"
    kept = told.kept.get(key) or Kept(file="", venue=venue, symbol=symbol)
    live = kept.live.get("calibration")
    fresh = None
    if (entry := kept.entry) is not None:
        age = (now_ns - entry.fitted_to_ns) / (entry.expires_ns - entry.fitted_to_ns)
        fresh = exp(-age)
    return Shown(
        key=key,
        file=kept.file,
        parameters=[_row(name, told, kept, before(folder, kept)) for name in NAMES],
        entry=entry,
        content=kept.content,
        freshness=fresh,
        live=live,
        weights=kept.live.get("weights"),
        pool_symbols=told.pool.symbols,
        refused=told.refused,
    )


def _row(name: str, told: Calibrated, kept: Kept, old: Entry | None) -> Row:
    def of(parameters: Parameters | None) -> float | None:
        value: float | None = getattr(parameters, name, None)
        return value

    own = of(kept.entry.parameters) if kept.entry else None
    pool, k = of(told.pool.parameters), getattr(told.pool.doubt, name)
    trust = drawn = None
    if own is not None and kept.entry is not None:
        trust = Parts(0.0, 0.0, 0.0, k).credibility(kept.entry.n)
        drawn = own if pool is None else pool * (own / pool) ** trust
    return Row(
        name=name,
        unit=UNITS[name],
        live=getattr(kept.live.get("calibration"), name, None),
        pinned=of(kept.pins),
        drawn=pool if drawn is None else drawn,
        fitted=own,
        pool=pool,
        before=of(old.parameters) if old else None,
        credibility=trust,
    )


def before(folder: Path, kept: Kept) -> Entry | None:
    """Return the fit that a symbol's own has replaced, if it is still there."""
    for path in past(folder, kept.venue, kept.symbol):
        old = read(folder, path)
        if old.entry and kept.entry and old.content == kept.entry.parent:
            return old.entry
    return None


def fits(folder: Path, venue: str, symbol: str) -> list[tuple[str, Kept]]:
    """Return the fits of a symbol that are still there, the newest first, by file."""
    path = place_of(folder, venue, symbol)
    now = [read(folder, path)] if path.exists() else []
    old = [read(folder, path) for path in past(folder, venue, symbol)]
    return [(each.file, each) for each in now + old]


def history(lake: Path, venue: str, symbol: str, most: int) -> list[dict[str, Any]]:
    """Return the newest calibrations of a symbol in a lake, the newest first.

    Raises:
        LakeError: If there is no lake.
        ConfigError: If it knows of no calibrations.
    """
    with connect(lake) as connection:
        try:
            asked = connection.execute(_HISTORY, (venue, symbol, most))
            names = [column[0] for column in asked.description or []]
            rows = asked.fetchall()
        except duckdb.Error as error:
            raise ConfigError(f"{lake}: {error}") from error
    return [dict(zip(names, row, strict=True)) for row in rows]


def pinned(words: Iterable[str]) -> Parameters:
    """Return the pins that a user states, as ``NAME=VALUE``.

    Raises:
        ConfigError: If one is no such pin.
    """
    found = {}
    for word in words:
        name, _, value = word.partition("=")
        try:
            found[name] = float(value)
            msgspec.convert({name: found[name]}, Parameters)
            if found[name] in {float("inf")}:
                raise ValueError(value)
        except (ValueError, msgspec.ValidationError) as error:
            names = ", ".join(f"{each} [{unit}]" for each, unit in UNITS.items())
            text = f"Expected NAME=VALUE, a number > 0 of {names}; not `{word}`"
            raise ConfigError(f"PINS: {text}") from error
    return msgspec.convert(found, Parameters)
