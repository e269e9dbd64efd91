"""Where the price is, by what one source shows."""

from math import log

import msgspec


class Band(msgspec.Struct):
    """What one source shows, and has shown in this second and the one before.

    A trade may be dated a little before the quote that stands when it arrives, so it
    is held against all that was shown lately.

    Attributes:
        bid: Its best bid [quote].
        ask: Its best ask [quote].
        lowest: The lowest price that it shows [quote].
        highest: The highest [quote].
        at_ns: When, by the venue's clock.
        low: The lowest price shown in this second [quote].
        high: The highest [quote].
        low_before: The lowest of the second before [quote].
        high_before: The highest [quote].
    """

    bid: float
    ask: float
    lowest: float
    highest: float
    at_ns: int
    low: float = float("inf")
    high: float = 0.0
    low_before: float = float("inf")
    high_before: float = 0.0

    @property
    def mid(self) -> float:
        """Halfway between the best prices [quote]."""
        return (self.bid + self.ask) / 2

    @property
    def spread(self) -> float:
        """From the best bid to the best ask, as a logarithm [1]."""
        return log(self.ask / self.bid) if self.ask > self.bid > 0.0 else 0.0

    def show(
        self, bid: float, ask: float, lowest: float, highest: float, at_ns: int
    ) -> None:
        """Take in what is shown from now on."""
        # min() and max() are calls, and this is the hot path.
        if self.lowest < self.low:  # noqa: PLR1730
            self.low = self.lowest
        if self.highest > self.high:  # noqa: PLR1730
            self.high = self.highest
        self.bid, self.ask, self.at_ns = bid, ask, at_ns
        self.lowest, self.highest = lowest, highest

    def turn(self) -> None:
        """Begin another second."""
        self.low_before = min(self.low, self.lowest)
        self.high_before = max(self.high, self.highest)
        self.low, self.high = self.lowest, self.highest

    def away(self, price: float) -> float:
        """Return how far a price lies outside of all that was shown, likewise [1]."""
        if self.lowest <= price <= self.highest:
            return 0.0
        high = max(self.highest, self.high, self.high_before)
        if price > high:
            return log(price / high)
        low = min(self.lowest, self.low, self.low_before)
        return log(low / price) if 0.0 < price < low else 0.0

    def moved(self, bid: float, ask: float) -> float:
        """Return how far a later quote lies outside of the best, likewise [1]."""
        if bid > self.ask:
            return log(bid / self.ask)
        return log(self.bid / ask) if ask < self.bid else 0.0
