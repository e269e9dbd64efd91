"""The commands that show calibrations: list, show, diff, history."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import typer

from config.load import DEFAULT, ConfigError, load
from flows.exchanges import Config, screen
from flows.printed import Format, safe, utc, written

if TYPE_CHECKING:
    from config.settings import Settings

app = typer.Typer(
    help="What is normal for each symbol: files that you can read, compare and pin."
)

Symbol = Annotated[
    str, typer.Argument(help="`BTC-USDT`, or `binance:BTC-USDT` where venues share it.")
]
How = Annotated[Format, typer.Option("--format", help="How to write it.")]
Lake = Annotated[
    Path | None, typer.Option(help="The lake's folder; the settings' own if not given.")
]
_SIDES: Final = ("live", "pinned", "drawn", "fitted", "pool", "credibility")


@app.command("list")
def list_(format: How = Format.TABLE, config: Config = DEFAULT) -> None:
    """List the symbols that have a calibration, and all that is refused.

    Example: `tapewatch calibrate list`
    """
    from config.calibration_checks import at
    from config.calibrations import load as read_all

    settings = load(config)
    told = read_all(folder_of(settings), now_ns=time.time_ns())
    names = ("symbol", "fitted to", "windows", "Z", "confidence", "pins", "live at")
    rows = []
    for each in told.kept.values():
        entry, live = each.entry, each.live.get("calibration")
        pins = ", ".join(msgspec.to_builtins(each.pins))
        about = ("", "", "", "")
        if entry is not None:
            figures = (_figure(entry.credibility), _figure(entry.confidence))
            about = (at(entry.fitted_to_ns), str(entry.n), *figures)
        rows.append((each.key, *about, pins, at(live.event_ns) if live else ""))
    print(written(names, rows, format), end="")
    for refusal in told.refused:
        screen.print(f"refused: {safe(str(refusal))}", style="yellow", markup=False)


@app.command()
def show(symbol: Symbol, format: How = Format.TABLE, config: Config = DEFAULT) -> None:
    """Show a symbol's parameters from every side, and how far they can be trusted.

    `live` is what the running flow has in force; `fitted` what the last fit found for
    the symbol alone; `pool` what all symbols have in common; `drawn` is where the
    symbol begins: its own by its credibility Z, the pool's by 1 - Z. A pin holds
    whatever is learnt. The confidence is the product of its terms.

    Example: `tapewatch calibrate show binance:BTC-USDT`
    """
    from flows.calibrate_view import told
    from flows.calibrating import shown

    settings = load(config)
    venue, name = meant(settings, symbol)
    found = shown(folder_of(settings), venue, name, time.time_ns())
    if format is Format.JSON:
        print(msgspec.json.format(msgspec.json.encode(found)).decode())
    elif format is Format.CSV:
        rows = [
            [r.name, r.unit, *(getattr(r, s) for s in _SIDES)] for r in found.parameters
        ]
        print(written(("parameter", "unit", *_SIDES), rows, format), end="")
    else:
        print(told(found), end="")


@app.command()
def diff(symbol: Symbol, format: How = Format.TABLE, config: Config = DEFAULT) -> None:
    """Compare a symbol's fit with what is live, with the pool, and with its last fit.

    Differences are in percent of the fit.

    Example: `tapewatch calibrate diff BTC-USDT`
    """
    from flows.calibrating import shown

    settings = load(config)
    venue, name = meant(settings, symbol)
    found = shown(folder_of(settings), venue, name, time.time_ns())
    names = (
        *("parameter", "unit", "fitted", "live", "live %", "pool", "pool %"),
        *("before", "before %"),
    )
    rows = [
        (
            *(row.name, row.unit, _number(row.fitted)),
            *(_number(row.live), _percent(row.fitted, row.live)),
            *(_number(row.pool), _percent(row.fitted, row.pool)),
            *(_number(row.before), _percent(row.fitted, row.before)),
        )
        for row in found.parameters
    ]
    print(written(names, rows, format), end="")
    for refusal in found.refused:
        screen.print(f"refused: {safe(str(refusal))}", style="yellow", markup=False)


@app.command()
def history(
    symbol: Symbol,
    most: Annotated[int, typer.Option(min=1, help="How many rows of the lake.")] = 20,
    lake: Lake = None,
    format: How = Format.TABLE,
    config: Config = DEFAULT,
) -> None:
    """Show how a symbol's calibration has changed, and why: the lake's, then the files.

    Example: `tapewatch calibrate history BTC-USDT --most 50`
    """
    from flows import calibrating
    from sinks.lake import LakeError

    settings = load(config)
    venue, name = meant(settings, symbol)
    where = lake or Path(settings.lake.path)
    rows: list[dict[str, object]] = []
    try:
        rows = calibrating.history(where, venue, name, most)
    except LakeError as error:
        screen.print(safe(str(error)), style="yellow", markup=False)
    live = [{"at": utc(row.pop("event_ns")), **row} for row in rows]  # type: ignore[arg-type]
    files: list[dict[str, object]] = []
    for file, kept in calibrating.fits(folder_of(settings), venue, name):
        fit = kept.entry
        if fit is None:
            why = str(kept.refused[0]) if kept.refused else "no fit"
            files.append({"file": file, "refused": why})
        else:
            about = {"fitted_to": utc(fit.fitted_to_ns), "n": fit.n, "refused": ""}
            values = msgspec.to_builtins(fit.parameters)
            files.append({"file": file, "hash": kept.content[:8]} | about | values)
    if format is Format.JSON:
        both = msgspec.json.encode({"lake": live, "files": files})
        print(msgspec.json.format(both).decode())
        return
    for found in (live, files):
        names = list(dict.fromkeys(key for row in found for key in row))
        told = [[_number(row.get(key)) for key in names] for row in found]
        if told:
            print(written(names, told, format), end="")
    if not live:
        print(f"the lake {where} has no calibrations of {venue}:{name}")


def folder_of(settings: "Settings") -> Path:
    """Return where calibrations are kept."""
    return Path(settings.calibrations.path)


def meant(settings: "Settings", symbol: str) -> tuple[str, str]:
    """Return the venue and symbol that a user means.

    Raises:
        ConfigError: If there is none, or several.
    """
    from config.calibration_file import place_of
    from config.calibrations import files
    from flows.calibrating import resolved

    folder = folder_of(settings)
    known = [f"{path.parent.name}:{path.stem}" for path in files(folder)]
    venue, name = resolved(settings, known, symbol)
    try:
        place_of(folder, venue, name)
    except ValueError as error:
        raise ConfigError(f"SYMBOL: {error}") from error
    return venue, name


def _figure(value: float) -> str:
    return f"{value:.3f}"


def _number(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _percent(fitted: float | None, other: float | None) -> str:
    if fitted is None or other is None:
        return ""
    return f"{100 * (other / fitted - 1):+.1f}"
