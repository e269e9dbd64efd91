"""A line against real servers that stall, close, refuse and age."""

import asyncio
import gc
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from config.settings import Connection, Ingest, Line
from connectors.supervisor import Supervisor, sharded
from connectors.venues import VENUES
from operators.records.base import Record
from operators.records.book import Action, Command
from operators.records.connection import ConnectionEvent, LineEvent
from operators.records.frame import Frame, FrameKind
from operators.records.time import SECOND

BOUND_S = 60.0
DATA = '{"stream":"btcusdt@trade","data":{"n":%d}}'

Talk = Callable[[ServerConnection], Awaitable[None]]


class Feed:
    """A feed as a venue has it: one counter for all who listen."""

    def __init__(self) -> None:
        self.count = itertools.count()
        self.clients: set[ServerConnection] = set()
        self.sent = 0

    async def run(self) -> None:
        while True:
            await asyncio.sleep(0.005)
            if not self.clients:
                continue
            self.sent = next(self.count)
            for client in list(self.clients):
                try:
                    await client.send(DATA % self.sent)
                except ConnectionClosed:
                    self.clients.discard(client)

    async def listen(self, socket: ServerConnection) -> None:
        await socket.recv()
        self.clients.add(socket)
        await socket.wait_closed()
        self.clients.discard(socket)


@asynccontextmanager
async def server(talk: Talk, **options: object) -> AsyncIterator[str]:
    async with serve(talk, "127.0.0.1", 0, **options) as opened:
        yield _url(opened)


def _url(opened: Server) -> str:
    return f"ws://127.0.0.1:{opened.sockets[0].getsockname()[1]}/stream"


def connection(line: Line, **settings: object) -> Connection:
    values = {
        "name": "binance-0",
        "venue": "binance",
        "symbols": ("BTC-USDT",),
        "lines": (line,),
        "rest_url": None,
        "backoff_first_s": 0.01,
        "backoff_cap_s": 0.05,
        "connects_per_minute": 1e6,
        "silence_s": 0.2,
        "close_timeout_s": 0.2,
    }
    return Connection(**{**values, **settings})


class Kept(list[Record]):
    """What a run has kept."""

    def events(self, *kinds: LineEvent) -> list[ConnectionEvent]:
        return [e for e in self if isinstance(e, ConnectionEvent) and e.event in kinds]

    def numbers(self, line: str | None = None) -> list[int]:
        return [
            int(each.payload.split(":")[-1].rstrip("}"))
            for each in self
            if isinstance(each, Frame)
            and each.kind is FrameKind.WS
            and line in (None, each.line)
        ]


async def supervise(
    kept: Kept,
    settings: Connection,
    enough: Callable[[], bool],
    tell: Callable[[Supervisor], Awaitable[None]] | None = None,
) -> None:
    stop = asyncio.Event()

    def publish(record: Record) -> None:
        kept.append(record)
        if enough():
            stop.set()

    ingest = Ingest(connections=(settings,), heartbeat_ms=50)
    supervisor = Supervisor(ingest, publish)
    async with asyncio.timeout(BOUND_S):
        running = asyncio.create_task(supervisor.run(stop))
        if tell is not None:
            await tell(supervisor)
        await running


def test_a_line_that_falls_silent_is_replaced_by_its_backup():
    """The first server keeps answering pings; that is no data."""
    kept, feed = Kept(), Feed()

    async def stall(socket: ServerConnection) -> None:
        await socket.recv()
        for number in range(20):
            await socket.send(DATA % number)
            await asyncio.sleep(0.005)
        await socket.wait_closed()

    async def run() -> None:
        feeding = asyncio.create_task(feed.run())
        async with server(stall) as first, server(feed.listen) as second:
            line = Line(url=first, backups=(second,))
            settings = connection(line, ping_interval_s=0.05)
            await supervise(kept, settings, lambda: len(kept.numbers()) > 60)
            urls = [e.url for e in kept.events(LineEvent.FLOWING)]
            assert urls == [first, second]
        feeding.cancel()

    asyncio.run(run())

    told = kept.events(LineEvent.SILENT, LineEvent.FAILED_OVER)
    assert [e.event for e in told] == [LineEvent.SILENT, LineEvent.FAILED_OVER]


