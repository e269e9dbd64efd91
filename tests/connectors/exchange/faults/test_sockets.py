"""Faults over real sockets: what clients see of them, and what the journal says."""

import asyncio
import json
import time
from collections import defaultdict
from decimal import Decimal

import httpx
import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from config.exchange import ExchangeParams, Script
from connectors.exchange.simulation import serve

URL = "/stream?streams=btcusdt@trade/btcusdt@depth@100ms"
DEPTH = "/api/v3/depth?symbol=BTCUSDT&limit=1000"


def params(*faults, journal=""):
    script = msgspec.convert({"faults": list(faults)}, Script)
    return ExchangeParams(
        symbols=("BTC-USDT",), rate=5, script=script, journal=str(journal)
    )


async def listen(url):
    """Return frames with the time of each, and how it ended."""
    frames = []
    async with connect(url) as line:
        try:
            while True:
                frames.append((time.monotonic(), await line.recv()))
        except ConnectionClosed as error:
            return frames, error.rcvd


def two_lines(running, seconds, *faults, journal=""):
    async def scene():
        async with running(serve, params(*faults, journal=journal)) as exchange:
            lines = [
                asyncio.create_task(listen(f"{exchange.ws}{URL}&line={name}"))
                for name in "ab"
            ]
            await asyncio.sleep(seconds)
            report = await exchange.report()
            return [await line for line in lines], report

    return asyncio.run(scene())


def test_the_journal_is_what_a_healthy_client_received(running, tmp_path):
    journal = tmp_path / "folder" / "it.jsonl"
    faults = [
        {"kind": "drop", "at_s": 0.3, "client": "?line=a", "count": 5},
        {"kind": "disconnect", "at_s": 1.0, "client": "?line=a", "code": 1012},
    ]
    (hit, healthy), report = two_lines(running, 2.3, *faults, journal=journal)
    assert (hit[1].code, healthy[1].code) == (1012, 1001)
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert (lines[0]["what"], lines[-1]["what"]) == ("begin", "end")
    sent = [line for line in lines if line["what"] == "sent"]
    trades = [trade for line in sent for trade in line["trades"]]
    updates = [x for line in sent for x in line["updates"].get("depth@100ms", [])]
    data = [json.loads(frame)["data"] for _, frame in healthy[0]]
    got_trades = [str(each["t"]) for each in data if each["e"] == "trade"]
    got_updates = [
        [each["U"], each["u"]] for each in data if each["e"] == "depthUpdate"
    ]
    assert got_trades == trades[trades.index(got_trades[0]) :]
    assert got_updates == updates[updates.index(got_updates[0]) :]
    lost = [line for line in lines if line["what"] == "frame"]
    assert len(lost) == 5
    assert report.total == len(healthy[0]) + len(hit[0])


def test_the_books_of_the_journal_are_those_of_the_stream(
    running, rebuilt_book, tmp_path
):
    journal = tmp_path / "it.jsonl"

    async def scene():
        async with running(serve, params(journal=journal)) as exchange:
            books = {}
            async with connect(exchange.ws + URL) as line, httpx.AsyncClient() as http:
                await line.recv()
                book = rebuilt_book((await http.get(exchange.http + DEPTH)).json())
                ends = time.monotonic() + 2.2
                while time.monotonic() < ends:
                    data = json.loads(await line.recv())["data"]
                    if data["e"] == "depthUpdate":
                        book.apply(data)
                        if not book.began:  # older than the snapshot
                            continue
                        books[data["u"]] = (
                            sorted(book.bids.items(), reverse=True)[:10],
                            sorted(book.asks.items())[:10],
                        )
            return books

    books = asyncio.run(scene())
    compared = 0
    for line in map(json.loads, journal.read_text().splitlines()):
        if line["what"] == "book" and line["id"] in books:
            truth = tuple(
                [(Decimal(price), Decimal(size)) for price, size in line[side]]
                for side in ("bids", "asks")
            )
            assert truth == books[line["id"]]
            compared += 1
    assert compared >= 2


