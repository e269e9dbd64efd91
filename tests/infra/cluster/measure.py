"""What a frame costs behind Kafka: the figures that infra/cluster/sizing.py uses.

    python -m tests.infra.cluster.measure [--symbols 100] [--frames 1000000] [--lines 2]

A topic is filled with a real recording (../shared), once for each symbol under a name
of its own and for each line. Then each flow, a process of its own that is already warm,
reads all of it; its CPU seconds are counted, all threads included.
"""

import argparse
import gzip
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from confluent_kafka import Consumer, TopicPartition

from config.load import save
from config.settings import Kafka, Lake, Recovery, Settings
from connectors.reader import consumer, partitions
from infra.kafka.broker import choose
from infra.kafka.specs import load
from infra.kafka.topics import apply
from infra.process import spawn, stop
from operators.records import topics
from operators.records.frame import Frame, FrameKind
from sinks.kafka import Publisher

SHARED: Final = Path(__file__).parents[3].parent / "shared"
TICKS: Final = ("spot_btcusdt_20240808.gz", "spot_ethusdt_20240808.gz")
READS: Final = {
    "market": (topics.FRAMES,),
    "book": (topics.MARKET,),
    "bars": (topics.MARKET,),
    "archive": topics.ALL,
}
WARM: Final = 5_000
BOUND_S: Final = 600.0
POLL_S: Final = 0.05
_TICK: Final = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure every flow; print a line of JSON for each."""
    wish = _wish()
    with (
        tempfile.TemporaryDirectory(dir=wish.folder) as name,
        choose(Path(name) / "kafka", "kafka") as broker,
    ):
        folder = Path(name)
        settings = Settings(
            kafka=Kafka(bootstrap=broker.bootstrap),
            lake=Lake(path=f"{folder}/lake"),
            recovery=Recovery(path=f"{folder}/recovery"),
        )
        save(settings, folder / "settings.yaml")
        apply(broker.bootstrap, load())
        frames = _frames(wish)
        _fill(settings.kafka, islice(frames, WARM))
        flows = [Running(settings.kafka, flow, folder) for flow in READS]
        try:
            for flow in flows:
                flow.drain()
                flow.process.send_signal(signal.SIGSTOP)
            filled = _fill(settings.kafka, frames)
            print(json.dumps({"symbols": wish.symbols, "lines": wish.lines, **filled}))
            for flow in flows:
                flow.process.send_signal(signal.SIGCONT)
                print(json.dumps(flow.drain()), flush=True)
        finally:
            for flow in flows:
                flow.process.send_signal(signal.SIGCONT)
                stop(flow.process, BOUND_S)
        print(json.dumps({"stored": _stored(settings.kafka, folder)}))


def _wish() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=100)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--lines", type=int, default=2)
    parser.add_argument("--folder", help="where the broker keeps its log meanwhile")
    return parser.parse_args()


def _frames(wish: argparse.Namespace) -> Iterator[Frame]:
    each = wish.frames // (wish.symbols * wish.lines)
    taken = [list(islice(_ticks(name), each)) for name in TICKS]
    for number in range(each):
        for symbol in range(wish.symbols):
            rows = taken[symbol % len(TICKS)]
            for line in "ab"[: wish.lines] if number < len(rows) else "":
                yield _frame(rows[number], TICKS[symbol % len(TICKS)], symbol, line)


def _fill(kafka: Kafka, frames: Iterator[Frame]) -> dict[str, float]:
    publisher = Publisher(kafka, [topics.FRAMES])
    count = size = 0
    begun_s, spent_s = time.process_time(), 0.0
    for frame in frames:
        size += len(frame.data or "")
        begun_s = time.process_time()
        publisher.send((frame,))
        spent_s += time.process_time() - begun_s
        count += 1
    publisher.flush()
    return {"frames": count, "venue_bytes": size, "publish_cpu_s": round(spent_s, 2)}


def _ticks(name: str) -> Iterator[tuple[int, str]]:
    with gzip.open(SHARED / "data" / "tick" / name, "rt") as file:
        for row in file:
            at, _, text = row.partition(" ")
            yield int(at) * (1 if len(at) > 17 else 1_000), text.strip()


def _frame(row: tuple[int, str], name: str, symbol: int, line: str) -> Frame:
    at_ns, text = row
    was, called = name.split("_")[1], f"s{symbol:03}usdt"
    rest = text.startswith('{"lastUpdateId"')
    return Frame(
        venue="binance",
        connection=f"binance-{symbol % 24}",
        line=line,
        kind=FrameKind.REST if rest else FrameKind.WS,
        received_ns=at_ns + symbol * 1_000 + (line == "b"),
        url=f"http://venue/api/v3/depth?symbol={called.upper()}&limit=5000"
        if rest
        else "",
        data=text.replace(was, called).replace(was.upper(), called.upper()),
    )


class Running:
    """A flow's process, and how far it is.

    It is stopped while what it will read is made, so that it finds all of it at once.
    """

    def __init__(self, kafka: Kafka, flow: str, folder: Path) -> None:
        self.flow = flow
        self._reader = consumer(kafka, f"tapewatch-{flow}")
        self._places = places(self._reader, [topic.name for topic in READS[flow]])
        words = ["flow", flow, "--config", folder / "settings.yaml"]
        self.process = spawn([sys.executable, "-m", "flows", *words])

    def _done(self) -> int:
        return sum(max(p.offset, 0) for p in self._reader.committed(self._places))

    def drain(self) -> dict[str, Any]:
        """Wait until it has read everything; return what that took."""
        before, spent_s = self._done(), cpu_s(self.process.pid)
        ends = _ends(self._reader, self._places)
        deadline_s = time.monotonic() + BOUND_S
        while self._done() < ends:
            if self.process.poll() is not None or time.monotonic() > deadline_s:
                raise RuntimeError(f"{self.flow} did not read all of its topics")
            time.sleep(POLL_S)
        spent_s = cpu_s(self.process.pid) - spent_s
        status = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        peak = next(row.split()[1] for row in status if row.startswith("VmHWM"))
        return {
            "flow": self.flow,
            "records": ends - before,
            "cpu_s": round(spent_s, 2),
            "per_cpu_s": round((ends - before) / max(spent_s, 1 / _TICK)),
            "peak_mb": int(peak) // 1_024,
        }


def places(reader: Consumer, names: Iterable[str]) -> list[TopicPartition]:
    """Return every partition of these topics."""
    return [
        TopicPartition(name, number)
        for name in names
        for number in partitions(reader, name)
    ]


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that a process has taken, by all of its threads."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / _TICK


def _ends(reader: Consumer, places: list[TopicPartition]) -> int:
    return sum(reader.get_watermark_offsets(p, cached=False)[1] for p in places)


def _stored(kafka: Kafka, folder: Path) -> dict[str, dict[str, int]]:
    reader = consumer(kafka, "tapewatch-measure")
    found = {}
    for topic in topics.ALL:
        here = places(reader, [topic.name])
        logs = (folder / "kafka").rglob(f"{topic.name}-*/*.log")
        found[topic.name] = {
            "records": _ends(reader, here),
            "kafka_bytes": sum(path.stat().st_size for path in logs),
        }
    for table in sorted((folder / "lake" / "hot").iterdir()):
        files = list(table.rglob("*.parquet"))
        size = sum(path.stat().st_size for path in files)
        found[f"lake {table.name}"] = {"files": len(files), "parquet_bytes": size}
    reader.close()
    return found


if __name__ == "__main__":
    main()
