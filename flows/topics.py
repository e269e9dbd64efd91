"""The commands about the broker's topics: what they lack, and who may do what."""

import sys
from typing import Annotated

import typer

from config.load import DEFAULT, load
from flows.exchanges import Config

app = typer.Typer(help="The topics of infra/kafka/topics.yaml.")


@app.command("diff")
def diff(config: Config = DEFAULT) -> None:
    """Say what the broker's topics lack.

    Example: `tapewatch topics diff`
    """
    from infra.kafka import specs
    from infra.kafka import topics as broker

    changes = broker.diff(load(config).kafka, specs.load())
    for change in changes:
        print(change)
    print(f"{len(changes)} differences")


@app.command("apply")
def apply(
    config: Config = DEFAULT,
    force: Annotated[
        bool, typer.Option("--force", help="Also change what may lose data.")
    ] = False,
) -> None:
    """Make the broker's topics what infra/kafka/topics.yaml says.

    Example: `tapewatch topics apply`
    """
    from infra.kafka import specs
    from infra.kafka import topics as broker

    applied = broker.apply(load(config).kafka, specs.load(), force=force)
    for what in ("done", "refused", "left"):
        for change in getattr(applied, what):
            print(f"{what}: {change}")
    print(f"{len(applied.done)} changes made, {len(applied.refused)} refused")
    if applied.refused:
        sys.exit(1)


@app.command("acls")
def acls(
    config: Config = DEFAULT,
    give: Annotated[
        bool, typer.Option("--apply", help="Give the broker's users these rights.")
    ] = False,
) -> None:
    """Say which user needs which right, as `kafka-acls` takes it.

    Example: `tapewatch topics acls`
    """
    from infra.kafka import acls as rules

    settings = load(config)
    rights = rules.asked_by(settings.alerts)
    for right in rights:
        print(right.line)
    if give:
        print(f"{rules.apply(settings.kafka, rights)} rights given")
