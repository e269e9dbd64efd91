"""Ask and change a broker, by kafka-python; what it refuses is said in plain words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from confluent_kafka import KafkaException
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from config.access import Told, refusal
from config.client import kafka_python
from config.settings import Kafka
from infra.kafka import client
from infra.kafka.errors import TopicsError
from infra.kafka.memory import CLUSTER_ID

ANSWERS_S: Final = (1, 1, 3)
REQUEST_S: Final = 15

_Client: Any = KafkaAdminClient  # kafka-python does not say its types


class _Said(Told):
    """An error of kafka-python, as confluent-kafka would tell it."""

    def __init__(self, error: KafkaError) -> None:
        self._error = error

    def name(self) -> str:
        """Return its name in Kafka's protocol."""
        return str(getattr(self._error, "message", ""))

    def str(self) -> str:
        """Return it in words."""
        return type(self._error).__name__


def failed(kafka: Kafka, error: KafkaError, does: str, topic: str) -> Exception:
    """Return what to raise for what a broker answered: who may not do what, or why."""
    text = f"The broker at {kafka.bootstrap} would not {does} {topic}: {error}"
    return refusal(kafka, _Said(error), does, topic) or TopicsError(text)


@contextmanager
def connected(kafka: Kafka) -> Iterator[Any]:
    """Yield a client of a broker.

    Raises:
        AccessError: If the broker does not let us in, or not do what we ask.
        ConfigError: If an environment variable or a file of its security is missing.
        TopicsError: If there is no such broker, it is the one in memory, or refuses.
    """
    answering = msgspec.structs.replace(kafka, bootstrap=_answering(kafka))
    try:
        asking = _Client(
            **kafka_python(answering),
            bootstrap_timeout_ms=sum(ANSWERS_S) * 1_000,
            request_timeout_ms=REQUEST_S * 1_000,
        )
        try:
            yield asking
        finally:
            asking.close()
    except KafkaError as error:
        meant = refusal(kafka, _Said(error), "change")
        text = f"The broker at {kafka.bootstrap} could not be asked: {error}"
        raise meant or TopicsError(text) from error


def _answering(kafka: Kafka) -> str:
    """Return the brokers that are there; refuse what would be waited for in vain.

    kafka-python leaves a socket open for each address at which nobody answers.
    """
    asking = client.silent(kafka)
    for answer_s in ANSWERS_S:
        try:
            cluster = asking.list_topics(timeout=answer_s)
            break
        except KafkaException as error:
            asking.poll(0)  # says if we are not let in
            last = error
    else:
        text = f"No broker answers at {kafka.bootstrap} within {sum(ANSWERS_S)} s"
        raise TopicsError(text) from last
    if (cluster.cluster_id or "").startswith(CLUSTER_ID):
        text = (
            f"The broker at {kafka.bootstrap} is the one in memory: it makes its "
            "topics when it starts, and cannot be asked about them or told to change "
            "them"
        )
        raise TopicsError(text)
    return ",".join(f"{each.host}:{each.port}" for each in cluster.brokers.values())
