"""Alerts through the real processes and a real broker: told once, whoever is killed."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import OFFSET_BEGINNING, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from config.alerts import DEADMAN_RULE, Alerts, Deadman, Target
from config.load import save
from config.settings import Kafka, Recovery, Settings
from connectors.reader import bounds, consumer
from infra.kafka.ports import free
from operators.alerts.rule import Rule
from operators.records import topics
from operators.records.alerts import Alert, AlertPhase, Delivery, Outcome
from operators.records.health import Level, SystemHealth
from operators.records.quality import IssueKind, Phase, QualityIssue, Severity
from operators.records.time import SECOND
from operators.records.topics import Topic
from sinks.kafka import Publisher
from sinks.told import SETTLED
from tests.conftest import Ended
from tests.receiver import Receiver, receiving

ROOT = Path(__file__).parents[2]
BOUND_S = 60.0
POLL_S = 0.02
USED = [
    topics.ALERTS,
    topics.DELIVERIES,
    topics.SYSTEM_HEALTH,
    *(topics.QUALITY_ISSUES, topics.CONNECTION_HEALTH, topics.HEALINGS, topics.DEAD),
]
SECRET = "secret-token"


@pytest.fixture
def kafka(real_kafka: Any) -> Kafka:
    """Return the session's broker, with the topics of alerts."""
    admin = AdminClient({"bootstrap.servers": real_kafka.bootstrap})
    there = admin.list_topics(timeout=30).topics
    wanted = [NewTopic(each.name, 1, 1) for each in USED if each.name not in there]
    for made in admin.create_topics(wanted).values() if wanted else ():
        made.result(30)
    return Kafka(bootstrap=real_kafka.bootstrap)


def records(kafka: Kafka, topic: Topic[Any]) -> list[Any]:
    """Return all that stands in a topic of one partition."""
    reader = consumer(kafka, "test-alerts")
    place = TopicPartition(topic.name, 0, OFFSET_BEGINNING)
    _, end = bounds(reader, place)
    found, at = [], 0
    reader.assign([place])
    while at < end:
        for message in reader.consume(1_000, 0.1):
            at = message.offset() + 1
            found.append(topic.decode(message.value()))
    reader.close()
    return found


def until(holds: Callable[[], Any]) -> None:
    ends = time.monotonic() + BOUND_S
    while not holds():
        assert time.monotonic() < ends
        time.sleep(POLL_S)


class Scene:
    """Alerts of a rule of this test alone, told to a target of its own."""

    def __init__(self, kafka: Kafka, folder: Path, name: str, ended: Ended) -> None:
        self.kafka, self.name, self.folder = kafka, name, folder
        self.env = {
            key: value
            for key, value in os.environ.items()
            if not key.lower().endswith("_proxy")
        }
        self.settings = Settings(
            kafka=kafka,
            recovery=Recovery(path=str(folder / "recovery"), epoch_ms=100),
            alerts=Alerts(
                rules=(issue_rule(name),),
                targets=(Target(name=name, url_env="OPS_URL", rules=(name,)),),
                deadman=Deadman(silence_s=1e7),
                backoff_first_s=0.05,
                backoff_cap_s=0.2,
                attempts=50,
                timeout_s=1.0,
                per_minute=1_000,
            ),
        )
        self._ended = ended
        self._processes: list[subprocess.Popen[bytes]] = []
        self._number = 0

    def changed(self, **alerts: Any) -> None:
        changed = msgspec.structs.replace(self.settings.alerts, **alerts)
        self.settings = msgspec.structs.replace(self.settings, alerts=changed)

    def publish(self, *found: Any) -> None:
        publisher = Publisher(self.kafka, USED)
        publisher.send(found)
        publisher.flush()

    def alert(self, number: int) -> Alert:
        return Alert(
            rule=self.name,
            subject="okx BTC-USDT",
            event_ns=number * SECOND,
            severity=Severity.HIGH,
            phase=AlertPhase.FIRING,
            opened_ns=number * SECOND,
            title=f"number {number}",
        )

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        self._number += 1
        path = self.folder / f"settings{self._number}.yaml"
        save(self.settings, path)
        argv = [sys.executable, "-m", "flows", *words, "--config", str(path)]
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                argv, cwd=ROOT, env=self.env, stdout=log, stderr=log
            )
        self._processes.append(process)
        return process

    def tell(self, receiver: Receiver) -> subprocess.Popen[bytes]:
        self.env["OPS_URL"] = receiver.url(SECRET)
        return self.start("tell")

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGKILL)
        process.wait(BOUND_S)
        assert self._ended(process.pid)

    def end(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGTERM)
        assert process.wait(BOUND_S) == 0, self.log

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                self.kill(process)

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    @property
    def deliveries(self) -> list[Delivery]:
        found = records(self.kafka, topics.DELIVERIES)
        return [each for each in found if each.target == self.name]

    def outcomes(self, number: int) -> list[str]:
        wanted = self.alert(number).alert_id
        return [
            each.outcome.value for each in self.deliveries if each.alert_id == wanted
        ]


