"""The server, over real sockets: what it says it has sent is what arrives."""

import asyncio
import contextlib
import json
import socket
from collections import Counter

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from config.exchange import ExchangeParams, ListenParams
from connectors.exchange.binance import BinanceSession, open_session
from connectors.exchange.listing import ExchangeError
from connectors.exchange.message import Message
from connectors.exchange.server import Server
from connectors.exchange.simulation import feed_of, serve
from operators.records.time import SECOND

PARAMS = ExchangeParams(rate=5)
ALL = [
    f"{symbol.replace('-', '').lower()}@{kind}"
    for symbol in PARAMS.symbols
    for kind in ("trade", "bookTicker", "depth@100ms")
]


def test_all_that_it_says_it_has_sent_arrives(running, collect):
    async def scene():
        async with running(serve, PARAMS) as exchange:
            url = f"{exchange.ws}/stream?streams={'/'.join(ALL)}"
            async with connect(url) as one, connect(f"{exchange.ws}/ws") as two:
                request = {"method": "SUBSCRIBE", "params": ALL[:6], "id": 1}
                await two.send(json.dumps(request))
                readers = [asyncio.create_task(collect(line)) for line in (one, two)]
                await asyncio.sleep(1.0)
                report = await exchange.report()
                frames = [await reader for reader in readers]
                return report, frames, (one.close_code, one.close_reason)

    report, (first, second), closed = asyncio.run(scene())
    assert closed == (1001, "exchange stopped")
    got = Counter(frame["stream"].partition("@")[2] for frame in first)
    got += Counter(
        "reply" if "result" in frame else frame.get("e", "bookTicker")
        for frame in second
    )
    got["depth@100ms"] += got.pop("depthUpdate", 0)
    assert got == report.frames
    assert report.total == len(first) + len(second)
    assert (report.clients, report.slow) == (2, 0)
    assert set(got) == {"trade", "bookTicker", "depth@100ms", "reply"}


def test_what_arrives_is_a_function_of_seed_and_start(running, collect):
    params = ExchangeParams(start_ns=1_723_161_253_937_085_768, seed=3, rate=5)

    async def scene():
        async with running(serve, params) as exchange:
            url = f"{exchange.ws}/stream?streams=btcusdt@trade/ethusdt@depth@100ms"
            async with connect(url) as line:
                begin = [json.loads(await line.recv()) for _ in range(40)]
                stopping = asyncio.create_task(exchange.report())
                rest = await collect(line)
                await stopping
                return begin + rest

    frames = asyncio.run(scene())
    pure = [
        json.loads(message.combined)
        for message in feed_of(params, params.start_ns).until(
            params.start_ns + 60 * SECOND
        )
        if message.stream in ("btcusdt@trade", "ethusdt@depth@100ms")
    ]
    begin = pure.index(frames[0])
    assert frames == pure[begin : begin + len(frames)]


def test_a_book_is_rebuilt_from_rest_and_stream(running, rebuilt_book):
    async def scene():
        async with running(serve, PARAMS) as exchange, httpx.AsyncClient() as http:
            url = f"{exchange.ws}/ws/solusdt@depth@100ms"
            async with connect(url) as line:
                diffs = [json.loads(await line.recv())]
                path = f"{exchange.http}/api/v3/depth"
                query = {"symbol": "SOLUSDT", "limit": 1000}
                book = rebuilt_book((await http.get(path, params=query)).json())
                while not book.began:
                    book.apply(diffs.pop() if diffs else json.loads(await line.recv()))
                for _ in range(5):
                    book.apply(json.loads(await line.recv()))
                return book

    book = asyncio.run(scene())
    bid, _, ask, _ = book.top
    assert bid < ask


def test_unsubscribing_ends_a_stream_and_nothing_else(running):
    async def scene():
        async with running(serve, PARAMS) as exchange:
            url = f"{exchange.ws}/stream?streams=btcusdt@bookTicker/ethusdt@bookTicker"
            async with connect(url) as line:
                streams = ["ethusdt@bookTicker"]
                request = {"method": "UNSUBSCRIBE", "params": streams, "id": 9}
                await line.send(json.dumps(request))
                while json.loads(await line.recv()) != {"result": None, "id": 9}:
                    pass
                return {json.loads(await line.recv())["stream"] for _ in range(50)}

    assert asyncio.run(scene()) == {"btcusdt@bookTicker"}


