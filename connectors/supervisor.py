"""Keeps every line of every connection, and does what it is told of them."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from typing import NamedTuple

import msgspec

from config.load import ConfigError
from config.settings import Connection, Ingest
from connectors.attention import Attention
from connectors.gate import Gate
from connectors.keeper import Keeper
from connectors.orderly import Orderly
from connectors.venues import VENUES
from connectors.websocket import Publish
from operators.records.book import Command
from operators.records.time import MS, SECOND


def check(ingest: Ingest) -> None:
    """Refuse what no line could be opened for.

    Raises:
        ConfigError: If nothing is to be listened to, a venue is unknown, or a symbol is
            in two connections.
    """
    if not ingest.connections:
        raise ConfigError("settings: Expected at least one connection - at `$.ingest`")
    seen: dict[tuple[str, str], str] = {}
    for number, connection in enumerate(ingest.connections):
        place = f"at `$.ingest.connections[{number}]"
        if connection.venue not in VENUES:
            known = ", ".join(sorted(VENUES))
            text = f"Expected one of {known}, not `{connection.venue}`"
            raise ConfigError(f"settings: {text} - {place}.venue`")
        for symbol in connection.symbols:
            other = seen.setdefault((connection.venue, symbol), connection.name)
            if other != connection.name:
                text = (
                    f"{symbol} is in `{other}` too: Expected all channels of a symbol"
                )
                text = f"{text} in one connection, for they are kept in one order"
                raise ConfigError(f"settings: {text} - {place}.symbols`")


class Only(NamedTuple):
    """Which lines this process keeps; others may be kept by another, elsewhere.

    Every process reads every command, and obeys it on its own lines alone. One that
    names no line, as a resync, is thus obeyed by each process on the lines it keeps:
    together they do just what one process with all the lines does, and none has to
    know whether another lives.

    Attributes:
        lines: Their names; all if empty.
        connections: The connections of the settings that they belong to; all if empty.
    """

    lines: Sequence[str] = ()
    connections: Sequence[str] = ()

    @property
    def name(self) -> str:
        """What the process is called: ``all.all``, ``all.a``, ``binance-0.a+b``."""
        chosen = (self.connections, self.lines)
        return ".".join("+".join(sorted(set(each))) or "all" for each in chosen)

    def check(self, ingest: Ingest) -> None:
        """Refuse names that the settings do not have.

        Raises:
            ConfigError: If there is no such connection, or no such line in it.
        """
        names = [connection.name for connection in ingest.connections]
        _expect("--connection", self.connections, names, "the settings")
        mine = [each for each in ingest.connections if self._is_of(each)]
        lines = [line.name for connection in mine for line in connection.lines]
        _expect("--line", self.lines, lines, ", ".join(self.connections))
        for connection in mine if self.connections and self.lines else ():
            have = [line.name for line in connection.lines]
            if not set(have) & set(self.lines):
                _expect("--line", self.lines, have, connection.name)

    def of(self, connection: Connection) -> set[str]:
        """Return the names of those lines of a connection that are kept here."""
        names = {line.name for line in connection.lines}
        if not self._is_of(connection):
            return set()
        return names & set(self.lines) if self.lines else names

    def _is_of(self, connection: Connection) -> bool:
        return not self.connections or connection.name in self.connections


def _expect(
    option: str, named: Sequence[str], known: Sequence[str], where: str
) -> None:
    for name in named:
        if name not in known:
            text = f"Expected one of {', '.join(sorted(set(known)))}, not `{name}`"
            raise ConfigError(f"{option}: {text} - in {where or 'the settings'}")


def sharded(connection: Connection) -> list[Connection]:
    """Return a connection as so many as the venue's addresses and limits make of it.

    Lines without an address get the venue's own, which may be several by channel; no
    connection carries more streams than the venue allows. Those that carry the same
    symbols over several addresses share a name up to its period, and so a partition.
    """
    venue = VENUES[connection.venue]
    channels = connection.channels or tuple(venue.CHANNELS)
    groups: defaultdict[str, list[str]] = defaultdict(list)
    given = any(line.url is not None for line in connection.lines)
    for channel in channels:
        groups["" if given else venue.address(channel)].append(channel)
    longest = max(len(group) for group in groups.values())
    most = max(venue.LIMITS.streams // longest, 1)
    starts = range(0, len(connection.symbols), most)
    shards = []
    for chunk, start in enumerate(starts):
        for number, (url, group) in enumerate(groups.items()):
            name = f"{connection.name}-{chunk}" if len(starts) > 1 else connection.name
            name = f"{name}.{number}" if len(groups) > 1 else name
            shard = msgspec.structs.replace(
                connection,
                name=name,
                symbols=connection.symbols[start : start + most],
                channels=tuple(group),
                rest_url=connection.rest_url or (None if given else venue.REST_URL),
                lines=tuple(
                    msgspec.structs.replace(line, url=line.url or url or venue.URL)
                    for line in connection.lines
                ),
            )
            shards.append(shard)
    return shards


def _connects_per_minute(ingest: Ingest, venue: str) -> float:
    """Return how many connections to a venue may be opened in a minute."""
    asked = [
        connection.connects_per_minute
        for connection in ingest.connections
        if connection.venue == venue and connection.connects_per_minute is not None
    ]
    return min(asked, default=VENUES[venue].LIMITS.connects_per_minute)


class Supervisor:
    """All lines, by connection; those of the highest priority first.

    Of those of one priority, those with the most symbols of a HIGH tier: as they are
    known when a line is opened, or opened again.
    """

    def __init__(
        self,
        ingest: Ingest,
        publish: Publish,
        only: Only | None = None,
        attention: Attention | None = None,
    ) -> None:
        """Make a keeper for each line that is to be kept here.

        Connections are sharded as if all their lines were: the names of the shards, by
        which lines belong together, may not depend on which process keeps which.

        Raises:
            ConfigError: As :func:`check`, or as :meth:`Only.check`.
        """
        check(ingest)
        only = only or Only()
        only.check(ingest)
        self._heartbeat_ms = ingest.heartbeat_ms
        self._attention = attention or Attention()
        gates = {
            venue: Gate(_connects_per_minute(ingest, venue))
            for venue in {connection.venue for connection in ingest.connections}
        }
        ordered = sorted(ingest.connections, key=lambda each: -each.priority)
        self.keepers = [
            Keeper(shard, line, gates[shard.venue], publish, self._attention)
            for connection in ordered
            for shard in sharded(connection)
            for line in shard.lines
            if line.name in only.of(connection)
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
            urgency = self._attention.urgency
            for keeper in sorted(
                self.keepers, key=lambda each: urgency(each.connection), reverse=True
            ):
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
        """Obey commands as they come; a venue that is slow holds up no other."""
        orderlies = self._orderlies()
        async with asyncio.TaskGroup() as group:
            for orderly in orderlies:
                group.create_task(orderly.run())
            async for command in commands:
                for orderly in orderlies:
                    orderly.take(command)

    async def obey(self, command: Command) -> None:
        """Do what a command says, on every line that it speaks of."""
        for orderly in self._orderlies():
            orderly.take(command)
            await orderly.catch_up()

    def _orderlies(self) -> list[Orderly]:
        """Return who obeys, one a connection."""
        lines: defaultdict[str, list[Keeper]] = defaultdict(list)
        for keeper in self.keepers:
            lines[keeper.connection.name].append(keeper)
        return [Orderly(keepers) for keepers in lines.values()]


async def run(ingest: Ingest, publish: Publish, stop: asyncio.Event) -> None:
    """Listen until told to stop, without commands; as :class:`Supervisor`."""
    await Supervisor(ingest, publish).run(stop)
