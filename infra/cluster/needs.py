"""What a deployment must know of a settings file, and what it demands of it.

In a pod a path is a mount and a port is asked by probes, so both must stand in the file
itself: a default that this machine would do well with is an error here.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import msgspec
import yaml

from config.load import ConfigError

Absolute = Annotated[str, msgspec.Meta(pattern=r"^/\S+[^/\s]$")]
_LOOPBACK: Final = ("127.", "localhost", "::1", "[::1]")
_TLS_PORT: Final = 443


Document = dict[str, Any]
"""A Kubernetes object, as YAML has it."""


class Security(msgspec.Struct, frozen=True, kw_only=True):
    """How processes come to Kafka; as in config/security.py, but nothing is implied."""

    protocol: str = "PLAINTEXT"
    username_env: str | None = None
    password_env: str | None = None
    ca_file: Absolute | None = None
    certificate_file: str | None = None

    @property
    def asks(self) -> bool:
        """Whether the broker asks for a user and a password."""
        return self.protocol.startswith("SASL")


class Kafka(msgspec.Struct, frozen=True, kw_only=True):
    """Where Kafka is."""

    bootstrap: str
    security: Security = Security()

    @property
    def ports(self) -> list[int]:
        """The brokers' ports."""
        return sorted({int(each.rpartition(":")[2]) for each in _words(self.bootstrap)})


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """A folder that is a mount."""

    path: Absolute


class Spool(Folder, frozen=True, kw_only=True):
    """A folder that frames wait in, and the most that it holds [bytes]."""

    max_bytes: Annotated[int, msgspec.Meta(ge=1)]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One of the lines of a connection."""

    name: str = "a"
    url: str | None = None
    backups: tuple[str, ...] = ()


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """A feed."""

    name: str
    venue: str
    lines: tuple[Line, ...]
    rest_url: str | None = None


class Ingest(msgspec.Struct, frozen=True, kw_only=True):
    """What is listened to, and where frames wait while Kafka is away."""

    spool: Spool
    connections: Annotated[tuple[Connection, ...], msgspec.Meta(min_length=1)]

    @property
    def lines(self) -> list[str]:
        """The names of all lines."""
        return sorted({line.name for each in self.connections for line in each.lines})

    @property
    def ports(self) -> list[int]:
        """The venues' ports."""
        urls = [line.url for each in self.connections for line in each.lines]
        urls += [each.rest_url for each in self.connections]
        urls += [u for c in self.connections for line in c.lines for u in line.backups]
        return sorted({_port(url) for url in urls})


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """Where each process answers."""

    host: str
    port: Annotated[int, msgspec.Meta(ge=1_024, le=65_535)]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Whom alerts are told to: the variable with the address."""

    url_env: str


class Alerts(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told of what."""

    targets: tuple[Target, ...] = ()

    @property
    def variables(self) -> list[str]:
        """The variables of all targets."""
        return sorted({target.url_env for target in self.targets})


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of the settings that manifests follow from."""

    kafka: Kafka
    lake: Folder
    recovery: Folder
    ingest: Ingest
    metrics: Metrics
    alerts: Alerts = Alerts()


def needs(text: str, source: Path | str) -> Needs:
    """Return what a settings file asks of its deployment.

    Raises:
        ConfigError: If it lacks something that a deployment must know, or names what
            only this machine has; ``source`` is named in it.
    """
    try:
        found = msgspec.convert(yaml.safe_load(text), Needs)
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise ConfigError(f"{source}: {error}; a deployment must know it") from error
    for trouble in _troubles(found):
        raise ConfigError(f"{source}: {trouble}")
    return found


def _troubles(found: Needs) -> Iterable[str]:
    for place, host in [
        ("metrics.host", found.metrics.host),
        *(("kafka.bootstrap", each) for each in _words(found.kafka.bootstrap)),
    ]:
        if host.startswith(_LOOPBACK):
            hint = "0.0.0.0 there" if place == "metrics.host" else "the brokers' names"
            yield f"`{host}` is only this machine; expected {hint} - at `$.{place}`"
    security = found.kafka.security
    if security.certificate_file:
        text = "no manifest mounts a client's own certificate; expected SASL_SSL"
        yield f"{text} - at `$.kafka.security.certificate_file`"
    if security.asks and not (security.username_env and security.password_env):
        text = "expected `username_env` and `password_env` to be named"
        yield f"{text} - at `$.kafka.security`"


def _words(text: str) -> list[str]:
    return text.split(",")


def _port(url: str | None) -> int:
    return (urlsplit(url).port if url else None) or _TLS_PORT
