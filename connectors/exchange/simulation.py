"""The simulated exchange, live: a market whose time passes as the clock does.

The only place of the exchange that asks what time it is, beside the player.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from config.exchange import ExchangeParams
from connectors.exchange.client import Outgoing, untouched
from connectors.exchange.listing import listings
from connectors.exchange.market import Market
from connectors.exchange.message import Feed
from connectors.exchange.protocols import PROTOCOLS
from connectors.exchange.server import Report, Server

_PACE_S: Final = 0.005
_GOING_AWAY: Final = 1001


def feed_of(params: ExchangeParams, start_ns: int) -> Feed:
    """Return the feed: all frames are a function of these two.

    Raises:
        ExchangeError: If a symbol is not listed.
    """
    listed = listings(params.symbols)
    market = Market(listed, seed=params.seed, start_ns=start_ns, rate=params.rate)
    return PROTOCOLS[params.venue].feed(market)


async def serve(
    params: ExchangeParams,
    *,
    stop: asyncio.Event,
    ready: Callable[[int], None],
    outgoing: Outgoing = untouched,
) -> Report:
    """Run the exchange until told to stop; return what it sent.

    Args:
        params: Settings.
        stop: Set it to stop; clients then get all that was queued for them.
        ready: Told the port, once clients can connect.
        outgoing: What is really sent for each frame.

    Raises:
        ExchangeError: If a symbol is not listed.
        OSError: If the port is taken.
    """
    begun_ns = time.monotonic_ns()
    start_ns = params.start_ns or time.time_ns()
    feed = feed_of(params, start_ns)
    open_session = PROTOCOLS[params.venue].open_session
    server = Server(
        params, open_session=open_session, rest=feed.rest, outgoing=outgoing
    )
    ready(await server.start())
    while not stop.is_set():
        for message in feed.until(start_ns + time.monotonic_ns() - begun_ns):
            server.publish(message)
        await asyncio.sleep(_PACE_S)
    return await server.stop(_GOING_AWAY, "exchange stopped")
