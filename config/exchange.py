"""Settings of the simulated exchange: a live simulation, or a recording played."""

from typing import Annotated, Literal

import msgspec

TWELVE = (
    "BTC-USDT",
    "ETH-USDT",
    "SOL-USDT",
    "BNB-USDT",
    "XRP-USDT",
    "ADA-USDT",
    "DOGE-USDT",
    "AVAX-USDT",
    "LINK-USDT",
    "DOT-USDT",
    "LTC-USDT",
    "TRX-USDT",
)


class ListenParams(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Where clients connect, and how patient the exchange is with them.

    Attributes:
        host: Address; loopback, for an exchange of ours is for this machine only.
        port: TCP port; 0 takes a free one.
        queue_frames: Frames that may wait for one client. A simulation disconnects a
            client that is further behind; a played recording waits for it.
    """

    host: Literal["127.0.0.1"] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 0
    queue_frames: Annotated[int, msgspec.Meta(ge=1)] = 10_000


class ExchangeParams(
    ListenParams, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Settings of the simulation.

    Attributes:
        venue: Whose protocol it speaks.
        seed: Seed of all randomness; same seed, start and symbols, same frames.
        start_ns: Simulated time at the start [ns UTC]; 0 takes the clock's.
        symbols: What is traded, in canonical names.
        rate: How busy the market is; 1 is some 400 frames a second for 12 symbols.
    """

    venue: Literal["binance"] = "binance"
    seed: Annotated[int, msgspec.Meta(ge=0)] = 7
    start_ns: Annotated[int, msgspec.Meta(ge=0)] = 0
    symbols: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = TWELVE
    rate: Annotated[float, msgspec.Meta(gt=0)] = 1.0


class PlayerParams(ListenParams, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a recording played over real sockets.

    Attributes:
        recording: Path of the file.
        venue: Whose frames of it are played, in whose protocol.
        speed: Times as fast as recorded; 0 is as fast as the clients read.
        clients: How many subscribed clients to wait for before the first frame.
    """

    recording: str
    venue: Literal["binance"] = "binance"
    speed: Annotated[float, msgspec.Meta(ge=0)] = 1.0
    clients: Annotated[int, msgspec.Meta(ge=1)] = 1
