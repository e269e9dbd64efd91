"""The best bid and ask that a record states, where it states both."""

from operators.records.book import Book
from operators.records.market import Top

Quote = tuple[float, float]
"""The best bid and the best ask [quote]."""


def quote_of(seen: Book | Top) -> Quote | None:
    """Return the quote; None of a book or quote that lacks a side.

    A venue states a side that is empty with a quantity, or a price, of zero.
    """
    if type(seen) is Book:
        bids, asks = seen.bids, seen.asks
        return (bids[0][0], asks[0][0]) if bids and asks else None
    if type(seen) is not Top or not (seen.bid_quantity and seen.ask_quantity):
        return None
    bid, ask = seen.bid, seen.ask
    return (bid, ask) if bid and ask else None


def spread_bps(quote: Quote) -> float | None:
    """Return ``(ask - bid) / mid``; None unless both are positive [bps]."""
    bid, ask = quote
    return (ask - bid) / (ask + bid) * 2e4 if bid > 0.0 and ask > 0.0 else None
