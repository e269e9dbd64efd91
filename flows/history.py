"""The commands about history: computed again, compared, and shown in its place."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
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
from flows.exchanges import Config, screen

Since = Annotated[
    str | None,
    typer.Option("--from", help="2026-11-22T08:00 (UTC), a date, or -2h; all before."),
]
Until = Annotated[
    str | None, typer.Option("--to", help="The first moment behind; all after.")
]
Lake = Annotated[
    Path | None, typer.Option(help="The lake's folder; the settings' own if not given.")
]


class From(StrEnum):
    """Where the past is read from."""

    AUTO = "auto"
    KAFKA = "kafka"
    LAKE = "lake"


class Form(StrEnum):
    """How a comparison is written."""

    TABLE = "table"
    JSON = "json"


def reprocess(
    into: Annotated[Path, typer.Option(help="The lake to make.")],
    since: Since = None,
    until: Until = None,
    topic: Annotated[str, typer.Option(help="What to read: frames, market.")] = (
        "frames"
    ),
    flows: Annotated[
        str, typer.Option(help="Which flows, by commas; all it feeds if not given.")
    ] = "",
    source: Annotated[
        From, typer.Option(help="auto: Kafka, or the lake where Kafka has deleted it.")
    ] = From.AUTO,
    lake: Lake = None,
    warm_up: Annotated[
        float,
        typer.Option(
            min=0, help="Seconds that are read before and after, to have the state."
        ),
    ] = 60.0,
    config: Config = DEFAULT,
) -> None:
    """Compute a span of the past again, beside live, into a lake of its own.

    The rows are those dated in the span. What needs a state that was made long before,
    such as a book that a snapshot began, is there once the warm-up reaches that far.

    Example: `tapewatch reprocess --from -2h --to -1h --into lakes/again`
    """
    from flows import moment
    from flows.past import Wish
    from flows.reprocess import reprocess as run

    wish = Wish(
        into=into,
        span=moment.span(since, until, time.time_ns()),
        topic=topic,
        flows=_split(flows),
        source=source.value,
        lake=lake,
        warm_up_s=warm_up,
    )
    with _progress("reprocessing") as moved:
        done = run(load(config), wish, say=_say, progress=moved)
    count, seconds = done.account.records, done.account.seconds
    lines = done.account.cold
    cold = f"; {lines} lines were taken up in their midst" if lines else ""
    _say(
        f"reprocessed {count:,} records of {done.account.topic} in {seconds:.1f} s:"
        f" {count / max(seconds, 1e-9):,.0f}/s, {done.speed:,.0f} x real time{cold};"
        f" next: tapewatch compare LAKE {into}, tapewatch promote {into}"
    )


def compare(
    one: Annotated[Path, typer.Argument(help="Lake A.")],
    other: Annotated[Path, typer.Argument(help="Lake B.")],
    since: Since = None,
    until: Until = None,
    tables: Annotated[
        str, typer.Option(help="Which, by commas; all that follow from the frames.")
    ] = "",
    format: Annotated[Form, typer.Option(help="How to write it.")] = Form.TABLE,
    config: Config = DEFAULT,
) -> None:
    """Say whether two lakes say the same; end with 1 if they do not.

    Example: `tapewatch compare .tapewatch/lake lakes/again`
    """
    from flows import compared, moment
    from flows.compare import compare as run

    with screen.status("comparing") as status:
        found = run(
            load(config),
            one,
            other,
            span=moment.span(since, until, time.time_ns()),
            tables=_split(tables),
            progress=lambda table, done, count: status.update(
                f"comparing {table}, {done} of {count} tables done"
            ),
        )
    if format is Form.JSON:
        print(compared.as_json(found))
    else:
        print(compared.as_text(found))
    if not found.is_equal:
        sys.exit(1)


def promote(
    history: Annotated[
        Path | None, typer.Argument(help="What `tapewatch reprocess` made.")
    ] = None,
    lake: Lake = None,
    tables: Annotated[
        str, typer.Option(help="Which, by commas; all that were computed.")
    ] = "",
    undo: Annotated[
        bool, typer.Option("--undo", help="Take the newest promotion back.")
    ] = False,
    show: Annotated[bool, typer.Option("--list", help="List them.")] = False,
    config: Config = DEFAULT,
) -> None:
    """Show what was computed again in place of the lake's own rows.

    The lake takes the files in, and shows them for the span that they are complete for
    and the tables that were computed; the newest wins. Nothing is deleted.

    Example: `tapewatch promote lakes/again`
    """
    from flows import promote as promoted

    if (history is not None) + undo + show != 1:
        raise ConfigError("promote: Expected one of HISTORY, --undo and --list")
    into = lake or Path(load(config).lake.path)
    if history is not None:
        print(promoted.told(promoted.promote(into, history, _split(tables))))
    elif undo:
        print(promoted.told(promoted.undo(into)))
    else:
        all_of_them = promoted.listed(into)
        for each in all_of_them:
            print(promoted.told(each))
        shown = sum(not each.undone for each in all_of_them)
        print(f"{len(all_of_them)} promotions, {shown} shown")


def _split(names: str) -> tuple[str, ...]:
    return tuple(filter(None, names.split(",")))


def _say(text: str) -> None:
    screen.print(text, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int], None]]:
    rate = TextColumn("{task.fields[rate]}")
    columns = (
        *(TextColumn(title), BarColumn(), MofNCompleteColumn()),
        *(rate, TimeRemainingColumn()),
    )
    start_s = time.monotonic()
    with Progress(*columns, console=screen) as progress:
        task = progress.add_task(title, total=None, rate="")

        def moved(done: int, size: int) -> None:
            rate = done / max(time.monotonic() - start_s, 1e-9)
            progress.update(task, completed=done, total=size, rate=f"{rate:,.0f}/s")

        yield moved
