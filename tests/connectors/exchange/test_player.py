"""A recording played over real sockets arrives as it was recorded."""

import asyncio
import base64
import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from config.exchange import PlayerParams
from connectors.exchange.listing import ExchangeError
from connectors.exchange.player import play
from connectors.exchange.programme import Programme
from connectors.exchange.protocols import PROTOCOLS
from connectors.recording import Recording, RecordingError
from operators.records.frame import Frame, FrameKind

SHARED = Path(__file__).parents[4] / "shared"
START_NS = 1_723_161_253_937_085_768


def row(connection, kind, text, *, after_ms=0, url=""):
    return {
        "venue": "binance",
        "connection": connection,
        "line": "a",
        "kind": kind,
        "received_ns": START_NS + after_ms * 1_000_000,
        "url": url,
        "data": text,
    }


def trade(symbol, number):
    # Spaces that no encoder of ours would write: text must arrive untouched.
    return (
        f'{{"stream": "{symbol}@trade",  "data":{{"e":"trade","E":1,'
        f'"s":"{symbol.upper()}","t":{number}}}}}'
    )


def snapshot(number):
    return json.dumps({"lastUpdateId": number, "bids": [["1", "2"]], "asks": []})


DEPTH = "https://api.binance.com/api/v3/depth?symbol={}&limit=1000"
ROWS = [
    row("binance-0", "open", "", url="wss://stream.binance.com:9443/stream"),
    row("binance-0", "status", '{"event":"open"}'),
    row("binance-0", "sent", '{"method":"SUBSCRIBE"}'),
    row("binance-0", "ws", '{"result":null,"id":1}', after_ms=1),
    *(row("binance-0", "ws", trade("btcusdt", n), after_ms=2 + n) for n in range(20)),
    row("binance-0", "rest", snapshot(1), after_ms=25),
    row("other-0", "ws", "not ours", after_ms=26) | {"venue": "kraken"},
    *(row("binance-1", "ws", trade("ethusdt", n), after_ms=30 + n) for n in range(20)),
    row("binance-1", "rest", snapshot(2), after_ms=55, url=DEPTH.format("ETHUSDT")),
    row("binance-1", "rest", snapshot(3), after_ms=60, url=DEPTH.format("ETHUSDT")),
    row("binance-1", "ws", trade("ethusdt", 99), after_ms=57),
]
SPOILT = row("binance-1", "ws", None, after_ms=58)
SPOILT["b64"] = base64.b64encode(b"\xff\x00").decode()
del SPOILT["data"]


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "small.jsonl"
    lines = [json.dumps(row) for row in [*ROWS, SPOILT]]
    path.write_text("\n".join([*lines[:5], "no frame", *lines[5:]]))
    return path


async def read(line):
    return [frame async for frame in line]


def payloads(path, keep=lambda _: True):
    """Received frames of the venue in a recording, as they were."""
    with Recording(path) as frames:
        return [
            frame.payload
            for frame in frames
            if isinstance(frame, Frame)
            and frame.venue == "binance"
            and frame.kind is FrameKind.WS
            and keep(frame.payload)
        ]


@pytest.mark.parametrize("speed", [0.0, 1.0])
@pytest.mark.parametrize("queue_frames", [1, 10_000])
def test_each_client_gets_the_frames_of_its_streams_untouched_and_in_order(
    running, recording, speed, queue_frames
):
    params = PlayerParams(
        recording=str(recording), speed=speed, clients=2, queue_frames=queue_frames
    )

    async def scene():
        async with running(play, params) as exchange:
            first = f"{exchange.ws}/stream?streams=btcusdt@trade"
            async with connect(first) as one, connect(f"{exchange.ws}/stream") as two:
                request = {"method": "SUBSCRIBE", "params": ["ethusdt@trade"], "id": 5}
                await two.send(json.dumps(request))
                ack = await two.recv()
                frames = await asyncio.gather(read(one), read(two))
                closed = {(x.close_code, x.close_reason) for x in (one, two)}
                return ack, frames, closed, await exchange.task

    ack, (one, two), closed, report = asyncio.run(scene())
    assert json.loads(ack) == {"result": None, "id": 5}

    def without(stream):
        return lambda frame: isinstance(frame, bytes) or stream not in frame

    assert one == payloads(recording, without("ethusdt"))
    assert two == payloads(recording, without("btcusdt"))
    assert closed == {(1000, "end of recording")}
    assert report.total == len(one) + len(two) + 1
    assert report.published == 43
    assert (report.unclaimed, report.slow) == (0, 0)


