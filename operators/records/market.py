"""What venues say of a market: one union, in one topic, in one order per symbol."""

from typing import ClassVar

from operators.records.base import FromVenue, Int64, Side

Level = tuple[float, float]
"""A price [quote per base] and the quantity there [base]; quantity 0 removes it."""


class Trade(FromVenue, frozen=True, kw_only=True, gc=False, tag="trade"):
    """A public trade.

    Attributes:
        trade_id: The venue's id, unique per venue and symbol.
        price: Price [quote currency per unit of base].
        quantity: Amount traded [base currency], > 0.
        side: Aggressor side.
    """

    table: ClassVar[str] = "trades"
    natural_key: ClassVar[tuple[str, ...]] = ("venue", "symbol", "trade_id")

    trade_id: str
    price: float
    quantity: float
    side: Side


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
        sequence: The venue's counter of book updates.
        bid: Best price to sell to [quote].
        bid_quantity: Quantity there [base].
        ask: Best price to buy from [quote].
        ask_quantity: Quantity there [base].
    """

    table: ClassVar[str] = "tops"
    natural_key: ClassVar[tuple[str, ...]] = ("venue", "symbol", "sequence")

    sequence: Int64
    bid: float
    bid_quantity: float
    ask: float
    ask_quantity: float


class BookDelta(FromVenue, frozen=True, kw_only=True, tag="book_delta"):
    """A change of the book: each level replaces the one at its price.

    Attributes:
        first_sequence: The venue's counter at the first change in here.
        sequence: The venue's counter at the last change in here.
        bids: Changed levels to sell to.
        asks: Changed levels to buy from.
    """

    table: ClassVar[str] = "book_deltas"
    natural_key: ClassVar[tuple[str, ...]] = ("venue", "symbol", "sequence")

    first_sequence: Int64
    sequence: Int64
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class BookSnapshot(FromVenue, frozen=True, kw_only=True, tag="book_snapshot"):
    """The whole book, or its best levels; what was known before is void.

    Attributes:
        sequence: The venue's counter that the snapshot includes.
        bids: Levels to sell to, best first.
        asks: Levels to buy from, best first.
    """

    table: ClassVar[str] = "book_snapshots"
    natural_key: ClassVar[tuple[str, ...]] = (
        "venue",
        "symbol",
        "sequence",
        "received_ns",
    )

    sequence: Int64
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class Heartbeat(FromVenue, frozen=True, kw_only=True, gc=False, tag="heartbeat"):
    """Time has passed for a symbol: its venue's clock has reached ``event_ns``.

    Once a second per symbol and line, on the whole second. Derived from the frames of
    the line, never from a clock of ours, so that a replay sees the same.
    """

    table: ClassVar[str] = "heartbeats"
    natural_key: ClassVar[tuple[str, ...]] = ("venue", "symbol", "event_ns")


MarketEvent = Trade | Top | BookDelta | BookSnapshot | Heartbeat
