"""The command that keeps the lake."""

from pathlib import Path
from typing import Annotated

import typer

from config.load import DEFAULT, load
from flows.exchanges import Config


def keep(
    config: Config = DEFAULT,
    lake: Annotated[
        Path | None,
        typer.Option(help="The lake's folder; the settings' own if not given."),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Do one round, say what was done, and end.")
    ] = False,
) -> None:
    """Put the lake's small files together, drop what is too old, until told to end.

    Also sets aside, by name, files that cannot be read. Readers see each row once
    meanwhile, whatever happens to this process. Run one of it a lake.

    Example: `tapewatch keep --once --lake lakes/monday`
    """
    from flows.keeping import keep_once, run_keep  # noqa: PLC0415 - `--help` is quick

    settings = load(config)
    where = lake or Path(settings.lake.path)
    if once:
        print(keep_once(settings, where))
    else:
        run_keep(settings, where)
