"""How clients come in to a local broker: freely, or with certificates and passwords."""

from collections.abc import Mapping
from typing import Final

import msgspec

from config.security import Security


class Door(msgspec.Struct, frozen=True):
    """The listener that clients connect to.

    Attributes:
        security: How clients come in, we ourselves too.
        settings: What that takes on the broker's side, by Kafka's names.
        users: Stored with the log, as ``kafka-storage format --add-scram`` takes them.
    """

    security: Security = Security()
    settings: Mapping[str, str] = {}
    users: tuple[str, ...] = ()

    @property
    def properties(self) -> dict[str, str]:
        """Lines of ``server.properties``; nodes know each other by the loopback."""
        protocols = f"CLIENTS:{self.security.protocol},CONTROLLER:PLAINTEXT"
        return {"listener.security.protocol.map": protocols, **self.settings}


OPEN: Final = Door()
