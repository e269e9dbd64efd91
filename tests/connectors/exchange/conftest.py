"""What several tests of the exchange need."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from connectors.exchange.server import Report

Levels = dict[Decimal, Decimal]


@dataclass
class RebuiltBook:
    """A book kept by the rule that Binance documents, and nothing else.

    https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
    """

    snapshot: dict[str, Any]
    sequence: int = 0
    bids: Levels = field(default_factory=dict)
    asks: Levels = field(default_factory=dict)
    began: bool = False

    def __post_init__(self) -> None:
        self.sequence = self.snapshot["lastUpdateId"]
        for side, name in ((self.bids, "bids"), (self.asks, "asks")):
            for price, quantity in self.snapshot[name]:
                side[Decimal(price)] = Decimal(quantity)

    def apply(self, diff: dict[str, Any]) -> None:
        """Take in one diff."""
        if not self.began and diff["u"] <= self.sequence:
            return
        if self.began:
            assert diff["U"] == self.sequence + 1
        else:
            assert diff["U"] <= self.sequence + 1 <= diff["u"]
        self.began = True
        self.sequence = diff["u"]
        for side, name in ((self.bids, "b"), (self.asks, "a")):
            for price, quantity in diff[name]:
                if Decimal(quantity) == 0:
                    side.pop(Decimal(price), None)
                else:
                    side[Decimal(price)] = Decimal(quantity)

    @property
    def top(self) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        """Best bid, its quantity, best ask, its quantity."""
        bid, ask = max(self.bids), min(self.asks)
        return bid, self.bids[bid], ask, self.asks[ask]


@dataclass
class Running:
    """A server that runs while a test talks to it."""

    port: int
    stop: asyncio.Event
    task: asyncio.Task[Report]

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def report(self) -> Report:
        """Stop the server; return what it says it has sent."""
        self.stop.set()
        return await self.task


@asynccontextmanager
async def _running(serve: Callable[..., Any], params: Any, **more: Any) -> Any:
    stop = asyncio.Event()
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(params, stop=stop, ready=port.set_result, **more))
    await asyncio.wait({task, port}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    try:
        yield Running(await port, stop, task)
    finally:
        stop.set()
        await task


@pytest.fixture
def running() -> Callable[..., Any]:
    """Run ``serve(params)`` in the background of an ``async with``."""
    return _running


@pytest.fixture(scope="session")
def rebuilt_book() -> type[RebuiltBook]:
    return RebuiltBook


@pytest.fixture
def collect() -> Callable[..., Any]:
    """Read frames as objects from a connection until it closes."""

    async def read(connection: AsyncIterator[str | bytes]) -> list[Any]:
        return [json.loads(frame) async for frame in connection]

    return read
