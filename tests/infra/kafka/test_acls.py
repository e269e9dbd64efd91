"""What acls.yaml grants is what the code does: no more, no less."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import pytest

from config.alerts import RULES, Alerts, Target
from config.load import load
from config.settings import Ingest, Kafka, Lake, Recovery, Settings
from connectors import follow
from connectors import kafka as readers
from connectors.attention import Attention, attend
from connectors.commands import commands
from connectors.supervisor import Only
from flows import following, ingest, io, pulsing, telling
from flows.catalogue import FLOWS
from flows.io import KafkaIO
from infra.kafka import acls
from infra.kafka.acls import Process, Right
from infra.kafka.errors import TopicsError
from operators.alerts.rule import Rule
from operators.records import topics
from operators.records.alerts import Delivery
from operators.records.quality import Severity
from sinks import deliveries
from sinks import kafka as writers
from sinks.alerts import Door

ALL = {topic.name for topic in topics.ALL}
SENT = "tapewatch-sent"


class SeenError(Exception):
    """Enough has been seen."""


class Answering:
    """A broker that answers, as far as `follow` asks before it reads."""

    def list_topics(self, timeout: float) -> None:
        assert timeout > 0

    def committed(self, places: list[Any], timeout: float) -> list[Any]:
        assert timeout > 0
        return places

    def assign(self, places: list[Any]) -> None:
        raise SeenError

    def close(self) -> None:
        """Close nothing."""


class Empty(deliveries.Past):
    """A past of which nothing stands in the topic."""

    def deliveries(self) -> tuple[list[Delivery], int]:
        return [], 0


class Doors:
    """What goes through the doors of a process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reads: set[str] = set()
        self.writes: set[str] = set()
        self.groups: set[str] = set()
        monkeypatch.setattr(io, "KafkaSource", self.source)
        monkeypatch.setattr(io, "KafkaSink", self.sink)
        monkeypatch.setattr(ingest, "SpoolingPublisher", self.publisher)
        monkeypatch.setattr(follow, "consumer", self.consumer)
        monkeypatch.setattr(follow, "partitions", self.partitions)
        monkeypatch.setattr(deliveries, "Publisher", self.producer)
        monkeypatch.setattr(telling, "Publisher", self.producer)
        monkeypatch.setattr(pulsing, "Publisher", self.producer)
        monkeypatch.setattr(telling, "Past", self.past)
        monkeypatch.setattr(telling, "consumer", self.consumer)
        monkeypatch.setattr(telling, "partitions", self.none)
        monkeypatch.setattr(following, "consumer", self.consumer)
        monkeypatch.setattr(following, "partitions", self.none)

    def source(self, reading: readers.Reading) -> readers.KafkaSource:
        self.reads |= {topic.name for topic in reading.topics}
        self.groups.add(reading.group)
        return readers.KafkaSource(reading)

    def sink(self, kafka: Any, into: Iterable[Any], *more: Any) -> writers.KafkaSink:
        into = list(into)
        self.writes |= {topic.name for topic in into}
        return writers.KafkaSink(kafka, into, *more)

    def publisher(self, _: Any, kinds: Iterable[Any], *more: Any) -> None:
        self.writes |= {topic.name for topic in kinds}
        raise SeenError

    def consumer(self, _: Any, group: str) -> Answering:
        self.groups.add(group)
        return Answering()

    def partitions(self, _: Any, topic: str) -> list[int]:
        self.reads.add(topic)
        raise SeenError

    def producer(self, _: Any, kinds: Iterable[Any]) -> None:
        self.writes |= {topic.name for topic in kinds}

    def past(self, kafka: Kafka) -> "Empty":
        self.reads |= {topics.DELIVERIES.name}
        return Empty(kafka)

    def none(self, _: Any, topic: str) -> list[int]:
        self.reads.add(topic)
        return []

    def process(self, name: str, *, reads_back: bool) -> Process:
        reads = {acls.ALL} if self.reads == ALL else self.reads
        groups = self.groups | ({SENT} if reads_back else set())
        return Process(
            name=name,
            reads=tuple(sorted(reads)),
            writes=tuple(sorted(self.writes)),
            reads_back=reads_back,
            groups=tuple(sorted(groups)),
        )


@pytest.fixture
def doors(monkeypatch: pytest.MonkeyPatch) -> Doors:
    return Doors(monkeypatch)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    spool = msgspec.structs.replace(Ingest().spool, path=str(tmp_path / "spool"))
    return Settings(
        lake=Lake(path=str(tmp_path / "lake")),
        recovery=Recovery(path=str(tmp_path / "recovery")),
        ingest=Ingest(spool=spool, connections=load().ingest.connections),
    )


def check(does: Process) -> None:
    """Hold the file to what a process does."""
    may = {process.name: in_order(process) for process in acls.load()}
    entry = msgspec.yaml.encode(msgspec.to_builtins(does)).decode()
    advice = f"infra/kafka/acls.yaml should say of {does.name}:\n\n{entry}"
    assert may.get(does.name) == does, advice


