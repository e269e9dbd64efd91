"""The command that asks our processes how they do, and keeps what they say."""

from pathlib import Path
from typing import Annotated

import typer

from config.load import DEFAULT, load
from flows.exchanges import Config


def pulse(
    config: Config = DEFAULT,
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Where the processes to ask are written down, as Prometheus'"
            " `file_sd_configs` are; `metrics.folder` of the settings if not given."
        ),
    ] = None,
    name: Annotated[
        str, typer.Option(help="Which one it is, where each machine has its own.")
    ] = "all",
) -> None:
    """Ask every process how it does, so often as the settings say, until told to end.

    Each answer, and that there was none, is a record of `processes.v1`, which the
    archive keeps: the table `processes`. It asks itself too.

    Example: `tapewatch pulse --config mine.yaml`
    """
    from flows.pulsing import run_pulse  # noqa: PLC0415 - `--help` must not wait

    settings = load(config)
    run_pulse(settings, folder or Path(settings.metrics.folder), name)
