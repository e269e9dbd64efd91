"""The simulated exchange, playing a recording: real frames over real sockets.

Frames are sent untouched, in order, with their own timing. Nothing is played while
nobody listens, and a client that reads slowly is waited for.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeGuard

from config.exchange import PlayerParams
from connectors.exchange.listing import ExchangeError
from connectors.exchange.message import Message
from connectors.exchange.programme import Programme
from connectors.exchange.protocols import PROTOCOLS, Protocol
from connectors.exchange.server import Report, Server
from connectors.recording import Recording
from operators.records.frame import Frame, FrameKind
from operators.records.time import SECOND

_log: Final = logging.getLogger(__name__)

_LOOK_S: Final = 0.02
_QUIET_LOOKS: Final = 25
"""How often to look who has subscribed; after how many looks without news to begin."""

_BREATH: Final = 64
"""Frames after which others get to run, when there is no time to wait."""

_NORMAL: Final = 1000
_GOING_AWAY: Final = 1001


async def play(
    params: PlayerParams,
    *,
    stop: asyncio.Event,
    ready: Callable[[int], None],
) -> Report:
    """Play a recording to its end, or until told to stop; return what was sent.

    Args:
        params: Settings.
        stop: Set it to stop early; clients then get all that was queued for them.
        ready: Told the port, once clients can connect.

    Raises:
        ExchangeError: If the recording has no frames of the venue.
        RecordingError: If the recording cannot be read.
        OSError: If the port is taken.
    """
    programme = await asyncio.to_thread(_survey, params)
    open_session = programme.open_session
    server = Server(params, open_session=open_session, rest=programme.rest)
    ready(await server.start())
    playing = asyncio.create_task(_play(params, programme, server))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not playing.done():
        playing.cancel()
        return await server.stop(_GOING_AWAY, "exchange stopped")
    report = await server.stop(_NORMAL, "end of recording")
    playing.result()
    return report


def _survey(params: PlayerParams) -> Programme:
    path = Path(params.recording)
    programme = Programme(path, params.venue, PROTOCOLS[params.venue])
    if programme.frames == 0:
        text = f"{path}: no received frames of venue {params.venue} to play"
        raise ExchangeError(text)
    if programme.dead:
        _log.warning("%s: %d lines are no frames: not played", path, programme.dead)
    return programme


async def _play(params: PlayerParams, programme: Programme, server: Server) -> None:
    protocol = PROTOCOLS[params.venue]
    begun_ns = first_ns = 0
    played = 0
    await _audience(server, programme.streams, params.clients)
    with Recording(Path(params.recording)) as recording:
        for frame in recording:
            if not _is_played(frame, params.venue):
                continue
            if not server.subscriptions:
                await _audience(server, programme.streams, 1)
                begun_ns = 0
            if begun_ns == 0:
                begun_ns, first_ns = time.monotonic_ns(), frame.received_ns
            programme.position_ns = frame.received_ns
            if params.speed > 0:
                due_ns = begun_ns + (frame.received_ns - first_ns) / params.speed
                await _until(due_ns)
            await server.deliver(_message(frame, protocol))
            played += 1
            if played % _BREATH == 0:
                await asyncio.sleep(0)


async def _until(due_ns: float) -> None:
    wait_s = (due_ns - time.monotonic_ns()) / SECOND
    if wait_s > 0:
        await asyncio.sleep(wait_s)


async def _audience(server: Server, streams: set[str], clients: int) -> None:
    """Wait for subscribed clients, and until they have subscribed to all they want."""
    before: list[frozenset[str]] = []
    quiet = 0
    while True:
        now = [x for x in server.subscriptions if not streams or x & streams]
        quiet = quiet + 1 if now == before else 0
        before = now
        complete = bool(streams) and streams <= frozenset().union(*now)
        if len(now) >= clients and (complete or quiet >= _QUIET_LOOKS):
            return
        await asyncio.sleep(_LOOK_S)


def _is_played(frame: object, venue: str) -> TypeGuard[Frame]:
    return (
        isinstance(frame, Frame) and frame.venue == venue and frame.kind is FrameKind.WS
    )


def _message(frame: Frame, protocol: Protocol) -> Message:
    stream, _ = protocol.about(frame.payload)
    kind = protocol.kind_of(stream) if stream is not None else "other"
    return Message(kind, stream, frame.payload, frame.payload)
