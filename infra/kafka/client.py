"""A client to ask a broker with, which keeps its troubles to itself."""

import logging

from confluent_kafka.admin import AdminClient

from config.access import admitted
from config.settings import Kafka

_SILENT = logging.Logger("silent", logging.CRITICAL + 1)


def silent(kafka: Kafka) -> AdminClient:
    """Return a client that tries often and prints nothing while nobody answers.

    Raises:
        ConfigError: If an environment variable or a file is missing.
    """
    settings = admitted(kafka) | {
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 100,
        "log_level": 0,
    }
    return AdminClient(settings, logger=_SILENT)