def test_a_stalled_line_answers_pings_and_a_healthy_one_flows(running):
    stall = {"kind": "stall", "at_s": 0.5, "for_s": 1.0, "client": "?line=a"}

    async def scene():
        async with running(serve, params(stall)) as exchange:
            url = f"{exchange.ws}{URL}&line="
            async with connect(url + "a") as line, connect(url + "b") as other:
                counts = defaultdict(int)

                async def count(name, socket):
                    async for _ in socket:
                        counts[name] += 1

                tasks = [
                    asyncio.create_task(count("a", line)),
                    asyncio.create_task(count("b", other)),
                ]
                await asyncio.sleep(0.8)
                before = dict(counts)
                await asyncio.wait_for(await line.ping(), 0.3)
                during = dict(counts)
                await asyncio.sleep(1.2)
                for task in tasks:
                    task.cancel()
                return before, during, dict(counts)

    before, during, after = asyncio.run(scene())
    assert during["a"] == before["a"]
    assert before["b"] > before["a"]
    assert abs(after["a"] - after["b"]) < 5


@pytest.mark.parametrize(
    ("fault", "least_s"),
    [
        ({"kind": "delay", "by_ms": 400, "for_s": 0.5}, 0.3),
        ({"kind": "drip", "frames_per_s": 10, "for_s": 0.5}, 0.2),
    ],
    ids=["delay", "drip"],
)
def test_slow_lines_are_late_but_in_order_and_whole(running, fault, least_s):
    fault = {**fault, "at_s": 0.5, "client": "?line=a"}
    (slow, quick), _ = two_lines(running, 2.5, fault)
    when = {frame: at_s for at_s, frame in quick[0]}
    assert [f for _, f in slow[0] if f in when] == [f for _, f in quick[0]]
    late = [at_s - when[frame] for at_s, frame in slow[0] if frame in when]
    assert max(late) > least_s
    assert min(late) < 0.15


def test_an_abort_is_no_farewell(running):
    (hit, healthy), _ = two_lines(
        running, 1, {"kind": "disconnect", "at_s": 0.5, "client": "?line=a"}
    )
    assert (hit[1], healthy[1].code) == (None, 1001)


def test_too_many_requests_get_429_and_when_to_come_again(running):
    fault = {"kind": "too_many", "at_s": 0, "for_s": 1.0, "retry_after_s": 7}

    async def scene():
        async with running(serve, params(fault)) as exchange, httpx.AsyncClient() as h:
            await asyncio.sleep(0.1)
            answer = await h.get(exchange.http + DEPTH)
            with pytest.raises(InvalidStatus) as refused:
                await connect(exchange.ws + URL)
            await asyncio.sleep(1.3)
            async with connect(exchange.ws + URL):
                return (
                    answer,
                    refused.value.response,
                    await h.get(exchange.http + DEPTH),
                )

    answer, response, later = asyncio.run(scene())
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")
    assert later.status_code == 200


def test_refused_connections_are_cut_off_for_a_time(running):
    async def scene():
        fault = {"kind": "refuse", "at_s": 0, "for_s": 1.0}
        async with running(serve, params(fault)) as exchange, httpx.AsyncClient() as h:
            await asyncio.sleep(0.1)
            with pytest.raises((InvalidMessage, OSError)):
                await connect(exchange.ws + URL)
            with pytest.raises(httpx.TransportError):
                await h.get(exchange.http + DEPTH)
            await asyncio.sleep(1.3)
            async with connect(exchange.ws + URL) as line:
                return await line.recv()

    assert asyncio.run(scene())


def test_a_stale_snapshot_is_as_old_as_the_fault(running):
    async def scene():
        fault = {"kind": "stale", "at_s": 0.3, "for_s": 1.2}
        async with running(serve, params(fault)) as exchange, httpx.AsyncClient() as h:
            ids = []
            for pause_s in (0.5, 0.4, 1.0):
                await asyncio.sleep(pause_s)
                ids.append((await h.get(exchange.http + DEPTH)).json()["lastUpdateId"])
            return ids

    first, second, third = asyncio.run(scene())
    assert first == second < third
