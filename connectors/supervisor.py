"""Keeps every line of every connection, and does what it is told of them."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator

import msgspec

from config.load import ConfigError
from config.settings import Connection, Ingest
from connectors.gate import Gate
from connectors.keeper import Keeper
from connectors.venues import VENUES
from connectors.websocket import Publish
from operators.records.book import Action, Command
from operators.records.time import MS, SECOND


def check(ingest: Ingest) -> None:
    """Refuse what no line could be opened for.

    Raises:
        ConfigError: If nothing is to be listened to, or a venue is unknown.
    """
    if not ingest.connections:
        raise ConfigError("settings: Expected at least one connection - at `$.ingest`")
    for number, connection in enumerate(ingest.connections):
        if connection.venue not in VENUES:
            known = ", ".join(sorted(VENUES))
            place = f"at `$.ingest.connections[{number}].venue`"
            text = f"Expected one of {known}, not `{connection.venue}` - {place}"
            raise ConfigError(f"settings: {text}")


def sharded(connection: Connection) -> list[Connection]:
    """Return a connection as so many as the venue's addresses and limits make of it.

    Lines without an address get the venue's own, which may be several by channel; no
    connection carries more streams than the venue allows.
    """
    venue = VENUES[connection.venue]
    channels = connection.channels or tuple(venue.CHANNELS)
    groups: defaultdict[str, list[str]] = defaultdict(list)
    given = any(line.url is not None for line in connection.lines)
    for channel in channels:
        groups["" if given else venue.address(channel)].append(channel)
    shards = []
    for url, group in groups.items():
        most = max(venue.LIMITS.streams // len(group), 1)
        symbols = connection.symbols
        for start in range(0, len(symbols), most):
            shard = msgspec.structs.replace(
                connection,
                symbols=symbols[start : start + most],
                channels=tuple(group),
                rest_url=connection.rest_url or (None if given else venue.REST_URL),
                lines=tuple(
                    msgspec.structs.replace(line, url=line.url or url or venue.URL)
                    for line in connection.lines
                ),
            )
            shards.append(shard)
    if len(shards) == 1:
        return shards
    return [
        msgspec.structs.replace(shard, name=f"{connection.name}-{number}")
        for number, shard in enumerate(shards)
    ]


def _connects_per_minute(ingest: Ingest, venue: str) -> float:
    """Return how many connections to a venue may be opened in a minute."""
    asked = [
        connection.connects_per_minute
        for connection in ingest.connections
        if connection.venue == venue and connection.connects_per_minute is not None
    ]
    return min(asked, default=VENUES[venue].LIMITS.connects_per_minute)


class Supervisor:
    """All lines, by connection; those of the highest priority first."""

    def __init__(self, ingest: Ingest, publish: Publish) -> None:
        """Make a keeper for each line.

        Raises:
            ConfigError: As :func:`check`.
        """
        check(ingest)
        self._heartbeat_ms = ingest.heartbeat_ms
        gates = {
            venue: Gate(_connects_per_minute(ingest, venue))
            for venue in {connection.venue for connection in ingest.connections}
        }
        ordered = sorted(ingest.connections, key=lambda each: -each.priority)
        self.keepers = [
            Keeper(shard, line, gates[shard.venue], publish)
            for connection in ordered
            for shard in sharded(connection)
            for line in shard.lines
        ]

    async def run(
        self, stop: asyncio.Event, commands: AsyncIterator[Command] | None = None
    ) -> None:
        """Listen until told to stop, then close every line.

        Args:
            stop: Ends it.
            commands: What it is told to do meanwhile.

        Raises:
            ExceptionGroup: Whatever a line raises beyond what the network may do.
        """
        async with asyncio.TaskGroup() as group:
            tasks = []
            for keeper in self.keepers:
                tasks.append(group.create_task(keeper.run()))
                tasks.append(group.create_task(self._beat(keeper.beat)))
            if commands is not None:
                tasks.append(group.create_task(self._obey(commands)))
            await stop.wait()
            for task in tasks:
                task.cancel()

    async def _beat(self, beat: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(self._heartbeat_ms * MS / SECOND)
            beat()

    async def _obey(self, commands: AsyncIterator[Command]) -> None:
        async for command in commands:
            await self.obey(command)

    async def obey(self, command: Command) -> None:
        """Do what a command says, on every line that it speaks of."""
        for keeper in self._meant(command):
            session = keeper.session
            match command.action:
                case Action.RESYNC if session is not None:
                    await session.resync(command.symbol)
                case Action.RESUBSCRIBE if session is not None:
                    await session.resubscribe(command.symbol)
                case Action.FAIL_OVER:
                    keeper.fail_over()
                case Action.PAUSE:
                    keeper.pause()
                case Action.RESUME:
                    keeper.resume()

    def _meant(self, command: Command) -> Iterator[Keeper]:
        for keeper in self.keepers:
            connection = keeper.connection
            if (
                connection.venue == command.venue
                and command.symbol in connection.symbols
                and command.connection in (None, connection.name)
                and command.line in (None, keeper.line.name)
            ):
                yield keeper


async def run(ingest: Ingest, publish: Publish, stop: asyncio.Event) -> None:
    """Listen until told to stop, without commands; as :class:`Supervisor`."""
    await Supervisor(ingest, publish).run(stop)
