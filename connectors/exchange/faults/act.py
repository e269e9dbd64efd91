"""What a fault is while it lasts: an act on one client, or at the door."""

from collections.abc import Callable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from config.exchange import Fault, OnClient, OnFrames
from connectors.exchange.client import Client
from connectors.exchange.message import Answer, Feed, Outbound

P = TypeVar("P", bound=Fault)
C = TypeVar("C", bound=OnClient)
F = TypeVar("F", bound=OnFrames)


class Scene(NamedTuple):
    """What an act has to do with.

    Attributes:
        feed: What the exchange speaks of.
        bids: Where bids are in a change of a book, and how one more is spelt there.
        rng: What it draws from.
        tell: Takes down what becomes of a frame: in a word, the frame, whose it is.
        tell_request: Takes down what becomes of a request: in a word, its path.
    """

    feed: Feed
    bids: tuple[str, str]
    rng: np.random.Generator
    tell: Callable[[str, Outbound, Client], None]
    tell_request: Callable[[str, str], None]


class Act(Generic[C]):
    """A fault at work on one client; as it stands, all frames pass.

    Attributes:
        params: What the script says.
        scene: What it has to do with.
        client: Whom it is done to.
        done: Whether it has nothing more to do.
    """

    def __init__(self, params: C, scene: Scene, client: Client) -> None:
        self.params = params
        self.scene = scene
        self.client = client
        self.done = False

    def begin(self) -> None:
        """Stand between the exchange and the client."""
        self.client.filters.append(self)

    def passes(self, frame: Outbound) -> Iterable[Outbound]:
        """Return what is sent in a frame's place, or with it."""
        return self.touch(frame) if self.concerns(frame) else (frame,)

    def concerns(self, frame: Outbound) -> bool:
        """Tell whether a frame may be touched: it is data, of the right symbol."""
        message, symbol = frame.message, self.params.symbol
        return message is not None and (symbol is None or symbol == message.symbol)

    def touch(self, frame: Outbound) -> Iterable[Outbound]:
        """Return what is sent in the place of a frame that may be touched."""
        return (frame,)

    def end(self) -> None:
        """Leave the client alone."""
        self.client.filters.remove(self)

    def tell(self, did: str, frame: Outbound) -> None:
        """Take down what becomes of a frame."""
        self.scene.tell(did, frame, self.client)


class CountedAct(Act[F]):
    """A fault that is done when it has touched so many frames."""

    def __init__(self, params: F, scene: Scene, client: Client) -> None:
        super().__init__(params, scene, client)
        self.left = params.count

    def concerns(self, frame: Outbound) -> bool:
        """Tell whether a frame may be touched: of the right channel, too."""
        channel = self.params.channel
        is_of = channel is None or channel == frame.kind
        return not self.done and is_of and super().concerns(frame)

    def count(self) -> None:
        """Count a frame that has been touched."""
        self.left -= 1
        self.done = self.left == 0


class DoorAct(Generic[P]):
    """A fault at work at the door; as it stands, everyone is let in."""

    def __init__(self, params: P, scene: Scene) -> None:
        self.params = params
        self.scene = scene

    def refuses(self, path: str, *, socket: bool) -> Answer | None:
        """Return the answer to a request that is not let in."""
        return None

    def rest(self, path: str) -> Answer | None:
        """Return the answer to a REST request that is answered otherwise."""
        return None


AnyAct = Act[Any]
AnyDoorAct = DoorAct[Any]
