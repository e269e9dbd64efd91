"""Told once, in order, or said not to be: over real HTTP, deliveries kept in a list."""

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import msgspec
import pytest
from apprise import NotifyType

from config.alerts import DEADMAN_RULE, Alerts, Deadman, Target
from config.load import ConfigError
from config.settings import Kafka
from infra.kafka.ports import free
from operators.records.alerts import Alert, AlertPhase, Delivery, Outcome
from operators.records.health import Level, SystemHealth
from operators.records.quality import Severity
from operators.records.time import MS, SECOND
from sinks.alerts import Door, Message, opened
from sinks.beats import Beater, Life
from sinks.courier import Courier, Waiting
from sinks.deliveries import Ledger
from sinks.message import line
from sinks.told import Told, told
from tests.receiver import Receiver, receiving

pytestmark = pytest.mark.filterwarnings(  # one of apprise's plugins
    "ignore:'imghdr' is deprecated:DeprecationWarning"
)

OPS = Target(name="ops", url_env="OPS_URL")
HELLO = Message("title", "body: exception error=500", NotifyType.INFO)
QUICK = Alerts(
    targets=(OPS,), attempts=4, backoff_first_s=0.01, timeout_s=1.0, per_minute=100
)
BOUND_S = 60.0
POLL_S = 0.01


def alert(number: int, severity: Severity = Severity.HIGH, rule: str = "a") -> Alert:
    return Alert(
        rule=rule,
        subject="okx BTC-USDT",
        event_ns=number * SECOND,
        severity=severity,
        phase=AlertPhase.FIRING,
        opened_ns=number * SECOND,
        title=f"number {number}",
    )


def until(holds: Callable[[], Any]) -> None:
    ends = time.monotonic() + BOUND_S
    while not holds():
        assert time.monotonic() < ends
        time.sleep(POLL_S)


class Kept:
    """A ledger in memory."""

    def __init__(self, before: Sequence[Delivery] = ()) -> None:
        self.written = list(before)

    def write(self, deliveries: Sequence[Delivery]) -> None:
        self.written += deliveries

    write_soon = write

    @property
    def outcomes(self) -> list[tuple[int, str]]:
        return [(each.attempt, each.outcome.value) for each in self.written]