def test_rest_is_served_on_the_same_port(running):
    async def scene():
        async with running(serve, PARAMS) as exchange, httpx.AsyncClient() as http:
            get = http.get
            ping = await get(f"{exchange.http}/api/v3/ping")
            info = await get(f"{exchange.http}/api/v3/exchangeInfo")
            bad = await get(f"{exchange.http}/api/v3/depth?symbol=NOPE")
            lost = [await get(exchange.http + path) for path in ("/", "/api/v3/x")]
            report = await exchange.report()
            return ping, info, bad, lost, report

    ping, info, bad, lost, report = asyncio.run(scene())
    assert (ping.status_code, ping.json()) == (200, {})
    assert ping.headers["Content-Type"].startswith("application/json")
    assert len(info.json()["symbols"]) == 12
    refused = {"code": -1121, "msg": "Invalid symbol."}
    assert (bad.status_code, bad.json()) == (400, refused)
    assert [answer.status_code for answer in lost] == [404, 404]
    assert report.requests == 5


def test_a_websocket_on_another_path_is_refused(running):
    async def scene():
        async with running(serve, PARAMS) as exchange:
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"{exchange.ws}/elsewhere")
            return refused.value.response.status_code

    assert asyncio.run(scene()) == 404


def test_a_symbol_that_is_not_listed_stops_the_start(running):
    async def scene():
        async with running(serve, ExchangeParams(symbols=("XYZ-USDT",))):
            pass

    with pytest.raises(ExchangeError, match="XYZ-USDT is not listed"):
        asyncio.run(scene())


def big(number):
    text = json.dumps({"number": number, "padding": "x" * 100_000})
    return Message("big", "a@big", text, text)


async def read(line):
    """Read until the connection closes, in whatever way."""
    frames = []
    with contextlib.suppress(ConnectionClosed):
        async for frame in line:
            frames.append(frame)
    return frames


def small_server(queue_frames):
    params = ListenParams(queue_frames=queue_frames)
    return Server(params, open_session=open_session, rest=lambda _: None)


def test_a_slow_client_is_disconnected_with_a_reason_and_a_quick_one_is_not():
    sent = 400  # more than the buffers of any socket hold

    async def scene():
        server = small_server(5)
        url = f"ws://127.0.0.1:{await server.start()}/ws/a@big"
        async with connect(url, max_queue=1) as slow, connect(url) as quick:
            while len(server.subscriptions) < 2:
                await asyncio.sleep(0.01)
            for number in range(sent):
                server.publish(big(number))
                await quick.recv()
            got = [json.loads(frame)["number"] for frame in await read(slow)]
            report = asyncio.create_task(server.stop(1000, "done"))
            assert await read(quick) == []
            return got, (slow.close_code, slow.close_reason), await report

    got, close, report = asyncio.run(scene())
    assert close == (1008, "slow client: 5 frames behind")
    assert got == list(range(len(got)))
    assert len(got) < sent
    assert (report.slow, report.frames["big"]) == (1, sent + len(got))


def test_a_client_that_never_reads_cannot_hold_up_the_others():
    async def scene():
        server = small_server(5)
        port = await server.start()
        with socket.create_connection(("127.0.0.1", port)) as mute:
            mute.sendall(
                b"GET /ws/a@big HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            async with connect(f"ws://127.0.0.1:{port}/ws/a@big") as quick:
                while len(server.subscriptions) < 2:
                    await asyncio.sleep(0.01)
                for number in range(200):
                    server.publish(big(number))
                    assert json.loads(await quick.recv())["number"] == number
        await server.stop(1000, "done")

    asyncio.run(scene())


def test_a_message_without_a_stream_goes_to_everyone_and_others_by_subscription():
    async def scene():
        server = small_server(100)
        url = f"ws://127.0.0.1:{await server.start()}"
        async with connect(f"{url}/ws/a@x") as one, connect(f"{url}/stream") as two:
            server.publish(Message("x", "a@x", "raw", "combined"))
            server.publish(Message("x", "b@x", "never", "never"))
            server.publish(Message("all", None, "raw all", "combined all"))
            stopping = asyncio.create_task(server.stop(1000, "done"))
            lines = [[frame async for frame in line] for line in (one, two)]
            return lines, await stopping

    lines, report = asyncio.run(scene())
    assert lines == [["raw", "raw all"], ["combined all"]]
    assert (report.published, report.unclaimed) == (3, 1)


def test_a_session_is_what_the_server_expects():
    assert isinstance(open_session("/ws"), BinanceSession)
