"""What HitBTC's frames have in common, of whichever version of its API.

https://api.hitbtc.com/#socket-market-data
"""

from typing import Annotated, Final, Literal, NamedTuple

import msgspec

from connectors.venues.kraken import dated
from connectors.venues.origin import Origin
from operators.records.base import Side
from operators.records.market import BookDelta, BookSnapshot, Level, Trade

# A number that a float or a 64-bit column can hold: no NaN, no infinity, no overflow,
# neither of it nor of a price times a quantity.
Number = Annotated[float, msgspec.Meta(ge=-1e150, le=1e150)]
Quantity = Annotated[float, msgspec.Meta(ge=0, le=1e150)]
Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Taker = Literal["buy", "sell"]

_SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}


class Deal(NamedTuple):
    """A trade, as either version tells it."""

    number: int
    at_ns: int
    price: float
    quantity: float
    side: Taker


class Levels(NamedTuple):
    """A book or a change of it, as either version tells it."""

    number: int
    stated_ns: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class Told(Origin):
    """A frame, and the records that follow from what it says."""

    __slots__ = ()

    def trade(self, name: str, deal: Deal) -> Trade:
        """Return a trade of a symbol."""
        return Trade(
            venue=self.venue,
            symbol=self.canonical(name),
            event_ns=deal.at_ns,
            received_ns=self.frame.received_ns,
            trade_id=str(deal.number),
            price=deal.price,
            quantity=deal.quantity,
            side=_SIDES[deal.side],
        )

    def book(
        self, name: str, levels: Levels, *, whole: bool
    ) -> tuple[BookSnapshot | BookDelta, int | None]:
        """Return a book or a change of it, and the venue's clock if it states that."""
        event_ns, venue_ns = dated(levels.stated_ns, self.frame, self.line)
        symbol, received_ns = self.canonical(name), self.frame.received_ns
        if whole:
            snapshot = BookSnapshot(
                venue=self.venue,
                symbol=symbol,
                event_ns=event_ns,
                received_ns=received_ns,
                sequence=levels.number,
                bids=levels.bids,
                asks=levels.asks,
            )
            return snapshot, venue_ns
        delta = BookDelta(
            venue=self.venue,
            symbol=symbol,
            event_ns=event_ns,
            received_ns=received_ns,
            first_sequence=levels.number,
            sequence=levels.number,
            previous=levels.number - 1,
            bids=levels.bids,
            asks=levels.asks,
        )
        return delta, venue_ns
