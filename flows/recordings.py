"""The commands about recordings: written, and put through the flows again."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from config.load import DEFAULT, load
from flows.exchanges import Config, Seconds, screen


def replay(
    recording: Annotated[Path, typer.Argument(help="JSON lines; .gz and .zst too.")],
    lake: Annotated[Path, typer.Option(help="Where to write; made if missing.")],
    flows: Annotated[
        str, typer.Option(help="Which flows, by commas; all if not given.")
    ] = "",
    batch: Annotated[
        int, typer.Option(min=1, help="Frames handed on at a time; changes nothing.")
    ] = 1_000,
    open_end: Annotated[
        bool,
        typer.Option(
            "--open-end", help="Leave the last windows open, as a live run does."
        ),
    ] = False,
    config: Config = DEFAULT,
) -> None:
    """Put a recording through the flows into a lake, as fast as it goes.

    Example: `tapewatch replay monday.jsonl.zst --lake lakes/monday`
    """
    from flows.replay import REPLAYED
    from flows.replay import replay as run

    settings = load(config)
    with _progress(f"replaying {recording.name}") as moved:
        done = run(
            settings,
            recording,
            lake,
            flows=tuple(filter(None, flows.split(","))) or REPLAYED,
            batch=batch,
            closes=not open_end,
            progress=moved,
        )
    unread = done.lines - done.frames
    screen.print(
        f"replayed {done.frames:,} frames of {done.lines:,} lines"
        f" ({unread} no frames) into {lake}; ask it with: "
        f"tapewatch sql --lake {lake} 'select count(*) from trades'",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def record(
    out: Annotated[Path, typer.Option(help="The new file; .gz or .zst compresses.")],
    seconds: Seconds = None,
    config: Config = DEFAULT,
) -> None:
    """Write the frames that come in to a recording.

    Example: `tapewatch record --out monday.jsonl.zst --seconds 3600`
    """
    from flows.record import record as run

    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with screen.status("recording") as status:
        count = run(
            load(config),
            out,
            seconds,
            stop,
            lambda frames: status.update(f"recording: {frames:,} frames"),
        )
    screen.print(f"recorded {count:,} frames to {out}", highlight=False)


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn(title), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, size: progress.update(task, completed=done, total=size)
