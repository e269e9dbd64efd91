"""The command that says where things stand."""

import sys
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from config.load import DEFAULT, load

_SETTLED: Final = Path(".tapewatch/run/settings.yaml")

Settled = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="Settings, in YAML; what `tapewatch up` settled on here if not given.",
    ),
]


def settled(config: Path | None) -> Path:
    """Return which settings to take."""
    return config or (_SETTLED if _SETTLED.exists() else DEFAULT)


def status(
    config: Settled = None,
    lake: Annotated[
        Path | None, typer.Option(help="The lake's folder; the settings' own if not.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
    seconds: Annotated[
        float, typer.Option(min=0.1, help="Over which rates are taken.")
    ] = 1.0,
    most: Annotated[
        int, typer.Option(min=1, help="How many issues, and how many alerts.")
    ] = 5,
) -> None:
    """Say where things stand: processes, topics, connections, books, issues, alerts.

    By what the processes on this machine tell Prometheus, and by the lake's newest
    rows; it works, and says so, where nothing runs.

    Example: `tapewatch status --json`
    """
    from rich.console import Console  # noqa: PLC0415 - `--help` must not wait for it

    from flows.standing import standing  # noqa: PLC0415
    from flows.standing_view import show  # noqa: PLC0415

    settings = load(settled(config))
    found = standing(settings, lake or Path(settings.lake.path), seconds, most)
    if json:
        text = msgspec.json.format(msgspec.json.encode(found)).decode()
        sys.stdout.write(text + "\n")
    else:
        show(found, Console(markup=False, highlight=False))
