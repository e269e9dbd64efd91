"""What several tests of the exchange need."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest

from config.exchange import ExchangeParams
from connectors.exchange.protocols import PROTOCOLS
from connectors.exchange.server import Report
from connectors.exchange.simulation import feed_of
from operators.market.decode import Decode, DecodeParams
from operators.market.order_book import OrderBook, OrderBookParams
from operators.records.dead import DeadLetter
from operators.records.frame import Frame, FrameKind, Ignored
from operators.records.time import MS, SECOND

Levels = dict[Decimal, Decimal]
START_NS = 1_723_161_253_937_085_768
VENUE_SYMBOLS = {
    "bybit_spot": ("BTC-USDT", "DOGE-USDT"),
    "bybit_linear": ("BTC-USDT-PERP", "ETH-USDC-PERP"),
    "okx": ("BTC-USDT", "DOGE-USDT-PERP"),
    "coinbase": ("BTC-USD", "DOGE-USD"),
    "kraken": ("BTC-USD", "DOGE-USD"),
}
VENUE_PATHS = {
    "bybit_spot": "/v5/public/spot?line=a",
    "bybit_linear": "/v5/public/linear?line=a",
    "okx": "/ws/v5/public?line=a",
    "coinbase": "/?line=a",
    "kraken": "/v2?line=a",
}


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


class VenueClient:
    """A client of the exchange in simulated time, with the venue's own code."""

    def __init__(self, name, rate=3.0, symbols=None):
        self.name, self.venue = name, import_module(f"connectors.venues.{name}")
        self.symbols = symbols or VENUE_SYMBOLS[name]
        params = ExchangeParams(venue=name, symbols=self.symbols, rate=rate)
        self.feed = feed_of(params, START_NS)
        self.path = VENUE_PATHS[name]
        self.session = PROTOCOLS[name].open_session(self.path, self.feed)
        self.texts, self.events, self.said = [], [], []
        self.published = []
        self.decode = Decode(DecodeParams(), {name: self.venue.parse})
        self.books = {x: OrderBook(OrderBookParams()) for x in self.symbols}
        for text in self.session.hello():
            self.take(text)

    def send(self, text):
        for reply in self.session.answer(text):
            self.take(reply if isinstance(reply, str) else self.session.dress(reply))

    def subscribe(self, channels=None):
        for text in self.venue.subscribe(self.symbols, channels or self.venue.CHANNELS):
            self.send(text)

    def until(self, seconds):
        for message in self.feed.until(START_NS + int(seconds * SECOND)):
            self.published.append(message)
            if message.stream in self.session.streams:
                self.take(self.session.dress(message))

    def take(self, text):
        self.texts.append(text)
        frame = Frame(
            venue=self.name,
            connection="c",
            line="a",
            kind=FrameKind.WS,
            received_ns=self.feed.now_ns + 5 * MS + len(self.texts),
            url="",
            data=text,
        )
        for event in self.decode.update([frame]):
            assert not isinstance(event, DeadLetter), (event.reason, text[:300])
            self.events.append(event)
            if not isinstance(event, Ignored):
                self.said += self.books[event.symbol].update([event])

    def truth(self, symbol):
        listing = next(x for x in self.feed.market.listings if x.symbol == symbol)
        book = self.feed.market.books[symbol]
        return tuple(
            tuple(
                (ticks * listing.tick / 1e8, lots * listing.lot / 1e8)
                for ticks, lots in side.best_levels(10)
            )
            for side in (book.bids, book.asks)
        )

    def settle(self):
        """Push what is left of every book."""
        for listing in self.feed.market.listings:
            for message in self.feed.push(listing):
                if message.stream in self.session.streams:
                    self.take(self.session.dress(message))


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


@pytest.fixture(scope="session")
def venue_client() -> type[VenueClient]:
    return VenueClient
