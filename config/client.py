"""What Kafka's clients are made with: where the broker is, and how they come in.

Each client library has names of its own for the same things. Secrets are read from
the environment here, at the last moment, and nowhere else.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.load import ConfigError
from config.security import Security
from config.settings import Kafka

Environment = Mapping[str, str]


def librdkafka(kafka: Kafka, env: Environment = os.environ) -> dict[str, Any]:
    """Return what confluent-kafka's clients are told of the broker.

    Raises:
        ConfigError: If an environment variable or a file is missing.
    """
    security = kafka.security
    settings = {"bootstrap.servers": kafka.bootstrap}
    if security.protocol != "PLAINTEXT":
        settings["security.protocol"] = security.protocol
    if security.asks:
        settings["sasl.mechanism"] = security.mechanism
        settings["sasl.username"] = secret(security.username_env, "username_env", env)
        settings["sasl.password"] = secret(security.password_env, "password_env", env)
    return settings | _files(
        security,
        ca_file="ssl.ca.location",
        certificate_file="ssl.certificate.location",
        key_file="ssl.key.location",
    )


def kafka_python(kafka: Kafka, env: Environment = os.environ) -> dict[str, Any]:
    """Return what kafka-python's clients are told of the broker.

    Raises:
        ConfigError: If an environment variable or a file is missing.
    """
    security = kafka.security
    settings = {"bootstrap_servers": kafka.bootstrap.split(",")}
    more: dict[str, Any] = {}
    if security.protocol != "PLAINTEXT":
        more["security_protocol"] = security.protocol
    if security.asks:
        more["sasl_mechanism"] = security.mechanism
        more["sasl_plain_username"] = secret(security.username_env, "username_env", env)
        more["sasl_plain_password"] = secret(security.password_env, "password_env", env)
    return (
        settings
        | more
        | _files(
            security,
            ca_file="ssl_cafile",
            certificate_file="ssl_certfile",
            key_file="ssl_keyfile",
        )
    )


def user(kafka: Kafka, env: Environment = os.environ) -> str:
    """Return who we are to the broker, for the user's eyes."""
    security = kafka.security
    if security.asks:
        return env.get(security.username_env, "")
    return f"of {security.certificate_file}" if security.certificate_file else ""


def secret(variable: str, setting: str, env: Environment) -> str:
    """Return an environment variable's value.

    Raises:
        ConfigError: If it is not set, or empty.
    """
    if value := env.get(variable):
        return value
    text = f"Expected the environment variable {variable} to be set"
    raise ConfigError(f"{text} - at `$.kafka.security.{setting}`")


def _files(security: Security, **names: str) -> dict[str, str]:
    found = {}
    for setting, name in names.items():
        path = getattr(security, setting)
        if path is None:
            continue
        if not Path(path).is_file():
            text = f"Expected a file, and {path} is none"
            raise ConfigError(f"{text} - at `$.kafka.security.{setting}`")
        found[name] = path
    return found
