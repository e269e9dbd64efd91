"""Whether the broker is there, has the topics, lets us in, and agrees on the time."""

import socket
import time
from collections.abc import Iterator
from typing import Any, Final

from confluent_kafka import KafkaException, TopicPartition
from kafka.admin import (
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ResourcePatternFilter,
    ResourceType,
)
from kafka.admin import ACLResourcePatternType as PatternType
from kafka.errors import KafkaError, SecurityDisabledError

from config.access import AccessError
from config.alerts import Alerts
from config.client import user
from config.load import ConfigError
from config.settings import Kafka, Settings
from connectors.reader import KafkaError as ReaderError
from connectors.reader import bounds, consumer, partitions
from flows.diagnosis import Diagnosis, problem, warning, well
from infra.kafka import acls, admin, client, specs
from infra.kafka import topics as broker_topics
from infra.kafka.changes import Missing, Partitions
from infra.kafka.errors import TopicsError
from infra.kafka.memory import CLUSTER_ID
from operators.records import topics
from operators.records.time import MS, SECOND

_ANSWER_S: Final = 5.0
_READ_S: Final = 5.0
_APART_S: Final = 1.0
_START: Final = "`tapewatch up` starts one; or mend `kafka.bootstrap`, or the network"
_CONTENT: Final = (topics.CONNECTIONS, topics.FRAMES)

# kafka-python does not say its types.
_Filter: Any = ACLFilter
_Pattern: Any = ResourcePatternFilter


def broker(settings: Settings) -> Iterator[Diagnosis]:
    """Ask the broker; what lies behind it is looked at only where it answers."""
    kafka = settings.kafka
    if why := _unreachable(kafka):
        yield problem("broker", f"no answer: {why}", _START)
        return
    try:
        asking = client.silent(kafka)
        try:
            found = asking.list_topics(timeout=_ANSWER_S)
        except KafkaException:
            asking.poll(0)  # raises if we are not let in
            raise
    except (AccessError, ConfigError) as error:
        yield problem("broker", str(error), "as it says; no flow can start")
        return
    except KafkaException as error:
        text = f"no answer at {kafka.bootstrap}: {error.args[0].str()}"
        yield problem("broker", text, _START)
        return
    count = len(found.brokers)
    text = f"{kafka.bootstrap} answers, {count} node{'' if count == 1 else 's'}"
    if (found.cluster_id or "").startswith(CLUSTER_ID):
        hint = "have Java and Maven, and start again"
        yield warning("broker", f"{text}; in memory: it forgets all at its end", hint)
        return
    yield well("broker", text)
    yield from _topics(kafka)
    yield from _rights(kafka, settings.alerts)
    yield from _clock(kafka)


def _unreachable(kafka: Kafka) -> str:
    """Return why no address can be connected to; empty if one can."""
    troubles = []
    for address in kafka.bootstrap.split(","):
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), _ANSWER_S).close()
        except OSError as error:
            troubles.append(f"{address}: {error.strerror or error}")
        else:
            return ""
    return "; ".join(troubles)


def _topics(kafka: Kafka) -> Iterator[Diagnosis]:
    try:
        changes = broker_topics.diff(kafka, specs.load())
    except (AccessError, TopicsError) as error:
        hint = "run this as the user who makes topics (`tapewatch-admin`)"
        yield warning("topics", str(error), hint)
        return
    for change in changes:
        if isinstance(change, Missing):
            yield problem("topics", change.sentence, "`tapewatch topics apply`")
        elif isinstance(change, Partitions):
            hint = "it cannot be changed in place; see infra/kafka/README.md"
            yield problem("topics", change.sentence, hint)
        else:
            yield warning("topics", change.sentence, "`tapewatch topics apply`")
    if not changes:
        yield well("topics", f"{len(specs.load())} are as topics.yaml says")


def _rights(kafka: Kafka, alerts: Alerts) -> Iterator[Diagnosis]:
    if kafka.security.protocol == "PLAINTEXT":
        return
    wanted = set(acls.asked_by(alerts))
    everything = _Filter(
        principal=None,
        host=None,
        operation=ACLOperation.ANY,
        permission_type=ACLPermissionType.ANY,
        resource_pattern=_Pattern(ResourceType.ANY, None, PatternType.ANY),
    )
    who = f"user {user(kafka) or '(nobody)'}"
    try:
        with admin.connected(kafka) as asking:
            found, error = asking.describe_acls(everything)
        if issubclass(error, SecurityDisabledError):
            hint = "set `authorizer.class.name`; see infra/kafka/README.md"
            yield warning("rights", "the broker lets everyone do everything", hint)
            return
        if error.errno:
            raise error
    except (AccessError, TopicsError, KafkaError) as error:
        hint = "run this as the user who gives rights (`tapewatch-admin`)"
        yield warning("rights", f"{who} may not see them: {error}", hint)
        return
    given = set(found)
    missing = sorted(right for right in wanted if right.acl not in given)
    for right in missing:
        text = f"{right.user} may not {right.operation} {right.kind} {right.name}"
        yield problem("rights", text, "`tapewatch topics acls --apply`")
    if not missing:
        yield well("rights", f"the {len(wanted)} of acls.yaml are given; here {who}")


def _clock(kafka: Kafka) -> Iterator[Diagnosis]:
    """Compare our clock with the broker's: nothing was appended in the future."""
    reader = consumer(kafka, "tapewatch-doctor")
    try:
        newest_ms = max(_newest_ms(reader, topic.name) for topic in _CONTENT)
    except (AccessError, ReaderError, KafkaException) as error:
        hint = "run this as a user who may read (`tapewatch-reader`)"
        yield warning("broker's clock", f"cannot be seen: {error}", hint)
        return
    finally:
        reader.close()
    if not newest_ms:
        yield well("broker's clock", "unknown: no message has been appended yet")
        return
    ahead_s = newest_ms * MS / SECOND - time.time()
    if ahead_s > _APART_S:
        text = f"its newest message is of {ahead_s:,.1f} s from now"
        yield problem("broker's clock", text, "set this machine's clock, or its")
    else:
        yield well("broker's clock", f"newest message {-ahead_s:,.1f} s ago")


def _newest_ms(reader: Any, topic: str) -> int:
    """Return when the newest message of a topic was appended [ms UTC]; 0: none."""
    places = []
    for number in partitions(reader, topic):
        low, high = bounds(reader, TopicPartition(topic, number))
        if high > low:
            places.append(TopicPartition(topic, number, high - 1))
    if not places:
        return 0
    reader.assign(places)
    found = reader.consume(len(places), _READ_S)
    reader.unassign()
    return max((each.timestamp()[1] for each in found if not each.error()), default=0)