class Scene:
    """A courier, its receiver and its ledger."""

    def __init__(self, receiver: Receiver, settings: Alerts, kept: Kept) -> None:
        self.kept, self.said = kept, list[str]()
        before = told(kept.written).get("ops", Told())
        self.courier = Courier(
            settings.targets[0],
            settings,
            door=Door(OPS, receiver.url(), settings.timeout_s),
            ledger=kept,
            told=before,
            say=self.said.append,
        )

    def tell(self, *alerts: Alert) -> None:
        for each in alerts:
            self.courier.offer(Waiting(each, time.time_ns() // MS))

    def settle(self, count: int) -> list[tuple[int, str]]:
        until(lambda: len(self.kept.written) >= count)
        return self.kept.outcomes


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture
def begun(receiver: Receiver) -> Iterator[Callable[..., Scene]]:
    """Yield what begins a courier, and ends it with the test."""
    scenes: list[Scene] = []

    def begin(settings: Alerts = QUICK, before: Sequence[Delivery] = ()) -> Scene:
        scenes.append(Scene(receiver, settings, Kept(before)))
        return scenes[-1]

    yield begin
    for scene in scenes:
        scene.courier.stop()


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"),
    [
        ("+200", "sent", ""),
        ("500", "failed", "HTTP 500"),
        ("503", "failed", "HTTP 503"),
        ("404", "failed", "HTTP 404"),
        ("429", "failed", "HTTP 429"),
        ("502", "unknown", "HTTP 502"),
        ("504", "unknown", "HTTP 504"),
        ("408", "unknown", "HTTP 408"),
        ("break", "unknown", "no answer"),
        ("hang", "unknown", "no answer"),
    ],
)
def test_an_answer_is_taken_for_what_it_is(
    receiver: Receiver, answer: str, outcome: str, reason: str
) -> None:
    receiver.answers.append(answer)
    assert Door(OPS, receiver.url(), 1.0).tell(HELLO) == (outcome, reason)
    assert len(receiver.asked) == 1


def test_apprise_itself_never_tries_again_whatever_the_address_says(
    receiver: Receiver,
) -> None:
    receiver.answers.append("500")
    url = receiver.url("?retry=5&wait=0.01&optional=yes&overflow=split")
    assert Door(OPS, url, 1.0).tell(HELLO).outcome == "failed"
    assert len(receiver.asked) == 1


def test_a_connection_that_is_never_made_has_certainly_failed() -> None:
    (port,) = free(1)
    verdict = Door(OPS, f"json://127.0.0.1:{port}/", 1.0).tell(HELLO)
    assert verdict == ("failed", "connection refused")
    with closing(socket.socket()) as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        callers = [socket.socket() for _ in range(8)]
        for caller in callers:
            caller.setblocking(False)
            caller.connect_ex(("127.0.0.1", port))
        verdict = Door(OPS, f"json://127.0.0.1:{port}/", 1.0).tell(HELLO)
        for caller in callers:
            caller.close()
    assert verdict == ("failed", "no connection in time")


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, r"variable OPS_URL to be set.*`\$\.alerts\.targets\[0\]\.url_env`"),
        ({"OPS_URL": " "}, "variable OPS_URL to be set"),
        ({"OPS_URL": "s3cret"}, "Expected one apprise address in the variable OPS_URL"),
        ({"OPS_URL": "json://s3cret,json://b"}, "Expected one apprise address"),
    ],
)
def test_a_missing_address_is_named_and_a_wrong_one_not_shown(
    env: dict[str, str], expected: str
) -> None:
    with pytest.raises(ConfigError, match=expected) as raised:
        opened([OPS], 1.0, env)
    assert "s3cret" not in str(raised.value)


def test_a_telling_is_recorded_before_and_after(receiver, begun) -> None:
    scene = begun()
    scene.courier.start()
    scene.tell(alert(1), alert(2))
    assert scene.settle(4) == [(1, "sending"), (1, "sent")] * 2
    titles = [each["title"] for each in receiver.wait("taken", 2)]
    assert titles == ["[high] number 1", "[high] number 2"]
    assert alert(1).alert_id in receiver.taken[0]["message"]


def test_what_was_refused_is_told_again_and_then_once(receiver, begun) -> None:
    receiver.answers += ["500", "503"]
    scene = begun()
    scene.courier.start()
    scene.tell(alert(1))
    failed = [(1, "sending"), (1, "failed"), (2, "sending"), (2, "failed")]
    assert scene.settle(6) == [*failed, (3, "sending"), (3, "sent")]
    assert (len(receiver.asked), len(receiver.taken)) == (3, 1)
    assert not any("secret-token" in text for text in scene.said)


@pytest.mark.parametrize("answer", ["+hang", "+break", "+502", "hang"])
def test_what_may_have_arrived_is_not_told_again_but_spoken_of(
    receiver, begun, answer
) -> None:
    receiver.answers += [answer]
    scene = begun()
    scene.courier.start()
    scene.tell(alert(1), alert(2), alert(3))
    unknown = [(1, "sending"), (1, "unknown")]
    assert scene.settle(6) == unknown + [(1, "sending"), (1, "sent")] * 2
    _, second, third = [each["message"] for each in receiver.wait("asked", 3)]
    assert f"Not known whether these arrived: {alert(1).alert_id}." in second
    assert "Not known" not in third


def test_what_is_refused_too_often_is_given_up_and_spoken_of(receiver, begun) -> None:
    receiver.answers += ["500"] * 4
    scene = begun()
    scene.courier.start()
    scene.tell(alert(1))
    assert scene.settle(9)[-1] == (4, "given up")
    scene.tell(alert(2))
    (message,) = receiver.wait("taken", 1)
    assert f"These could not be told: {alert(1).alert_id}." in message["message"]


