"""Events of Binance's markets, spelt as the venue spells them, and what they say."""

from collections.abc import Callable
from typing import Annotated, Final, NamedTuple

import msgspec

from operators.market.decode import Line, Parsed
from operators.records.base import Side
from operators.records.frame import Frame
from operators.records.market import BookDelta, Mark, Top, Trade
from operators.records.time import MS

# A number that a float or a 64-bit column can hold: no NaN, no infinity, no overflow,
# neither of it nor of a price times a quantity.
Number = Annotated[float, msgspec.Meta(ge=-1e150, le=1e150)]
Quantity = Annotated[float, msgspec.Meta(ge=0, le=1e150)]
Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Millis = Annotated[int, msgspec.Meta(ge=0, le=9 * 10**12)]
WireLevel = tuple[Number, Quantity]

# An enumeration's members are slow to look up, and this is done for every frame.
_BUY: Final = Side.BUY
_SELL: Final = Side.SELL


class Market(NamedTuple):
    """Whose events they are.

    Attributes:
        venue: The venue.
        canonical: Gives the canonical name of its symbol.
    """

    venue: str
    canonical: Callable[[str], str]


class Wire(msgspec.Struct, gc=False):
    """What one frame tells of one symbol."""

    s: str

    def says(self, market: Market, frame: Frame, line: Line) -> Parsed:
        """Return it as records."""
        raise NotImplementedError


class Event(Wire, tag_field="e", gc=False):
    """An event that has its type in the tag `e` and states its time."""

    E: Millis


class AnyTrade(Event, gc=False):
    """A trade, or several of one order."""

    p: Number
    q: Quantity
    T: Millis
    m: bool

    def as_trade(
        self, market: Market, frame: Frame, trade_id: str, sequence: int
    ) -> Parsed:
        """Return it as a trade of this name."""
        trade = Trade(
            venue=market.venue,
            symbol=market.canonical(self.s),
            event_ns=self.T * MS,
            received_ns=frame.received_ns,
            trade_id=trade_id,
            sequence=sequence,
            price=self.p,
            quantity=self.q,
            side=_SELL if self.m else _BUY,
        )
        return Parsed((trade,), self.E * MS)


class TradeEvent(AnyTrade, tag="trade", gc=False):
    """A trade; on futures also what is none of the market, by `X`."""

    t: Id
    X: str = "MARKET"

    def says(self, market: Market, frame: Frame, line: Line) -> Parsed:
        """Return it as records."""
        if self.X != "MARKET":
            return Parsed(ignored="trade outside the market")
        return self.as_trade(market, frame, str(self.t), self.t)


class AggTradeEvent(AnyTrade, tag="aggTrade", gc=False):
    """The trades of one order at one price."""

    a: Id

    def says(self, market: Market, frame: Frame, line: Line) -> Parsed:
        """Return it as records."""
        return self.as_trade(market, frame, f"agg-{self.a}", self.a)


class DepthUpdate(Event, tag="depthUpdate"):
    """A change of the book; on spot it follows the one before `U`."""

    U: Id
    u: Id
    b: tuple[WireLevel, ...]
    a: tuple[WireLevel, ...]

    def says(self, market: Market, frame: Frame, line: Line) -> Parsed:
        """Return it as records."""
        return self.as_delta(market, frame, self.E, self.U - 1)

    def as_delta(
        self, market: Market, frame: Frame, event_ms: int, previous: int
    ) -> Parsed:
        """Return it as a change that follows another."""
        delta = BookDelta(
            venue=market.venue,
            symbol=market.canonical(self.s),
            event_ns=event_ms * MS,
            received_ns=frame.received_ns,
            first_sequence=self.U,
            sequence=self.u,
            previous=previous,
            bids=self.b,
            asks=self.a,
        )
        return Parsed((delta,), self.E * MS)


class LinkedUpdate(DepthUpdate, tag="depthUpdate"):
    """A change of a future's book; it names the one it follows, `pu`."""

    T: Millis
    pu: Id

    def says(self, market: Market, frame: Frame, line: Line) -> Parsed:
        """Return it as records."""
        return self.as_delta(market, frame, self.T, self.pu)


class MarkPrice(Event, tag="markPriceUpdate", gc=False):
    """Mark, index and funding of a future."""

    p: Number
    i: str
    r: str
    T: Millis

    def says(self, market: Market, frame: Frame, line: Line) -> Parsed:
        """Return it as records."""
        mark = Mark(
            venue=market.venue,
            symbol=market.canonical(self.s),
            event_ns=self.E * MS,
            received_ns=frame.received_ns,
            mark=self.p,
            index=_stated(self.i),
            funding_rate=_stated(self.r),
            next_funding_ns=self.T * MS or None,
        )
        return Parsed((mark,), self.E * MS)


class Ticker(Wire, gc=False):
    """Best bid and ask of spot: no type, no time."""

    u: Id
    b: Number
    B: Quantity
    a: Number
    A: Quantity

    def says(self, market: Market, frame: Frame, line: Line) -> Parsed:
        """Return it as records."""
        return Parsed((self.as_top(market, frame, line.now_ns(frame.received_ns)),))

    def as_top(self, market: Market, frame: Frame, event_ns: int) -> Top:
        """Return it as of a time."""
        return Top(
            venue=market.venue,
            symbol=market.canonical(self.s),
            event_ns=event_ns,
            received_ns=frame.received_ns,
            sequence=self.u,
            bid=self.b,
            bid_quantity=self.B,
            ask=self.a,
            ask_quantity=self.A,
        )


class DatedTicker(Ticker, tag_field="e", tag="bookTicker", gc=False):
    """Best bid and ask of a future."""

    E: Millis
    T: Millis

    def says(self, market: Market, frame: Frame, line: Line) -> Parsed:
        """Return it as records."""
        return Parsed((self.as_top(market, frame, self.T * MS),), self.E * MS)


def _stated(text: str) -> float | None:
    """Return the number in a text, or None where the venue leaves it empty."""
    return msgspec.convert(text, Number, strict=False) if text else None
