"""Connections end: closed with a code, or cut off."""

from config.exchange import Disconnect
from connectors.exchange.faults.act import Act


class Disconnecting(Act[Disconnect]):
    """End the connection; what a cut keeps from being sent is lost."""

    def begin(self) -> None:
        """End it."""
        self.done = True
        code = self.params.code
        if code is not None:
            self.client.close(code, "simulated fault")
            return
        for frame in self.client.abort():
            self.tell("lost", frame)

    def end(self) -> None:
        """Do nothing: there is nothing to undo."""
