"""The venues whose protocol the exchange speaks, one line each."""

from collections.abc import Callable
from typing import Final, NamedTuple

from connectors.exchange import binance
from connectors.exchange.binance_feed import BinanceFeed
from connectors.exchange.market import Market
from connectors.exchange.message import Feed, OpenSession


class Protocol(NamedTuple):
    """What a venue's files provide.

    Attributes:
        open_session: The session for the path of a WebSocket.
        feed: Frames and REST answers, made from a market.
        about: Which stream and symbol a recorded frame is of.
        kind_of: What the frames of a stream count as.
        asked: Which end-point and symbol a REST path asks for.
        snapshot_path: The end-point of a recorded body that lacks its URL.
    """

    open_session: OpenSession
    feed: Callable[[Market], Feed]
    about: Callable[[str | bytes], tuple[str | None, str]]
    kind_of: Callable[[str], str]
    asked: Callable[[str], tuple[str, str]]
    snapshot_path: Callable[[str | bytes], str | None]


PROTOCOLS: Final = {
    "binance": Protocol(
        open_session=binance.open_session,
        feed=BinanceFeed,
        about=binance.about,
        kind_of=binance.kind_of,
        asked=binance.asked,
        snapshot_path=binance.snapshot_path,
    ),
}
