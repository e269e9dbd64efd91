"""One pure file per venue, and the table of them."""

from collections.abc import Mapping
from typing import Final

from connectors.venues import binance
from connectors.venues.venue import Venue
from operators.market.decode import Parser

VENUES: Final[Mapping[str, Venue]] = {binance.VENUE: binance}
"""Every venue, by name."""

PARSERS: Final[Mapping[str, Parser]] = {
    name: venue.parse for name, venue in VENUES.items()
}
"""The parser of each venue, by the venue's name."""
