"""Snapshots of books are old."""

from collections.abc import Iterable

from config.exchange import Stale
from connectors.exchange.client import Client
from connectors.exchange.faults.act import Act, DoorAct, Scene
from connectors.exchange.message import Answer, Floor, Message


class _OldFloor:
    """The floor as it is, but for its greetings."""

    def __init__(self, act: "Aging", now: Floor, then: Floor) -> None:
        self._act = act
        self._now = now
        self._then = then

    @property
    def now_ns(self) -> int:
        return self._now.now_ns

    def symbol_of(self, native: str) -> str | None:
        return self._now.symbol_of(native)

    def greet(self, stream: str) -> Iterable[Message]:
        for now, then in zip(
            self._now.greet(stream), self._then.greet(stream), strict=True
        ):
            symbol = self._act.params.symbol
            is_book = now.update is not None
            if is_book and symbol in {None, now.symbol}:
                self._act.tell("stale", self._act.client.dressed(then))
                yield then
            else:
                yield now


class Aging(Act[Stale]):
    """Greet a client that subscribes with the book as it was."""

    def __init__(self, params: Stale, scene: Scene, client: Client) -> None:
        super().__init__(params, scene, client)
        self._floor = client.session.floor
        self._then = scene.feed.frozen()

    def begin(self) -> None:
        """Put the old greetings in the place of the true ones."""
        self.client.session.floor = _OldFloor(self, self._floor, self._then)

    def end(self) -> None:
        """Put the true ones back; send the old ones unasked, where that is wanted."""
        session = self.client.session
        if self.params.push:
            old = _OldFloor(self, self._then, self._then)
            for stream in tuple(session.streams):
                for message in old.greet(stream):
                    if message.update is not None:
                        self.client.put(self.client.dressed(message))
        session.floor = self._floor


class AgingRest(DoorAct[Stale]):
    """Answer by REST with the book as it was."""

    def __init__(self, params: Stale, scene: Scene) -> None:
        super().__init__(params, scene)
        self._then = scene.feed.frozen()

    def rest(self, path: str) -> Answer | None:
        """Return the old answer, if it is a book that is asked for."""
        symbol = self._then.snapshot_symbol(path)
        if symbol is None or self.params.symbol not in {None, symbol}:
            return None
        self.scene.tell_request("stale", path)
        return self._then.rest(path)
