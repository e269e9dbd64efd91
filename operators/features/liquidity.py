"""What rests in a book within the reach of the symbol's own moves."""

from math import sqrt
from typing import Any, NamedTuple

from operators.features.params import FeaturesParams
from operators.features.quotes import Quotes
from operators.numerics.notional import notional


class Depth(NamedTuple):
    """Notional of each side within reach of the mid."""

    reach_bps: float
    bid: float
    ask: float


def book_depth(
    quotes: Quotes, book: Any, volatility: float, params: FeaturesParams
) -> Depth:
    """Return the depth of a book, all of its levels considered.

    The reach is so many times what the symbol usually moves, and never less than to the
    best prices.

    Args:
        quotes: The best levels.
        book: The state of what rebuilds it: two sides, with ``ranks`` and
            ``quantities``.
        volatility: Of the symbol, for a second [1/sqrt(s)].
        params: Settings.
    """
    bid, ask = quotes.bids[0][0], quotes.asks[0][0]
    mid = (bid + ask) / 2.0
    far = params.reach * volatility * sqrt(params.reach_s)
    low, high = min(mid * (1.0 - far), bid), max(mid * (1.0 + far), ask)
    return Depth(
        max(far * 1e4, quotes.spread_bps / 2.0),
        notional(book.bids.ranks, book.bids.quantities, -low),
        notional(book.asks.ranks, book.asks.quantities, high),
    )


def top_depth(quotes: Quotes) -> Depth:
    """Return the depth of a quote: what rests at the best prices."""
    (bid, bid_size), (ask, ask_size) = quotes.bids[0], quotes.asks[0]
    return Depth(quotes.spread_bps / 2.0, bid * bid_size, ask * ask_size)


def imbalance(bid: float | None, ask: float | None) -> float | None:
    """Return bid less ask depth beside their sum; None where nothing rests."""
    if bid is None or ask is None or not bid + ask:
        return None
    return (bid - ask) / (bid + ask)
