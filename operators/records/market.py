"""What venues say of a market: one union, in one topic, in one order per symbol."""

from enum import StrEnum
from typing import ClassVar

from operators.records.base import FromVenue, Int64, OfSymbol, Side

Level = tuple[float, float]
"""A price [quote per base] and the quantity there [base]; quantity 0 removes it."""


class Trade(FromVenue, frozen=True, kw_only=True, gc=False, tag="trade"):
    """A public trade.

    Attributes:
        trade_id: The venue's id, unique per venue and symbol.
        price: Price [quote currency per unit of base].
        quantity: Amount traded [base currency, or contracts], > 0.
        side: Aggressor side.
        sequence: A counter of the venue's that rises with each trade of the symbol.
    """

    table: ClassVar[str] = "trades"
    natural_key: ClassVar[tuple[str, ...]] = ("venue", "symbol", "trade_id")

    trade_id: str
    price: float
    quantity: float
    side: Side
    sequence: Int64 | None = None


class LateTrade(FromVenue, frozen=True, kw_only=True, gc=False):
    """A trade that came after its bar was closed, and is therefore not in it.

    Attributes:
        length_ns: Length of the bar that it missed [ns].
        trade_id: As on the trade, which is itself kept among the trades.
        price: As on the trade [quote].
        quantity: As on the trade [base].
        side: As on the trade.
    """

    table: ClassVar[str] = "late_trades"
    natural_key: ClassVar[tuple[str, ...]] = (
        "venue",
        "symbol",
        "length_ns",
        "trade_id",
    )

    length_ns: Int64
    trade_id: str
    price: float
    quantity: float
    side: Side


class Top(FromVenue, frozen=True, kw_only=True, gc=False, tag="top"):
    """The best bid and ask, as the venue states them.

    Attributes:
        sequence: The venue's counter of book updates, where it states one.
        bid: Best price to sell to [quote].
        bid_quantity: Quantity there [base].
        ask: Best price to buy from [quote].
        ask_quantity: Quantity there [base].
    """

    table: ClassVar[str] = "tops"
    natural_key: ClassVar[tuple[str, ...]] = (
        *("venue", "symbol", "sequence", "event_ns"),
        *("bid", "bid_quantity", "ask", "ask_quantity"),
    )

    sequence: Int64 | None = None
    bid: float
    bid_quantity: float
    ask: float
    ask_quantity: float


class BookDelta(FromVenue, frozen=True, kw_only=True, tag="book_delta"):
    """A change of the book: each level replaces the one at its price.

    Attributes:
        first_sequence: The venue's counter at the first change in here, if stated.
        sequence: The venue's counter at the last change in here, if stated.
        previous: The counter of the delta that this one follows, if stated.
        bids: Changed levels to sell to.
        asks: Changed levels to buy from.
        checksum: The venue's checksum of the book after this, if stated.
        bid_texts: Where there is a checksum, what each bid contributes to it.
        ask_texts: Likewise of each ask.
    """

    table: ClassVar[str] = "book_deltas"
    natural_key: ClassVar[tuple[str, ...]] = (
        *("venue", "symbol", "sequence", "event_ns", "received_ns"),
    )
    unkept: ClassVar[tuple[str, ...]] = ("bid_texts", "ask_texts")

    first_sequence: Int64 | None = None
    sequence: Int64 | None = None
    previous: Int64 | None = None
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    checksum: Int64 | None = None
    bid_texts: tuple[str, ...] = ()
    ask_texts: tuple[str, ...] = ()


