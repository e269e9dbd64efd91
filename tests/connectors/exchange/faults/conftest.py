"""What several tests of faults need."""

import asyncio
import json
from collections import Counter

import msgspec
import pytest

from config.exchange import ExchangeParams, Script
from connectors.exchange.client import Client
from connectors.exchange.faults.saboteur import Saboteur
from connectors.exchange.protocols import PROTOCOLS
from connectors.exchange.simulation import feed_of
from operators.records.time import SECOND

START_NS = 1_723_161_253_937_085_768
STREAMS = [
    f"{native}@{channel}"
    for native in ("btcusdt", "dogeusdt")
    for channel in ("trade", "bookTicker", "depth@100ms")
]
PATH = f"/stream?streams={'/'.join(STREAMS)}"


class Wire:
    """A connection that keeps what is sent."""

    def __init__(self):
        self.sent = []
        self.closed = None
        self.aborted = False
        self.transport = self

    async def send(self, payload):
        self.sent.append(payload)

    async def close(self, code, reason):
        self.closed = code

    def abort(self):
        self.aborted = True


class Play:
    """An exchange of two clients, in simulated time only."""

    def __init__(self, tmp_path, faults, *, seed=1, chance=None):
        tree = {"seed": seed, "faults": faults, "random": chance}
        script = msgspec.convert(tree, Script)
        self.journal = tmp_path / "journal.jsonl"
        self.params = ExchangeParams(
            symbols=("BTC-USDT", "DOGE-USDT"),
            rate=3,
            script=script,
            journal=str(self.journal),
        )
        self.feed = feed_of(self.params, START_NS)
        protocol = PROTOCOLS["binance"]
        self.saboteur = Saboteur(self.params, self.feed, protocol.bids)
        self.wires = [Wire(), Wire()]
        self.clients = []
        for number, wire in enumerate(self.wires, 1):
            path = f"{PATH}&line={'ab'[number - 1]}"
            session = protocol.open_session(path, self.feed)
            self.clients.append(
                Client(wire, session, 100_000, number=number, path=path)
            )
            self.saboteur.opened(self.clients[-1])

    async def run(self, seconds=3.0):
        for message in self.saboteur.until(START_NS + int(seconds * SECOND)):
            for client in self.clients:
                if client.wants(message):
                    client.offer(client.dressed(message))
        self.saboteur.relent()
        for client in self.clients:
            client.close(1000, "")
        writing = [
            client.write(Counter())
            for client in self.clients
            if not self.wires[client.number - 1].aborted
        ]
        await asyncio.wait_for(asyncio.gather(*writing), 5)
        for client in self.clients:
            self.saboteur.closed(client)
        self.saboteur.close()
        return [wire.sent for wire in self.wires]

    @property
    def lines(self):
        return [json.loads(line) for line in self.journal.read_text().splitlines()]

    def of(self, what):
        return [line for line in self.lines if line["what"] == what]


@pytest.fixture(scope="session")
def play_of():
    return Play
