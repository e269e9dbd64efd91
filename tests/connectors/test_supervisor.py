"""Lines of one pair in two processes: each keeps its own, and together they are all."""

import asyncio
from collections.abc import Callable

import pytest
from websockets.asyncio.server import ServerConnection, serve

from config.load import ConfigError
from config.settings import Connection, Ingest, Kafka, Line
from connectors.commands import commands
from connectors.supervisor import Only, Supervisor
from infra.kafka.specs import load
from infra.kafka.topics import apply
from operators.records import topics
from operators.records.base import Record
from operators.records.book import Action, Command
from operators.records.connection import ConnectionEvent, LineEvent
from sinks.kafka import Publisher

BOUND_S = 60.0


_SYMBOLS = {"u": "BTC-USDT-PERP", "p": "ETH-USDT-PERP", "lone": "ETH-USDT"}


def connection(name: str, *lines: Line, venue: str = "binance") -> Connection:
    return Connection(
        name=name,
        venue=venue,
        symbols=(_SYMBOLS.get(name, "BTC-USDT"),),
        lines=lines,
        backoff_first_s=0.01,
        backoff_cap_s=0.05,
        silence_s=BOUND_S,
        close_timeout_s=0.2,
    )


def command(action: Action, line: str | None = None, event_ns: int = 1) -> Command:
    return Command(
        venue="binance",
        symbol="BTC-USDT",
        event_ns=event_ns,
        action=action,
        reason="x",
        line=line,
    )


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(BOUND_S):
        while not condition():
            await asyncio.sleep(0.01)


def test_a_command_is_obeyed_by_each_process_on_its_own_lines_alone():
    kept: dict[str, list[Record]] = {"a": [], "b": []}

    def events(process: str, event: LineEvent) -> list[str]:
        return [
            each.line
            for each in kept[process]
            if isinstance(each, ConnectionEvent) and each.event is event
        ]

    async def talk(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send('{"stream":"btcusdt@trade","data":{}}')
        await socket.wait_closed()

    async def run() -> None:
        stop = asyncio.Event()
        async with serve(talk, "127.0.0.1", 0) as opened:
            url = f"ws://127.0.0.1:{opened.sockets[0].getsockname()[1]}/stream"
            pair = connection("pair", Line(name="a", url=url), Line(name="b", url=url))
            processes = {
                name: Supervisor(
                    Ingest(connections=(pair,)), kept[name].append, Only(lines=(name,))
                )
                for name in kept
            }
            running = [
                asyncio.create_task(process.run(stop)) for process in processes.values()
            ]
            await until(lambda: all(events(p, LineEvent.FLOWING) for p in kept))
            for each in (command(Action.RESYNC), command(Action.PAUSE, "b")):
                for process in processes.values():
                    await process.obey(each)
            await until(lambda: events("b", LineEvent.CLOSED))
            before_the_end = events("a", LineEvent.CLOSED)
            stop.set()
            await asyncio.gather(*running)
        assert before_the_end == []

    asyncio.run(run())

    assert {record.line for record in kept["a"]} == {"a"}
    assert {record.line for record in kept["b"]} == {"b"}
    assert [events(process, LineEvent.RESYNC) for process in kept] == [["a"], ["b"]]


def test_both_processes_read_every_command_though_they_have_one_name(real_kafka):
    """An assignment joins no group: neither takes the other's part of the topic."""
    apply(real_kafka.bootstrap, load())
    kafka = Kafka(bootstrap=real_kafka.bootstrap)

    async def heard(until_ns: asyncio.Event, seen: set[int]) -> None:
        async for each in commands(kafka):
            seen.add(each.event_ns)
            if until_ns.is_set():
                return

    async def run() -> None:
        enough = asyncio.Event()
        seen: list[set[int]] = [set(), set()]
        readers = [asyncio.create_task(heard(enough, each)) for each in seen]
        publisher = Publisher(kafka, [topics.COMMANDS])
        number = 0
        async with asyncio.timeout(BOUND_S):
            while not all(reader.done() for reader in readers):
                number += 1
                publisher.send([command(Action.RESYNC, event_ns=number)])
                await asyncio.sleep(0.02)
                if len(seen[0] & seen[1]) >= 10:
                    enough.set()
        publisher.flush()

    asyncio.run(run())


def test_shards_are_named_alike_whichever_lines_a_process_keeps():
    # Line a has an address of its own, so channels are not parted by the venue's.
    lines = (Line(name="a", url="ws://x/"), Line(name="b"))
    mixed = connection("u", *lines, venue="binance_usdm")
    parted = connection("p", Line(name="a"), Line(name="b"), venue="binance_usdm")
    ingest = Ingest(connections=(mixed, parted))

    def keepers(*names: str) -> list[tuple[str, str]]:
        only = Only(lines=names)
        kept = Supervisor(ingest, lambda _: None, only).keepers
        return [(keeper.connection.name, keeper.line.name) for keeper in kept]

    assert sorted(keepers("a") + keepers("b")) == sorted(keepers())
    assert {name for name, _ in keepers("b")} == {"u", "p.0", "p.1"}


@pytest.mark.parametrize(
    ("only", "said"),
    [
        (Only(lines=("c",)), "--line: Expected one of a, b, not `c` - in the settings"),
        (Only(connections=("y",)), "--connection: Expected one of lone, pair, not `y`"),
        (Only(("b",), ("lone",)), "--line: Expected one of a, not `b` - in lone"),
        (
            Only(("b",), ("pair", "lone")),
            "--line: Expected one of a, not `b` - in lone",
        ),
    ],
)
def test_a_name_that_the_settings_do_not_have_is_refused(only, said):
    lines = (Line(name="a", url="ws://x/"), Line(name="b", url="ws://x/"))
    pair, lone = connection("pair", *lines), connection("lone", *lines[:1])

    with pytest.raises(ConfigError, match=said):
        Supervisor(Ingest(connections=(pair, lone)), lambda _: None, only)


def test_one_line_of_one_connection_can_be_kept_alone():
    lines = (Line(name="a", url="ws://x/"), Line(name="b", url="ws://x/"))
    pair, lone = connection("pair", *lines), connection("lone", *lines[:1])
    only = Only(("a",), ("pair",))
    supervisor = Supervisor(Ingest(connections=(pair, lone)), lambda _: None, only)

    kept = [(keeper.connection.name, keeper.line.name) for keeper in supervisor.keepers]
    assert kept == [("pair", "a")]


def test_a_symbol_in_two_connections_is_refused_for_it_would_have_no_one_order():
    one, two = (connection(name, Line(url="ws://x/")) for name in ("one", "two"))

    with pytest.raises(
        ConfigError, match=r"BTC-USDT is in `one` too.*connections\[1\]"
    ):
        Supervisor(Ingest(connections=(one, two)), lambda _: None)
