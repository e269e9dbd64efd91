"""A client to ask a broker with, which keeps its troubles to itself."""

import logging

from confluent_kafka.admin import AdminClient

_SILENT = logging.Logger("silent", logging.CRITICAL + 1)


def silent(bootstrap: str) -> AdminClient:
    """Return a client that tries often and prints nothing while nobody answers."""
    settings: dict[str, str | int | float | bool] = {
        "bootstrap.servers": bootstrap,
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 100,
        "log_level": 0,
    }
    return AdminClient(settings, logger=_SILENT)