class BookSnapshot(FromVenue, frozen=True, kw_only=True, tag="book_snapshot"):
    """The whole book, or its best levels; what was known before is void.

    Attributes:
        sequence: The venue's counter that the snapshot includes, if stated.
        bids: Levels to sell to, best first.
        asks: Levels to buy from, best first.
        fetched: Whether it was asked for aside from the stream, so that deltas which
            came before it may follow on it.
        depth: How many levels a side the feed keeps up; deeper ones fall out unsaid.
        checksum: As on a delta.
        bid_texts: As on a delta.
        ask_texts: As on a delta.
    """

    table: ClassVar[str] = "book_snapshots"
    natural_key: ClassVar[tuple[str, ...]] = (
        "venue",
        "symbol",
        "sequence",
        "received_ns",
    )

    unkept: ClassVar[tuple[str, ...]] = ("bid_texts", "ask_texts")

    sequence: Int64 | None = None
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    fetched: bool = False
    depth: Int64 | None = None
    checksum: Int64 | None = None
    bid_texts: tuple[str, ...] = ()
    ask_texts: tuple[str, ...] = ()


class Gap(FromVenue, frozen=True, kw_only=True, gc=False, tag="gap"):
    """Something is missing of a book, and no line will bring it.

    Attributes:
        last: The last counter before the gap, where it is known.
        next: The counter that what comes next claims to follow, where it is known.
        reason: What was seen: a hole in the ``sequence`` of the symbol or of the
            ``line``, or that the venue has begun to count anew (``restart``).
    """

    table: ClassVar[str] = "gaps"
    natural_key: ClassVar[tuple[str, ...]] = ("venue", "symbol", "received_ns")

    last: Int64 | None = None
    next: Int64 | None = None
    reason: str


class FlawKind(StrEnum):
    """What a line did that it should not."""

    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out of order"


class Flaw(FromVenue, frozen=True, kw_only=True, gc=False, tag="flaw"):
    """A line brought records of a symbol twice, or in a wrong order.

    What other lines brought is no flaw. At most one a second, line and kind.

    Attributes:
        line: ``connection/line``.
        kind: Which of the two.
        count: Records since the last such flaw.
    """

    table: ClassVar[str] = "flaws"
    natural_key: ClassVar[tuple[str, ...]] = (
        *("venue", "symbol", "line", "kind", "received_ns"),
    )

    line: str
    kind: FlawKind
    count: Int64


class Tally(OfSymbol, frozen=True, kw_only=True, gc=False):
    """What a line brought of a symbol since its last tally: all of it is accounted for.

    Attributes:
        line: ``connection/line``.
        taken: Records that were passed on.
        repeated: Records that another line had brought before.
        stale: Records that were older than what had been passed on.
    """

    table: ClassVar[str] = "tallies"
    natural_key: ClassVar[tuple[str, ...]] = ("venue", "symbol", "line", "event_ns")

    line: str
    taken: Int64
    repeated: Int64
    stale: Int64


class Mark(FromVenue, frozen=True, kw_only=True, gc=False, tag="mark"):
    """What a venue says of a perpetual besides its trades and quotes; some of it.

    Attributes:
        mark: Mark price, which positions are valued at [quote].
        index: Price of the underlying [quote].
        funding_rate: What longs pay shorts at the next funding, as a fraction of the
            position's value [1].
        next_funding_ns: When that is [ns UTC].
        open_interest: Contracts that are open [base, or contracts].
    """

    table: ClassVar[str] = "marks"
    natural_key: ClassVar[tuple[str, ...]] = (
        *("venue", "symbol", "event_ns", "mark", "index"),
        *("funding_rate", "next_funding_ns", "open_interest"),
    )

    mark: float | None = None
    index: float | None = None
    funding_rate: float | None = None
    next_funding_ns: Int64 | None = None
    open_interest: float | None = None


class Heartbeat(FromVenue, frozen=True, kw_only=True, gc=False, tag="heartbeat"):
    """Time has passed for a symbol: its venue's clock has reached ``event_ns``.

    Once a second per symbol and line, on the whole second. Derived from the frames of
    the line, never from a clock of ours, so that a replay sees the same.
    """

    table: ClassVar[str] = "heartbeats"
    natural_key: ClassVar[tuple[str, ...]] = ("venue", "symbol", "event_ns")


MarketEvent = Trade | Top | BookDelta | BookSnapshot | Mark | Gap | Flaw | Heartbeat