def test_after_a_target_was_away_what_waits_is_told_together(receiver, begun) -> None:
    receiver.answers += ["500"] * 4
    scene = begun()
    scene.tell(*map(alert, range(1, 6)))
    scene.courier.start()
    (message,) = receiver.wait("taken", 1)
    assert message["title"] == "[high] 4 alerts"
    scene.settle(17)
    assert [each.alert_id for each in scene.kept.written[-4:]] == [
        alert(number).alert_id for number in range(2, 6)
    ]


def test_beyond_so_many_a_minute_they_are_gathered_into_one(receiver, begun) -> None:
    scene = begun(msgspec.structs.replace(QUICK, per_minute=2))
    scene.tell(*map(alert, range(1, 9)))
    ends = scene.courier._ends
    scene.courier.start()
    receiver.wait("taken", 2)
    until(lambda: scene.courier._gathers)
    assert len(receiver.asked) == 2  # the others wait, until the first is a minute ago
    with scene.courier._changed:
        ends.clear()
        scene.courier._changed.notify()
    *_, last = receiver.wait("taken", 3)
    assert last["title"] == "[high] 6 alerts"
    scene.settle(16)
    sent = [each for each in scene.kept.written if each.outcome == Outcome.SENT]
    assert len({each.alert_id for each in sent}) == len(sent) == 8


def delivery(number: int, outcome: Outcome, attempt: int = 1) -> Delivery:
    return Delivery(
        alert_id=alert(number).alert_id,
        target="ops",
        attempt=attempt,
        outcome=outcome,
        received_ns=0,
    )


def test_who_takes_over_goes_on_where_the_other_left_off(receiver, begun) -> None:
    before = [
        delivery(1, Outcome.SENDING),
        delivery(1, Outcome.SENT),
        delivery(2, Outcome.SENDING),
        delivery(3, Outcome.SENDING),
        delivery(3, Outcome.FAILED),
        delivery(4, Outcome.SENDING),
        delivery(4, Outcome.GIVEN_UP),
    ]
    scene = begun(before=before)
    scene.courier.start()
    scene.tell(*map(alert, range(1, 6)))
    outcomes = scene.settle(len(before) + 5)[len(before) :]
    assert outcomes == [
        (1, "unknown"),
        *((2, "sending"), (2, "sent")),
        *((1, "sending"), (1, "sent")),
    ]
    first, second = [each["message"] for each in receiver.wait("taken", 2)]
    assert f"Not known whether these arrived: {alert(2).alert_id}." in first
    assert f"These could not be told: {alert(4).alert_id}." in first
    assert "Not known" not in second


def test_what_is_too_old_is_recorded_and_not_told(receiver, begun) -> None:
    scene = begun()
    scene.courier.start()
    hours_ago = time.time_ns() // MS - 2 * 3_600_000
    scene.courier.offer(Waiting(alert(1), hours_ago))
    assert scene.settle(1) == [(0, "given up")]
    assert scene.kept.written[0].reason == "older than 3600 s"
    scene.tell(alert(2))
    assert len(receiver.wait("taken", 1)) == len(receiver.asked) == 1


def test_a_target_is_told_what_it_wants_to_know_and_once(receiver, begun) -> None:
    wants = Target(
        name="ops", url_env="X", min_severity=Severity.HIGH, rules=("critical-issue",)
    )
    scene = begun(msgspec.structs.replace(QUICK, targets=(wants,)))
    scene.courier.start()
    rule = "critical-issue"
    scene.tell(alert(1), alert(2, Severity.LOW, rule), alert(3, rule=rule))
    scene.tell(alert(3, rule=rule), alert(4, Severity.CRITICAL, rule))
    titles = [each["title"] for each in receiver.wait("taken", 2)]
    assert titles == ["[high] number 3", "[critical] number 4"]
    assert len(scene.settle(4)) == 4


def test_a_slow_target_does_not_hold_another(receiver, begun) -> None:
    with receiving(["hang"]) as slow:
        held = Scene(slow, msgspec.structs.replace(QUICK, timeout_s=20.0), Kept())
        scene = begun()
        for each in (held, scene):
            each.courier.start()
            each.tell(alert(1), alert(2))
        slow.wait("asked", 1)
        receiver.wait("taken", 2)
        assert len(slow.asked) == 1
        slow.released.set()
        until(lambda: len(held.kept.written) >= 4)
        held.courier.stop()