@pytest.fixture
def scene(
    kafka: Kafka, tmp_path: Path, request: pytest.FixtureRequest, ended: Ended
) -> Iterator[Scene]:
    name = "".join(c if c.isalnum() else "-" for c in request.node.name.lower())[-60:]
    found = Scene(kafka, tmp_path, name.strip("-"), ended)
    yield found
    found.close()


def issue_rule(name: str) -> Rule:
    return Rule(
        name=name,
        topic=topics.QUALITY_ISSUES.name,
        when="kind == 'crossed book' and phase != 'close' and venue == 'here'",
        severity=Severity.CRITICAL,
        title="{kind} of {symbol}",
        body="{evidence}",
    )


def numbers(receiver: Receiver) -> list[int]:
    return [int(each["title"].rpartition(" ")[2]) for each in receiver.taken]


def test_an_issue_reaches_a_person_through_the_flow_and_is_over_once(
    scene: Scene,
) -> None:
    def issue(at_s: int, phase: Phase) -> QualityIssue:
        return QualityIssue(
            venue="here",
            symbol="BTC-USDT",
            event_ns=at_s * SECOND,
            received_ns=at_s * SECOND,
            kind=IssueKind.CROSSED_BOOK,
            severity=Severity.CRITICAL,
            phase=phase,
            opened_ns=SECOND,
            evidence="bid 2 >= ask 1",
        )

    with receiving(["500", "503"]) as receiver:
        flow, tell = scene.start("flow", "alerts"), scene.tell(receiver)
        scene.publish(issue(1, Phase.OPEN), issue(2, Phase.UPDATE))
        receiver.wait("taken", 1)
        scene.kill(flow)
        flow = scene.start("flow", "alerts")
        scene.publish(issue(3, Phase.UPDATE), issue(4, Phase.CLOSE))
        first, over = receiver.wait("taken", 2)
        scene.end(flow)
        scene.end(tell)
    assert first["title"] == "[critical] crossed book of BTC-USDT"
    assert over["title"] == "[critical] over: crossed book of BTC-USDT"
    assert first["message"].startswith("bid 2 >= ask 1")
    assert (len(receiver.asked), len(receiver.taken)) == (4, 2)
    mine = [
        each for each in records(scene.kafka, topics.ALERTS) if each.venue == "here"
    ]
    assert [each.phase.value for each in mine] == ["firing", "resolved"]
    assert "critical firing" in scene.log
    assert SECRET not in scene.log
    assert "OPS_URL" not in scene.log


def test_a_process_that_is_killed_before_a_retry_tells_it_once(scene: Scene) -> None:
    scene.changed(backoff_first_s=1_000.0, backoff_cap_s=1_000.0)
    scene.publish(scene.alert(1))
    with receiving(["500"]) as receiver:
        tell = scene.tell(receiver)
        until(lambda: scene.outcomes(1) == ["sending", "failed"])
        scene.kill(tell)
        tell = scene.tell(receiver)
        until(lambda: scene.outcomes(1)[-1:] == ["sent"])
        scene.end(tell)
    assert scene.outcomes(1) == ["sending", "failed", "sending", "sent"]
    assert [each.attempt for each in scene.deliveries] == [1, 1, 2, 2]
    assert numbers(receiver) == [1]


def test_who_is_told_to_end_tells_first_what_has_been_said(scene: Scene) -> None:
    scene.changed(backoff_first_s=0.5, backoff_cap_s=0.5)
    scene.publish(scene.alert(1))
    with receiving(["503"]) as receiver:
        tell = scene.tell(receiver)
        receiver.wait("asked", 1)
        scene.end(tell)
    assert scene.outcomes(1) == ["sending", "failed", "sending", "sent"]
    assert numbers(receiver) == [1]


def test_a_receiver_that_comes_later_is_told_once_across_a_kill(scene: Scene) -> None:
    scene.changed(backoff_first_s=1_000.0, backoff_cap_s=1_000.0)
    (port,) = free(1)
    scene.env["OPS_URL"] = f"json://127.0.0.1:{port}/{SECRET}"
    scene.publish(scene.alert(1))
    tell = scene.start("tell")
    until(lambda: scene.outcomes(1) == ["sending", "failed"])
    scene.kill(tell)
    with receiving(port=port) as receiver:
        tell = scene.start("tell")
        until(lambda: scene.outcomes(1)[-1:] == ["sent"])
        scene.end(tell)
    assert numbers(receiver) == [1]
    assert {each.reason for each in scene.deliveries} == {"", "connection refused"}


@pytest.mark.parametrize("answer", ["+hang", "hang"])
def test_a_process_that_is_killed_while_it_tells_leaves_it_unknown_and_says_so(
    scene: Scene, answer: str
) -> None:
    scene.changed(timeout_s=200.0)
    scene.publish(scene.alert(1))
    with receiving([answer]) as receiver:
        tell = scene.tell(receiver)
        receiver.wait("asked", 1)
        scene.kill(tell)
        scene.publish(scene.alert(2), scene.alert(3))
        tell = scene.tell(receiver)
        until(lambda: scene.outcomes(3)[-1:] == ["sent"])
        scene.end(tell)
    assert scene.outcomes(1) == ["sending", "unknown"]
    titles = [each["title"] for each in receiver.asked]
    assert titles == [f"[high] number {number}" for number in (1, 2, 3)]
    second, third = (each["message"] for each in receiver.asked[1:])
    assert f"Not known whether these arrived: {scene.alert(1).alert_id}." in second
    assert "Not known" not in third


