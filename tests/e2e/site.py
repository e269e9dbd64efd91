"""A site of our own: topics on a broker, and flows as processes, as on a cluster."""

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from config.load import save
from config.settings import Kafka, Lake, Recovery, Settings
from config.shard import WHOLE, Shard
from flows.catalogue import FLOWS
from flows.children import Child
from flows.ledger import Ledger
from flows.outline import outline, workers
from flows.rescale import rescale
from infra.kafka.specs import load as load_specs
from infra.kafka.topics import apply
from operators.records import topics
from operators.records.frame import Frame, FrameKind
from operators.records.time import MS
from sinks.catalog import publish
from sinks.kafka import Publisher

START_MS = 1_723_161_255_000
BOUND_S = 120


def frames(count: int, connections: int = 8) -> Iterator[Frame]:
    """Yield what two lines of some connections bring: trades, depth, and repeats."""
    for number in range(count):
        connection = number % connections
        turn = number // connections
        at_ms = START_MS + turn * 20
        symbol = ("BTCUSDT", "ETHUSDT", "SOLUSDT")[turn % 3]
        native, count = f"S{connection}{symbol}", turn // 3
        trade = {"e": "trade", "E": at_ms, "T": at_ms, "s": native, "t": count}
        trade |= {"p": f"{100 + turn % 7}.5", "q": "0.25", "m": turn % 2 == 0}
        book = {"e": "depthUpdate", "E": at_ms, "s": native, "U": count, "u": count}
        book |= {"b": [[f"{100 + turn % 5}", f"{turn % 4}"]], "a": [["200", "1"]]}
        rest = {"lastUpdateId": count, "bids": [["99", "5"]], "asks": [["200", "1"]]}
        for place, line in enumerate("ab"):
            each = Frame(
                venue="binance",
                connection=f"binance-{connection}",
                line=line,
                kind=FrameKind.WS,
                received_ns=(at_ms + 3) * MS + 10 * place + 100 * connection,
                url="",
                data=json.dumps({"stream": "x", "data": trade}),
            )
            yield each
            later = msgspec.structs.replace(
                each, received_ns=each.received_ns + 1, data=json.dumps(book)
            )
            yield later
            if turn < 3 and line == "a":
                yield msgspec.structs.replace(
                    each,
                    received_ns=each.received_ns + 2,
                    kind=FrameKind.REST,
                    url=f"http://x/api/v3/depth?symbol={native}",
                    data=json.dumps(rest),
                )


class Site:
    """A lake, recovery stores and workers of their own on somebody's broker.

    Attributes:
        settings: What all its processes run with.
        lake: Where everything is kept.
        workers: The processes that run, by name.
    """

    def __init__(self, folder: Path, kafka: Kafka) -> None:
        self.settings = msgspec.structs.replace(
            Settings(),
            kafka=kafka,
            lake=Lake(path=str(folder / "lake")),
            recovery=Recovery(path=str(folder / "recovery"), epoch_ms=200),
        )
        self.lake = folder / "lake"
        self.workers: dict[str, Child] = {}
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        apply(kafka, load_specs())
        publish(self.lake)
        save(self.settings, folder / "settings.yaml")

    def feed(self, given: Iterable[Frame], per_second: float | None = None) -> int:
        """Publish frames, at some pace; return how many."""
        publisher = Publisher(self.settings.kafka, [topics.FRAMES])
        start_s, count = time.monotonic(), 0
        for count, each in enumerate(given, 1):
            publisher.send([each])
            if per_second and (ahead := count / per_second) > 0:
                time.sleep(max(start_s + ahead - time.monotonic(), 0))
        publisher.flush()
        return count

    def start(self, count: int) -> None:
        """Start so many workers of each flow that can be shared."""
        for flow, most in workers(self.settings, count).items():
            for number in range(most):
                self.open(flow, shard=Shard(number, most))

    def open(self, flow: str, *how: str, shard: Shard = WHOLE) -> Child:
        """Start a worker of a flow, in place of one that has ended."""
        words = ("flow", flow, "--shard", f"{shard.index}/{shard.count}", *how)
        words += ("--config", str(self._folder / "settings.yaml"))
        name = f"{flow}-{shard.name}"
        self.workers[name] = Child(name, words, self._folder)
        return self.workers[name]

    def drain(self, *, supervised: bool = False) -> None:
        """Wait until every flow has taken in everything.

        Args:
            supervised: Whether a worker that ends is started again, as on a cluster;
                else none may end.
        """
        ledger = Ledger(self.settings.kafka)
        reads = {flow: outline(self.settings, flow).reads for flow in FLOWS}
        deadline_s = time.monotonic() + BOUND_S
        try:
            while True:
                ledger.look()
                lags = {flow: ledger.lag(flow, reads[flow]) for flow in FLOWS}
                if not any(lags.values()):
                    return
                for worker in self.workers.values():
                    if supervised:
                        worker.keep_alive()
                    assert worker.ended is None, worker.log()
                assert time.monotonic() < deadline_s, lags
                time.sleep(0.2)
        finally:
            ledger.close()

    def stop(self) -> None:
        """Stop all workers in good order."""
        for name, worker in self.workers.items():
            code = worker.stop()
            assert code == 0, f"{name} ended with {code}: {worker.log()}"
        self.workers.clear()

    def rescale(self, count: int) -> None:
        """Deal the state of each flow that can be shared out to so many workers."""
        for flow, most in workers(self.settings, count).items():
            rescale(self.settings, flow, most)

    def kill(self) -> None:
        """Make sure that nothing is left."""
        for worker in self.workers.values():
            worker.process.kill()
            worker.process.wait()
