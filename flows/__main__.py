"""The command line: ``tapewatch``, or ``python -m flows``."""

import sys
from enum import StrEnum
from pathlib import Path
from threading import Event
from typing import Annotated, NoReturn

import msgspec
import typer

from config.load import DEFAULT, ConfigError, load
from config.settings import Settings
from config.shard import Shard
from flows import (
    calibrate_changes,
    cluster,
    dashboards,
    dead_letters,
    doctor,
    exchanges,
    export,
    history,
    keep,
    pulse,
    recordings,
    status,
    tell,
    topics,
)
from flows.exchanges import Config, Faults, Seconds, screen

app = typer.Typer(
    help="Watch the tape of many crypto exchanges at once, and act on it.",
    epilog="Start with `tapewatch up`, then ask: "
    "`tapewatch sql 'select * from bars limit 5'`.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(topics.app, name="topics", no_args_is_help=True)
app.add_typer(dead_letters.app, name="dead", no_args_is_help=True)
app.add_typer(cluster.app, name="cluster", no_args_is_help=True)
app.add_typer(calibrate_changes.app, name="calibrate", no_args_is_help=True)

Lake = Annotated[
    Path | None, typer.Option(help="The lake's folder; the settings' own if not given.")
]


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


class Broker(StrEnum):
    """Which broker to start."""

    AUTO = "auto"
    KAFKA = "kafka"
    MEMORY = "memory"


@app.command()
def up(
    config: Config = DEFAULT,
    venues: Annotated[
        str, typer.Option(help="Only connections of these venues, by commas.")
    ] = "",
    seconds: Seconds = None,
    play: Annotated[
        Path | None,
        typer.Option(help="Play this recording in place of the simulated market."),
    ] = None,
    speed: Annotated[
        float, typer.Option(min=0.0, help="Times as fast as recorded; 0: flat out.")
    ] = 1.0,
    broker: Annotated[Broker, typer.Option(help="Which broker.")] = Broker.AUTO,
    lake: Lake = None,
    faults: Faults = None,
    stop_with_parent: Annotated[
        bool, typer.Option(help="Stop when the calling process goes away.")
    ] = False,
    workers: Annotated[
        int, typer.Option(min=1, help="How many processes share each flow.")
    ] = 1,
    brokers: Annotated[
        int, typer.Option(min=1, max=3, help="How many nodes of Kafka; 3 keep copies.")
    ] = 1,
    no_dashboards: Annotated[
        bool, typer.Option("--no-dashboards", help="Without Superset over the lake.")
    ] = False,
) -> None:
    """Run everything on this machine: broker, exchange, ingest, flows, dashboards.

    Ends on Ctrl-C, after `--seconds`, or when the recording has been played, with a
    line that says what came in, what went out, and how to query it.

    Example: `tapewatch up --play monday.jsonl.zst --speed 5`
    """
    from flows.up import Wish, run_up

    settings = exchanges.with_faults(_loaded(config, lake), faults)
    wish = Wish(
        venues=tuple(filter(None, venues.split(","))),
        seconds=seconds,
        play=play,
        speed=speed,
        broker=broker.value,
        stop_with_parent=stop_with_parent,
        workers=workers,
        brokers=brokers,
        dashboards=not no_dashboards,
    )
    run_up(settings, wish)


@app.command()
def ingest(
    config: Config = DEFAULT,
    line: Annotated[
        list[str] | None,
        typer.Option(help="Only lines of this name; repeatable, or by commas."),
    ] = None,
    connection: Annotated[
        list[str] | None,
        typer.Option(help="Only lines of this connection; repeatable, or by commas."),
    ] = None,
) -> None:
    """Listen to the connections of the settings; publish every frame.

    With `--line` the lines of a hot pair can be two processes on two machines. Each
    obeys the commands that concern its lines, and leaves the others to the other.

    Example: `tapewatch ingest --config mine.yaml --line a`
    """
    from connectors.supervisor import Only
    from flows.ingest import run_ingest

    lines, connections = (
        tuple(filter(None, ",".join(names or ()).split(",")))
        for names in (line, connection)
    )
    run_ingest(_loaded(config), Only(lines, connections))


@app.command()
def flow(
    name: Annotated[str, typer.Argument(help="Which flow; `tapewatch show` lists.")],
    config: Config = DEFAULT,
    shard: Annotated[
        str, typer.Option(help="Which of the workers that share it: `I/N`, I from 0.")
    ] = "0/1",
    rebuild: Annotated[
        bool,
        typer.Option(
            "--rebuild",
            help="Where its state is lost, begin at the oldest message; what it had"
            " sent is not sent again.",
        ),
    ] = False,
    skip_expired: Annotated[
        bool,
        typer.Option(
            "--skip-expired",
            help="Where Kafka has deleted what it was to read next, go on without.",
        ),
    ] = False,
) -> None:
    """Run one flow on Kafka, or one worker of it; it resumes where it left off.

    Example: `tapewatch flow market --shard 0/3`
    """
    from flows.io import Worker
    from flows.run import run_flow

    worker = Worker(Shard.parse(shard), rebuild, skip_expired)
    run_flow(_loaded(config), _flow_name(name), worker)


@app.command()
def rescale(
    name: Annotated[str, typer.Argument(help="Which flow; none of it may run.")],
    to: Annotated[int, typer.Option(min=1, help="How many workers.")],
    config: Config = DEFAULT,
) -> None:
    """Deal a flow's state out to another number of workers.

    Stop all of its workers, run this where their stores are, start the new ones.

    Example: `tapewatch rescale market --to 3`
    """
    from flows.rescale import described
    from flows.rescale import rescale as run

    done = run(_loaded(config), _flow_name(name), to)
    screen.print(f"{name}: {described(done)}", highlight=False, soft_wrap=True)


@app.command()
def show(
    name: Annotated[str | None, typer.Argument(help="Which flow.")] = None,
    config: Config = DEFAULT,
) -> None:
    """List the flows, or draw one as a Mermaid graph.

    Example: `tapewatch show market`
    """
    from bytewax.visualize import to_mermaid

    from flows.catalogue import FLOWS
    from flows.io import KafkaIO

    if name is None:
        for each, build in FLOWS.items():
            text = sys.modules[build.__module__].__doc__ or ""
            print(f"{each}\n{text.partition(chr(10))[2]}")
        return
    graph = FLOWS[_flow_name(name)](_loaded(config), KafkaIO(_loaded(config), Event()))
    print(to_mermaid(graph))


for command in (
    exchanges.exchange,
    exchanges.play,
    exchanges.chaos,
    exchanges.instruments,
    recordings.replay,
    recordings.record,
    history.reprocess,
    history.compare,
    history.promote,
    status.status,
    doctor.doctor,
    tell.tell,
    pulse.pulse,
    export.export,
    keep.keep,
    dashboards.dashboards,
):
    app.command()(command)


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="In DuckDB's SQL.")],
    lake: Lake = None,
    format: Annotated[Format, typer.Option(help="How to write it.")] = Format.TABLE,
    config: Config = DEFAULT,
) -> None:
    """Ask the lake; `show tables` and `describe bars` say what is there.

    Example: `tapewatch sql "select symbol, count(*) from trades group by 1"`
    """
    from flows.sql import ask

    print(ask(query, lake or Path(_loaded(config).lake.path), format.value), end="")


