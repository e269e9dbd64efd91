"""The command that writes files of the lake for other programs."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from config.load import DEFAULT, ConfigError, load
from flows import moment
from flows.exchanges import Config, screen
from operators.records.time import SECOND


def export(
    since: Annotated[
        str,
        typer.Option(help="The first moment: 2026-11-22T08:00 (UTC), a date, or -2h."),
    ],
    until: Annotated[
        str | None, typer.Option(help="The first moment behind; now if not given.")
    ] = None,
    format: Annotated[
        str, typer.Option(help="How it is written: csv, json or parquet.")
    ] = "csv",
    table: Annotated[
        list[str] | None,
        typer.Option(
            help="Which table, or view for charts; repeatable, or by commas. If none is"
            " named: every table but `frames`."
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="The folder to write to; made if missing.")
    ] = Path("exports"),
    lake: Annotated[
        Path | None,
        typer.Option(help="The lake's folder; the settings' own if not given."),
    ] = None,
    config: Config = DEFAULT,
) -> None:
    """Write what the lake says of a span to files, one a table, in order of time.

    A file is named by its table and its span, such as
    `bars-20261122T080000Z-20261122T100000Z.csv`; it is there once it is whole, and none
    is overwritten. Tables without rows have no file. `tapewatch sql 'show tables'` says
    what can be named; a view that only says how things are now is written as it is.

    `csv` has a header, `json` is an array with a row a line, `parquet` keeps all types.
    Times are UTC. In text they are ISO 8601; bytes are base64, and the levels of books
    are lists of [price, quantity]. What is not known is null, and empty in `csv`. Whole
    numbers are exact: where a program reads JSON's numbers as floats, as JavaScript
    does, take `event_time` in place of `event_ns`.

    Example: `tapewatch export --since -2h --format parquet --table bars --table trades`
    """
    from flows.exporting import Wish
    from flows.exporting import export as run
    from sinks.extract import Form

    now_ns = time.time_ns() // SECOND * SECOND
    since_ns = moment.moment(since, "--since", now_ns)
    until_ns = now_ns if until is None else moment.moment(until, "--until", now_ns)
    if since_ns >= until_ns:
        behind = f"`{until}`" if until else "now"
        raise ConfigError(f"--since: Expected a time before {behind}, not `{since}`")
    if format not in set(Form):
        expected = ", ".join(Form)
        raise ConfigError(f"--format: Expected one of {expected}, not `{format}`")
    tables = tuple(filter(None, ",".join(table or ()).split(",")))
    wish = Wish(since_ns, until_ns, Form(format), out, tables)
    with _progress() as moved:
        done = run(lake or Path(load(config).lake.path), wish, moved)
    for each in done:
        print(each.path)
    size = sum(each.path.stat().st_size for each in done)
    rows = ", ".join(f"{each.rows:,} of {each.table}" for each in done)
    files = "1 file" if len(done) == 1 else f"{len(done)} files"
    screen.print(
        f"exported {files}, {size / 1e6:,.1f} MB, to {out}: rows: {rows}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int | None], None]]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=screen, transient=True) as progress:
        task = progress.add_task("", total=None)

        def moved(table: str, rows: int, count: int | None) -> None:
            progress.update(task, description=table, completed=rows, total=count)

        yield moved
