"""The broker's topics become what the file says, and nothing is lost on the way."""

import msgspec
import pytest

from infra.kafka import ports, specs, topics
from infra.kafka.broker import Broker
from infra.kafka.changes import Change, Missing, Partitions, Setting, Stranger
from infra.kafka.errors import TopicsError
from infra.kafka.specs import Cleanup, Timestamps, TopicSpec

HOUR_MS = 3_600_000


def spec(name: str) -> TopicSpec:
    return TopicSpec(
        name=name,
        partitions=3,
        retention_ms=HOUR_MS,
        cleanup=Cleanup.DELETE,
        timestamps=Timestamps.APPEND,
        max_message_bytes=1_048_576,
        reason="For a test.",
    )


def made(kafka: Broker, name: str) -> TopicSpec:
    """Make a topic, and return it."""
    topic = spec(name)
    assert topics.apply(kafka.bootstrap, [topic]).done == [Missing(topic)]
    return topic


def diff(kafka: Broker, topic: TopicSpec) -> list[Change]:
    """Compare one topic, without a word about those of other tests."""
    changes = topics.diff(kafka.bootstrap, [topic])
    return [change for change in changes if not isinstance(change, Stranger)]


def test_a_second_apply_changes_nothing(real_kafka: Broker) -> None:
    wanted = [  # under other names: tests before may have made ours
        msgspec.structs.replace(topic, name=f"again.{topic.name}")
        for topic in specs.load()
    ]
    first = topics.apply(real_kafka.bootstrap, wanted)
    second = topics.apply(real_kafka.bootstrap, wanted)
    assert first.done == [Missing(topic) for topic in wanted]
    assert (first.refused, second.done, second.refused) == ([], [], [])


def test_a_longer_retention_is_shown_and_set(real_kafka: Broker) -> None:
    topic = made(real_kafka, "longer.v1")
    wanted = msgspec.structs.replace(topic, retention_ms=2 * HOUR_MS)
    change = Setting("longer.v1", "retention.ms", str(HOUR_MS), str(2 * HOUR_MS))

    assert diff(real_kafka, wanted) == [change]
    assert change.sentence == (
        "longer.v1: change retention.ms from 3600000 to 7200000."
    )
    assert topics.apply(real_kafka.bootstrap, [wanted]).done == [change]
    assert diff(real_kafka, wanted) == []


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("shorter.v1", {}, {"retention_ms": HOUR_MS // 2}),
        ("finite.v1", {"retention_ms": -1}, {}),
        ("compacted.v1", {}, {"cleanup": Cleanup.COMPACT}),
        ("deleted.v1", {"cleanup": Cleanup.COMPACT}, {}),
    ],
)
def test_what_would_lose_records_is_refused_unless_forced(
    real_kafka: Broker, name: str, before: dict[str, object], after: dict[str, object]
) -> None:
    topics.apply(real_kafka.bootstrap, [msgspec.structs.replace(spec(name), **before)])
    wanted = msgspec.structs.replace(spec(name), **after)
    changes = diff(real_kafka, wanted)
    assert len(changes) == 1
    assert "the broker would delete" in changes[0].refusal

    applied = topics.apply(real_kafka.bootstrap, [wanted])
    assert (applied.done, applied.refused) == ([], changes)
    assert diff(real_kafka, wanted) == changes

    assert topics.apply(real_kafka.bootstrap, [wanted], force=True).done == changes
    assert diff(real_kafka, wanted) == []


@pytest.mark.parametrize(
    ("name", "partitions", "why"),
    [
        ("more.v1", 4, "lose their order"),
        ("fewer.v1", 2, "cannot take partitions away"),
    ],
)
def test_another_number_of_partitions_is_refused_even_when_forced(
    real_kafka: Broker, name: str, partitions: int, why: str
) -> None:
    wanted = msgspec.structs.replace(made(real_kafka, name), partitions=partitions)
    applied = topics.apply(real_kafka.bootstrap, [wanted], force=True)
    assert applied.refused == [Partitions(name, 3, partitions)]
    assert why in applied.refused[0].refusal
    assert diff(real_kafka, wanted) == applied.refused


def test_a_refusal_does_not_hold_up_the_rest(real_kafka: Broker) -> None:
    refused = msgspec.structs.replace(made(real_kafka, "held.v1"), partitions=9)
    applied = topics.apply(real_kafka.bootstrap, [refused, spec("rest.v1")])
    assert applied.done == [Missing(spec("rest.v1"))]
    assert applied.refused == [Partitions("held.v1", 3, 9)]


def test_a_stranger_is_reported_and_left_alone(real_kafka: Broker) -> None:
    made(real_kafka, "stranger.v1")
    applied = topics.apply(real_kafka.bootstrap, [], force=True)
    assert Stranger("stranger.v1") in applied.left
    assert diff(real_kafka, spec("stranger.v1")) == []


def test_kafkas_own_topics_are_no_strangers(real_kafka: Broker) -> None:
    changes = topics.diff(real_kafka.bootstrap, [])
    assert not [change for change in changes if change.topic.startswith("__")]


def test_a_broker_that_is_not_there_is_named() -> None:
    (port,) = ports.free(1)
    with pytest.raises(TopicsError, match=f"No broker answers at 127.0.0.1:{port}"):
        topics.diff(f"127.0.0.1:{port}", [])
