"""One pure file per venue, and the table of them."""

from collections.abc import Mapping
from typing import Final

from connectors.venues import (
    binance,
    binance_coinm,
    binance_usdm,
    bitget,
    bitmex,
    bitstamp,
    bybit_linear,
    bybit_spot,
    coinbase,
    deribit,
    gateio,
    gemini,
    hitbtc,
    kraken,
    kraken_futures,
    kraken_v1,
    kucoin,
    okx,
)
from connectors.venues.venue import Venue
from operators.market.decode import Parser

VENUES: Final[Mapping[str, Venue]] = {
    binance.VENUE: binance,
    binance_usdm.VENUE: binance_usdm,
    binance_coinm.VENUE: binance_coinm,
    bitget.VENUE: bitget,
    bitmex.VENUE: bitmex,
    bitstamp.VENUE: bitstamp,
    bybit_spot.VENUE: bybit_spot,
    bybit_linear.VENUE: bybit_linear,
    okx.VENUE: okx,
    coinbase.VENUE: coinbase,
    deribit.VENUE: deribit,
    gateio.VENUE: gateio,
    gemini.VENUE: gemini,
    hitbtc.VENUE: hitbtc,
    kraken.VENUE: kraken,
    kraken_futures.VENUE: kraken_futures,
    kraken_v1.VENUE: kraken_v1,
    kucoin.VENUE: kucoin,
}
"""Every venue, by name."""

PARSERS: Final[Mapping[str, Parser]] = {
    name: venue.parse for name, venue in VENUES.items()
}
"""The parser of each venue, by the venue's name."""
