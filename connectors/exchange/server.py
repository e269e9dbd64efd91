"""A loopback server for WebSocket clients and REST requests, on one port.

It knows no venue: sessions and REST answers come from a protocol, frames from whoever
publishes them. Nothing is left out in silence: a client gets every frame of its streams
in order, or is told why it is disconnected; unless a fault at the door does otherwise.
"""

import asyncio
from collections import Counter
from http import HTTPStatus
from typing import Final, Protocol

import msgspec
from websockets.asyncio.server import Server as SocketServer
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from config.exchange import ListenParams
from connectors.exchange.client import Client
from connectors.exchange.message import (
    NOT_FOUND,
    Answer,
    Message,
    OpenSession,
    Outbound,
    Rest,
)

_PING_S: Final = 20
_PONG_S: Final = 60
"""As Binance documents its pings."""

_FLUSH_S: Final = 30
"""How long a client may take to read the rest, when the server stops."""


class Report(msgspec.Struct, frozen=True):
    """What a server has sent; compare it with what was received.

    Attributes:
        frames: Frames sent, over all clients, per kind: ``trade``, ``depth@100ms``, ...
            Replies to requests count as ``reply``.
        clients: Connections that were opened.
        slow: Connections that were closed because the client did not keep up.
        requests: REST requests answered.
        published: Frames published, whether anyone was subscribed or not.
        unclaimed: Those that no client was subscribed to.
    """

    frames: dict[str, int]
    clients: int
    slow: int
    requests: int
    published: int
    unclaimed: int

    @property
    def total(self) -> int:
        """Frames sent, replies included."""
        return sum(self.frames.values())

    def __str__(self) -> str:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in self.frames.items())
        return (
            f"published {self.published:,} frames; sent {self.total:,} "
            f"to {self.clients} clients ({kinds}); {self.slow} were too slow"
        )


_NO_PATH: Final = Answer(HTTPStatus.BAD_REQUEST, "{}")

CUT_OFF: Final = Answer(HTTPStatus.SERVICE_UNAVAILABLE, "")
"""What a door answers so that the connection ends without an answer."""


def is_path(text: str) -> bool:
    """Tell whether a request's target is a path, of what may be in one."""
    return text.startswith("/") and not text.startswith("//") and text.isascii()


class Door(Protocol):
    """Who sees clients come and go, and may turn them away."""

    def refuses(self, path: str, *, socket: bool) -> Answer | None:
        """Return the answer to a request that is not let in."""

    def opened(self, client: Client) -> None:
        """Take note that a client is there."""

    def closed(self, client: Client) -> None:
        """Take note that it has left."""


class OpenDoor:
    """Lets everyone in."""

    def refuses(self, path: str, *, socket: bool) -> Answer | None:
        """Return None."""

    def opened(self, client: Client) -> None:
        """Do nothing."""

    def closed(self, client: Client) -> None:
        """Do nothing."""


class Server:
    """Accepts clients, answers them, and hands them what is published."""

    def __init__(
        self,
        params: ListenParams,
        *,
        open_session: OpenSession,
        rest: Rest,
        door: Door | None = None,
    ) -> None:
        self._params = params
        self._open_session = open_session
        self._rest = rest
        self._door = door or OpenDoor()
        self._clients: dict[Client, None] = {}
        self._sent: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._server: SocketServer | None = None

    async def start(self) -> int:
        """Listen; return the port.

        Raises:
            OSError: If the port is taken.
        """
        self._server = await serve(
            self._attend,
            self._params.host,
            self._params.port,
            process_request=self._respond,
            compression=None,
            ping_interval=_PING_S,
            ping_timeout=_PONG_S,
            close_timeout=_FLUSH_S,
        )
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def subscriptions(self) -> list[frozenset[str]]:
        """What each connected client is subscribed to."""
        return [frozenset(client.session.streams) for client in self._clients]

    def publish(self, message: Message) -> None:
        """Queue a frame for its clients; disconnect one that is too far behind."""
        for client in self._audience(message):
            client.offer(client.dressed(message))

    async def deliver(self, message: Message) -> None:
        """Queue a frame for its clients; wait for one that is too far behind."""
        for client in self._audience(message):
            await client.deliver(client.dressed(message))

    def _audience(self, message: Message) -> list[Client]:
        audience = [client for client in self._clients if client.wants(message)]
        self._counts["published"] += 1
        self._counts["unclaimed"] += not audience
        return audience

    async def stop(self, code: int, reason: str) -> Report:
        """Send each client all that is queued for it, close, and report."""
        if self._server is not None:
            self._server.close(close_connections=False)
            await self._finish(code, reason)
            for connection in tuple(self._server.connections):
                connection.transport.abort()
            await self._server.wait_closed()
        return Report(
            frames=dict(sorted(self._sent.items())),
            clients=self._counts["clients"],
            slow=self._counts["slow"],
            requests=self._counts["requests"],
            published=self._counts["published"],
            unclaimed=self._counts["unclaimed"],
        )

    async def _finish(self, code: int, reason: str) -> None:
        farewells = {
            asyncio.create_task(client.finish(code, reason)): client
            for client in self._clients
        }
        if not farewells:
            return
        _, late = await asyncio.wait(farewells, timeout=_FLUSH_S)
        for farewell in late:
            farewells[farewell].slow = True
            farewell.cancel()

    def _respond(
        self, connection: ServerConnection, request: Request
    ) -> Response | None:
        """Answer a REST request; let a WebSocket of a known path through."""
        path = request.path
        if not is_path(path):
            self._counts["requests"] += 1
            return _response(connection, _NO_PATH)
        answer = self._rest(path)
        socket = answer is None and self._open_session(path) is not None
        refusal = self._door.refuses(path, socket=socket)
        if refusal is CUT_OFF:
            connection.transport.abort()
        if socket and refusal is None:
            return None
        self._counts["requests"] += 1
        return _response(connection, refusal or answer or NOT_FOUND)

    async def _attend(self, connection: ServerConnection) -> None:
        """Talk to one client until it leaves."""
        path = connection.request.path if connection.request else ""
        session = self._open_session(path)
        if session is None:
            return
        self._counts["clients"] += 1
        client = Client(
            connection,
            session,
            self._params.queue_frames,
            number=self._counts["clients"],
            path=path,
        )
        self._clients[client] = None
        self._door.opened(client)
        writer = asyncio.create_task(client.write(self._sent))
        try:
            for text in session.hello():
                client.offer(Outbound("reply", text))
            async for request in connection:
                for reply in session.answer(request):
                    if isinstance(reply, str):
                        client.offer(Outbound("reply", reply))
                    else:
                        client.offer(client.dressed(reply))
        except ConnectionClosed:
            pass
        finally:
            del self._clients[client]
            client.leaving = True
            self._door.closed(client)
            self._counts["slow"] += client.slow
            writer.cancel()
            await asyncio.wait([writer])


def _response(connection: ServerConnection, answer: Answer) -> Response:
    response = connection.respond(HTTPStatus(answer.status), answer.body)
    del response.headers["Content-Type"]
    response.headers["Content-Type"] = "application/json;charset=UTF-8"
    for name, value in answer.headers:
        response.headers[name] = value
    return response
