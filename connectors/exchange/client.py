"""One client of the exchange's server: what waits for it, and how it is sent."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Final

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from connectors.exchange.message import Message, Session

Payload = str | bytes
Outgoing = Callable[[Payload], AsyncIterator[Payload]]
"""What is really sent for a payload: a fault is one of these."""

_POLICY: Final = 1008
_CLOSING_S: Final = 10.0


async def untouched(payload: Payload) -> AsyncIterator[Payload]:
    """Send a payload as it is."""
    yield payload


class Client:
    """One WebSocket connection.

    Attributes:
        session: Its conversation, with what it is subscribed to.
        slow: Whether it was, or has to be, disconnected because it does not keep up.
    """

    def __init__(
        self, connection: ServerConnection, session: Session, queue_frames: int
    ) -> None:
        self.session = session
        self.slow = False
        self._connection = connection
        self._queue: asyncio.Queue[tuple[str, Payload] | None] = asyncio.Queue(
            queue_frames
        )
        self._farewell = (1000, "")
        self._closing: asyncio.Task[None] | None = None
        self._gone = asyncio.Event()

    def wants(self, message: Message) -> bool:
        """Tell whether a message is for this client."""
        return message.stream is None or message.stream in self.session.streams

    def offer(self, kind: str, payload: Payload) -> None:
        """Queue a frame; where there is no room, disconnect the client."""
        if self._closing is not None:
            return
        try:
            self._queue.put_nowait((kind, payload))
        except asyncio.QueueFull:
            self.slow = True
            text = f"slow client: {self._queue.maxsize} frames behind"
            self._closing = asyncio.create_task(self._close(_POLICY, text))

    async def deliver(self, kind: str, payload: Payload) -> None:
        """Queue a frame; where there is no room, wait for some."""
        if not self._gone.is_set():
            await self._queue.put((kind, payload))

    async def finish(self, code: int, reason: str) -> None:
        """Send what is queued, then close; return when that is done."""
        self._farewell = (code, reason)
        if not self._gone.is_set():
            await self._queue.put(None)
        await self._gone.wait()

    async def write(self, sent: Counter[str], outgoing: Outgoing) -> None:
        """Send what is queued, count it, until told to finish or disconnected."""
        try:
            while entry := await self._queue.get():
                kind, payload = entry
                async for data in outgoing(payload):
                    await self._connection.send(data)
                    sent[kind] += 1
            await self._connection.close(*self._farewell)
        except ConnectionClosed:
            pass
        finally:
            self._gone.set()
            while not self._queue.empty():
                self._queue.get_nowait()

    async def _close(self, code: int, reason: str) -> None:
        """Say why, and close; by force, if the client does not read that."""
        try:
            async with asyncio.timeout(_CLOSING_S):
                await self._connection.close(code, reason)
        except TimeoutError:
            self._connection.transport.abort()
