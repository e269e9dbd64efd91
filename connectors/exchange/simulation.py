"""The simulated exchange, live: a market whose time passes as the clock does.

The only place of the exchange that asks what time it is, beside the player.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from config.exchange import ExchangeParams
from connectors.exchange.faults.saboteur import Saboteur
from connectors.exchange.listing import ExchangeError, listings
from connectors.exchange.market import Market
from connectors.exchange.message import Feed
from connectors.exchange.protocols import PROTOCOLS
from connectors.exchange.server import Report, Server

_PACE_S: Final = 0.005
_GOING_AWAY: Final = 1001


def feed_of(params: ExchangeParams, start_ns: int) -> Feed:
    """Return the feed: all frames are a function of these two.

    Raises:
        ExchangeError: If a symbol is not listed, or not at this venue.
    """
    listed = listings(params.symbols)
    terms = PROTOCOLS[params.venue].terms
    for listing in listed:
        if listing.term not in terms:
            kinds = " and ".join("perpetuals" if term else "spot" for term in terms)
            text = f"symbols: {params.venue} trades {kinds}, not {listing.symbol}"
            raise ExchangeError(text)
    market = Market(listed, seed=params.seed, start_ns=start_ns, rate=params.rate)
    return PROTOCOLS[params.venue].feed(market)


async def serve(
    params: ExchangeParams,
    *,
    stop: asyncio.Event,
    ready: Callable[[int], None],
) -> Report:
    """Run the exchange until told to stop; return what it sent.

    Args:
        params: Settings.
        stop: Set it to stop; clients then get all that was queued for them.
        ready: Told the port, once clients can connect.

    Raises:
        ExchangeError: If a symbol is not listed, or the journal cannot be written.
        OSError: If the port is taken.
    """
    begun_ns = time.monotonic_ns()
    start_ns = params.start_ns or time.time_ns()
    feed = feed_of(params, start_ns)
    protocol = PROTOCOLS[params.venue]
    saboteur = Saboteur(params, feed, protocol.bids)
    server = Server(
        params,
        open_session=lambda path: protocol.open_session(path, feed),
        rest=saboteur.rest,
        door=saboteur,
    )
    try:
        ready(await server.start())
        while not stop.is_set():
            now_ns = start_ns + time.monotonic_ns() - begun_ns
            for message in saboteur.until(now_ns):
                server.publish(message)
            await asyncio.sleep(_PACE_S)
        saboteur.relent()
        return await server.stop(_GOING_AWAY, "exchange stopped")
    finally:
        saboteur.close()
