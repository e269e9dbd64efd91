"""What the simulated exchange lists: realistic ticks, lots, prices and activity."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

UNIT: Final = 10**8
"""Prices and quantities are whole multiples of 1 / UNIT, as on the real venues."""


class ExchangeError(Exception):
    """The simulated exchange cannot do what it was asked to."""


class Listing(msgspec.Struct, frozen=True):
    """One traded instrument.

    Attributes:
        base: Currency traded.
        quote: Currency priced in.
        price: Price at the start [quote].
        tick: Smallest step of price [1e-8 quote].
        lot: Smallest step of quantity [1e-8 base].
        volatility_pct: Yearly volatility in normal times [%].
        beta: How strongly it moves with the market [1].
        activity: Arrivals of orders in normal times [1/s].
        term: ``PERP`` for a perpetual, nothing for spot.
    """

    base: str
    quote: str
    price: float
    tick: int
    lot: int
    volatility_pct: float
    beta: float
    activity: float
    term: str = ""

    @property
    def symbol(self) -> str:
        """Canonical name."""
        pair = f"{self.base}-{self.quote}"
        return f"{pair}-{self.term}" if self.term else pair

    def lots(self, notional: float) -> int:
        """Return how many lots cost about ``notional`` [quote]; at least one."""
        return max(1, round(notional / self.price * UNIT / self.lot))


def decimal(units: int) -> str:
    """Return whole multiples of 1e-8 as a number with 8 decimals.

    >>> decimal(6_183_763_000_000)
    '61837.63000000'
    """
    return f"{units // UNIT}.{units % UNIT:08d}"


_LISTED: Final = (
    Listing("BTC", "USDT", 61_837.64, 1_000_000, 1_000, 50, 1.0, 50),
    Listing("ETH", "USDT", 2_684.12, 1_000_000, 10_000, 60, 1.1, 41),
    Listing("SOL", "USDT", 155.31, 1_000_000, 100_000, 80, 1.2, 31),
    Listing("BNB", "USDT", 512.40, 10_000_000, 100_000, 50, 0.8, 19),
    Listing("XRP", "USDT", 0.6123, 10_000, 100_000_000, 70, 0.9, 24),
    Listing("ADA", "USDT", 0.3452, 10_000, 10_000_000, 70, 1.1, 14),
    Listing("DOGE", "USDT", 0.10521, 1_000, 100_000_000, 80, 1.2, 22),
    Listing("AVAX", "USDT", 21.93, 1_000_000, 1_000_000, 80, 1.2, 14),
    Listing("LINK", "USDT", 10.64, 1_000_000, 1_000_000, 75, 1.1, 14),
    Listing("DOT", "USDT", 4.712, 100_000, 1_000_000, 70, 1.1, 12),
    Listing("LTC", "USDT", 61.53, 1_000_000, 100_000, 60, 0.9, 12),
    Listing("TRX", "USDT", 0.12713, 1_000, 10_000_000, 45, 0.6, 10),
    Listing("BCH", "USDT", 348.2, 10_000_000, 100_000, 70, 1.0, 10),
    Listing("UNI", "USDT", 6.143, 100_000, 1_000_000, 80, 1.1, 10),
    Listing("NEAR", "USDT", 4.213, 100_000, 10_000_000, 85, 1.2, 10),
    Listing("ATOM", "USDT", 4.691, 100_000, 1_000_000, 75, 1.1, 10),
)

_QUOTED: Final = (
    *(("USDT", ""), ("USDT", "PERP"), ("USD", ""), ("USDC", ""), ("USDC", "PERP")),
)


def listings(symbols: Iterable[str]) -> tuple[Listing, ...]:
    """Return what is listed under these names.

    What is listed in USDT is so in USD and USDC too, and is as a perpetual but in USD.

    Raises:
        ExchangeError: If a name is not listed, or twice among ``symbols``.
    """
    listed = {listing.symbol: listing for listing in _variants()}
    names = list(symbols)
    for name in names:
        if name not in listed:
            known = ", ".join(listing.symbol for listing in _LISTED)
            text = f"symbols: {name} is not listed; listed are {known}"
            raise ExchangeError(text)
        if names.count(name) > 1:
            text = f"symbols: {name} more than once"
            raise ExchangeError(text)
    return tuple(listed[name] for name in names)


def _variants() -> Iterator[Listing]:
    for listing in _LISTED:
        for quote, term in _QUOTED:
            yield msgspec.structs.replace(listing, quote=quote, term=term)
