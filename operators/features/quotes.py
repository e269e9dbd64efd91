"""The best levels of a symbol, and what they do in the window that lasts."""

from collections.abc import Sequence

import msgspec

from operators.numerics.order_flow import added
from operators.records.market import Level, Top

Levels = tuple[Level, ...]


class Quotes(msgspec.Struct):
    """The best levels, of a book or of quotes; where a side lacks, there are none.

    How long a spread lasted is measured between arrivals: what a venue does not date
    has no other time.

    Attributes:
        bids: The best levels to sell to, best first; empty where nothing is known.
        asks: The best levels to buy from.
        is_book: Whether they are of a book.
        spread_bps: From best bid to best ask; means nothing without levels [bps].
        since_ns: The arrival since which that spread stands [ns].
        area: Sum of the spreads times how long each stood, in this window [bps ns].
        time_ns: How long there was one, in this window [ns].
        flow: Order flow at the best levels in this window; None where they were not
            known at any time of it [base].
        deep: Mean order flow of several levels; None where no book was known [base].
    """

    bids: Levels = ()
    asks: Levels = ()
    is_book: bool = False
    spread_bps: float = 0.0
    since_ns: int = 0
    area: float = 0.0
    time_ns: int = 0
    flow: float | None = None
    deep: float | None = None

    def take_book(self, bids: Levels, asks: Levels, count: int, at_ns: int) -> None:
        """Take in a book.

        Args:
            bids: Its best levels.
            asks: Likewise.
            count: How many levels of each side count.
            at_ns: When it came.
        """
        if not (bids and asks and 0.0 < bids[0][0] <= asks[0][0]):
            self.settle(at_ns)
            self.forget()
            return
        bids, asks = bids[:count], asks[:count]
        before_bids, before_asks = self.bids, self.asks
        if not self.is_book:
            self.flow, self.deep = self.flow or 0.0, self.deep or 0.0
            self.is_book = True
            self._stand(bids, asks, at_ns)
            return
        bid, deep_bid = added(bids, before_bids, up=True)
        ask, deep_ask = added(asks, before_asks, up=False)
        self.flow = (self.flow or 0.0) + bid - ask
        self.deep = (self.deep or 0.0) + (deep_bid - deep_ask) / count
        if bids[0][0] == before_bids[0][0] and asks[0][0] == before_asks[0][0]:
            self.bids, self.asks = bids, asks
        else:
            self._stand(bids, asks, at_ns)

    def take_top(self, top: Top, at_ns: int) -> None:
        """Take in a quote, of a symbol without a book."""
        known = top.bid_quantity and top.ask_quantity and 0.0 < top.bid <= top.ask
        if not known:
            self.settle(at_ns)
            self.forget()
            return
        bids, asks = ((top.bid, top.bid_quantity),), ((top.ask, top.ask_quantity),)
        if self.bids and not self.is_book:
            bid, _ = added(bids, self.bids, up=True)
            ask, _ = added(asks, self.asks, up=False)
            self.flow = (self.flow or 0.0) + bid - ask
        else:
            self.flow, self.is_book = self.flow or 0.0, False
        self._stand(bids, asks, at_ns)

    def forget(self) -> None:
        """Know no levels any longer; what they did stays."""
        self.bids = self.asks = ()
        self.is_book = False

    def settle(self, at_ns: int) -> None:
        """Let the spread that stands have lasted until now."""
        if self.bids and at_ns > self.since_ns:
            lasted_ns = at_ns - self.since_ns
            self.area += self.spread_bps * lasted_ns
            self.time_ns += lasted_ns
        self.since_ns = max(self.since_ns, at_ns)

    def begin(self) -> None:
        """Begin a window: what stands is known in it from the beginning."""
        self.area, self.time_ns = 0.0, 0
        self.flow = 0.0 if self.bids else None
        self.deep = 0.0 if self.is_book else None

    def _stand(self, bids: Levels, asks: Levels, at_ns: int) -> None:
        """Let a spread stand in place of the one before."""
        self.settle(at_ns)
        self.bids, self.asks = bids, asks
        bid, ask = bids[0][0], asks[0][0]
        self.spread_bps = (ask - bid) / (ask + bid) * 2e4


def mid(bids: Sequence[Level], asks: Sequence[Level]) -> float:
    """Return the price halfway between the best ones [quote]."""
    return (bids[0][0] + asks[0][0]) / 2.0


def microprice(bids: Sequence[Level], asks: Sequence[Level]) -> float:
    """Return the mean of the best prices, each weighed by the other's quantity.

    Source:
        S. Stoikov, "The micro-price: a high-frequency estimator of future prices",
        Quantitative Finance 18(12), 2018, section 2 (the weighted mid-price).
    """
    (bid, bid_size), (ask, ask_size) = bids[0], asks[0]
    return (ask_size * bid + bid_size * ask) / (ask_size + bid_size)