def test_a_process_that_is_killed_after_it_told_does_not_tell_again(
    scene: Scene,
) -> None:
    scene.publish(scene.alert(1))
    with receiving() as receiver:
        tell = scene.tell(receiver)
        until(lambda: scene.outcomes(1) == ["sending", "sent"])
        scene.kill(tell)
        tell = scene.tell(receiver)
        scene.publish(scene.alert(1), scene.alert(2))
        until(lambda: scene.outcomes(2)[-1:] == ["sent"])
        scene.end(tell)
    assert [each["title"][-1] for each in receiver.asked] == ["1", "2"]


@pytest.mark.parametrize("seed", [1])
def test_killed_anywhere_each_is_told_at_most_once_and_accounted_for(
    scene: Scene, seed: int
) -> None:
    chance = random.Random(seed)
    count = 150
    scene.publish(*map(scene.alert, range(count)))
    kinds = ["+200"] * 6 + ["500", "503", "+break", "break"]
    with receiving(chance.choices(kinds, k=10_000)) as receiver:
        for goal in sorted(chance.sample(range(1, count), 6)):
            tell = scene.tell(receiver)
            receiver.wait("asked", goal)
            scene.kill(tell)
        receiver.answers.clear()
        tell = scene.tell(receiver)
        until(lambda: scene.outcomes(count - 1)[-1:] == ["sent"])
        scene.end(tell)
    taken = Counter(numbers(receiver))
    assert set(taken.values()) == {1}
    ends = {each.alert_id: each.outcome for each in scene.deliveries}
    assert len(ends) == count
    assert set(ends.values()) <= {Outcome.SENT, Outcome.UNKNOWN}
    sent = {name for name, outcome in ends.items() if outcome is Outcome.SENT}
    assert sent <= {scene.alert(number).alert_id for number in taken}
    assert len(sent) > count / 2
    settled = Counter(
        each.alert_id for each in scene.deliveries if each.outcome in SETTLED
    )
    assert set(settled.values()) == {1}


def test_another_process_and_a_missing_variable_are_refused(scene: Scene) -> None:
    missing = scene.start("tell")
    assert missing.wait(BOUND_S) == 1
    with receiving() as receiver:
        tell = scene.tell(receiver)
        until((scene.folder / "recovery/tell/lock").exists)
        scene.publish(scene.alert(1))
        receiver.wait("taken", 1)
        other = scene.tell(receiver)
        assert other.wait(BOUND_S) == 1
        scene.end(tell)
    text = "Expected the environment variable OPS_URL to be set"
    assert text in scene.log
    assert "another `tapewatch tell` runs" in scene.log
    assert "Traceback" not in scene.log
    assert numbers(receiver) == [1]


def health(at_s: int) -> SystemHealth:
    return SystemHealth(
        venue="", event_ns=at_s * SECOND, score=99.0, level=Level.GREEN, connections=1
    )


def test_beats_go_on_while_there_is_life_and_its_end_is_told_once(
    scene: Scene,
) -> None:
    ops = Target(name=scene.name, url_env="OPS_URL", rules=(DEADMAN_RULE,))
    dead = Target(name=f"{scene.name[:50]}-dead", url_env="DEAD_URL", deadman=True)
    scene.changed(targets=(ops, dead), deadman=Deadman(every_s=0.1, silence_s=2.0))
    with receiving() as receiver, receiving() as beats:
        scene.env["DEAD_URL"] = beats.url(SECRET)
        scene.publish(health(1))  # before anybody looks: no sign of life
        tell = scene.tell(receiver)
        moments = iter(range(2, 1_000))
        until(lambda: scene.publish(health(next(moments))) or len(beats.taken) >= 3)
        (fired,) = receiver.wait("taken", 1)
        until(lambda: _sent_of_own(scene) == 1)
        scene.kill(tell)
        tell = scene.tell(receiver)
        until(lambda: scene.publish(health(next(moments))) or len(receiver.taken) >= 2)
        until(lambda: _sent_of_own(scene) == 2)
        scene.end(tell)
    assert fired["title"] == "[critical] no system health for 2 s"
    assert receiver.taken[1]["title"] == "[critical] over: system health comes again"
    assert len(receiver.asked) == 2
    said = records(scene.kafka, topics.ALERTS)
    phases = [each.phase.value for each in said if each.rule == DEADMAN_RULE]
    assert phases == ["firing", "resolved"]


def _sent_of_own(scene: Scene) -> int:
    mine = [each for each in scene.deliveries if each.alert_id.startswith(DEADMAN_RULE)]
    return sum(each.outcome is Outcome.SENT for each in mine)
