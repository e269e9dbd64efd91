"""One client of the exchange's server: what waits for it, and how it is sent."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Final, Protocol

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from connectors.exchange.message import Message, Outbound, Session

_POLICY: Final = 1008
_CLOSING_S: Final = 10.0


class Filter(Protocol):
    """What may stand between the exchange and a client."""

    def passes(self, frame: Outbound) -> Iterable[Outbound]:
        """Return what is sent in a frame's place, or with it."""


class Client:
    """One WebSocket connection.

    Attributes:
        number: Which connection it is, from 1.
        path: What it asked for, with the query.
        session: Its conversation, with what it is subscribed to.
        filters: What stands between the exchange and it, in order.
        slow: Whether it was, or has to be, disconnected because it does not keep up.
        leaving: Whether it is being disconnected: nothing more is sent to it.
    """

    def __init__(
        self,
        connection: ServerConnection,
        session: Session,
        queue_frames: int,
        *,
        number: int = 0,
        path: str = "",
    ) -> None:
        self.number = number
        self.path = path
        self.session = session
        self.filters: list[Filter] = []
        self.slow = False
        self.leaving = False
        self._connection = connection
        self._queue: asyncio.Queue[Outbound | None] = asyncio.Queue(queue_frames)
        self._farewell = (1000, "")
        self._closing: asyncio.Task[None] | None = None
        self._gone = asyncio.Event()

    def wants(self, message: Message) -> bool:
        """Tell whether a message is for this client."""
        if self.leaving:
            return False
        return message.stream is None or message.stream in self.session.streams

    def dressed(self, message: Message) -> Outbound:
        """Return the frame that a message is for this client."""
        return Outbound(message.kind, self.session.dress(message), message)

    def offer(self, frame: Outbound) -> None:
        """Queue a frame, or what the filters make of it."""
        frames: list[Outbound] = [frame]
        for each in self.filters:
            frames = [passed for waiting in frames for passed in each.passes(waiting)]
        for passed in frames:
            self.put(passed)

    def put(self, frame: Outbound) -> None:
        """Queue a frame; where there is no room, disconnect the client."""
        if self.leaving:
            return
        try:
            self._queue.put_nowait(frame)
        except asyncio.QueueFull:
            self.slow = True
            self._leave(_POLICY, f"slow client: {self._queue.maxsize} frames behind")

    async def deliver(self, frame: Outbound) -> None:
        """Queue a frame; where there is no room, wait for some."""
        if not self._gone.is_set():
            await self._queue.put(frame)

    def close(self, code: int, reason: str) -> None:
        """Send what is queued, then close; do not wait for that."""
        if not self.leaving:
            self.leaving = True
            self._closing = asyncio.create_task(self.finish(code, reason))

    def abort(self) -> list[Outbound]:
        """Cut the connection off at once; return what was queued and is lost."""
        self.leaving = True
        lost = self._drain()
        self._connection.transport.abort()
        return lost

    async def finish(self, code: int, reason: str) -> None:
        """Send what is queued, then close; return when that is done."""
        self._farewell = (code, reason)
        if not self._gone.is_set():
            await self._queue.put(None)
        await self._gone.wait()

    async def write(self, sent: Counter[str]) -> None:
        """Send what is queued, count it, until told to finish or disconnected."""
        try:
            while frame := await self._queue.get():
                if frame.due_s:
                    wait_s = frame.due_s - asyncio.get_running_loop().time()
                    await asyncio.sleep(max(wait_s, 0.0))
                await self._connection.send(frame.payload)
                sent[frame.kind] += 1
            await self._connection.close(*self._farewell)
        except ConnectionClosed:
            pass
        finally:
            self._gone.set()
            self._drain()

    def _drain(self) -> list[Outbound]:
        lost = []
        while not self._queue.empty():
            frame = self._queue.get_nowait()
            if frame is not None:
                lost.append(frame)
        return lost

    def _leave(self, code: int, reason: str) -> None:
        self.leaving = True
        self._closing = asyncio.create_task(self._close(code, reason))

    async def _close(self, code: int, reason: str) -> None:
        """Say why, and close; by force, if the client does not read that."""
        try:
            async with asyncio.timeout(_CLOSING_S):
                await self._connection.close(code, reason)
        except TimeoutError:
            self._connection.transport.abort()
