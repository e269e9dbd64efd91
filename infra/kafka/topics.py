"""Compare a broker's topics with ``topics.yaml``, and make them so.

Nothing here deletes a topic, changes a number of partitions, or, unless forced, sets
what would lose records.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from confluent_kafka import KafkaException
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError

from infra.kafka import client
from infra.kafka.changes import Change, Missing, Partitions, Setting, Stranger
from infra.kafka.errors import TopicsError
from infra.kafka.memory import CLUSTER_ID
from infra.kafka.specs import TopicSpec

ANSWER_S: Final = 5
REQUEST_S: Final = 15

# kafka-python does not say its types.
_Client: Any = KafkaAdminClient
_Resource: Any = ConfigResource


class Applied(msgspec.Struct, frozen=True):
    """What came of the changes: done, refused, or only reported."""

    done: list[Change]
    refused: list[Change]
    left: list[Change]


class _Topic(msgspec.Struct):
    """A topic as kafka-python describes it."""

    name: str
    partitions: list[Any]
    is_internal: bool = False


class _Config(msgspec.Struct):
    """A setting as kafka-python describes it."""

    value: str | None


def diff(bootstrap: str, topics: Sequence[TopicSpec]) -> list[Change]:
    """Return what sets the broker's topics apart, the wanted in order, strangers last.

    Raises:
        TopicsError: If there is no such broker, it is the one in memory, or refuses.
    """
    with _admin(bootstrap) as admin:
        return list(_changes(admin, topics))


def apply(
    bootstrap: str, topics: Sequence[TopicSpec], *, force: bool = False
) -> Applied:
    """Make the missing topics and set what differs; refuse what would lose records.

    Args:
        bootstrap: The broker.
        topics: What is wanted.
        force: Set even what would lose records; partitions are refused all the same.

    Raises:
        TopicsError: As for :func:`diff`.
    """
    with _admin(bootstrap) as admin:
        changes = list(_changes(admin, topics))
        left: list[Change] = [c for c in changes if isinstance(c, Stranger)]
        refused = [c for c in changes if c.refusal and not (force and c.may_force)]
        done = [c for c in changes if c not in left and c not in refused]
        _make(admin, [c.spec for c in done if isinstance(c, Missing)])
        _set(admin, [c for c in done if isinstance(c, Setting)])
    return Applied(done, refused, left)


def _changes(admin: Any, topics: Sequence[TopicSpec]) -> Iterator[Change]:
    found = msgspec.convert(admin.describe_topics(), list[_Topic])
    partitions = {t.name: len(t.partitions) for t in found if not t.is_internal}
    here = [topic for topic in topics if topic.name in partitions]
    configs = _configs(admin, [topic.name for topic in here])
    for topic in topics:
        if topic.name not in partitions:
            yield Missing(topic)
            continue
        current = partitions[topic.name]
        if current != topic.partitions:
            yield Partitions(topic.name, current, topic.partitions)
        for key, wanted in topic.configs.items():
            value = configs[topic.name][key].value or ""
            if value != wanted:
                yield Setting(topic.name, key, value, wanted)
    for name in sorted(partitions.keys() - {topic.name for topic in topics}):
        yield Stranger(name)


def _configs(admin: Any, names: list[str]) -> dict[str, dict[str, _Config]]:
    if not names:
        return {}
    resources = [_Resource(ConfigResourceType.TOPIC, name) for name in names]
    described = admin.describe_configs(resources, config_filter="all")
    return msgspec.convert(described["topic"], dict[str, dict[str, _Config]])


def _make(admin: Any, topics: Sequence[TopicSpec]) -> None:
    if topics:
        wanted = {
            topic.name: {"num_partitions": topic.partitions, "configs": topic.configs}
            for topic in topics
        }
        admin.create_topics(wanted, wait_for_metadata=True)


def _set(admin: Any, settings: Sequence[Setting]) -> None:
    for setting in settings:
        resource = _Resource(
            ConfigResourceType.TOPIC, setting.topic, {setting.key: setting.wanted}
        )
        answer = admin.alter_configs([resource])["topic"][setting.topic]
        if answer != "OK":
            text = f"The broker refused: {setting.sentence} It said: {answer}"
            raise TopicsError(text)


@contextmanager
def _admin(bootstrap: str) -> Iterator[Any]:
    _require_kafka(bootstrap)
    try:
        admin = _Client(
            bootstrap_servers=bootstrap,
            bootstrap_timeout_ms=ANSWER_S * 1_000,
            request_timeout_ms=REQUEST_S * 1_000,
        )
        try:
            yield admin
        finally:
            admin.close()
    except KafkaError as error:
        text = f"The broker at {bootstrap} could not be asked: {error}"
        raise TopicsError(text) from error


def _require_kafka(bootstrap: str) -> None:
    """Refuse what kafka-python would wait for in vain."""
    try:
        cluster = client.silent(bootstrap).list_topics(timeout=ANSWER_S)
    except KafkaException as error:
        text = f"No broker answers at {bootstrap} within {ANSWER_S} s"
        raise TopicsError(text) from error
    if (cluster.cluster_id or "").startswith(CLUSTER_ID):
        text = (
            f"The broker at {bootstrap} is the one in memory: it makes its topics when "
            "it starts, and cannot be asked about them or told to change them"
        )
        raise TopicsError(text)
