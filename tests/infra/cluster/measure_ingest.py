"""What a frame costs before Kafka: ingest, fed a real recording over a real socket.

python -m tests.infra.cluster.measure_ingest
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from config.load import save
from config.settings import Connection, Ingest, Kafka, Line, Settings
from connectors.reader import consumer
from infra.kafka.broker import choose
from infra.kafka.ports import free
from infra.kafka.specs import load
from infra.kafka.topics import apply
from infra.process import spawn, stop
from tests.infra.cluster.measure import BOUND_S, POLL_S, SHARED, TICKS, cpu_s, places

GRACE_S: Final = 30.0


def main() -> None:
    """Play both recordings flat out; print the CPU seconds that ingest took."""
    with tempfile.TemporaryDirectory() as name, choose(Path(name), "kafka") as broker:
        folder = Path(name)
        apply(broker.bootstrap, load())
        recording = folder / "played.jsonl"
        tool = SHARED / "tools" / "to_recording.py"
        pairs = [f"binance={SHARED}/data/tick/{each}" for each in TICKS]
        subprocess.run(
            [sys.executable, tool, recording, *pairs], check=True, capture_output=True
        )
        (port,) = free(1)
        words = ["play", recording, "--speed", "0", "--port", str(port)]
        played = spawn([sys.executable, "-m", "flows", *words], log=folder / "play.log")
        connection = Connection(
            name="binance-0",
            venue="binance",
            symbols=("BTC-USDT", "ETH-USDT"),
            lines=(Line(url=f"ws://127.0.0.1:{port}/stream"),),
            rest_url=f"http://127.0.0.1:{port}",
        )
        settings = Settings(
            kafka=Kafka(bootstrap=broker.bootstrap),
            ingest=Ingest(connections=(connection,)),
        )
        save(settings, folder / "settings.yaml")
        words = ["ingest", "--config", folder / "settings.yaml"]
        ingest = spawn([sys.executable, "-m", "flows", *words], log=folder / "in.log")
        try:
            print(json.dumps(_measured(settings.kafka, ingest)))
        finally:
            stop(ingest, GRACE_S)
            stop(played, GRACE_S)


def _measured(kafka: Kafka, ingest: "subprocess.Popen[bytes]") -> dict[str, float]:
    reader = consumer(kafka, "tapewatch-measure")
    here = places(reader, ["frames.v1"])
    deadline_s, seen, first, last = time.monotonic() + BOUND_S, 0, None, (0, 0.0)
    quiet_since_s = time.monotonic()
    while time.monotonic() < min(deadline_s, quiet_since_s + GRACE_S):
        count = sum(reader.get_watermark_offsets(p, cached=False)[1] for p in here)
        now = (count, cpu_s(ingest.pid))
        if count - seen > 100:
            first, last, quiet_since_s = first or now, now, time.monotonic()
        seen = count
        time.sleep(POLL_S)
    reader.close()
    if first is None or last[0] - first[0] < 10_000:
        raise RuntimeError(f"only {last[0]} frames came in")
    frames, spent_s = last[0] - first[0], last[1] - first[1]
    return {
        "frames": frames,
        "cpu_s": round(spent_s, 2),
        "per_cpu_s": round(frames / spent_s),
    }


if __name__ == "__main__":
    main()
