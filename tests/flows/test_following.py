"""What the flow says of a symbol is in its file, and nothing of a person's is lost."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from config.calibration_store import Calibrations
from config.calibrations import load
from config.load import save
from config.settings import Kafka, Metrics, Settings
from flows.following import Follow
from operators.calibration.prior import Parameters
from operators.records import topics
from operators.records.calibration import Calibration
from operators.records.priority import PriorityWeights
from sinks.calibrations import Store
from tests.sinks.made_calibrations import entry
from tests.sinks.test_calibrations import said

ROOT = Path(__file__).parents[2]
BOUND_S = 60.0
POLL_S = 0.05
COMPONENTS = (
    *("volatility", "turnover", "spread", "depth", "momentum", "order_flow"),
    "data_quality",
)


class Message:
    """A message, as far as it is asked."""

    def __init__(self, topic: str, value: bytes | None) -> None:
        self._topic, self._value = topic, value

    def topic(self) -> str:
        return self._topic

    def value(self) -> bytes | None:
        return self._value


def weights(symbol: str, event_ns: int) -> PriorityWeights:
    return PriorityWeights(
        venue="binance",
        symbol=symbol,
        event_ns=event_ns,
        reason="learnt",
        n=5,
        credibility=0.5,
        **dict.fromkeys(COMPONENTS, 1 / 7),
    )


def sent(record: Calibration | PriorityWeights) -> Message:
    topic = topics.CALIBRATIONS if isinstance(record, Calibration) else topics.WEIGHTS
    return Message(topic.name, topic.encode(record))


def follow(folder: Path) -> Follow:
    return Follow(Settings(calibrations=Calibrations(path=str(folder), write_s=10.0)))


def test_the_newest_is_written_when_its_turn_comes_and_no_more_often(tmp_path):
    it = follow(tmp_path)

    def live() -> int:
        record = load(tmp_path).kept["binance:BTC-USDT"].live["calibration"]
        assert isinstance(record, Calibration)
        return record.event_ns

    it.take([sent(said("binance", "BTC-USDT", n)) for n in (1, 3, 2)])
    it.write(100.0)
    assert live() == 3
    it.take([sent(said("binance", "BTC-USDT", 4))])
    it.write(109.9)
    assert live() == 3
    it.write(110.0)
    assert live() == 4
    it.take([sent(said("binance", "BTC-USDT", 5))])
    it.write(None)  # at its end
    assert live() == 5


def test_fits_and_pins_stay_and_other_messages_harm_nobody(tmp_path):
    store = Store(tmp_path)
    fit = store.fit(entry())
    store.pin("binance", "BTC-USDT", lambda _: Parameters(thin=3.0))
    broken = tmp_path / "binance" / "ETH-USDT.yaml"
    broken.write_text("pins: {")
    it = follow(tmp_path)

    it.take(
        [
            Message(topics.CALIBRATIONS.name, b"no record"),
            Message(topics.WEIGHTS.name, None),
            sent(said("binance", "ETH-USDT", 1)),
            sent(said("../x", "ETH-USDT", 1)),
            sent(said("binance", "BTC-USDT", 1)),
            sent(weights("BTC-USDT", 2)),
        ]
    )
    it.write(0.0)

    kept = load(tmp_path).kept["binance:BTC-USDT"]
    assert (kept.entry, kept.pins) == (fit, Parameters(thin=3.0))
    assert kept.live == {
        "calibration": said("binance", "BTC-USDT", 1),
        "weights": weights("BTC-USDT", 2),
    }
    assert broken.read_text() == "pins: {"
    figures = {m.name: m.samples[0].value for m in it.collect()}
    assert figures["tapewatch_calibration_files_written"] == 1
    assert figures["tapewatch_calibration_files_refused"] == 2
    assert not list(tmp_path.parent.rglob("x/*.yaml"))


def test_the_process_follows_kafka_until_it_is_told_to_end(tmp_path, kafka):
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    names = [topics.CALIBRATIONS.name, topics.WEIGHTS.name]
    there = admin.list_topics(timeout=30).topics
    new = [NewTopic(name, 1, 1) for name in names if name not in there]
    for made in admin.create_topics(new).values() if new else ():
        made.result(30)
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    settings = Settings(
        kafka=Kafka(bootstrap=kafka.bootstrap),
        metrics=Metrics(port=0, folder=str(tmp_path / "metrics")),
        calibrations=Calibrations(path=str(tmp_path / "cal"), write_s=0.1),
    )
    save(settings, tmp_path / "settings.yaml")
    words = ("calibrate", "follow", "--config", str(tmp_path / "settings.yaml"))

    def say(record: Calibration) -> None:
        raw = topics.CALIBRATIONS.encode(record)
        producer.produce(topics.CALIBRATIONS.name, raw, record.key)
        producer.flush(30)

    def until(event_ns: int) -> None:
        ends_s = time.monotonic() + BOUND_S
        while time.monotonic() < ends_s:
            kept = load(tmp_path / "cal").kept.get("binance:BTC-USDT")
            record = kept.live.get("calibration") if kept else None
            if record is not None and record.event_ns == event_ns:
                return
            time.sleep(POLL_S)
        raise AssertionError(event_ns)

    say(said("binance", "BTC-USDT", 10))
    process = subprocess.Popen(
        [sys.executable, "-m", "flows", *words],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    try:
        until(10)
        Store(tmp_path / "cal").pin(
            "binance", "BTC-USDT", lambda old: msgspec.structs.replace(old, thin=8.0)
        )
        say(said("binance", "BTC-USDT", 11))
        until(11)
        process.send_signal(signal.SIGTERM)
        assert process.wait(BOUND_S) == 0
    finally:
        process.kill()
        process.wait()
    kept = load(tmp_path / "cal").kept["binance:BTC-USDT"]
    assert kept.pins == Parameters(thin=8.0)
    assert list((tmp_path / "metrics").iterdir()) == []
