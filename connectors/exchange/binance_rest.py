"""Binance's spot protocol, what is asked for: REST answers made from a market.

https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints
https://developers.binance.com/docs/binance-spot-api-docs/errors
"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from connectors.exchange.binance import DEPTH_PATH
from connectors.exchange.book import Book
from connectors.exchange.listing import Listing, decimal
from connectors.exchange.message import NOT_FOUND, Answer
from operators.records.base import UNREADABLE
from operators.records.time import MS

_DEFAULT_LEVELS: Final = 100
_MOST_LEVELS: Final = 5_000
_LIMIT_DIGITS: Final = 20


class BinanceRest:
    """The REST end-points of all symbols."""

    def __init__(self, listed: Iterable[Listing], books: Mapping[str, Book]) -> None:
        self._listings = {native(listing): listing for listing in listed}
        self._books = books

    def answer(self, path: str, now_ns: int) -> Answer | None:
        """Return the answer to a REST request, None where the path is not REST."""
        url = urlsplit(path)
        if not url.path.startswith("/api/"):
            return None
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        match url.path:
            case "/api/v3/ping":
                return Answer(HTTPStatus.OK, "{}")
            case "/api/v3/time":
                return _json({"serverTime": now_ns // MS})
            case "/api/v3/exchangeInfo":
                return self._exchange_info(query, now_ns)
            case path if path == DEPTH_PATH:
                return self._depth(query)
        return NOT_FOUND

    def _depth(self, query: dict[str, str]) -> Answer:
        if "symbol" not in query:
            text = "Mandatory parameter 'symbol' was not sent, was empty/null, or "
            return _refusal(-1102, text + "malformed.")
        listing = self._listings.get(query["symbol"])
        if listing is None:
            return _refusal(-1121, "Invalid symbol.")
        limit = query.get("limit", str(_DEFAULT_LEVELS))
        if not limit.isdecimal() or not limit.isascii() or len(limit) > _LIMIT_DIGITS:
            text = "Illegal characters found in parameter 'limit'; legal range is "
            return _refusal(-1100, text + "'^[0-9]{1,20}$'.")
        most = min(int(limit), _MOST_LEVELS) or _DEFAULT_LEVELS
        book = self._books[listing.symbol]
        bids = levels_text(listing, list(book.bids)[:most])
        asks = levels_text(listing, list(book.asks)[:most])
        body = f'{{"lastUpdateId":{book.sequence},"bids":{bids},"asks":{asks}}}'
        return Answer(HTTPStatus.OK, body)

    def _exchange_info(self, query: dict[str, str], now_ns: int) -> Answer:
        names = list(self._listings)
        if "symbol" in query:
            names = [query["symbol"]]
        elif "symbols" in query:
            try:
                names = msgspec.json.decode(query["symbols"], type=list[str])
            except UNREADABLE:
                text = "Illegal characters found in parameter 'symbols'."
                return _refusal(-1100, text)
        if not set(names) <= set(self._listings):
            return _refusal(-1121, "Invalid symbol.")
        return _json(
            {
                "timezone": "UTC",
                "serverTime": now_ns // MS,
                "rateLimits": [],
                "exchangeFilters": [],
                "symbols": [_facts(self._listings[name]) for name in names],
            }
        )


def native(listing: Listing) -> str:
    """Return the venue's name of what is listed."""
    return listing.base + listing.quote


def levels_text(listing: Listing, levels: list[tuple[int, int]]) -> str:
    """Return levels as the venue writes them, in JSON."""
    rows = [
        f'["{decimal(ticks * listing.tick)}","{decimal(lots * listing.lot)}"]'
        for ticks, lots in levels
    ]
    return f"[{','.join(rows)}]"


def _facts(listing: Listing) -> dict[str, object]:
    tick, lot = decimal(listing.tick), decimal(listing.lot)
    price = {"minPrice": tick, "maxPrice": "1000000.00000000", "tickSize": tick}
    size = {"minQty": lot, "maxQty": "900000000.00000000", "stepSize": lot}
    return {
        "symbol": native(listing),
        "status": "TRADING",
        "baseAsset": listing.base,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "isSpotTradingAllowed": True,
        "filters": [
            {"filterType": "PRICE_FILTER", **price},
            {"filterType": "LOT_SIZE", **size},
            {"filterType": "NOTIONAL", "minNotional": "5.00000000"},
        ],
    }


def _json(value: object) -> Answer:
    return Answer(HTTPStatus.OK, msgspec.json.encode(value).decode())


def _refusal(code: int, text: str) -> Answer:
    body = msgspec.json.encode({"code": code, "msg": text}).decode()
    return Answer(HTTPStatus.BAD_REQUEST, body)
