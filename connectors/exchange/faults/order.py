"""Frames are missing, twice there, or in another order."""

from collections.abc import Iterable

from config.exchange import Drop, Duplicate, Reorder
from connectors.exchange.client import Client
from connectors.exchange.faults.act import CountedAct, Scene
from connectors.exchange.message import Outbound


class Dropping(CountedAct[Drop]):
    """Do not send frames."""

    def touch(self, frame: Outbound) -> Iterable[Outbound]:
        """Send nothing."""
        self.tell("lost", frame)
        self.count()
        return ()


class Duplicating(CountedAct[Duplicate]):
    """Send frames twice."""

    def touch(self, frame: Outbound) -> Iterable[Outbound]:
        """Send a frame twice."""
        self.tell("doubled", frame)
        self.count()
        return (frame, frame)


class Reordering(CountedAct[Reorder]):
    """Gather frames, and send them in another order."""

    def __init__(self, params: Reorder, scene: Scene, client: Client) -> None:
        super().__init__(params, scene, client)
        self._gathered: list[Outbound] = []

    def touch(self, frame: Outbound) -> Iterable[Outbound]:
        """Keep a frame; send all, once there are enough."""
        self.tell("moved", frame)
        self._gathered.append(frame)
        self.count()
        return self._shuffled() if self.done else ()

    def end(self) -> None:
        """Send what there is, if there never were enough."""
        super().end()
        for frame in self._shuffled():
            self.client.put(frame)

    def _shuffled(self) -> list[Outbound]:
        """Return what was gathered, in an order that it did not come in."""
        frames, self._gathered = self._gathered, []
        order = list(range(len(frames)))
        while len(order) > 1 and order == sorted(order):
            order = self.scene.rng.permutation(len(frames)).tolist()
        return [frames[index] for index in order]
