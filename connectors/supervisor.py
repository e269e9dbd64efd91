"""Keep every line of every connection open, and publish what comes.

The first version: every line of every connection lives on its own.
"""

import asyncio

from config.load import ConfigError
from config.settings import Ingest
from connectors.venues import VENUES
from connectors.websocket import Publish, Socket, every


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


async def run(ingest: Ingest, publish: Publish, stop: asyncio.Event) -> None:
    """Listen until told to stop, then close every line.

    Raises:
        ConfigError: As :func:`check`.
        Exception: Whatever a line raises beyond what the network may do.
    """
    check(ingest)
    sockets = [
        Socket(connection, line, publish)
        for connection in ingest.connections
        for line in connection.lines
    ]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(socket.run()) for socket in sockets]
        tasks += [
            group.create_task(every(ingest.heartbeat_ms, s.beat)) for s in sockets
        ]
        await stop.wait()
        for task in tasks:
            task.cancel()
