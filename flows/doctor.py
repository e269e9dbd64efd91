"""The command that says what is broken, and what to do."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import typer

from config.load import ConfigError, load
from flows.diagnosis import Diagnosis, Grade, problem, well
from flows.status import Settled, settled

if TYPE_CHECKING:
    from rich.console import Console

    from config.settings import Settings

_COLOURS: Final = {Grade.OK: "green", Grade.WARNING: "yellow", Grade.PROBLEM: "red"}

Check = Callable[["Settings"], Iterator[Diagnosis]]


def doctor(
    config: Settled = None,
    venues: Annotated[
        bool, typer.Option("--venues", help="Try the venues' addresses, too.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
) -> None:
    """Look whether everything is fit to run; say what is not, and what to do.

    Ends with code 1 if anything does not work. It changes nothing, and leaves this
    machine only with `--venues`.

    Example: `tapewatch doctor --config mine.yaml`
    """
    from rich.console import Console  # noqa: PLC0415 - `--help` must not wait for it

    console = Console(markup=False, highlight=False)
    found = []
    for each in examined(settled(config), venues):
        found.append(each)
        if not json:
            _show(each, console)
    if json:
        text = msgspec.json.format(msgspec.json.encode(found)).decode()
        sys.stdout.write(text + "\n")
    else:
        counts = [sum(each.grade is grade for each in found) for grade in Grade]
        text = "{} ok, {} to look at, {} to mend".format(*counts)
        console.print(text)
    if any(each.grade is Grade.PROBLEM for each in found):
        sys.exit(1)


def examined(config: Path, venues: bool) -> Iterator[Diagnosis]:
    """Yield what every check finds, as it finds it.

    Args:
        config: The file of settings.
        venues: Whether to go out to the venues.
    """
    from flows import check_broker, check_machine, check_settings  # noqa: PLC0415

    try:
        settings = load(config)
    except ConfigError as error:
        yield problem("settings", str(error), "mend it; the rest is not looked at")
        return
    yield well("settings", str(config))
    checks: list[Check] = [
        check_machine.python,
        check_machine.memory,
        check_machine.disks,
        check_machine.clock,
        check_machine.ports,
        check_machine.kafka_here,
        check_settings.connections,
        check_settings.secrets,
        check_broker.broker,
        check_settings.recovery,
        check_settings.lake,
    ]
    for check in checks + ([check_settings.venues] if venues else []):
        yield from check(settings)


def _show(found: Diagnosis, console: "Console") -> None:
    console.print(f"{found.grade:<8}", style=_COLOURS[found.grade], end="")
    console.print(f"{found.of}: {found.found}", soft_wrap=True)
    if found.remedy:
        console.print(f"        → {found.remedy}", soft_wrap=True)
