"""Trades from Kafka -> 1 s bars in event time: ours beside the plainest peer.

The job of shared/design/kafka.md, part 2: JSON trades of 50 symbols, +-200 ms of
disorder, one worker, one partition, lateness 1 s. Ours is the production path: our
source, the engine with recovery on, the ``bars`` operator. The peer is a loop over
``confluent_kafka.consume``, a typed msgspec decode of the four fields it needs, and a
dict of windows; it is not resumable and knows no flow.

Both run as processes of their own, in turn, on the same messages of the same broker.
What counts is CPU seconds after the imports, all threads included.
"""

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any, Final

import msgspec

from config.settings import Kafka
from operators.records import topics
from operators.records.base import Side
from operators.records.market import Trade
from operators.records.time import MS, SECOND

SYMBOLS: Final = 50
START_NS: Final = 1_700_000_000 * SECOND
SPAN_NS: Final = 1_000 * SECOND
RUNS: Final = 5


def run(trades: int) -> None:
    """Run the job both ways, print the rates and their ratio."""
    from infra.kafka.broker import choose
    from infra.kafka.specs import load
    from infra.kafka.topics import apply

    specs = [each for each in load() if each.name == topics.MARKET.name]
    one = [msgspec.structs.replace(each, partitions=1) for each in specs]
    rates: dict[str, list[float]] = {"plain": [], "tapewatch": []}
    with (
        tempfile.TemporaryDirectory() as folder,
        choose(Path(folder) / "kafka", "kafka") as broker,
    ):
        apply(broker.bootstrap, one)
        print(f"ohlcv: {broker.sentence}")
        _produce(broker.bootstrap, trades)
        for number in range(RUNS):
            for name, found in rates.items():
                found.append(_measure(name, broker.bootstrap, trades, number))
    ours, peer = (statistics.median(rates[name]) for name in ("tapewatch", "plain"))
    pairs = [a / b for a, b in zip(rates["tapewatch"], rates["plain"], strict=True)]
    for name, values in rates.items():
        print(
            f"ohlcv: {name:9} {statistics.median(values):9,.0f} trades per CPU-second"
            f"  (of {RUNS}: {min(values):,.0f} to {max(values):,.0f})"
        )
    print(
        f"ohlcv: ratio {ours / peer:.2f} of the plain peer"
        f" (pairwise {min(pairs):.2f} to {max(pairs):.2f}); the aim is 0.80"
    )


def _produce(bootstrap: str, trades: int) -> None:
    from sinks.kafka import Publisher

    chance = random.Random(1)
    publisher = Publisher(Kafka(bootstrap=bootstrap, linger_ms=50), [topics.MARKET])
    size = 0
    for number in range(trades):
        at_ns = START_NS + number * SPAN_NS // trades
        trade = Trade(
            venue="binance",
            symbol=f"S{number % SYMBOLS:02}-USDT",
            event_ns=at_ns + chance.randint(-200, 200) * MS,
            received_ns=at_ns,
            trade_id=str(number),
            price=round(100 + chance.random(), 2),
            quantity=round(chance.random() + 0.001, 3),
            side=Side.BUY,
        )
        size += len(topics.MARKET.encode(trade))
        publisher.send((trade,))
    publisher.flush()
    print(f"ohlcv: {trades:,} trades, {size / trades:.0f} bytes of JSON each")


def _measure(name: str, bootstrap: str, trades: int, number: int) -> float:
    argv = [sys.executable, "-m", __name__, name, bootstrap, str(trades), str(number)]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    if found["trades"] != trades:
        raise RuntimeError(f"{name} counted {found['trades']} of {trades} trades")
    return float(trades / found["cpu_s"])