def _loaded(config: Path, lake: Path | None = None) -> Settings:
    settings = load(config)
    if lake is None:
        return settings
    changed = msgspec.structs.replace(settings.lake, path=str(lake))
    return msgspec.structs.replace(settings, lake=changed)


def _flow_name(name: str) -> str:
    from flows.catalogue import FLOWS

    if name not in FLOWS:
        raise ConfigError(f"NAME: Expected one of {', '.join(FLOWS)}, not `{name}`")
    return name


def main() -> None:
    """Run the command line; what the user can mend ends in a line, not in a trace."""
    from confluent_kafka import KafkaException

    from config.access import AccessError
    from connectors.exchange.listing import ExchangeError
    from connectors.instruments import InstrumentsError
    from connectors.reader import KafkaError
    from connectors.recording import RecordingError
    from flows.children import ChildError
    from flows.exporting import ExportError
    from flows.sql import QueryError
    from flows.store import StoreError
    from infra.kafka.errors import BrokerError, TopicsError
    from infra.superset.errors import SupersetError
    from infra.superset.keys import SecretError
    from infra.superset.specs import AssetsError
    from sinks.calibrations import CalibrationsError
    from sinks.extract import ExtractError
    from sinks.kafka import DeliveryError
    from sinks.lake import LakeError
    from sinks.sent import SentError
    from sinks.told import TellError

    mendable = (
        AccessError,
        AssetsError,
        BrokerError,
        CalibrationsError,
        ChildError,
        ConfigError,
        DeliveryError,
        ExchangeError,
        ExportError,
        ExtractError,
        InstrumentsError,
        KafkaError,
        LakeError,
        QueryError,
        RecordingError,
        SecretError,
        SentError,
        StoreError,
        SupersetError,
        TellError,
        TopicsError,
    )
    try:
        app()
    except mendable as error:
        _end(error)
    except ExceptionGroup as group:  # of tasks that ran beside each other
        told, rest = group.split(mendable)
        if told is None or rest is not None:
            raise
        _end(_first(told))
    except KafkaException as error:
        _end(f"Kafka: {error.args[0].str()}")
    except OSError as error:  # of a disk; what the network may do has its own
        if error.filename is None or error.strerror is None:
            raise
        _end(f"{error.filename}: {error.strerror}")


def _first(group: ExceptionGroup[Exception]) -> Exception:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, ExceptionGroup) else error


def _end(error: Exception | str) -> NoReturn:
    screen.print(f"tapewatch: {error}", style="red", markup=False, soft_wrap=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
