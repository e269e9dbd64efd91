"""The command that serves the dashboards."""

from pathlib import Path
from typing import Annotated

import typer

from config.load import DEFAULT, load
from flows.exchanges import Config


def dashboards(
    config: Config = DEFAULT,
    lake: Annotated[
        Path | None,
        typer.Option(help="The lake's folder; the settings' own if not given."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="0 takes any free one."),
    ] = None,
    provision_only: Annotated[
        bool,
        typer.Option("--provision-only", help="Install and set up, and do not serve."),
    ] = False,
) -> None:
    """Serve the dashboards on this machine: Superset over the lake, until Ctrl-C.

    Installs Superset into an environment of its own the first time, and sets it up anew
    when the dashboards have changed. Who may log in, and where the passwords are, is
    said at the end.

    Example: `tapewatch dashboards --lake lakes/monday --port 8090`
    """
    from flows.dashboarding import Wish, run_dashboards  # noqa: PLC0415 - quick help

    run_dashboards(load(config), Wish(lake, port, provision_only))