def test_recorded_snapshots_are_served_by_symbol_and_none_is_made_up(
    running, recording
):
    async def scene():
        params = PlayerParams(recording=str(recording))
        async with running(play, params) as exchange, httpx.AsyncClient() as http:
            answers = []
            for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT"):
                url = f"{exchange.http}/api/v3/depth?symbol={symbol}&limit=100"
                answers.append(await http.get(url))
            return answers

    bitcoin, ether, solana = asyncio.run(scene())
    assert bitcoin.text == snapshot(1)
    assert ether.text == snapshot(2)
    assert solana.status_code == 404


def test_a_snapshot_that_is_still_to_come_is_preferred(recording):
    programme = Programme(recording, "binance", PROTOCOLS["binance"])
    numbers = []
    for after_ms in (0, 55, 56, 61):
        programme.position_ns = START_NS + after_ms * 1_000_000
        answer = programme.rest("/api/v3/depth?symbol=ETHUSDT")
        numbers.append(json.loads(answer.body)["lastUpdateId"])
    assert numbers == [2, 2, 3, 3]


def test_it_waits_for_as_many_clients_as_it_was_told(running, recording):
    async def scene():
        params = PlayerParams(recording=str(recording), speed=0, clients=2)
        async with running(play, params) as exchange:
            url = f"{exchange.ws}/stream?streams=btcusdt@trade/ethusdt@trade"
            async with connect(url) as one:
                await asyncio.sleep(0.1)
                waiting = not exchange.task.done()
                async with connect(url) as two:
                    both = await asyncio.gather(read(one), read(two))
                    return waiting, both

    waiting, (one, two) = asyncio.run(scene())
    assert waiting
    assert one == two == payloads(recording)


def test_stopped_early_it_says_so_and_sends_what_it_counted(running, recording):
    async def scene():
        params = PlayerParams(recording=str(recording), speed=0.05)
        async with running(play, params) as exchange:
            url = f"{exchange.ws}/stream?streams=btcusdt@trade/ethusdt@trade"
            async with connect(url) as line:
                got = [await line.recv() for _ in range(3)]
                report = await exchange.report()
                got += await read(line)
                return got, report, line.close_reason

    got, report, reason = asyncio.run(scene())
    assert reason == "exchange stopped"
    assert report.total == len(got)
    assert got == payloads(recording)[: len(got)]


@pytest.mark.parametrize(
    ("text", "error", "match"),
    [
        (json.dumps(ROWS[-12] | {"venue": "okx"}), ExchangeError, "no received frames"),
        (None, RecordingError, "No such file"),
    ],
)
def test_nothing_to_play_is_said_at_the_start(running, tmp_path, text, error, match):
    path = tmp_path / "none.jsonl"
    if text is not None:
        path.write_text(text)

    async def scene():
        async with running(play, PlayerParams(recording=str(path))):
            pass

    with pytest.raises(error, match=match):
        asyncio.run(scene())


def test_what_the_real_exchange_sent_arrives_byte_for_byte(running, tmp_path):
    tick = SHARED / "data/tick/spot_btcusdt_20240808.gz"
    tool = SHARED / "tools/to_recording.py"
    if not (tick.exists() and tool.exists()):
        pytest.skip(f"{tick} or {tool} is not on this machine")
    path = tmp_path / "real.jsonl"
    command = [sys.executable, str(tool), str(path), f"binance={tick}"]
    subprocess.run(command, check=True, capture_output=True)
    kinds = ("depth@100ms", "trade", "bookTicker")
    streams = "/".join(f"btcusdt@{kind}" for kind in kinds)

    async def scene():
        params = PlayerParams(recording=str(path), speed=0, queue_frames=500)
        async with running(play, params) as exchange, httpx.AsyncClient() as http:
            url = f"{exchange.http}/api/v3/depth?symbol=BTCUSDT&limit=1000"
            book = (await http.get(url)).json()
            async with connect(f"{exchange.ws}/stream?streams={streams}") as line:
                frames = await read(line)
            return book, frames, await exchange.task

    book, frames, report = asyncio.run(scene())
    assert frames == payloads(path)
    assert report.total == len(frames) == 41_248
    assert book["lastUpdateId"] == 50_093_239_218
