"""A line against a real WebSocket server: what it keeps, and how it comes back."""

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest
from websockets.asyncio.server import ServerConnection, serve

from config.load import ConfigError
from config.settings import Connection, Ingest, Line
from connectors import supervisor
from operators.records import topics
from operators.records.base import Record
from operators.records.connection import ConnectionEvent, LineEvent
from operators.records.frame import Frame, FrameKind

BOUND_S = 30.0


def listen(
    talk: Callable[[ServerConnection], object],
    enough: Callable[[list[Record]], bool],
    **settings: object,
) -> list[Record]:
    """Run ingest against a server that talks so, until enough has been kept."""
    kept: list[Record] = []

    async def run() -> None:
        stop = asyncio.Event()
        async with serve(talk, "127.0.0.1", 0, max_size=None) as server:
            port = server.sockets[0].getsockname()[1]
            connection = Connection(
                name="binance-0",
                venue="binance",
                symbols=("BTC-USDT",),
                lines=(Line(url=f"ws://127.0.0.1:{port}/stream"),),
                backoff_first_s=0.01,
                backoff_cap_s=0.02,
                first_data_s=100.0,
                silence_s=100.0,
                **settings,
            )

            def publish(record: Record) -> None:
                kept.append(record)
                if enough(kept):
                    stop.set()

            ingest = Ingest(connections=(connection,), heartbeat_ms=20)
            await asyncio.wait_for(supervisor.run(ingest, publish, stop), BOUND_S)

    asyncio.run(run())
    return kept


def frames(kept: list[Record], kind: FrameKind) -> list[Frame]:
    return [each for each in kept if isinstance(each, Frame) and each.kind is kind]


def events(kept: list[Record], event: LineEvent) -> list[ConnectionEvent]:
    return [
        each
        for each in kept
        if isinstance(each, ConnectionEvent) and each.event is event
    ]


async def _three_and_close(socket: ServerConnection) -> None:
    await socket.recv()
    await socket.send("one")
    await socket.send(b"\x00two")
    await socket.send("three")
    await socket.close(1012, "restarting")


def test_frames_are_kept_untouched_in_order_and_the_line_comes_back():
    kept = listen(_three_and_close, lambda k: len(frames(k, FrameKind.CLOSE)) == 3)

    payloads = [frame.payload for frame in frames(kept, FrameKind.WS)]
    assert payloads == ["one", b"\x00two", "three"] * 3
    assert len(frames(kept, FrameKind.OPEN)) == 3
    assert all("1012" in f.payload for f in frames(kept, FrameKind.CLOSE))
    assert all("restarting" in f.payload for f in frames(kept, FrameKind.CLOSE))
    assert all('"btcusdt@trade"' in f.payload for f in frames(kept, FrameKind.SENT))
    assert len(frames(kept, FrameKind.SENT)) == 3


def test_stamps_rise_strictly_on_a_line():
    kept = listen(_three_and_close, lambda k: len(frames(k, FrameKind.CLOSE)) == 3)

    for kind in (Frame, ConnectionEvent):
        stamps = [record.received_ns for record in kept if isinstance(record, kind)]
        assert all(a < b for a, b in pairwise(stamps))


def test_what_happens_to_a_line_is_kept_among_its_frames():
    """Each event once, with the same stamp, and between the frames it came between."""
    kept = listen(_three_and_close, lambda k: len(frames(k, FrameKind.CLOSE)) == 3)

    told = [each for each in kept if isinstance(each, ConnectionEvent)]
    status = frames(kept, FrameKind.STATUS)
    assert [topics.CONNECTIONS.decode(each.payload.encode()) for each in status] == told
    assert [each.received_ns for each in status] == [each.received_ns for each in told]
    happened = {LineEvent.CONNECTING, LineEvent.OPEN, LineEvent.CLOSED}
    assert {each.event for each in told} >= happened


def test_a_frame_over_the_limit_closes_the_line_and_is_named():
    async def talk(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send("x" * 2_000)
        await socket.wait_closed()

    kept = listen(
        talk,
        lambda k: len(events(k, LineEvent.CLOSED)) == 2,
        max_frame_bytes=1_000,
    )

    assert frames(kept, FrameKind.WS) == []
    assert all("1009" in e.reason for e in events(kept, LineEvent.CLOSED))


def test_a_server_that_refuses_is_tried_again_and_said_so():
    async def talk(socket: ServerConnection) -> None:
        await socket.close()

    kept: list[Record] = []

    async def run() -> None:
        stop = asyncio.Event()
        refused = await asyncio.start_server(lambda _, w: w.close(), "127.0.0.1", 0)
        port = refused.sockets[0].getsockname()[1]
        line = Line(url=f"ws://127.0.0.1:{port}/stream")
        connection = Connection(
            name="b",
            venue="binance",
            symbols=("BTC-USDT",),
            lines=(line,),
            backoff_first_s=0.001,
            backoff_cap_s=0.002,
        )

        def publish(record: Record) -> None:
            kept.append(record)
            if len(events(kept, LineEvent.FAILED)) == 3:
                stop.set()

        ingest = Ingest(connections=(connection,))
        await asyncio.wait_for(supervisor.run(ingest, publish, stop), BOUND_S)
        refused.close()

    asyncio.run(run())

    assert [e.attempt for e in events(kept, LineEvent.FAILED)] == [0, 1, 2]
    assert all(e.reason for e in events(kept, LineEvent.FAILED))


def test_heartbeats_say_how_much_came_and_how_long_it_is_silent():
    async def talk(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send("hello")
        await socket.wait_closed()

    def enough(kept: list[Record]) -> bool:
        return sum(e.frames == 1 for e in events(kept, LineEvent.HEARTBEAT)) == 3

    kept = listen(talk, enough)

    beats = [e for e in events(kept, LineEvent.HEARTBEAT) if e.frames == 1]
    assert [beat.octets for beat in beats] == [5, 5, 5]
    silences = [beat.silence_ns for beat in beats]
    assert silences == sorted(silences)
    assert silences[0] > 0


@pytest.mark.parametrize("venue", ["nowhere", "kraken-spot"])
def test_an_unknown_venue_stops_the_start(venue):
    line = Line(url="ws://127.0.0.1:1/")
    connection = Connection(name="x", venue=venue, symbols=("A-B",), lines=(line,))
    with pytest.raises(ConfigError, match=r"binance.*\$\.ingest\.connections\[0\]"):
        supervisor.check(Ingest(connections=(connection,)))
