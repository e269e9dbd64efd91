"""One pure file per venue, and the table of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

from connectors.venues import binance
from operators.market.decode import Parser


class Venue(Protocol):
    """What a venue's file offers. It is a module: no state, no I/O."""

    @property
    def VENUE(self) -> str:  # noqa: N802 - a constant of the module
        """The venue's name."""
        ...

    @property
    def CHANNELS(self) -> Sequence[str]:  # noqa: N802 - a constant of the module
        """What is subscribed to, by the venue's own names."""
        ...

    @property
    def parse(self) -> Parser:
        """Return what a received frame says."""
        ...

    def canonical(self, symbol: str) -> str:
        """Return the canonical name of the venue's symbol."""
        ...

    def subscribe(self, symbols: Iterable[str], channels: Sequence[str]) -> list[str]:
        """Return the messages that subscribe to channels of canonical symbols."""
        ...

    def snapshot_path(self, symbol: str) -> str:
        """Return the path, below the REST address, of a symbol's whole book."""
        ...


VENUES: Final[Mapping[str, Venue]] = {binance.VENUE: binance}
"""Every venue, by name."""

PARSERS: Final[Mapping[str, Parser]] = {
    name: venue.parse for name, venue in VENUES.items()
}
"""The parser of each venue, by the venue's name."""
