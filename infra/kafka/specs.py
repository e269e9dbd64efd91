"""What ``topics.yaml`` says: every topic, how it is kept, and why."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from infra.kafka.errors import TopicsError

TOPICS: Final = Path(__file__).parent / "topics.yaml"
FOR_EVER: Final = -1


class Cleanup(StrEnum):
    """What happens to old records: dropped by age, or all but the newest of a key."""

    DELETE = "delete"
    COMPACT = "compact"
    COMPACT_DELETE = "compact,delete"


class Timestamps(StrEnum):
    """Which time a record's age counts from: when it was appended, or its producer's.

    With ``CreateTime`` Kafka deletes old history as soon as it is produced again.
    """

    APPEND = "LogAppendTime"
    CREATE = "CreateTime"


class TopicSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a topic is kept.

    Attributes:
        name: As in ``operators/records/topics.py``.
        partitions: Fixed for life: another number moves keys and breaks their order.
        retention_ms: Age at which records may be dropped [ms], -1 for never.
        cleanup: Kafka's ``cleanup.policy``.
        timestamps: Kafka's ``message.timestamp.type``.
        max_message_bytes: Largest message, as compressed by its producer [bytes].
        replication: On how many brokers; on all where there are fewer.
        reason: Why so.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z_]+(\.[a-z_]+)*\.v[1-9][0-9]*$")]
    partitions: Annotated[int, Meta(ge=1, le=1_000)]
    retention_ms: Annotated[int, Meta(ge=FOR_EVER)]
    cleanup: Cleanup
    timestamps: Timestamps
    max_message_bytes: Annotated[int, Meta(ge=1_024, le=33_554_432)]
    replication: Annotated[int, Meta(ge=1, le=9)] = 3
    reason: Annotated[str, Meta(min_length=1)]

    def configs(self, copies: int) -> dict[str, str]:
        """Return the settings by Kafka's names, for so many copies.

        All copies but one must have a message before it counts as written: one broker
        may be away, and nothing is lost with it.
        """
        return {
            "retention.ms": str(self.retention_ms),
            "cleanup.policy": self.cleanup.value,
            "message.timestamp.type": self.timestamps.value,
            "max.message.bytes": str(self.max_message_bytes),
            "min.insync.replicas": str(max(1, copies - 1)),
        }


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    topics: Annotated[list[TopicSpec], Meta(min_length=1)]


def load(path: Path = TOPICS) -> list[TopicSpec]:
    """Return the topics in a file.

    Raises:
        TopicsError: If it cannot be read, or says what it may not: file, place, and
            what was expected.
    """
    try:
        topics = msgspec.yaml.decode(path.read_bytes(), type=_File).topics
    except OSError as error:
        text = f"{path}: {error.strerror}; expected the topics"
        raise TopicsError(text) from error
    except msgspec.DecodeError as error:
        text = f"{path}: {error}"
        raise TopicsError(text) from error
    names = [topic.name for topic in topics]
    for index, topic in enumerate(topics):
        if topic.retention_ms == 0:
            place = f"$.topics[{index}].retention_ms"
            text = f"{path}: Expected `int` >= 1, or -1 for ever - at `{place}`"
            raise TopicsError(text)
        if topic.name in names[:index]:
            text = f"{path}: Expected each name once - at `$.topics[{index}].name`"
            raise TopicsError(text)
    return topics