def plain(bootstrap: str, trades: int, _number: str) -> int:
    """Do the job with a loop and a dict; return how many trades the bars hold."""
    from confluent_kafka import Consumer, TopicPartition

    class Wire(msgspec.Struct, gc=False):
        symbol: str
        event_ns: int
        price: float
        quantity: float

    decode = msgspec.json.Decoder(Wire).decode
    reader = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "plain",
            "enable.auto.commit": False,
            "fetch.queue.backoff.ms": 5,
        }
    )
    reader.assign([TopicPartition(topics.MARKET.name, 0, 0)])
    windows: dict[tuple[str, int], list[float]] = {}
    latest: dict[str, int] = {}
    closed: list[tuple[tuple[str, int], list[float]]] = []
    seen = 0
    while seen < trades:
        for message in reader.consume(10_000, 0.01):
            wire = decode(message.value())
            seen += 1
            symbol, at_ns, price = wire.symbol, wire.event_ns, wire.price
            start_ns = at_ns - at_ns % SECOND
            window = windows.get((symbol, start_ns))
            if window is None:
                windows[symbol, start_ns] = [
                    *(price, price, price, price, wire.quantity, 1, at_ns, at_ns),
                    price * wire.quantity,
                ]
            else:
                if price > window[1]:
                    window[1] = price
                elif price < window[2]:
                    window[2] = price
                if at_ns >= window[7]:
                    window[3], window[7] = price, at_ns
                elif at_ns < window[6]:
                    window[0], window[6] = price, at_ns
                window[4] += wire.quantity
                window[5] += 1
                window[8] += price * wire.quantity
            if at_ns > latest.get(symbol, 0):
                latest[symbol] = at_ns
                done_ns = at_ns - at_ns % SECOND - 2 * SECOND
                done = windows.pop((symbol, done_ns), None)
                if done is not None:
                    closed.append(((symbol, done_ns), done))
    reader.close()
    closed += windows.items()
    return sum(int(window[5]) for _, window in closed)


def tapewatch(bootstrap: str, trades: int, number: str) -> int:
    """Do the job as the ``bars`` flow does; return how many trades the bars hold."""
    from bytewax import operators as op
    from bytewax.dataflow import Dataflow
    from bytewax.outputs import DynamicSink, StatelessSinkPartition
    from bytewax.recovery import RecoveryConfig, init_db_dir
    from bytewax.run import cli_main

    from connectors.kafka import KafkaSource, Reading
    from flows.run import calm_collector
    from operators import step
    from operators.features.bars import Bars, BarsParams
    from operators.records.bar import Bar

    stop = Event()
    counts = {"seen": 0, "bars": 0}

    class Count(StatelessSinkPartition[Any], DynamicSink[Any]):
        def build(self, *_: Any) -> "Count":
            return self

        def write_batch(self, items: list[tuple[str, list[Bar]]]) -> None:
            counts["bars"] += sum(bar.trades for _, bars in items for bar in bars)

    def watch(batch: tuple[str, list[Trade]]) -> tuple[str, list[Trade]]:
        counts["seen"] += len(batch[1])
        if counts["seen"] == trades:
            stop.set()
        return batch

    flow = Dataflow("bars")
    kafka = Kafka(bootstrap=bootstrap)
    source = KafkaSource(Reading(kafka, f"ours-{number}", [topics.MARKET], stop))
    market = op.map("watch", op.input("read", flow, source), watch)
    params = BarsParams(lengths_ms=(1_000,), lateness_ms=1_000)
    bars = step.stateful("bars", market, lambda: Bars(params), closes=True)
    op.output("count", bars, Count())
    with tempfile.TemporaryDirectory() as store:
        init_db_dir(store, 1)
        calm_collector()
        cli_main(
            flow,
            epoch_interval=timedelta(seconds=1),
            recovery_config=RecoveryConfig(store, timedelta(0)),
        )
    return counts["bars"]


if __name__ == "__main__":
    job = {"plain": plain, "tapewatch": tapewatch}[sys.argv[1]]
    begun_s = time.process_time()
    counted = job(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    spent_s = time.process_time() - begun_s
    print(json.dumps({"trades": counted, "cpu_s": spent_s}))
