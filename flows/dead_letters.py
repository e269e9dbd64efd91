"""The commands about dead letters: list them, show one, drive them again."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from config.load import DEFAULT, ConfigError, load
from flows.exchanges import Config, screen
from flows.printed import EPOCH, Format, dump, safe, utc, written

if TYPE_CHECKING:
    from flows.dead import Group, Letter, Wanted

# Typer's parameters are the command's own; `--help` must not wait for every import.
# ruff: noqa: PLC0415, PLR0917

app = typer.Typer(help="Bytes that were no record: see them, and drive them again.")

_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

_TIME: Final = "UTC as 2026-08-01T12:30, or an age as 90m, 2h, 3d."
Since = Annotated[str | None, typer.Option(help=f"That arrived then or later: {_TIME}")]
Until = Annotated[str | None, typer.Option(help=f"That arrived before: {_TIME}")]
Topic = Annotated[str | None, typer.Option(help="That were read from this topic.")]
Venue = Annotated[str | None, typer.Option(help="That are frames of this venue.")]
Reason = Annotated[str | None, typer.Option(help="Whose reason holds this text.")]


@app.command("list")
def list_(
    since: Since = None,
    until: Until = None,
    topic: Topic = None,
    venue: Venue = None,
    reason: Reason = None,
    each: Annotated[bool, typer.Option("--each", help="A line a letter.")] = False,
    format: Annotated[Format, typer.Option(help="How to write it.")] = Format.TABLE,
    config: Config = DEFAULT,
) -> None:
    """Count the dead letters on the broker by reason, venue and topic.

    Numbers in a reason are shown as `#`, so that like reasons are counted together.

    Example: `tapewatch dead list --since 2h --venue binance`
    """
    from flows.dead import grouped, letters, once

    wanted = _wanted(since, until, topic, venue, reason)
    with _progress("reading dead letters") as moved:
        found = once(letters(load(config).kafka, wanted, moved))
        if each:
            names = ("id", "arrived", "topic", "place", "bytes", "reason")
            rows = sorted(map(_row, found), key=lambda row: (row[1], row[0]))
        else:
            names = ("count", "topic", "venue", "reason", "first", "last")
            rows = [_group_row(group) for group in grouped(found)]
    print(written(names, rows, format), end="")


@app.command()
def show(
    id: Annotated[str, typer.Argument(help="The letter, or how its id begins.")],
    hex: Annotated[bool, typer.Option("--hex", help="Its bytes as a dump.")] = False,
    bytes: Annotated[int, typer.Option(min=0, help="How many of them.")] = 4_096,
    config: Config = DEFAULT,
) -> None:
    """Show one dead letter, its bytes, and what the code of today makes of it.

    Example: `tapewatch dead show 1f3a9c --hex`
    """
    from flows.dead import named
    from flows.reread import judge

    settings = load(config)
    with _progress("reading dead letters") as moved:
        (letter,) = named(settings.kafka, (id,), moved)
    dead, verdict = letter.dead, judge(letter.dead, settings)
    print(f"id       {letter.id}\ntopic    {safe(dead.topic)}")
    print(f"place    {safe(letter.place)}")
    if dead.url:
        print(f"url      {safe(dead.url)}")
    print(f"arrived  {utc(letter.at_ns)}\nburied   {utc(letter.buried_ns)}")
    print(f"reason   {safe(dead.reason)}")
    print(f"bytes    {dead.size}, of which {len(dead.raw)} are kept")
    if verdict.refused:
        print(f"today    still refused: {safe(verdict.refused)}")
    if verdict.said:
        print(f"today    now read as: {len(verdict.said)}")
        for said in verdict.said:
            text = msgspec.json.encode(said).decode()
            print(f"         {type(said).__name__} {safe(text)}")
    if verdict.impossible:
        print(f"redrive  not possible: {safe(verdict.impossible)}")
    raw = dead.raw[:bytes]
    print(f"\n{dump(raw) if hex else safe(raw.decode(errors='backslashreplace'))}")
    if len(dead.raw) > bytes:
        print(f"... and {len(dead.raw) - bytes} bytes more: `--bytes {len(dead.raw)}`")


@app.command()
def redrive(
    ids: Annotated[
        list[str] | None, typer.Argument(help="Letters, or how their ids begin.")
    ] = None,
    all_: Annotated[
        bool, typer.Option("--all", help="All that the filters let through.")
    ] = False,
    since: Since = None,
    until: Until = None,
    topic: Topic = None,
    venue: Venue = None,
    reason: Reason = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    config: Config = DEFAULT,
) -> None:
    """Drive dead letters again that the code and the settings of today can read.

    A message goes to its topic again; a frame to the frames, on a line of its own,
    `a!redriven`, from which trades that are missing reach the market, each once. Start
    the flows with the fix first. To drive twice changes nothing.

    For a whole range after a fix, `tapewatch reprocess` is the better way: all frames
    are still kept, and it computes quotes, books and bars anew too. This one is for
    consumers that must get the missing record now; it comes late to them.

    Example: `tapewatch dead redrive --all --reason "unknown channel" --dry-run`
    """
    from flows import redrive as driving
    from flows.dead import letters, named

    names, wanted = tuple(ids or ()), _wanted(since, until, topic, venue, reason)
    filtered = any(each is not None for each in (since, until, topic, venue, reason))
    if bool(names) == all_ or (names and filtered):
        text = "either IDs, or --all and what narrows it (--since, --reason, ...)"
        raise ConfigError(f"ID: Expected {text}")
    if not (yes or dry_run or sys.stdin.isatty()):
        raise ConfigError("--yes: Expected, since there is no terminal to ask on")
    settings = load(config)
    with _progress("reading dead letters") as moved:
        meant = letters(settings.kafka, wanted, moved)
        found = named(settings.kafka, names, moved) if names else meant
        made = driving.judged(found, settings)
    with _progress("looking for what is there already") as moved:
        driving.leave_out(made, settings, moved)
    if made.ready and not dry_run:
        if not yes:
            screen.print(safe(made.line("to be redriven")), markup=False)
            typer.confirm("Redrive them?", abort=True)
        driving.drive(settings, made)
    print(safe(made.line("would be redriven" if dry_run else "redriven")))


def time_ns(text: str, name: str) -> int:
    """Return the time that a user states, or an age from now [ns UTC].

    Raises:
        ConfigError: If it is neither.
    """
    number, unit = text[:-1], _UNITS.get(text[-1:])
    try:
        if unit is not None and number.isdecimal():
            at = datetime.now(UTC) - timedelta(seconds=int(number) * unit)
        else:
            at = datetime.fromisoformat(text)
            at = at if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"--{name}: Expected {_TIME} Not `{text}`") from error
    return (at - EPOCH) // timedelta(microseconds=1) * 1_000


def _wanted(
    since: str | None,
    until: str | None,
    topic: str | None,
    venue: str | None,
    reason: str | None,
) -> "Wanted":
    from flows.dead import Wanted

    return Wanted(
        since_ns=None if since is None else time_ns(since, "since"),
        until_ns=None if until is None else time_ns(until, "until"),
        topic=topic,
        venue=venue,
        reason=reason,
    )


def _row(letter: "Letter") -> tuple[Any, ...]:
    dead = letter.dead
    about = (letter.id, utc(letter.at_ns), dead.topic, letter.place)
    return (*about, dead.size, dead.reason)


def _group_row(group: "Group") -> tuple[Any, ...]:
    about = (group.count, group.topic, group.venue, group.reason)
    return (*about, utc(group.first_ns), utc(group.last_ns))


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn())
    hidden = not screen.is_terminal
    with Progress(*columns, console=screen, disable=hidden, transient=True) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
