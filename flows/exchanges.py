"""The commands about exchanges: simulated, played, misbehaving; and their lists."""

import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from config.exchange import PlayerParams
from config.load import DEFAULT, ConfigError, load
from config.settings import Settings

screen = Console(stderr=True)

Config = Annotated[Path, typer.Option("--config", "-c", help="Settings, in YAML.")]
Seconds = Annotated[
    float | None, typer.Option(min=0.1, help="Stop by itself after so many seconds.")
]
Faults = Annotated[
    Path | None, typer.Option(help="What goes wrong, in YAML; see the example.")
]


def exchange(config: Config = DEFAULT, faults: Faults = None) -> None:
    """Run the simulated exchange of the settings until Ctrl-C.

    Example: `tapewatch exchange --faults connectors/exchange/mild.yaml`
    """
    from connectors.exchange.simulation import serve as simulate

    _serve(simulate, with_faults(load(config), faults).exchange)


def with_faults(settings: Settings, faults: Path | None) -> Settings:
    """Return the settings with the exchange misbehaving as a script says."""
    from connectors.exchange.faults.schedule import load as load_faults

    if faults is None:
        return settings
    script = load_faults(faults)
    params = msgspec.structs.replace(settings.exchange, script=script)
    return msgspec.structs.replace(settings, exchange=params)


def play(
    recording: Annotated[Path, typer.Argument(help="The recording.")],
    speed: Annotated[float, typer.Option(min=0.0, help="0: flat out.")] = 1.0,
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 0,
    venue: Annotated[str, typer.Option(help="Whose frames of it.")] = "binance",
    clients: Annotated[int, typer.Option(min=1, help="Clients to wait for.")] = 1,
) -> None:
    """Serve a recording over real sockets, as its venue would, then end.

    Example: `tapewatch play monday.jsonl.zst --speed 5`
    """
    from connectors.exchange.player import play as play_recording

    values = {
        "recording": str(recording),
        "speed": speed,
        "port": port,
        "venue": venue,
        "clients": clients,
    }
    try:
        params = msgspec.convert(values, PlayerParams, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(str(error)) from error
    _serve(play_recording, params)


def chaos(
    venue: Annotated[str, typer.Option(help="Whose protocol.")] = "binance",
    lines: Annotated[
        int, typer.Option(min=1, max=2, help="2: a hot pair; 1: a line and a backup.")
    ] = 2,
    faults: Annotated[int, typer.Option(min=1, help="How many faults.")] = 20,
    every: Annotated[float, typer.Option(min=1.0, help="Seconds between two.")] = 3.0,
    kinds: Annotated[
        str, typer.Option(help="Which, by commas; all that one line can suffer.")
    ] = "",
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same faults.")] = 1,
    journal: Annotated[
        Path, typer.Option(help="Where the exchange writes what is true.")
    ] = Path(".tapewatch/chaos.jsonl"),
    quiet: Annotated[
        float, typer.Option(min=0.0, help="Seconds without faults at the end.")
    ] = 25.0,
) -> None:
    """Let the exchange misbehave, and judge the lines by what it meant to send.

    Beside it runs another exchange, with the same market and without faults: what is
    told of that is how often a fault is told of that is none.

    Ends with 1 if a hot pair lost, repeated or reordered anything, or if any book was
    wrong while it was published.

    Example: `tapewatch chaos --venue binance --faults 40`
    """
    from flows import chaos as chaotic
    from flows import made_good, verdict

    plan = chaotic.Plan(
        venue=venue,
        lines=lines,
        faults=faults,
        every_s=every,
        kinds=tuple(filter(None, kinds.split(","))) or chaotic.SUFFERED,
        seed=seed,
        symbols=chaotic.symbols_of(venue),
        rate=1.0,
        journal=journal,
        quiet_s=quiet,
    )
    still = journal.with_suffix(".still.jsonl")
    with screen.status(f"{faults} faults, about {faults * every + quiet:.0f} s"):
        done, control = asyncio.run(chaotic.run_both(plan, still))
    table, well = verdict.report(plan, done, verdict.judge(done, journal))
    print(table)
    print(made_good.account(plan, done, control, still))
    if not well:
        sys.exit(1)


def instruments(
    venue: Annotated[str, typer.Argument(help="Which venue.")],
    folder: Annotated[Path, typer.Option(help="Where lists are kept.")] = Path(
        ".tapewatch/instruments"
    ),
    max_age: Annotated[
        float, typer.Option(min=0, help="How old a kept list may be [s].")
    ] = 86_400.0,
    rest_url: Annotated[
        str | None, typer.Option(help="Where to ask in the venue's place.")
    ] = None,
) -> None:
    """Fetch a venue's list of instruments, or take the kept one; print it as CSV.

    Example: `tapewatch instruments binance > binance.csv`
    """
    from connectors.instruments import instruments as fetch
    from connectors.venues import VENUES

    if venue not in VENUES:
        known = ", ".join(sorted(VENUES))
        raise ConfigError(f"VENUE: Expected one of {known}, not `{venue}`")
    got = asyncio.run(
        fetch(VENUES[venue], folder, max_age_s=max_age, rest_url=rest_url)
    )
    fields = ("symbol", "native", "status", "tick_size", "lot_size", "min_notional")
    print(",".join(fields))
    for each in got.listing.instruments:
        values = (getattr(each, name) for name in fields)
        print(",".join("" if value is None else str(value) for value in values))
    count = len(got.listing.instruments)
    kept = f", the kept list: {got.reason}" if got.reason else ""
    screen.print(f"{count} instruments of {venue}{kept}", highlight=False)


def _serve(run: Callable[..., Any], params: Any) -> None:
    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stop.set)
        report = await run(
            params,
            stop=stop,
            ready=lambda port: print(f"ready on 127.0.0.1:{port}", flush=True),
        )
        print(report, flush=True)

    asyncio.run(serve())
