"""What ``acls.yaml`` says: which process may do what on a broker that asks."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ResourcePattern,
    ResourceType,
)
from kafka.admin import ACLResourcePatternType as PatternType
from msgspec import Meta

from config.alerts import Alerts
from config.settings import Kafka
from infra.kafka import admin
from infra.kafka.errors import TopicsError

ACLS: Final = Path(__file__).parent / "acls.yaml"
ALL: Final = "*"
_RULED: Final = "alerts"

# kafka-python does not say its types.
_Acl: Any = ACL
_Pattern: Any = ResourcePattern

Operation = Literal[
    "Read",
    "Write",
    "IdempotentWrite",
    "Create",
    "Alter",
    "AlterConfigs",
    "Describe",
    "DescribeConfigs",
]
_OPERATIONS: Final[dict[Operation, Any]] = {
    "Read": ACLOperation.READ,
    "Write": ACLOperation.WRITE,
    "IdempotentWrite": ACLOperation.IDEMPOTENT_WRITE,
    "Create": ACLOperation.CREATE,
    "Alter": ACLOperation.ALTER,
    "AlterConfigs": ACLOperation.ALTER_CONFIGS,
    "Describe": ACLOperation.DESCRIBE,
    "DescribeConfigs": ACLOperation.DESCRIBE_CONFIGS,
}
_ADMIN_OF_CLUSTER: Final[tuple[Operation, ...]] = ("Create", "Alter", "Describe")
_ADMIN_OF_TOPICS: Final[tuple[Operation, ...]] = (
    "Describe",
    "DescribeConfigs",
    "AlterConfigs",
)


class Right(msgspec.Struct, frozen=True, order=True):
    """One thing that a user may do.

    Attributes:
        user: Who.
        operation: What, by Kafka's name.
        kind: With what.
        name: With which, or ``*`` for all; ending in ``*``, all that begin so.
    """

    user: str
    operation: Operation
    kind: Literal["cluster", "topic", "group"]
    name: str

    @property
    def line(self) -> str:
        """The arguments that ``kafka-acls`` takes."""
        what = (
            "--cluster" if self.kind == "cluster" else f"--{self.kind} '{self._name}'"
        )
        pattern = " --resource-pattern-type prefixed" if self._is_prefix else ""
        return (
            f"--add --allow-principal 'User:{self.user}' "
            f"--operation {self.operation} {what}{pattern}"
        )

    @property
    def acl(self) -> Any:
        """The right as kafka-python puts it."""
        kinds = {
            "cluster": ResourceType.CLUSTER,
            "topic": ResourceType.TOPIC,
            "group": ResourceType.GROUP,
        }
        literal = PatternType.PREFIXED if self._is_prefix else PatternType.LITERAL
        return _Acl(
            principal=f"User:{self.user}",
            host=ALL,
            operation=_OPERATIONS[self.operation],
            permission_type=ACLPermissionType.ALLOW,
            resource_pattern=_Pattern(kinds[self.kind], self._name, literal),
        )

    @property
    def _is_prefix(self) -> bool:
        return self.name != ALL and self.name.endswith(ALL)

    @property
    def _name(self) -> str:
        return self.name.removesuffix(ALL) if self._is_prefix else self.name


class Process(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A process, and what it does on the broker.

    Attributes:
        name: Its user is ``tapewatch-<name>``.
        reads: Topics.
        writes: Topics, each record once whatever is tried again.
        reads_back: Whether it reads what it writes, too.
        groups: Where it keeps its place.
        administers: Whether it makes topics and gives rights.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]*$")]
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    reads_back: bool = False
    groups: tuple[str, ...] = ()
    administers: bool = False

    @property
    def user(self) -> str:
        """Whom the broker knows it as."""
        return f"tapewatch-{self.name}"

    @property
    def rights(self) -> list[Right]:
        """All that it may do, each once."""
        return list(dict.fromkeys(self._rights()))

    def _rights(self) -> Iterator[Right]:
        for topic in self.reads + (self.writes if self.reads_back else ()):
            yield Right(self.user, "Read", "topic", topic)
        for topic in self.writes:
            yield Right(self.user, "Write", "topic", topic)
        for group in self.groups:
            yield Right(self.user, "Read", "group", group)
        if self.writes:  # brokers since 2.8 ask no more than Write on a topic
            yield Right(self.user, "IdempotentWrite", "cluster", "kafka-cluster")
        if self.administers:
            for operation in _ADMIN_OF_CLUSTER:
                yield Right(self.user, operation, "cluster", "kafka-cluster")
            for operation in _ADMIN_OF_TOPICS:
                yield Right(self.user, operation, "topic", ALL)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    processes: Annotated[list[Process], Meta(min_length=1)]


def load(path: Path = ACLS) -> list[Process]:
    """Return the processes in a file.

    Raises:
        TopicsError: If it cannot be read, or says what it may not.
    """
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=_File).processes
    except OSError as error:
        text = f"{path}: {error.strerror}; expected the rights of each process"
        raise TopicsError(text) from error
    except msgspec.DecodeError as error:
        raise TopicsError(f"{path}: {error}") from error


def asked_by(alerts: Alerts, path: Path = ACLS) -> list[Right]:
    """Return all rights, those to what the rules of the settings look at included.

    Raises:
        TopicsError: If the file cannot be read, or says what it may not.
    """
    return [right for each in ruled(load(path), alerts) for right in each.rights]


def ruled(processes: Iterable[Process], alerts: Alerts) -> list[Process]:
    """Return processes of which `alerts` reads what its rules look at, and no more."""
    return [
        msgspec.structs.replace(each, reads=alerts.topics)
        if each.name == _RULED
        else each
        for each in processes
    ]


def apply(kafka: Kafka, rights: Iterable[Right]) -> int:
    """Give rights; return how many. What is there already stays, and nothing is taken.

    Raises:
        AccessError: If the broker does not let us in, or not give rights.
        ConfigError: If an environment variable or a file of its security is missing.
        TopicsError: If there is no such broker, or it has no authorizer.
    """
    wanted = [right.acl for right in rights]
    with admin.connected(kafka) as client:
        for refused in client.create_acls(wanted)["failed"]:
            raise refused
    return len(wanted)
