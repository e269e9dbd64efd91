"""What a broker says when it does not let us in, in words that say what to do.

Kafka's clients try again for ever. What trying cannot mend ends the process instead.
"""

from typing import Any, Final, Protocol

from config import client
from config.settings import Kafka

_ACLS: Final = (
    "`tapewatch topics acls` says what each process needs, and with --apply gives it"
)


_PASSING: Final = frozenset(
    {
        "NOT_LEADER_FOR_PARTITION",
        "FENCED_LEADER_EPOCH",
        "UNKNOWN_LEADER_EPOCH",
        "LEADER_NOT_AVAILABLE",
        "UNKNOWN_TOPIC_OR_PART",
        "BROKER_NOT_AVAILABLE",
        "NOT_COORDINATOR",
        "COORDINATOR_NOT_AVAILABLE",
        "COORDINATOR_LOAD_IN_PROGRESS",
        "_ALL_BROKERS_DOWN",
        "_DESTROY_BROKER",  # a connection gave way to another
        "_NOENT",  # no leaders found: it has just come back
        "_TIMED_OUT",
        "_TRANSPORT",
        "_UNKNOWN_PARTITION",  # the client's picture is older than the topic
        "_WAIT_COORD",
    }
)


class AccessError(Exception):
    """A broker that does not let us in, or not do what we want: who, where, what."""


class Told(Protocol):
    """An error as confluent-kafka tells it."""

    def name(self) -> str:
        """Return its name in Kafka's protocol, or librdkafka's own."""

    def str(self) -> str:
        """Return it in words."""


def refusal(
    kafka: Kafka, told: Told, does: str = "use", topic: str | None = None
) -> AccessError | None:
    """Return what an error means, if it is that we may not; else None.

    Args:
        kafka: Whom we asked.
        told: What came back.
        does: What we wanted to do with the topic.
        topic: Which, where the client knows it.
    """
    name, said = told.name(), told.str()
    who = f"user {client.user(kafka) or '(nobody)'}"
    where = f"at the broker {kafka.bootstrap}"
    if name == "_AUTHENTICATION" and "Local:" not in said:  # a broker that went away
        return AccessError(
            f"Authentication failed for {who} {where}: {said}. {_login(kafka)}"
        )
    if name == "_SSL" and "verif" in said:
        hint = "`kafka.security.ca_file` names the certificates to trust it by"
        return AccessError(f"The certificate {where} is not trusted: {said}. {hint}")
    if name == "_FATAL" and "Cluster authorization failed" in said:
        name = "CLUSTER_AUTHORIZATION_FAILED"  # of a producer that is to be idempotent
    what = {
        "TOPIC_AUTHORIZATION_FAILED": f"{does} topic {topic or '(one of ours)'}",
        "GROUP_AUTHORIZATION_FAILED": "use its consumer group",
        "CLUSTER_AUTHORIZATION_FAILED": f"{does} anything",
    }.get(name)
    if what is None:
        return None
    return AccessError(
        f"{who[0].upper()}{who[1:]} may not {what} {where}: {said}. {_ACLS}"
    )


def passes(told: Told) -> bool:
    """Return whether an error is that of a broker that is away, or moves, for a while.

    Whoever asked may ask again.
    """
    return told.name() in _PASSING


def admitted(kafka: Kafka) -> dict[str, Any]:
    """Return what confluent-kafka's clients are told of the broker.

    If the broker does not let a client in, its next call raises AccessError.

    Raises:
        ConfigError: If an environment variable or a file is missing.
    """

    def on_error(told: Told) -> None:
        if error := refusal(kafka, told):
            raise error

    return client.librdkafka(kafka) | {"error_cb": on_error}


def _login(kafka: Kafka) -> str:
    security = kafka.security
    return (
        f"Check the environment variables {security.username_env} and "
        f"{security.password_env}, and that the broker has this user for "
        f"{security.mechanism}"
    )
