"""The commands that change calibrations: pin, unpin, fit, follow."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from config.load import DEFAULT, ConfigError, load
from flows.calibrate import Symbol, app, folder_of, meant
from flows.exchanges import Config, screen
from flows.printed import Format, safe, written

__all__ = ["app"]

if TYPE_CHECKING:
    from config.settings import Settings
    from sinks.calibrations import Store


@app.command()
def pin(
    symbol: Symbol,
    pins: Annotated[
        list[str],
        typer.Argument(help="NAME=VALUE of atr_period, wide_bps, thin, volatility."),
    ],
    config: Config = DEFAULT,
) -> None:
    """Fix values of a symbol: they hold whatever is learnt, until they are unpinned.

    Example: `tapewatch calibrate pin binance:BTC-USDT wide_bps=12.5 atr_period=21`
    """
    from flows.calibrating import RESTART, pinned

    settings = load(config)
    venue, name = meant(settings, symbol)
    wanted = msgspec.to_builtins(pinned(pins))
    now = _store(settings).pin(
        venue, name, lambda old: msgspec.structs.replace(old, **wanted)
    )
    _say_pins(f"{venue}:{name}", msgspec.to_builtins(now), RESTART)


@app.command()
def unpin(
    symbol: Symbol,
    names: Annotated[
        list[str] | None, typer.Argument(help="Which; all if not given.")
    ] = None,
    config: Config = DEFAULT,
) -> None:
    """Let values of a symbol be learnt again.

    Example: `tapewatch calibrate unpin binance:BTC-USDT wide_bps`
    """
    from flows.calibrating import NAMES, RESTART

    settings = load(config)
    venue, name = meant(settings, symbol)
    if unknown := [each for each in names or () if each not in NAMES]:
        raise ConfigError(f"NAMES: Expected {', '.join(NAMES)}, not `{unknown[0]}`")
    gone = dict.fromkeys(names or NAMES, None)
    now = _store(settings).pin(
        venue, name, lambda old: msgspec.structs.replace(old, **gone)
    )
    _say_pins(f"{venue}:{name}", msgspec.to_builtins(now), RESTART)


@app.command()
def fit(
    source: Annotated[
        Path, typer.Option("--from", help="A lake's folder, or a recording.")
    ],
    symbol: Annotated[
        list[str] | None, typer.Option(help="Write only this symbol's; repeatable.")
    ] = None,
    length_ms: Annotated[
        int | None,
        typer.Option(min=1, help="Of windows of this length [ms]; the settings' own."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Leave out what is later: UTC as 2026-08-01.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be written.")
    ] = False,
    config: Config = DEFAULT,
) -> None:
    """Fit what changes slowly, from a lake or a recording, and write the files.

    Of every symbol: its ATR period, volatility and bounds, and what the hours of the
    week make of them. Of all together: the pool, and after how many windows a symbol
    is believed more than it (k). What was there is kept in the folder `past`; pins and
    live values stay.

    Example: `tapewatch calibrate fit --from .tapewatch/lake`
    """
    from flows import fitting

    settings = load(config)
    until_ns = None if until is None else _until(until)
    params = settings.calibration
    how = fitting.How(
        length_ms or params.length_ms,
        params.alarm_rate,
        settings.calibrations.expires_d,
        params.mix,
    )
    with screen.status("fitting") as status:

        def say(text: str) -> None:
            status.update(f"fitting: {text}")

        found = fitting.fitted(settings, source, how, until_ns, say)
    only = None if not symbol else {":".join(meant(settings, s)) for s in symbol}
    names, rows = fitting.rows(found, only)
    print(written(names, rows, Format.TABLE), end="")
    if found.few:
        print(f"too few windows for a fit of their own: {safe(', '.join(found.few))}")
    if dry_run:
        print("nothing was written")
        return
    for text in fitting.write(_store(settings), found, only):
        screen.print(f"left as it is: {safe(text)}", style="yellow", markup=False)
    print(f"written to {folder_of(settings)}; {fitting.RESTART}")


@app.command()
def follow(config: Config = DEFAULT) -> None:
    """Write what the flow now says of each symbol into its file, until told to end.

    It is for people: `live` in the files, and in `show` and `diff`. The flow never
    reads it.

    Example: `tapewatch calibrate follow --config mine.yaml`
    """
    from flows.following import run_follow

    run_follow(load(config))


def _store(settings: "Settings") -> "Store":
    from sinks.calibrations import Store

    return Store(folder_of(settings), settings.calibrations.past)


def _say_pins(key: str, pins: dict[str, float], restart: str) -> None:
    told = ", ".join(f"{name}={value:g}" for name, value in pins.items())
    print(
        f"{key} is pinned to {told}; {restart}"
        if told
        else f"{key}: no pins; {restart}"
    )


def _until(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            f"--until: Expected UTC as 2026-08-01, not `{text}`"
        ) from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000_000
