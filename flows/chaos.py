"""chaos: the lines against an exchange that misbehaves, judged by the exchange itself.

exchange ═► lines ─► listen ─┬─► arbitrate ─┬─► order_book
   ▲                         │              └─► quality ─► heal_symbols ─┐
   │                         └─► connection_health ──────► heal_lines ───┤
   └── commands ◄────────────────────────────────────────────────────────┘

Everything runs in one process and without a broker, so that what is measured is the
lines, the arbiter, the books and their healing, and nothing else.
"""

import asyncio
import random
import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from config.exchange import (
    KINDS,
    AnyFault,
    Disconnect,
    Drip,
    Drop,
    ExchangeParams,
    MassDisconnect,
    OnClient,
    Reorder,
    Script,
    Stale,
)
from config.settings import Connection, Ingest, Line
from connectors.exchange.simulation import serve
from connectors.supervisor import Supervisor
from connectors.venues import VENUES
from flows.rehearsal import Pipeline, Run
from flows.suffered import DOORS
from operators.records.book import Command

SUFFERED = (
    *("disconnect", "stall", "drop", "duplicate", "reorder", "delay", "drip"),
    *("garbage", "stale", "too_many", "refuse", "crossed", "skew"),
)
"""Kinds of faults that leave the other line of a pair alone."""

_ASKS_AFTER_S = 0.5
"""So long after a door was shut, or snapshots froze, a line is made to ask."""

_LOST = 20
"""Frames of a symbol of which one at least changes its book."""

_BASES = ("BTC", "ETH", "SOL", "DOGE")
_SETTLE_S = 2.0
_BEGIN_S = 6.0
_DRIP_PER_S = 200.0
"""Slow, but fast enough that what waits is gone before the next fault."""

_DRAIN_S = 2.0


def symbols_of(venue: str) -> tuple[str, ...]:
    """Return four symbols that a venue trades."""
    quote = {"bybit_linear": "USDT-PERP", "coinbase": "USD", "kraken": "USD"}
    return tuple(f"{base}-{quote.get(venue, 'USDT')}" for base in _BASES)


class Plan(NamedTuple):
    """What is to be done.

    Attributes:
        venue: Whose protocol.
        lines: How many lines: 2 are a hot pair, 1 is a lone line with a backup.
        faults: How many faults.
        every_s: Time from one to the next [s]; each lasts two fifths of it at most, so
            that a pair always has a line that is well.
        kinds: Which kinds.
        seed: Seed of the market and of the faults.
        symbols: What is traded.
        rate: How busy the market is.
        journal: Where the exchange writes what is true.
        quiet_s: Time without faults at the end [s].
    """

    venue: str
    lines: int
    faults: int
    every_s: float
    kinds: tuple[str, ...]
    seed: int
    symbols: tuple[str, ...]
    rate: float
    journal: Path
    quiet_s: float = 0.0


async def run(plan: Plan) -> Run:
    """Run an exchange and the lines against it, until all faults have been."""
    done = Run()
    pipeline = Pipeline(done)
    stop_exchange, stop_lines = asyncio.Event(), asyncio.Event()
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    params = ExchangeParams(
        venue=plan.venue,  # type: ignore[arg-type]
        seed=plan.seed,
        symbols=plan.symbols,
        rate=plan.rate,
        script=script_of(plan),
        journal=str(plan.journal),
    )
    exchange = asyncio.create_task(
        serve(params, stop=stop_exchange, ready=port.set_result)
    )
    supervisor = Supervisor(_ingest(plan, await port), pipeline.publish)
    lines = asyncio.create_task(supervisor.run(stop_lines, _given(pipeline.commands)))
    await _flowing(supervisor)
    await asyncio.sleep(_SETTLE_S)
    done.settled_ns = time.time_ns()
    await asyncio.sleep(_BEGIN_S + plan.faults * plan.every_s + plan.quiet_s)
    done.ended_ns = time.time_ns()
    await asyncio.sleep(_DRAIN_S)
    stop_lines.set()
    await lines
    stop_exchange.set()
    await exchange
    return done


async def run_both(plan: Plan, still: Path) -> tuple[Run, Run]:
    """Run a plan, and beside it another exchange with the same market and no faults.

    Args:
        plan: What is to be done.
        still: Where the other exchange writes what is true.
    """
    quiet_s = plan.quiet_s + plan.faults * plan.every_s
    control = plan._replace(faults=0, quiet_s=quiet_s, journal=still)
    done, other = await asyncio.gather(run(plan), run(control))
    return done, other


def script_of(plan: Plan) -> Script:
    """Return faults of random kinds, one after the other, each on a random line.

    Who found a door shut may be away for longer: the next fault is of the same line,
    so that the other one is well.
    """
    chance = random.Random(plan.seed)
    names = "ab"[: plan.lines]
    faults: list[AnyFault] = []
    line, is_away = names[0], False
    for number in range(plan.faults):
        kind = KINDS[chance.choice(plan.kinds)]
        chosen = chance.choice(names)
        line = line if is_away else chosen
        client = "newest" if plan.lines == 1 else f"?line={line}"
        values: dict[str, Any] = {"at_s": _BEGIN_S + number * plan.every_s}
        if issubclass(kind, OnClient):
            values["client"] = "all" if kind is MassDisconnect else client
        if not issubclass(kind, Disconnect):
            values["for_s"] = 0.4 * plan.every_s
        if kind in (Reorder, Stale):  # an order is that of one symbol
            values["symbol"] = chance.choice(plan.symbols)
        if kind is Drip:
            values["frames_per_s"] = _DRIP_PER_S
        faults.append(kind(**values))
        is_away = kind.__struct_config__.tag in DOORS
        if is_away:
            faults.append(_asking(values, client, plan))
    return Script(seed=plan.seed, faults=tuple(faults))


def _asking(values: dict[str, Any], client: str, plan: Plan) -> AnyFault:
    """Return what makes a line ask for something while a fault lasts.

    A book that lost a change is sent for: of a lone line, for another's is as good.
    """
    at_s, symbol = values["at_s"] + _ASKS_AFTER_S, values.get("symbol")
    if plan.lines == 1 and symbol is not None:
        return Drop(at_s=at_s, client=client, symbol=symbol, count=_LOST, for_s=1.0)
    return Disconnect(at_s=at_s, client=client)


async def _given(commands: asyncio.Queue[Command]) -> Any:
    while True:
        yield await commands.get()


async def _flowing(supervisor: Supervisor) -> None:
    for keeper in supervisor.keepers:
        while keeper.session is None:
            await asyncio.sleep(0.01)
        await keeper.session.flowing.wait()


def _ingest(plan: Plan, port: int) -> Ingest:
    path = urlsplit(VENUES[plan.venue].URL).path or "/"
    base = f"ws://127.0.0.1:{port}{path}"
    names = "ab"[: plan.lines]
    backups = (f"{base}?line=spare",) if plan.lines == 1 else ()
    connection = Connection(
        name=f"{plan.venue}-0",
        venue=plan.venue,
        symbols=plan.symbols,
        lines=tuple(
            Line(name=name, url=f"{base}?line={name}", backups=backups)
            for name in names
        ),
        rest_url=f"http://127.0.0.1:{port}",
        connects_per_minute=6_000,
    )
    return Ingest(connections=(connection,))
