"""Who knocks is not let in."""

from http import HTTPStatus

from config.exchange import Refuse, TooMany
from connectors.exchange.faults.act import DoorAct
from connectors.exchange.message import Answer
from connectors.exchange.server import CUT_OFF


class Limiting(DoorAct[TooMany]):
    """Tell clients that they ask too much."""

    def refuses(self, path: str, *, socket: bool) -> Answer | None:
        """Return 429, and when to come again."""
        on = self.params.on
        if on != "both" and (on == "connect") != socket:
            return None
        self.scene.tell_request("429", path)
        after = ("Retry-After", str(self.params.retry_after_s))
        body = '{"code":-1003,"msg":"Too many requests."}'
        return Answer(HTTPStatus.TOO_MANY_REQUESTS, body, (after,))


class Refusing(DoorAct[Refuse]):
    """Cut off whoever connects."""

    def refuses(self, path: str, *, socket: bool) -> Answer | None:
        """Return no answer at all."""
        self.scene.tell_request("cut off", path)
        return CUT_OFF
