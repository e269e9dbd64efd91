"""A hostile server at the other end of a line: handshake, frames, fetched books.

The server is a plain TCP socket on loopback that says what it is told to, whatever was
asked. Only the key of the handshake is filled in, where the input has ``{accept}``.
"""

import asyncio
import base64
import hashlib
import re
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any, Final, TypeVar

import msgspec
from websockets.exceptions import InvalidHandshake, InvalidURI

from config.settings import Connection, Line
from connectors import websocket
from connectors.gate import Gate
from connectors.websocket import Session, Teller, retry_after_s
from operators.records.base import Record
from operators.records.connection import LineEvent
from operators.records.frame import Frame, FrameKind
from tests.fuzz.laws import check, sound

T = TypeVar("T")

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY: Final = re.compile(rb"Sec-WebSocket-Key: (\S+)", re.IGNORECASE)
_UNREACHED: Final = (OSError, TimeoutError, InvalidHandshake, InvalidURI)
_LIMIT_S: Final = 20.0
_LONGEST_WAIT_S: Final = 86_400.0
_LARGEST: Final = 100_000


class _Server:
    """Says what it is told to, to whoever connects."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.says = b""
        self.port = self.run(self._start())

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        """Run something on the loop of the server, to its end."""
        return self.loop.run_until_complete(asyncio.wait_for(what, _LIMIT_S))

    async def _start(self) -> int:
        self._server = await asyncio.start_server(self._attend, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _attend(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            asked = await reader.readuntil(b"\r\n\r\n")
            key = _KEY.search(asked)
            digest = hashlib.sha1((key[1] if key else b"") + _GUID).digest()
            writer.write(self.says.replace(b"{accept}", base64.b64encode(digest)))
            writer.write_eof()
            while await reader.read(65_536):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.transport.abort()


_servers: list[_Server] = []


def _server() -> _Server:
    if not _servers:
        _servers.append(_Server())
    return _servers[0]


def _session(port: int, told: list[Record]) -> Session:
    connection = Connection(
        name="c",
        venue="binance",
        symbols=("BTC-USDT",),
        lines=(Line(),),
        max_frame_bytes=_LARGEST,
        connect_timeout_s=5.0,
        close_timeout_s=0.5,
        rest_url=None,
    )
    teller = Teller(connection, "a", told.append)
    return Session(f"ws://127.0.0.1:{port}/stream", teller, Gate(1e9))


def lived(raw: bytes) -> None:
    """Check a whole line: whatever it is told, it ends, and what it kept is sound."""
    server, told = _server(), list[Record]()
    server.says = raw
    session = _session(server.port, told)
    try:
        server.run(session.run())
    except _UNREACHED:
        return
    for record in told:
        sound(record)
    frames = [record for record in told if isinstance(record, Frame)]
    own = [each for each in frames if each.kind is not FrameKind.STATUS]
    kinds = [each.kind.value for each in own]
    check(kinds[:1] == ["open"] and kinds[-1:] == ["close"], f"{kinds[:3]}")
    sizes = [len(each.payload) for each in own]
    check(max(sizes) <= _LARGEST, f"a frame of {max(sizes)}")


def fetched(raw: bytes) -> None:
    """Check that a book is fetched, or that it is said why not."""
    server, told = _server(), list[Record]()
    server.says = raw
    session = _session(server.port, told)
    waits: list[float] = []
    server.run(_fetch(session, f"http://127.0.0.1:{server.port}", waits))
    for record in told:
        sound(record)
    said = [
        each
        for each in told
        if getattr(each, "kind", FrameKind.STATUS) is not FrameKind.STATUS
        or getattr(each, "event", None) is LineEvent.NO_SNAPSHOT
    ]
    check(len(said) == 1, f"{len(said)} words on one book")
    check(
        max(waits, default=0.0) <= _LONGEST_WAIT_S,
        f"waits for {max(waits, default=0.0)} s",
    )


async def _fetch(session: Session, base: str, waits: list[float]) -> None:
    """Fetch a book with a clock that only notes for how long it is to wait."""

    async def slept(seconds: float) -> None:
        waits.append(seconds)

    session._settings = msgspec.structs.replace(session._settings, rest_url=base)
    module: Any = websocket
    module.asyncio = SimpleNamespace(sleep=slept, timeout=asyncio.timeout)
    try:
        await session._fetch(["BTC-USDT"])
    finally:
        module.asyncio = asyncio


def waited(raw: bytes) -> None:
    """Check how long a venue can make us wait by its ``Retry-After``."""
    wait_s = retry_after_s(raw.decode("latin-1"))
    check(0.0 <= wait_s <= _LONGEST_WAIT_S, f"waits for {wait_s} s")
