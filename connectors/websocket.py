"""One socket, from its opening to its end: its frames as they come.

Nothing is parsed for meaning here. What was received, sent, fetched, opened or closed
is stamped and published; what it says is the ``market`` flow's business.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from config.settings import Connection
from connectors.attention import Attention
from connectors.gate import Gate
from connectors.venues import VENUES
from operators.records import topics
from operators.records.base import Record
from operators.records.connection import ConnectionEvent, LineEvent
from operators.records.frame import Frame, FrameKind
from operators.records.time import SECOND

Publish = Callable[[Record], None]

_SNAPSHOT_PAUSE_S: Final = 0.1
_REST_TIMEOUT_S: Final = 10.0
_REFUSED: Final = (418, 429)
_RETRY_S: Final = 10.0
_LONGEST_RETRY_S: Final = 600.0
_ANSWER_TIMEOUT_S: Final = 30.0
_IDLE_CHARACTERS: Final = 250
_EASE: Final = 0.02


class Teller:
    """Stamps and publishes what happens on a line; stamps rise strictly.

    Attributes:
        frames: Frames received.
        octets: Bytes received.
        attempt: Attempts to connect since the line last brought something.
    """

    def __init__(
        self,
        connection: Connection,
        line: str,
        publish: Publish,
        clock_ns: Callable[[], int] = time.time_ns,
        timer_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.connection = connection
        self.line = line
        self.frames = self.octets = self.attempt = 0
        self._publish = publish
        self._clock_ns = clock_ns
        self._timer_ns = timer_ns
        self._stamped_ns = self._timed_ns = 0
        self._received_ns: int | None = None

    def keep(self, kind: FrameKind, payload: str | bytes, url: str = "") -> None:
        """Publish a frame."""
        received_ns = self._stamp()
        if kind is FrameKind.WS:
            self.frames += 1
            self.octets += len(payload)
            self._received_ns = received_ns
        self._publish(self._frame(kind, received_ns, payload, url))

    def report(
        self, event: LineEvent, url: str, reason: str = "", latency_s: float = 0.0
    ) -> None:
        """Publish that something happened, and keep it among the frames.

        Only there its order among them is certain to whoever reads them.
        """
        now_ns = self._stamp()
        silence_ns = self._received_ns and now_ns - self._received_ns
        told = ConnectionEvent(
            venue=self.connection.venue,
            connection=self.connection.name,
            line=self.line,
            received_ns=now_ns,
            event=event,
            url=url,
            reason=reason,
            attempt=self.attempt,
            frames=self.frames,
            octets=self.octets,
            silence_ns=silence_ns,
            round_trip_ns=int(latency_s * SECOND) or None,
        )
        text = topics.CONNECTIONS.encode(told).decode()
        self._publish(told)
        self._publish(self._frame(FrameKind.STATUS, now_ns, text, ""))

    def _frame(
        self, kind: FrameKind, received_ns: int, payload: str | bytes, url: str
    ) -> Frame:
        return Frame(
            venue=self.connection.venue,
            connection=self.connection.name,
            line=self.line,
            kind=kind,
            received_ns=received_ns,
            url=url,
            data=payload if isinstance(payload, str) else None,
            b64=None if isinstance(payload, str) else payload,
        )

    def _stamp(self) -> int:
        """Return the time, later than any stamp before it on this line [ns UTC].

        After a clock that was set back, time goes on from the last stamp at its pace.
        """
        stamp_ns, timed_ns = self._clock_ns(), self._timer_ns()
        if stamp_ns <= self._stamped_ns:
            stamp_ns = self._stamped_ns + max(timed_ns - self._timed_ns, 1)
        self._stamped_ns, self._timed_ns = stamp_ns, timed_ns
        return stamp_ns


class Session:
    """One socket: connect, subscribe, fetch the books, keep what comes.

    Attributes:
        url: Where it leads.
        teller: Where it tells of itself.
        flowing: Set once it has brought something that is data.
    """

    def __init__(
        self, url: str, teller: Teller, gate: Gate, attention: Attention | None = None
    ) -> None:
        self.url = url
        self.teller = teller
        self.flowing = asyncio.Event()
        self._gate = gate
        self._attention = attention or Attention()
        self._settings = teller.connection
        self._venue = VENUES[teller.connection.venue]
        self._socket: ClientConnection | None = None
        self._data_s = time.monotonic()
        self._gap_s: float | None = None

    @property
    def _latency_s(self) -> float:
        """Ping to pong, 0 until measured [s]."""
        return self._socket.latency if self._socket else 0.0

    def beat(self) -> None:
        """Say that a second has passed on this line."""
        self.teller.report(LineEvent.HEARTBEAT, self.url, latency_s=self._latency_s)

    def is_silent(self) -> bool:
        """Return whether no data has come for longer than is normal here.

        Pongs and the venue's heartbeats are no data. Normal is the smoothed time
        between frames; until that is known, the time allowed for the first.
        """
        silence_s = time.monotonic() - self._data_s
        if self._gap_s is None:
            return silence_s > self._settings.first_data_s
        normal_s = self._settings.silence_gaps * self._gap_s
        return silence_s > max(self._settings.silence_s, normal_s)

    async def run(self) -> None:
        """Live from the opening of the socket to its end.

        Raises:
            OSError: If it cannot be opened; likewise ``InvalidHandshake`` and
                ``InvalidURI`` of websockets.
        """
        settings, teller = self._settings, self.teller
        await self._gate.pass_through(self._attention.urgency(settings))
        symbols = self._attention.ordered(settings)
        teller.report(LineEvent.CONNECTING, self.url)
        async with connect(
            self.url,
            open_timeout=settings.connect_timeout_s,
            close_timeout=settings.close_timeout_s,
            ping_interval=settings.ping_interval_s,
            ping_timeout=settings.ping_timeout_s,
            max_size=settings.max_frame_bytes,
            max_queue=1_024,
            compression=None,
        ) as socket:
            self._socket = socket
            self._data_s = time.monotonic()
            teller.keep(FrameKind.OPEN, "", self.url)
            teller.report(LineEvent.OPEN, self.url)
            aside = [
                asyncio.create_task(self._ping(socket)),
                asyncio.create_task(self._fetch(symbols)),
            ]
            reason = "stopped by us"
            try:
                await self._listen(socket, symbols)
            except ConnectionClosed as error:
                reason = str(error)
            finally:
                self._socket = None
                for task in aside:
                    task.cancel()
                await asyncio.gather(*aside, return_exceptions=True)
                teller.keep(FrameKind.CLOSE, reason, self.url)
                teller.report(LineEvent.CLOSED, self.url, reason)

    async def resync(self, symbol: str) -> None:
        """Have the book of one symbol sent anew, and of no other."""
        socket = self._socket
        if socket is None:
            return
        self.teller.report(LineEvent.RESYNC, self.url, symbol)
        await self._fetch([symbol])
        await self._send(socket, self._venue.resync(symbol))

    async def resubscribe(self, symbol: str) -> None:
        """Subscribe to one symbol again."""
        socket = self._socket
        if socket is not None:
            channels = self._settings.channels or self._venue.CHANNELS
            again = self._venue.subscribe([symbol], channels)
            await self._send(socket, self._venue.resync(symbol) or again)

    async def _listen(self, socket: ClientConnection, symbols: Sequence[str]) -> None:
        """Subscribe, and keep what comes, until the socket is closed."""
        keep, idle = self.teller.keep, self._venue.IDLE
        channels = self._settings.channels or self._venue.CHANNELS
        subscribing = asyncio.create_task(
            self._send(socket, self._venue.subscribe(symbols, channels))
        )
        try:
            while True:
                received = await socket.recv()
                keep(FrameKind.WS, received)
                if len(received) > _IDLE_CHARACTERS or not _is_idle(received, idle):
                    self._note_data()
        finally:
            subscribing.cancel()
            await asyncio.gather(subscribing, return_exceptions=True)

    def _note_data(self) -> None:
        now_s = time.monotonic()
        gap_s = now_s - self._data_s
        self._data_s = now_s
        before_s = self._gap_s
        if before_s is None:
            self._gap_s = gap_s
            self.teller.attempt = 0
            self.flowing.set()
            self.teller.report(LineEvent.FLOWING, self.url)
        else:
            self._gap_s = before_s + _EASE * (gap_s - before_s)

    async def _send(self, socket: ClientConnection, messages: Iterable[str]) -> None:
        """Send messages at the pace that the venue allows."""
        pause_s = 1.0 / self._venue.LIMITS.messages_per_s
        for number, message in enumerate(messages):
            if number:
                await asyncio.sleep(pause_s)
            try:
                await socket.send(message)
            except ConnectionClosed:
                return
            self.teller.keep(FrameKind.SENT, message)

    async def _ping(self, socket: ClientConnection) -> None:
        """Send the application's own heartbeat, where the venue wants one."""
        ping = self._venue.PING
        while ping is not None:
            await asyncio.sleep(ping.every_s)
            await self._send(socket, [ping.text])

    async def _fetch(self, symbols: Iterable[str]) -> None:
        """Fetch the books of symbols, one after the other, where they are fetched."""
        base = self._settings.rest_url
        if base is None:
            return
        # Not packed: a small answer could unpack to more than there is memory.
        async with httpx.AsyncClient(
            headers={"Accept-Encoding": "identity"},
            timeout=_REST_TIMEOUT_S,
            trust_env=False,
        ) as rest:
            for symbol in symbols:
                path = self._venue.snapshot_path(symbol)
                if path is None:
                    return
                try:
                    async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                        body = await self._body(rest, base + path)
                except (httpx.HTTPError, TimeoutError) as error:
                    await self._no_snapshot(symbol, error)
                else:
                    self.teller.keep(FrameKind.REST, body, base + path)
                await asyncio.sleep(_SNAPSHOT_PAUSE_S)

    async def _body(self, rest: httpx.AsyncClient, url: str) -> str | bytes:
        """Return an answer as it came: as text if it is UTF-8, whatever it says.

        Raises:
            HTTPError: If there is none, a refusal, or one larger than a frame may be.
        """
        most = self._settings.max_frame_bytes
        body = bytearray()
        async with rest.stream("GET", url) as answer:
            answer.raise_for_status()
            async for chunk in answer.aiter_raw():
                body += chunk
                if len(body) > most:
                    raise httpx.DecodingError(f"an answer of more than {most} bytes")
        try:
            return body.decode()
        except UnicodeDecodeError:
            return bytes(body)

    async def _no_snapshot(
        self, symbol: str, error: httpx.HTTPError | TimeoutError
    ) -> None:
        text = f"{symbol}: {type(error).__name__}: {error}"
        self.teller.report(LineEvent.NO_SNAPSHOT, self.url, text)
        if not isinstance(error, httpx.HTTPStatusError):
            return
        if error.response.status_code in _REFUSED:
            after = error.response.headers.get("Retry-After")
            await asyncio.sleep(retry_after_s(after))


def _is_idle(received: str | bytes, markers: tuple[str, ...]) -> bool:
    return isinstance(received, str) and any(each in received for each in markers)


def retry_after_s(value: str | None) -> float:
    """Return how long a venue asks us to wait, by its ``Retry-After`` [s].

    A date is not read, and nobody is waited for longer than ten minutes.
    """
    if value is None or not (value.isascii() and value.isdigit()):
        return _RETRY_S
    return min(float(value), _LONGEST_RETRY_S)
