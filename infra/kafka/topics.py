"""Compare a broker's topics with ``topics.yaml``, and make them so.

Nothing here deletes a topic, changes a number of partitions, or, unless forced, sets
what would lose records.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec
from confluent_kafka import KafkaException
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import (
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)

from config.settings import Kafka
from infra.kafka import admin
from infra.kafka.changes import (
    Change,
    Missing,
    Partitions,
    Replicas,
    Setting,
    Stranger,
)
from infra.kafka.client import silent
from infra.kafka.errors import TopicsError
from infra.kafka.specs import TopicSpec

KNOWN_S: Final = 15.0
POLL_S: Final = 0.05

_Resource: Any = ConfigResource  # kafka-python does not say its types


class Applied(msgspec.Struct, frozen=True):
    """What came of the changes: done, refused, or only reported."""

    done: list[Change]
    refused: list[Change]
    left: list[Change]


class _Partition(msgspec.Struct):
    """A partition as kafka-python describes it."""

    replica_nodes: list[int]


class _Topic(msgspec.Struct):
    """A topic as kafka-python describes it."""

    name: str
    partitions: list[_Partition]
    is_internal: bool = False


class _Config(msgspec.Struct):
    """A setting as kafka-python describes it."""

    value: str | None


def diff(broker: Kafka | str, topics: Sequence[TopicSpec]) -> list[Change]:
    """Return what sets the broker's topics apart, the wanted in order, strangers last.

    Args:
        broker: How it is reached; ``host:port`` where that is all there is to say.
        topics: What is wanted.

    Raises:
        AccessError: If the broker does not let us in, or not ask that.
        ConfigError: If an environment variable or a file of its security is missing.
        TopicsError: If there is no such broker, it is the one in memory, or refuses.
    """
    kafka = _named(broker)
    with admin.connected(kafka) as client:
        return list(_changes(kafka, client, topics))


def apply(
    broker: Kafka | str, topics: Sequence[TopicSpec], *, force: bool = False
) -> Applied:
    """Make the missing topics and set what differs; refuse what would lose records.

    Args:
        broker: As for :func:`diff`.
        topics: What is wanted.
        force: Set even what would lose records; partitions are refused all the same.

    Raises:
        Exception: As :func:`diff`.
    """
    kafka = _named(broker)
    with admin.connected(kafka) as client:
        changes = list(_changes(kafka, client, topics))
        left: list[Change] = [c for c in changes if isinstance(c, Stranger)]
        refused = [c for c in changes if c.refusal and not (force and c.may_force)]
        done = [c for c in changes if c not in left and c not in refused]
        _make(kafka, client, [c for c in done if isinstance(c, Missing)])
        _set(kafka, client, [c for c in done if isinstance(c, Setting)])
    return Applied(done, refused, left)


def _named(broker: Kafka | str) -> Kafka:
    return Kafka(bootstrap=broker) if isinstance(broker, str) else broker


def _changes(
    kafka: Kafka, client: Any, topics: Sequence[TopicSpec]
) -> Iterator[Change]:
    brokers = len(client.describe_cluster()["brokers"])
    described = msgspec.convert(client.describe_topics(), list[_Topic])
    found = {topic.name: topic for topic in described if not topic.is_internal}
    _check_hidden(
        kafka, client, [each.name for each in topics if each.name not in found]
    )
    configs = _configs(
        kafka, client, [each.name for each in topics if each.name in found]
    )
    for topic in topics:
        if topic.name not in found:
            yield Missing(topic, min(topic.replication, brokers))
        else:
            yield from _of(topic, found[topic.name], configs[topic.name], brokers)
    for name in sorted(found.keys() - {topic.name for topic in topics}):
        yield Stranger(name)


def _check_hidden(kafka: Kafka, client: Any, names: list[str]) -> None:
    """Refuse to call missing what the broker only does not show to us."""
    answers = client.describe_topics(names) if names else ()
    codes = {answer["name"]: answer["error_code"] for answer in answers}
    for name in names:
        error = for_code(codes.get(name, 0))
        if issubclass(error, TopicAuthorizationFailedError):
            raise admin.failed(kafka, error(), "describe", name)


def _of(
    topic: TopicSpec, found: _Topic, configs: dict[str, _Config], brokers: int
) -> Iterator[Change]:
    current = len(found.partitions)
    if current != topic.partitions:
        yield Partitions(topic.name, current, topic.partitions)
    copies = min(len(partition.replica_nodes) for partition in found.partitions)
    wanted_copies = min(topic.replication, brokers)
    if copies < wanted_copies:
        yield Replicas(topic.name, copies, wanted_copies)
    # Of the copies there are: more could not be confirmed, and nothing be written.
    for key, wanted in topic.configs(min(copies, topic.replication)).items():
        value = configs[key].value or ""
        if value != wanted:
            yield Setting(topic.name, key, value, wanted)


def _configs(
    kafka: Kafka, client: Any, names: list[str]
) -> dict[str, dict[str, _Config]]:
    if not names:
        return {}
    resources = [_Resource(ConfigResourceType.TOPIC, name) for name in names]
    described = client.describe_configs(resources, config_filter="all")
    for name in names:
        if not described["topic"].get(name):  # what we may not see comes empty
            error = TopicAuthorizationFailedError()
            raise admin.failed(kafka, error, "describe the settings of", name)
    return msgspec.convert(described["topic"], dict[str, dict[str, _Config]])


def _make(kafka: Kafka, client: Any, topics: Sequence[Missing]) -> None:
    """Make topics and wait until all brokers know them.

    One that is there by now is as well: a request whose answer was late is sent again
    by the client, and finds what it has done itself.
    """
    if not topics:
        return
    wanted = {
        missing.topic: {
            "num_partitions": missing.spec.partitions,
            "replication_factor": missing.copies,
            "configs": missing.configs,
        }
        for missing in topics
    }
    for answer in client.create_topics(wanted, raise_errors=False)["topics"]:
        if answer["error_code"]:
            error = for_code(answer["error_code"])(answer["error_message"])
            if not isinstance(error, TopicAlreadyExistsError):
                raise admin.failed(kafka, error, "make", answer["name"])
    client.wait_for_topics(list(wanted))
    for broker in client.describe_cluster()["brokers"]:
        _wait(kafka, f"{broker['host']}:{broker['port']}", set(wanted))


def _wait(kafka: Kafka, address: str, names: set[str]) -> None:
    """Wait until a broker knows topics that another has made."""
    deadline_s = time.monotonic() + KNOWN_S
    one = msgspec.structs.replace(kafka, bootstrap=address)
    while time.monotonic() < deadline_s:
        with suppress(KafkaException):  # a new client asks this very broker
            if names <= silent(one).list_topics(timeout=KNOWN_S).topics.keys():
                return
        time.sleep(POLL_S)
    text = f"The broker at {address} does not know, {KNOWN_S:.0f} s later, of"
    raise TopicsError(f"{text} {', '.join(sorted(names))}, which are made")


def _set(kafka: Kafka, client: Any, settings: Sequence[Setting]) -> None:
    for setting in settings:
        resource = _Resource(
            ConfigResourceType.TOPIC, setting.topic, {setting.key: setting.wanted}
        )
        answer = client.alter_configs([resource])["topic"][setting.topic]
        if TopicAuthorizationFailedError.__name__ in answer:
            error = TopicAuthorizationFailedError()
            raise admin.failed(kafka, error, f"set {setting.key} of", setting.topic)
        if answer != "OK":
            text = f"The broker refused: {setting.sentence} It said: {answer}"
            raise TopicsError(text)
