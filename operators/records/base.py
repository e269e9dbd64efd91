"""What every record has: a table, a natural key and a Kafka key."""

from enum import StrEnum
from typing import Annotated, ClassVar, Final, TypedDict

import msgspec

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""A whole number that a column of the lake can hold."""


class NotARecordError(ValueError):
    """Bytes that are well formed but not the record that they should be."""


UNREADABLE: Final = (
    NotARecordError,
    msgspec.DecodeError,
    UnicodeDecodeError,
    RecursionError,
)
"""Whatever reading hostile bytes may raise: not JSON, not UTF-8, nested too deep."""


class Stamp(TypedDict):
    """Place and time, as a consequence inherits them from its cause."""

    venue: str
    symbol: str
    event_ns: int


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One frozen fact.

    A class of records is a table of the lake: ``table`` names it, ``natural_key`` lists
    the columns that make two rows the same fact, so that a repeated delivery changes
    nothing. Fields in ``unkept`` do not reach the lake. Those in ``whereabouts`` do,
    but say where a record stands, not what it says: two that differ in nothing else
    are equal. What ``remembers`` follows from all that came before, so that it is the
    same only where it was computed from the beginning. A record of no symbol and no
    event is dated by its arrival.
    """

    table: ClassVar[str]
    natural_key: ClassVar[tuple[str, ...]]
    unkept: ClassVar[tuple[str, ...]] = ()
    whereabouts: ClassVar[tuple[str, ...]] = ()
    remembers: ClassVar[bool] = False

    @property
    def key(self) -> str:
        """The Kafka and state key: all records with one key are in one order."""
        raise NotImplementedError


class OfSymbol(Record, frozen=True, kw_only=True, gc=False):
    """A record about one instrument.

    Attributes:
        venue: Where it trades, e.g. ``binance``; a venue is a market.
        symbol: Canonical name, e.g. ``BTC-USDT`` or ``BTC-USDT-PERP``.
        event_ns: When it happened, by the venue's clock [ns UTC].
    """

    venue: str
    symbol: str
    event_ns: Int64

    @property
    def key(self) -> str:
        """``venue:symbol``."""
        return f"{self.venue}:{self.symbol}"

    @property
    def stamp(self) -> Stamp:
        """Place and time, for a record that follows from this one."""
        return Stamp(venue=self.venue, symbol=self.symbol, event_ns=self.event_ns)


class FromVenue(OfSymbol, frozen=True, kw_only=True, gc=False):
    """A record that a venue sent.

    Attributes:
        received_ns: When we got it, by our clock [ns UTC].
    """

    received_ns: Int64


class FromLine(Record, frozen=True, kw_only=True, gc=False):
    """A record about one line of a connection, or about one frame of it.

    Attributes:
        venue: The connection's venue.
        connection: Name of the connection; the lines of one feed share it. What
            follows a period tells apart the sockets that carry one set of symbols.
        line: Which of the parallel lines: ``a``, ``b``, ...
    """

    venue: str
    connection: str
    line: str

    @property
    def key(self) -> str:
        """``venue:connection``: all that speaks of one symbol shares a partition."""
        return f"{self.venue}:{self.connection.partition('.')[0]}"


class Side(StrEnum):
    """Side of an order; on a trade, that of the aggressor."""

    BUY = "buy"
    SELL = "sell"