def in_order(process: Process) -> Process:
    return msgspec.structs.replace(
        process,
        reads=tuple(sorted(process.reads)),
        writes=tuple(sorted(process.writes)),
        groups=tuple(sorted(process.groups)),
    )


@pytest.mark.parametrize("name", FLOWS)
def test_a_flow_may_do_what_it_does(
    name: str, doors: Doors, settings: Settings
) -> None:
    FLOWS[name](settings, KafkaIO(settings, Event()))
    check(doors.process(name, reads_back=True))


def test_ingest_may_do_what_it_does(doors: Doors, settings: Settings) -> None:
    async def obey() -> None:
        async for _ in commands(settings.kafka):
            pass

    async def heed() -> None:
        await attend(settings.kafka, Attention(), asyncio.Event())

    with pytest.raises(SeenError):
        ingest.run_ingest(settings, Only())
    for does in (obey, heed):
        with pytest.raises(SeenError):
            asyncio.run(does())
    check(doors.process("ingest", reads_back=False))


@pytest.mark.filterwarnings(  # one of apprise's plugins
    "ignore:'imghdr' is deprecated:DeprecationWarning"
)
def test_tell_may_do_what_it_does(doors: Doors, settings: Settings) -> None:
    target = Target(name="ops", url_env="OPS_URL")
    alerts = Alerts(targets=(target,))
    opened = {"ops": Door(target, "json://127.0.0.1:9/", 1.0)}
    whole = msgspec.structs.replace(settings, alerts=alerts)
    tell = telling.Telling(whole, opened)
    with pytest.raises(SeenError):
        tell.run(Event())
    check(doors.process("tell", reads_back=True))


def test_pulse_may_do_what_it_does(
    doors: Doors, settings: Settings, tmp_path: Path
) -> None:
    pulsing.Pulse(settings, tmp_path)
    check(doors.process("pulse", reads_back=False))


def test_follow_may_do_what_it_does(doors: Doors, settings: Settings) -> None:
    with pytest.raises(SeenError):
        following.Follow(settings).run(Event())
    check(doors.process("follow", reads_back=False))


def test_nobody_else_may_do_anything() -> None:
    names = [process.name for process in acls.load()]
    others = ["ingest", "tell", "pulse", "follow", "reader", "admin"]
    assert sorted(names) == sorted([*FLOWS, *others])


def test_alerts_may_read_what_the_rules_of_the_settings_look_at() -> None:
    wide = Rule(
        name="wide",
        topic="bars.v1",
        when="close >= 0",
        severity=Severity.LOW,
        title="{symbol}",
    )

    def read(alerts: Alerts) -> set[str]:
        rights = acls.asked_by(alerts)
        mine = [r for r in rights if r.user == "tapewatch-alerts"]
        found = {r.name for r in mine if (r.operation, r.kind) == ("Read", "topic")}
        return found - {"alerts.v1"}  # what it wrote itself

    of_house = {rule.topic for rule in RULES}
    dead = {"dead.v1"}
    assert read(Alerts()) == of_house | dead
    assert read(Alerts(more=(wide,))) == of_house | dead | {"bars.v1"}
    assert read(Alerts(rules=(wide,))) == dead | {"bars.v1"}
    assert read(Alerts(rules=())) == dead | {"system_health.v1"}
    by_file = [right for process in acls.load() for right in process.rights]
    assert set(acls.asked_by(Alerts())) == set(by_file)


def test_a_flow_that_the_file_does_not_know_fails_with_what_to_write() -> None:
    stranger = Process(name="stranger", reads=("bars.v1",), groups=("tapewatch-s",))
    with pytest.raises(AssertionError, match=r"(?s)acls\.yaml should.*- bars\.v1"):
        check(stranger)


def test_every_topic_named_is_one_of_ours() -> None:
    for process in acls.load():
        assert set(process.reads) | set(process.writes) <= ALL | {acls.ALL}


def test_rights_are_written_as_kafka_acls_takes_them() -> None:
    process = Process(name="x", writes=("bars.v1",), reads_back=True, groups=("x-*",))
    who = "--add --allow-principal 'User:tapewatch-x' --operation"
    assert [right.line for right in process.rights] == [
        f"{who} Read --topic 'bars.v1'",
        f"{who} Write --topic 'bars.v1'",
        f"{who} Read --group 'x-' --resource-pattern-type prefixed",
        f"{who} IdempotentWrite --cluster",
    ]
    assert Right("u", "Read", "topic", "*").line.endswith("--topic '*'")


def test_a_mistake_is_named_and_placed(tmp_path: Path) -> None:
    path = tmp_path / "acls.yaml"
    path.write_text("processes: [{name: x, raeds: [a.v1]}]")
    with pytest.raises(TopicsError, match=r"unknown field `raeds` - at `\$\.processes"):
        acls.load(path)
    with pytest.raises(TopicsError, match=r"nowhere\.yaml: No such file"):
        acls.load(tmp_path / "nowhere.yaml")
