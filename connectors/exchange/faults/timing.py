"""Frames come later than they should, or for some time not at all."""

import asyncio
from collections.abc import Iterable

from config.exchange import Delay, Drip, Stall
from connectors.exchange.client import Client
from connectors.exchange.faults.act import Act, Scene
from connectors.exchange.message import Outbound


class Stalling(Act[Stall]):
    """Hold back all data, or lose it; the connection lives, and answers."""

    def __init__(self, params: Stall, scene: Scene, client: Client) -> None:
        super().__init__(params, scene, client)
        self._held: list[Outbound] = []

    def touch(self, frame: Outbound) -> Iterable[Outbound]:
        """Keep a frame, or lose it."""
        self.tell("late" if self.params.late else "lost", frame)
        if self.params.late:
            self._held.append(frame)
        return ()

    def end(self) -> None:
        """Send what was held back."""
        super().end()
        for frame in self._held:
            self.client.put(frame)


class Delaying(Act[Delay]):
    """Let every frame leave later."""

    def touch(self, frame: Outbound) -> Iterable[Outbound]:
        """Say when a frame may leave."""
        self.tell("late", frame)
        due_s = asyncio.get_running_loop().time() + self.params.by_ms / 1_000
        return (frame._replace(due_s=due_s),)


class Dripping(Act[Drip]):
    """Let frames leave one by one, at a slow pace."""

    def __init__(self, params: Drip, scene: Scene, client: Client) -> None:
        super().__init__(params, scene, client)
        self._next_s = 0.0

    def touch(self, frame: Outbound) -> Iterable[Outbound]:
        """Say when a frame may leave: so long after the one before."""
        self.tell("late", frame)
        pause_s = 1 / self.params.frames_per_s
        self._next_s = max(asyncio.get_running_loop().time(), self._next_s + pause_s)
        return (frame._replace(due_s=self._next_s),)
