"""Whom a fault meets."""

from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

import numpy as np

from config.exchange import Fault, OnClient
from connectors.exchange.client import Client
from connectors.exchange.message import Feed


def chosen(
    params: Fault, clients: Iterable[Client], feed: Feed, rng: np.random.Generator
) -> list[Client]:
    """Return whom a fault meets, of the clients there are, oldest first."""
    if not isinstance(params, OnClient):
        return []
    which, symbol = params.client, params.symbol
    there = [
        client
        for client in clients
        if not client.leaving and (symbol is None or symbol in _symbols(client, feed))
    ]
    if which.startswith(("/", "?")):
        there = [client for client in there if asked(client.path, which)]
    if which == "all" or not there:
        return there
    places = {"newest": -1, "random": int(rng.integers(len(there)))}
    return [there[places.get(which, 0)]]


def asked(path: str, which: str) -> bool:
    """Tell whether a request is for a path, or has something in its query.

    >>> asked("/stream?line=a&x=1", "?line=a"), asked("/stream?line=ab", "/stream")
    (True, True)
    """
    url = urlsplit(path)
    if which.startswith("?"):
        return set(parse_qsl(which[1:])) <= set(parse_qsl(url.query))
    return url.path == which


def _symbols(client: Client, feed: Feed) -> set[str | None]:
    natives = {stream.partition("@")[0] for stream in client.session.streams}
    return {feed.symbol_of(native) for native in natives}
