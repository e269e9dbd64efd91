"""Settings of the simulated exchange: live, with faults, or a recording played."""

from typing import Annotated, Literal, get_args

import msgspec

VenueName = Literal[
    "binance", "bybit_spot", "bybit_linear", "okx", "coinbase", "kraken"
]
"""Whose protocol the exchange can speak."""

TWELVE = (
    *("BTC-USDT", "ETH-USDT", "SOL-USDT", "BNB-USDT", "XRP-USDT", "ADA-USDT"),
    *("DOGE-USDT", "AVAX-USDT", "LINK-USDT", "DOT-USDT", "LTC-USDT", "TRX-USDT"),
)

Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Natural = Annotated[int, msgspec.Meta(ge=0)]
Which = Annotated[
    str, msgspec.Meta(pattern=r"^(oldest|newest|random|all|/\S*|\?[^\s=]+=\S*)\Z")
]


class Fault(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
):
    """What goes wrong, and when; each kind is one of these.

    Attributes:
        at_s: When it begins, after the exchange did [simulated s].
        for_s: How long it lasts at most [simulated s].
        venue: Where the exchange speaks for another venue, nothing happens.
    """

    at_s: Seconds
    for_s: Seconds = 5.0
    venue: VenueName | None = None


class OnClient(Fault, frozen=True, kw_only=True):
    """What is done to one client.

    Attributes:
        client: The ``oldest`` or ``newest`` one, a ``random`` one, ``all``; or the
            oldest whose request has this path (``/stream``) or has this in its query
            (``?line=a``). It is chosen when the fault begins; if it connects again,
            that is another client. ``all`` are those too that come while it lasts.
        symbol: Only who is subscribed to this; where frames are touched, only its own.
    """

    client: Which = "oldest"
    symbol: str | None = None


class OnFrames(OnClient, frozen=True, kw_only=True):
    """What is done to frames that a client should get; never to answers.

    Attributes:
        channel: Only to those of this channel, e.g. ``trade`` or ``depth@100ms``.
        count: To so many of them, within ``for_s``.
    """

    channel: str | None = None
    count: Count = 1
    for_s: Seconds = 30.0


class Disconnect(OnClient, frozen=True, kw_only=True, tag="disconnect"):
    """The connection ends, after what was queued; without a code TCP is aborted."""

    code: Literal[1000, 1001, 1008, 1011, 1012, 1013] | None = None
    for_s: Annotated[float, msgspec.Meta(ge=0, le=0)] = 0.0


class MassDisconnect(Disconnect, frozen=True, kw_only=True, tag="mass_disconnect"):
    """The connections of all clients end at once."""

    client: Which = "all"


class Stall(OnClient, frozen=True, kw_only=True, tag="stall"):
    """Only answers are sent, to pings too; the rest at the end if `late`, or never."""

    late: bool = True


class Delay(OnClient, frozen=True, kw_only=True, tag="delay"):
    """Every frame leaves ``by_ms`` later, in order."""

    by_ms: Seconds = 500.0


class Drip(OnClient, frozen=True, kw_only=True, tag="drip"):
    """At most ``frames_per_s`` leave; those that wait keep that pace afterwards."""

    frames_per_s: Annotated[float, msgspec.Meta(ge=0.01)] = 20.0


class Drop(OnFrames, frozen=True, tag="drop"):
    """Frames are not sent."""


class Duplicate(OnFrames, frozen=True, tag="duplicate"):
    """Frames are sent twice."""


class Reorder(OnFrames, frozen=True, kw_only=True, tag="reorder"):
    """So many frames are gathered, and sent in another order."""

    count: Annotated[int, msgspec.Meta(ge=2)] = 5


class Crossed(OnFrames, frozen=True, tag="crossed"):
    """Changes of a book have a bid above the best ask added to them."""


class Checksum(OnFrames, frozen=True, tag="checksum"):
    """Checksums are wrong, where the venue sends any."""


class Garbage(OnFrames, frozen=True, kw_only=True, tag="garbage"):
    """Half a frame, or binary noise, comes before frames; or ``instead`` of them."""

    form: Literal["truncated", "noise"] = "truncated"
    instead: bool = False


class Skew(OnClient, frozen=True, kw_only=True, tag="skew"):
    """The times that frames state are `by_ms` later; earlier, where it is below 0."""

    by_ms: Annotated[int, msgspec.Meta(ge=-(10**9), le=10**9)] = 2_000


class Stale(OnClient, frozen=True, kw_only=True, tag="stale"):
    """Snapshots, by REST for all, are as old as it; `push` sends one at its end."""

    push: bool = False


class TooMany(Fault, frozen=True, kw_only=True, tag="too_many"):
    """Requests, to connect or by REST, are answered with 429 and ``Retry-After``."""

    on: Literal["connect", "rest", "both"] = "both"
    retry_after_s: Natural = 2


class Refuse(Fault, frozen=True, tag="refuse"):
    """Whoever connects is cut off without an answer, by REST too."""


AnyFault = (
    Disconnect | MassDisconnect | Stall | Delay | Drip | Drop | Duplicate | Reorder
) | (Crossed | Checksum | Garbage | Skew | Stale | TooMany | Refuse)

KINDS: dict[str, type[AnyFault]] = {
    str(kind.__struct_config__.tag): kind for kind in get_args(AnyFault)
}
"""Every kind of fault, by its name in a script."""

Kind = Annotated[str, msgspec.Meta(pattern=rf"^({'|'.join(KINDS)})\Z")]


class Chance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Faults that are drawn, with their defaults, each on a random client.

    Attributes:
        seed: Seed of what is drawn.
        every_s: Mean time between two; times are exponential [simulated s].
        kinds: Which kinds; each is as likely as it is often in here.
    """

    seed: Natural = 1
    every_s: Annotated[float, msgspec.Meta(ge=0.01, le=1e9)] = 30.0
    kinds: Annotated[tuple[Kind, ...], msgspec.Meta(min_length=1)] = tuple(KINDS)


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the exchange misbehaves, and how: the content of a file of faults.

    Attributes:
        seed: Seed of what a fault draws: clients, orders, noise.
        faults: What is written down.
        random: What is drawn besides, if anything.
    """

    seed: Natural = 1
    faults: tuple[AnyFault, ...] = ()
    random: Chance | None = None


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
    queue_frames: Count = 10_000


class ExchangeParams(
    ListenParams, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Settings of the simulation.

    Attributes:
        venue: Whose protocol it speaks.
        seed: Seed of the market; same seed, start and symbols, same frames.
        start_ns: Simulated time at the start [ns UTC]; 0 takes the clock's.
        symbols: What is traded, in canonical names.
        rate: How busy the market is; 1 is some 400 frames a second for 12 symbols.
        script: What goes wrong.
        journal: File for what went wrong, and for what is true; "" for none.
    """

    venue: VenueName = "binance"
    seed: Natural = 7
    start_ns: Natural = 0
    symbols: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = TWELVE
    rate: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    script: Script = Script()
    journal: str = ""


class PlayerParams(ListenParams, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a recording played over real sockets.

    Attributes:
        recording: Path of the file.
        venue: Whose frames of it are played, in whose protocol.
        speed: Times as fast as recorded; 0 is as fast as the clients read.
        clients: How many subscribed clients to wait for before the first frame.
    """

    recording: str
    venue: VenueName = "binance"
    speed: Annotated[float, msgspec.Meta(ge=0)] = 1.0
    clients: Count = 1