def test_what_ends_a_courier_is_known(begun) -> None:
    scene = begun()
    scene.kept.write = None
    scene.courier.start()
    scene.tell(alert(1))
    until(lambda: scene.courier.failure)
    assert isinstance(scene.courier.failure, TypeError)


def test_that_there_is_no_life_is_told_though_kafka_is_away(receiver) -> None:
    (port,) = free(1)
    said: list[str] = []
    nowhere = Kafka(bootstrap=f"127.0.0.1:{port}")
    courier = Courier(
        OPS,
        QUICK,
        door=Door(OPS, receiver.url(), 1.0),
        ledger=Ledger(nowhere, lambda _: None, said.append),
        told=Told(),
        say=said.append,
    )
    courier.start()
    courier.offer(Waiting(alert(1, rule=DEADMAN_RULE), time.time_ns() // MS))
    receiver.wait("taken", 1)
    until(lambda: len(said) == 2)
    courier.stop()
    assert courier.failure is None
    assert all("a delivery could not be recorded" in each for each in said)


def test_a_line_is_one_line() -> None:
    odd = msgspec.structs.replace(alert(1), title="a\nb\x1b[2J", body="c\r\nd")
    assert line(odd) == "1970-01-01T00:00:01Z high firing a: a | b [2J - c  | d"


def health(at_s: int, venue: str = "") -> SystemHealth:
    return SystemHealth(
        venue=venue,
        event_ns=at_s * SECOND,
        score=99.0,
        level=Level.GREEN,
        connections=1,
    )


def test_a_system_without_a_sign_of_life_is_said_once_and_that_it_has_one_again() -> (
    None
):
    life = Life(Deadman(), 100.0)
    life.remember(health(7))
    assert life.missed(159.0, 0) is None
    fired = life.missed(160.0, 0)
    assert fired is not None
    assert (fired.rule, fired.phase) == (DEADMAN_RULE, "firing")
    assert fired.event_ns == 7 * SECOND
    assert life.missed(999.0, 0) is None
    assert life.take(health(7), 1_000.0) is None  # its time does not move on
    assert life.take(health(8, "okx"), 1_000.0) is None
    over = life.take(health(8), 1_000.0)
    assert over is not None
    assert over.phase == "resolved"
    assert life.missed(1_059.0, 0) is None


def test_who_takes_over_does_not_say_it_twice() -> None:
    life = Life(Deadman(), 0.0)
    life.remember(health(7))
    fired = life.missed(60.0, 0)
    later = Life(Deadman(), 500.0)
    later.remember(health(7))
    assert fired is not None
    later.recall(fired)
    assert later.missed(600.0, 0) is None
    over = later.take(health(8), 601.0)
    assert over is not None


def test_beats_are_due_only_while_there_is_life() -> None:
    life = Life(Deadman(every_s=300.0), 0.0)
    life.remember(health(5))
    assert not life.is_due(1.0)
    life.take(health(10), 2.0)
    assert [life.is_due(at) for at in (2.0, 3.0, 301.0, 302.0)] == [
        *(True, False, False, True),
    ]
    life.missed(99_999.0, 0)
    assert not life.is_due(99_999.0)


def test_a_beat_is_told_again_until_it_arrives(receiver: Receiver) -> None:
    receiver.answers += ["500", "break"]
    said: list[str] = []
    beater = Beater(OPS, Door(OPS, receiver.url(), 1.0), said.append, pause_s=0.01)
    beater.start()
    beater.beat(health(10))
    (message,) = receiver.wait("taken", 1)
    assert message["title"] == "Tapewatch lives: green, 99 of 100"
    beater.stop()
    assert said == [
        "ops: beat 1970-01-01T00:00:10Z: HTTP 500",
        "ops: beat 1970-01-01T00:00:10Z: no answer",
    ]
