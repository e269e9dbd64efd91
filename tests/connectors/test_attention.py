"""Connections with symbols that deserve attention are opened first, by a real gate."""

import asyncio
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection, serve

from config.settings import Connection, Ingest, Kafka, Line
from connectors.attention import NONE, Attention, Urgency, attend
from connectors.gate import Gate
from connectors.supervisor import Supervisor
from infra.kafka.specs import load
from infra.kafka.topics import apply
from operators.records import topics
from operators.records.base import Record
from operators.records.connection import ConnectionEvent, LineEvent
from operators.records.frame import Frame, FrameKind
from operators.records.priority import Priority, Tier
from sinks.kafka import Publisher

BOUND_S = 60.0
RATE = 60_000.0
"""Connections a minute: one a millisecond, once the first have passed."""


def priority(symbol: str, tier: Tier, event_ns: int = 1) -> Priority:
    return Priority(
        venue="binance", symbol=symbol, event_ns=event_ns, score=1.0, rank=1, tier=tier
    )


def connection(name: str, url: str, *symbols: str, priority: int = 0) -> Connection:
    return Connection(
        name=name,
        venue="binance",
        priority=priority,
        symbols=symbols,
        lines=(Line(url=url),),
        silence_s=BOUND_S,
        close_timeout_s=0.2,
        connects_per_minute=1_200.0,
    )


async def through(gate: Gate, urgencies: list[Urgency]) -> list[int]:
    """Return in which order they pass, who come to a gate that holds all up."""
    passed: list[int] = []

    async def go(number: int, urgency: Urgency) -> None:
        await gate.pass_through(urgency)
        passed.append(number)

    gate.wait(0.02)
    async with asyncio.timeout(BOUND_S), asyncio.TaskGroup() as group:
        for number, urgency in enumerate(urgencies):
            group.create_task(go(number, urgency))
    return passed


urgencies = st.builds(Urgency, st.integers(0, 1), st.integers(0, 2), st.integers(0, 2))


@given(st.lists(urgencies, max_size=12))
def test_who_waits_at_a_gate_passes_by_urgency_and_then_by_arrival(drawn):
    passed = asyncio.run(through(Gate(RATE), drawn))

    assert passed == sorted(range(len(drawn)), key=drawn.__getitem__, reverse=True)


def test_one_that_comes_later_passes_first_if_it_is_more_urgent_and_nobody_is_lost():
    passed: list[str] = []

    async def go(gate: Gate, name: str, urgency: Urgency) -> None:
        await gate.pass_through(urgency)
        passed.append(name)

    async def run() -> None:
        gate = Gate(RATE)
        gate.wait(0.1)
        async with asyncio.timeout(BOUND_S), asyncio.TaskGroup() as group:
            group.create_task(go(gate, "first", NONE))
            leaves = group.create_task(go(gate, "leaves", Urgency(0, 9)))
            group.create_task(go(gate, "last", NONE))
            await asyncio.sleep(0.02)
            group.create_task(go(gate, "urgent", Urgency(0, 1)))
            await asyncio.sleep(0.02)
            leaves.cancel()

    asyncio.run(run())

    assert passed == ["urgent", "first", "last"]


async def opened(
    attention: Attention | None, *wanted: Callable[[str], Connection]
) -> tuple[list[str], dict[str, list[str]]]:
    """Return in which order connections are opened, and what each subscribes to.

    By the supervisor, to a real server; the venue lets one through every 50 ms.
    """
    kept: list[Record] = []

    async def talk(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send('{"stream":"btcusdt@trade","data":{}}')
        await socket.wait_closed()

    def events() -> list[str]:
        return [
            each.connection
            for each in kept
            if isinstance(each, ConnectionEvent) and each.event is LineEvent.FLOWING
        ]

    stop = asyncio.Event()
    async with serve(talk, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/stream"
        ingest = Ingest(connections=tuple(make(url) for make in wanted))
        supervisor = Supervisor(ingest, kept.append, None, attention)
        running = asyncio.create_task(supervisor.run(stop))
        async with asyncio.timeout(BOUND_S):
            while len(events()) < len(wanted):
                await asyncio.sleep(0.01)
        stop.set()
        await running
    order = [
        each.connection
        for each in kept
        if isinstance(each, ConnectionEvent) and each.event is LineEvent.CONNECTING
    ]
    sent = {
        each.connection: [
            stream
            for stream in json.loads(each.data or "")["params"]
            if "trade" in stream
        ]
        for each in kept
        if isinstance(each, Frame) and each.kind is FrameKind.SENT
    }
    return order, sent


WANTED = (
    lambda url: connection("calm", url, "AAA-USDT", "BBB-USDT"),
    lambda url: connection("some", url, "CCC-USDT", "DDD-USDT"),
    lambda url: connection("most", url, "EEE-USDT", "FFF-USDT", "GGG-USDT"),
    lambda url: connection("told", url, "HHH-USDT", priority=1),
)


def test_without_priorities_they_are_opened_as_before():
    order, sent = asyncio.run(opened(None, *WANTED))

    assert order == ["told", "calm", "some", "most"]
    assert sent["most"] == ["eeeusdt@trade", "fffusdt@trade", "gggusdt@trade"]


def test_connections_and_symbols_of_a_high_tier_come_first_within_a_priority():
    attention = Attention(
        [
            priority("DDD-USDT", Tier.HIGH),
            priority("CCC-USDT", Tier.LOW),
            priority("FFF-USDT", Tier.MEDIUM, 1),
            priority("GGG-USDT", Tier.HIGH, 1),
            priority("FFF-USDT", Tier.HIGH, 2),
            priority("FFF-USDT", Tier.LOW, 1),
            priority("BBB-USDT", Tier.MEDIUM),
        ]
    )
    order, sent = asyncio.run(opened(attention, *WANTED))

    assert order == ["told", "most", "some", "calm"]
    assert sent["most"] == ["fffusdt@trade", "gggusdt@trade", "eeeusdt@trade"]
    assert sent["some"] == ["dddusdt@trade", "cccusdt@trade"]
    assert sent["calm"] == ["bbbusdt@trade", "aaausdt@trade"]


def test_the_newest_priorities_of_kafka_are_known_before_anything_is_opened(real_kafka):
    apply(real_kafka.bootstrap, load())
    kafka = Kafka(bootstrap=real_kafka.bootstrap)
    publisher = Publisher(kafka, [topics.PRIORITIES])
    publisher.send([priority("AAA-USDT", Tier.LOW, 1), priority("BBB-USDT", Tier.LOW)])
    publisher.send([priority("AAA-USDT", Tier.HIGH, 2)])
    publisher.flush()
    asked = connection("any", "ws://x/", "AAA-USDT", "BBB-USDT")

    async def run() -> None:
        attention, known = Attention(), asyncio.Event()
        attending = asyncio.create_task(attend(kafka, attention, known))
        async with asyncio.timeout(BOUND_S):
            await known.wait()  # which is so too where nothing has ever been said
            assert attention.urgency(asked) == (0, 1, 0)
            publisher.send([priority("BBB-USDT", Tier.MEDIUM, 3)])
            publisher.flush()
            while attention.urgency(asked) != (0, 1, 1):
                await asyncio.sleep(0.01)
        attending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attending

    asyncio.run(run())
