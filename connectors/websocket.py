"""One line of a connection: a socket that is kept open, and its frames as they come.

Nothing is parsed for meaning here. What was received, sent, fetched, opened or closed
is stamped and published; what it says is the ``market`` flow's business.
"""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Final

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from config.settings import Connection, Line
from connectors.venues import VENUES
from operators.records.base import Record
from operators.records.connection import ConnectionEvent, LineEvent
from operators.records.frame import Frame, FrameKind
from operators.records.time import MS, SECOND

Publish = Callable[[Record], None]

_SNAPSHOT_PAUSE_S: Final = 0.1
_REST_TIMEOUT_S: Final = 10.0


class Socket:
    """Keep one line open until it is cancelled; publish all that happens on it."""

    def __init__(self, connection: Connection, line: Line, publish: Publish) -> None:
        """Take the line's settings, and where its records go."""
        self._connection = connection
        self._line = line
        self._publish = publish
        self._venue = VENUES[connection.venue]
        self._stamped_ns = 0
        self._received_ns: int | None = None
        self._frames = self._octets = self._attempt = 0
        self._socket: ClientConnection | None = None

    async def run(self) -> None:
        """Connect, listen, and connect again, for as long as it is let."""
        while True:
            self._report(LineEvent.CONNECTING)
            try:
                await self._session()
            except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
                self._report(LineEvent.FAILED, f"{type(error).__name__}: {error}")
            self._attempt += 1
            await asyncio.sleep(self._backoff_s())

    def beat(self) -> None:
        """Say that a second has passed on this line."""
        self._report(LineEvent.HEARTBEAT)

    async def _session(self) -> None:
        settings = self._connection
        async with connect(
            self._line.url,
            open_timeout=settings.connect_timeout_s,
            ping_interval=settings.ping_interval_s,
            ping_timeout=settings.ping_timeout_s,
            max_size=settings.max_frame_bytes,
            max_queue=1_024,
            compression=None,
        ) as socket:
            self._socket = socket
            self._keep(FrameKind.OPEN, "", self._line.url)
            self._report(LineEvent.OPEN)
            snapshots = asyncio.create_task(self._fetch_snapshots())
            reason = "stopped by us"
            try:
                await self._listen(socket)
            except ConnectionClosed as error:
                reason = str(error)
            finally:
                self._socket = None
                await _cancel(snapshots)
                self._keep(FrameKind.CLOSE, reason, self._line.url)
                self._report(LineEvent.CLOSED, reason)

    async def _listen(self, socket: ClientConnection) -> None:
        """Subscribe, and keep what comes, until the socket is closed."""
        channels = self._connection.channels or self._venue.CHANNELS
        for message in self._venue.subscribe(self._connection.symbols, channels):
            await socket.send(message)
            self._keep(FrameKind.SENT, message)
        while True:
            received = await socket.recv()
            self._attempt = 0
            self._frames += 1
            self._octets += len(received)
            self._received_ns = self._keep(FrameKind.WS, received)

    async def _fetch_snapshots(self) -> None:
        """Fetch each symbol's book once the line is open, one after the other."""
        base = self._connection.rest_url
        if base is None:
            return
        async with httpx.AsyncClient(timeout=_REST_TIMEOUT_S, trust_env=False) as rest:
            for symbol in self._connection.symbols:
                path = self._venue.snapshot_path(symbol)
                if path is None:
                    continue
                url = base + path
                try:
                    answer = await rest.get(url)
                    answer.raise_for_status()
                except httpx.HTTPError as error:
                    text = f"{symbol}: {type(error).__name__}: {error}"
                    self._report(LineEvent.NO_SNAPSHOT, text)
                else:
                    self._keep(FrameKind.REST, answer.text, url)
                await asyncio.sleep(_SNAPSHOT_PAUSE_S)

    def _backoff_s(self) -> float:
        """Draw the next wait: evenly from zero to a bound that doubles, to a cap.

        Source:
            M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015:
            "full jitter".
        """
        settings = self._connection
        bound_s = settings.backoff_first_s * 2.0 ** min(self._attempt, 32)
        return random.uniform(0.0, min(bound_s, settings.backoff_cap_s))

    def _keep(self, kind: FrameKind, payload: str | bytes, url: str = "") -> int:
        """Publish a frame; return its stamp."""
        received_ns = self._stamp()
        text = payload if isinstance(payload, str) else None
        self._publish(
            Frame(
                venue=self._connection.venue,
                connection=self._connection.name,
                line=self._line.name,
                kind=kind,
                received_ns=received_ns,
                url=url,
                data=text,
                b64=None if isinstance(payload, str) else payload,
            )
        )
        return received_ns

    def _report(self, event: LineEvent, reason: str = "") -> None:
        now_ns = self._stamp()
        latency_s = self._socket.latency if self._socket else 0
        self._publish(
            ConnectionEvent(
                venue=self._connection.venue,
                connection=self._connection.name,
                line=self._line.name,
                received_ns=now_ns,
                event=event,
                url=self._line.url,
                reason=reason,
                attempt=self._attempt,
                frames=self._frames,
                octets=self._octets,
                silence_ns=self._received_ns and now_ns - self._received_ns,
                round_trip_ns=int(latency_s * SECOND) or None,
            )
        )

    def _stamp(self) -> int:
        """Return the time, later than any stamp before it on this line [ns UTC]."""
        self._stamped_ns = max(time.time_ns(), self._stamped_ns + 1)
        return self._stamped_ns


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def every(period_ms: int, do: Callable[[], None]) -> None:
    """Call a function again and again, for as long as it is let."""
    while True:
        await asyncio.sleep(period_ms * MS / SECOND)
        do()
