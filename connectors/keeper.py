"""Keeps one line bringing data: reconnects, fails over, rotates.

A socket that stops bringing data is replaced, whether it is closed or only silent. One
that the venue would soon cut is replaced while it still flows. Where two sockets are
open at once the newer is a line of its own (``a~`` beside ``a``), so that the arbiter
sees two lines, and loses nothing.
"""

import asyncio
import time
from enum import Enum, auto
from typing import Final

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI

from config.settings import Connection, Line
from connectors.attention import Attention
from connectors.gate import Gate, backoff_s
from connectors.venues import VENUES
from connectors.websocket import Publish, Session, Teller, retry_after_s
from operators.records.connection import LineEvent

_LOOK_S: Final = 0.05
_OVERLAP_S: Final = 1.0
_PROBE_TIMEOUT_S: Final = 5.0
_REFUSED: Final = (418, 429)
_UNREACHED: Final = (OSError, TimeoutError, InvalidHandshake, InvalidURI)

Running = asyncio.Task[None]


class Why(Enum):
    """Why a socket is to be replaced."""

    ENDED = auto()
    SILENT = auto()
    OLD = auto()
    TOLD = auto()


class Keeper:
    """Keep one line of a connection open until it is cancelled.

    Attributes:
        connection: The connection's settings.
        line: The line's settings.
        session: The socket that is believed, once there is one.
    """

    def __init__(
        self,
        connection: Connection,
        line: Line,
        gate: Gate,
        publish: Publish,
        attention: Attention | None = None,
    ) -> None:
        self.connection = connection
        self.line = line
        self.session: Session | None = None
        self._gate = gate
        self._attention = attention or Attention()
        names = (line.name, f"{line.name}~")
        self._tellers = [Teller(connection, name, publish) for name in names]
        self._users: dict[str, Running] = {}
        self._url = line.url or VENUES[connection.venue].URL
        self._urls = [self._url, *line.backups]
        self._latency_s: dict[str, float] = {}
        self._failed_s: dict[str, float] = {}
        self._attempt = 0
        self._told = False
        self._may_run = asyncio.Event()
        self._may_run.set()

    def beat(self) -> None:
        """Say that a second has passed on this line."""
        session = self.session
        if session is None:
            self._tellers[0].report(LineEvent.HEARTBEAT, self._url)
        else:
            session.beat()

    def fail_over(self) -> None:
        """Leave the present socket for the best other address."""
        self._told = True

    def pause(self) -> None:
        """Close the line, and leave it closed until :meth:`resume`."""
        self._may_run.clear()
        self._told = True

    def resume(self) -> None:
        """Open the line again."""
        self._may_run.set()

    async def run(self) -> None:
        """Connect, watch, replace: for as long as it is let."""
        probing = asyncio.create_task(self._probe())
        try:
            session, running = await self._open(self._url)
            while True:
                why = await self._watch(session, running)
                if why is Why.OLD:
                    session, running = await self._rotate(session, running)
                    continue
                running.cancel()
                url = await self._next(session, running)
                await self._may_run.wait()
                self._told = False  # that was of the socket that has been left
                session, running = await self._open(url)
        finally:
            tasks = [probing, *self._users.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _open(self, url: str) -> tuple[Session, Running]:
        """Start a socket, under the first name that no open socket bears."""
        while True:
            for teller in self._tellers:
                user = self._users.get(teller.line)
                if user is None or user.done():
                    session = Session(url, teller, self._gate, self._attention)
                    running = asyncio.create_task(session.run())
                    self._users[teller.line] = running
                    self.session = session
                    return session, running
            await asyncio.wait(
                self._users.values(), return_when=asyncio.FIRST_COMPLETED
            )

    async def _watch(self, session: Session, running: Running) -> Why:
        """Wait until a socket is to be replaced, and return why."""
        limit_s = VENUES[self.connection.venue].LIMITS.lifetime_s
        rotate_s = self.connection.rotate_s or limit_s
        ends_s = time.monotonic() + 0.95 * rotate_s if rotate_s else float("inf")
        while not running.done():
            await asyncio.wait({running}, timeout=_LOOK_S)
            if session.flowing.is_set():
                self._attempt = 0
            if self._told:
                return Why.TOLD
            if time.monotonic() >= ends_s:
                return Why.OLD
            if session.is_silent() and not running.done():
                session.teller.report(LineEvent.SILENT, session.url)
                return Why.SILENT
        return Why.ENDED

    async def _next(self, session: Session, running: Running) -> str:
        """Wait as long as is due after a socket, and return where to go next."""
        if running.done():
            self._check(session, running)
        self._told = False
        self._failed_s[session.url] = time.monotonic()
        url = self._best(session.url)
        if url != session.url:
            text = f"from {session.url}"
            session.teller.report(LineEvent.FAILED_OVER, url, text)
        self._attempt += 1
        for teller in self._tellers:
            teller.attempt = self._attempt
        if self._attempt > 1 or url == session.url:
            first_s, cap_s = (
                self.connection.backoff_first_s,
                self.connection.backoff_cap_s,
            )
            await asyncio.sleep(backoff_s(self._attempt, first_s, cap_s))
        return url

    async def _rotate(self, old: Session, running: Running) -> tuple[Session, Running]:
        """Open a successor beside a socket that flows; return the one to go on with."""
        session, successor = await self._open(old.url)
        flowing = asyncio.create_task(session.flowing.wait())
        await asyncio.wait(
            {successor, flowing, running}, return_when=asyncio.FIRST_COMPLETED
        )
        flowing.cancel()
        if successor.done() and not running.done():
            self._check(session, successor)
            self.session = old
            return old, running
        if session.flowing.is_set():
            await asyncio.sleep(_OVERLAP_S)
            session.teller.report(LineEvent.ROTATED, session.url)
        running.cancel()
        return session, successor

    def _check(self, session: Session, running: Running) -> None:
        """Report that a socket could not be opened; let any other error out."""
        error = None if running.cancelled() else running.exception()
        if error is None:
            return
        if not isinstance(error, _UNREACHED):
            raise error
        text = f"{type(error).__name__}: {error}"
        session.teller.report(LineEvent.FAILED, session.url, text)
        if isinstance(error, InvalidStatus) and error.response.status_code in _REFUSED:
            wait_s = retry_after_s(error.response.headers.get("Retry-After"))
            self._gate.wait(wait_s)
            text = f"{error.response.status_code}: waiting {wait_s:.0f} s"
            session.teller.report(LineEvent.RATE_LIMITED, session.url, text)

    def _best(self, left: str) -> str:
        """Return the fastest address that has not just failed; with one, that again."""
        others = [url for url in self._urls if url != left] or [left]
        now_s, unknown_s = time.monotonic(), float("inf")
        return min(
            others,
            key=lambda url: (
                now_s - self._failed_s.get(url, 0.0) < self.connection.probe_s,
                self._latency_s.get(url, unknown_s),
                self._failed_s.get(url, 0.0),
            ),
        )

    async def _probe(self) -> None:
        """Measure now and then how fast each address answers, if there is a choice."""
        while self.line.backups:
            for url in self._urls:
                try:
                    async with connect(
                        url, compression=None, open_timeout=_PROBE_TIMEOUT_S
                    ) as socket:
                        answered = await socket.ping()
                        waiting = asyncio.wait_for(answered, _PROBE_TIMEOUT_S)
                        self._latency_s[url] = await waiting
                except _UNREACHED:
                    self._latency_s.pop(url, None)
            await asyncio.sleep(self.connection.probe_s)
