"""The venues whose protocol the exchange speaks, one line each."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from connectors.exchange import binance, bybit, coinbase, kraken, okx
from connectors.exchange.binance_feed import BinanceFeed
from connectors.exchange.bybit_feed import BybitFeed, BybitLinearFeed
from connectors.exchange.coinbase_feed import CoinbaseFeed
from connectors.exchange.kraken_feed import KrakenFeed
from connectors.exchange.market import Market
from connectors.exchange.message import Feed, Floor, Session
from connectors.exchange.okx_feed import OkxFeed


def _kind_of(stream: str) -> str:
    """Return the channel of a stream."""
    return stream.partition("@")[2]


def _asked(path: str) -> tuple[str, str]:
    """Return a REST path and no symbol: only lists are asked for."""
    return path, ""


def _no_snapshot(body: str | bytes) -> str | None:
    """Return None: books come on the socket."""
    return None


class Protocol(NamedTuple):
    """What a venue's files provide.

    Attributes:
        open_session: The session for the path of a WebSocket; None of another path.
        feed: Frames and REST answers, made from a market.
        about: Which stream and symbol a recorded frame is of.
        bids: Where bids are in a change of a book, and how one more is spelt there.
        terms: What is traded there: spot has none.
        kind_of: What the frames of a stream count as.
        asked: Which end-point and symbol a REST path asks for.
        snapshot_path: The end-point of a recorded body that lacks its URL.
    """

    open_session: Callable[[str, Floor], Session | None]
    feed: Callable[[Market], Feed]
    about: Callable[[str | bytes], tuple[str | None, str]]
    bids: tuple[str, str]
    terms: tuple[str, ...] = ("",)
    kind_of: Callable[[str], str] = _kind_of
    asked: Callable[[str], tuple[str, str]] = _asked
    snapshot_path: Callable[[str | bytes], str | None] = _no_snapshot


PROTOCOLS: Final[Mapping[str, Protocol]] = {
    "binance": Protocol(
        open_session=binance.open_session,
        feed=BinanceFeed,
        about=binance.about,
        kind_of=binance.kind_of,
        asked=binance.asked,
        snapshot_path=binance.snapshot_path,
        bids=('"b":[', '["PRICE","QUANTITY"]'),
    ),
    "bybit_spot": Protocol(
        open_session=bybit.open_spot,
        feed=BybitFeed,
        about=bybit.about,
        bids=('"b":[', '["PRICE","QUANTITY"]'),
    ),
    "bybit_linear": Protocol(
        open_session=bybit.open_linear,
        feed=BybitLinearFeed,
        about=bybit.about,
        bids=('"b":[', '["PRICE","QUANTITY"]'),
        terms=("PERP",),
    ),
    "okx": Protocol(
        open_session=okx.open_session,
        feed=OkxFeed,
        about=okx.about,
        bids=('"bids":[', '["PRICE","QUANTITY","0","1"]'),
        terms=("", "PERP"),
    ),
    "coinbase": Protocol(
        open_session=coinbase.open_session,
        feed=CoinbaseFeed,
        about=coinbase.about,
        bids=(
            '"updates":[',
            '{"side":"bid","event_time":"1970-01-01T00:00:00Z",'
            '"price_level":"PRICE","new_quantity":"QUANTITY"}',
        ),
    ),
    "kraken": Protocol(
        open_session=kraken.open_session,
        feed=KrakenFeed,
        about=kraken.about,
        bids=('"bids":[', '{"price":PRICE,"qty":QUANTITY}'),
    ),
}