def test_a_server_that_closes_is_left_for_the_backup_that_answers_fastest():
    kept, feed = Kept(), Feed()

    async def close(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(DATA % 1)
        await asyncio.sleep(0.3)  # while the backups are measured
        await socket.close(1012, "restarting")

    async def run() -> None:
        feeding = asyncio.create_task(feed.run())
        async with (
            server(close) as first,
            serve(feed.listen, "127.0.0.1", 0) as gone,
            server(feed.listen) as fast,
        ):
            dead = _url(gone)
            gone.close()
            line = Line(url=first, backups=(dead, fast))
            await supervise(kept, connection(line), lambda: len(kept.numbers()) > 20)
            told = kept.events(LineEvent.FAILED_OVER)
            assert told[0].url == fast
        feeding.cancel()

    asyncio.run(run())


def test_rotation_overlaps_and_loses_nothing():
    kept, feed = Kept(), Feed()

    async def run() -> None:
        feeding = asyncio.create_task(feed.run())
        async with server(feed.listen) as url:
            settings = connection(Line(url=url), rotate_s=0.4)
            await supervise(
                kept, settings, lambda: len(kept.events(LineEvent.ROTATED)) == 3
            )
        feeding.cancel()

    asyncio.run(run())

    assert {each.line for each in kept if isinstance(each, Frame)} == {"a", "a~"}
    numbers = set(kept.numbers())
    assert numbers == set(range(min(numbers), max(numbers) + 1))
    shared = set(kept.numbers("a")) & set(kept.numbers("a~"))
    assert len(shared) > 3


def test_a_429_is_respected_for_as_long_as_the_venue_asks():
    kept, feed = Kept(), Feed()
    refusals = iter([True, False])

    def refuse(socket: ServerConnection, _: Request) -> Response | None:
        if not next(refusals, False):
            return None
        response = socket.respond(HTTPStatus.TOO_MANY_REQUESTS, "slow down\n")
        response.headers["Retry-After"] = "1"
        return response

    async def run() -> None:
        feeding = asyncio.create_task(feed.run())
        async with server(feed.listen, process_request=refuse) as url:
            settings = connection(Line(url=url))
            await supervise(kept, settings, lambda: len(kept.numbers()) > 3)
        feeding.cancel()

    asyncio.run(run())

    (limited,) = kept.events(LineEvent.RATE_LIMITED)
    assert "429: waiting 1 s" in limited.reason
    first, second = kept.events(LineEvent.CONNECTING)
    assert second.received_ns - first.received_ns >= SECOND


def test_commands_are_obeyed():
    kept, feed = Kept(), Feed()
    sent: list[str] = []

    async def listen(socket: ServerConnection) -> None:
        await feed.listen(socket)

    async def until(condition: Callable[[], bool]) -> None:
        while not condition():
            await asyncio.sleep(0.01)

    async def tell(supervisor: Supervisor) -> None:
        def command(action: Action, symbol: str = "BTC-USDT") -> Command:
            return Command(
                venue="binance", symbol=symbol, event_ns=1, action=action, reason="x"
            )

        await until(lambda: len(kept.numbers()) > 5)
        await supervisor.obey(command(Action.PAUSE))
        await until(lambda: len(kept.events(LineEvent.CLOSED)) == 1)
        paused_at = feed.sent
        await asyncio.sleep(0.3)
        assert feed.sent == paused_at  # nobody listens
        await supervisor.obey(command(Action.RESUME))
        await until(lambda: len(kept.events(LineEvent.FLOWING)) == 2)
        await supervisor.obey(command(Action.RESYNC, "ETH-USDT"))  # not ours
        await supervisor.obey(command(Action.RESYNC))
        await until(lambda: len(kept.events(LineEvent.RESYNC)) == 1)
        await supervisor.obey(command(Action.FAIL_OVER))
        sent.append("done")

    async def run() -> None:
        feeding = asyncio.create_task(feed.run())
        async with server(listen) as url:
            await supervise(
                kept,
                connection(Line(url=url)),
                lambda: bool(sent) and len(kept.events(LineEvent.FLOWING)) == 3,
                tell,
            )
        feeding.cancel()

    asyncio.run(run())

    assert [e.reason for e in kept.events(LineEvent.RESYNC)] == ["BTC-USDT"]


def test_a_thousand_reconnects_leave_no_task_and_no_memory_behind():
    reconnects, warm = 1_000, 200
    tasks, sizes = [], []
    counted = {"frames": 0}

    async def close(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(DATA % 1)
        await socket.close()

    async def run() -> None:
        stop = asyncio.Event()

        def publish(record: Record) -> None:
            if not isinstance(record, Frame) or record.kind is not FrameKind.WS:
                return
            counted["frames"] += 1
            if counted["frames"] in (warm, reconnects):
                gc.collect()
                tasks.append(len(asyncio.all_tasks()))
                statm = Path("/proc/self/statm").read_text().split()
                sizes.append(int(statm[1]) * 4096)
            if counted["frames"] == reconnects:
                stop.set()

        async with server(close) as url:
            settings = connection(
                Line(url=url), backoff_first_s=0.0001, backoff_cap_s=0.0002
            )
            supervisor = Supervisor(Ingest(connections=(settings,)), publish)
            async with asyncio.timeout(BOUND_S * 3):
                await supervisor.run(stop)

    asyncio.run(run())

    assert counted["frames"] >= reconnects
    assert abs(tasks[1] - tasks[0]) <= 4  # a socket more or less at that moment
    assert sizes[1] - sizes[0] < 8 * 1024 * 1024


@pytest.mark.parametrize("count", [1, 341, 342, 1_000])
def test_symbols_are_sharded_within_the_venues_limit_of_streams(count):
    symbols = tuple(f"A{number}-USDT" for number in range(count))
    shards = list(sharded(connection(Line(url="ws://x/"), symbols=symbols)))

    assert tuple(s for shard in shards for s in shard.symbols) == symbols
    assert all(len(shard.symbols) * 3 <= 1_024 for shard in shards)
    assert len({shard.name for shard in shards}) == len(shards)


def test_lines_without_an_address_get_the_venues_own_by_channel():
    lines = (Line(name="a"), Line(name="b"))
    usdm = connection(
        Line(), name="u", venue="binance_usdm", symbols=("BTC-USDT-PERP",), lines=lines
    )
    public, market = sharded(usdm)

    assert public.channels == ("bookTicker", "depth@100ms")
    assert market.channels == ("aggTrade", "markPrice@1s")
    assert [line.url for line in public.lines] == [VENUES["binance_usdm"].URL] * 2
    assert {line.url for line in market.lines} & {VENUES["binance_usdm"].URL} == set()
    assert public.rest_url == VENUES["binance_usdm"].REST_URL
    assert [public.name, market.name] == ["u.0", "u.1"]


def test_the_highest_priority_is_opened_first():
    connections = tuple(
        connection(
            Line(url="ws://x/"),
            name=f"c{priority}",
            priority=priority,
            symbols=(f"A{priority}-USDT",),
        )
        for priority in (0, 9, 5)
    )
    supervisor = Supervisor(Ingest(connections=connections), lambda _: None)

    names = [keeper.connection.name for keeper in supervisor.keepers]
    assert names == ["c9", "c5", "c0"]
