"""Binance's spot protocol, the data: streams and REST answers made from a market.

https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints
https://developers.binance.com/docs/binance-spot-api-docs/errors

A frame is a pure function of the market and the simulated time. Depth is pushed per
symbol every 100 ms and every second of simulated time, spread evenly over the symbols.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from connectors.exchange.binance import DEPTH_PATH
from connectors.exchange.book import Change
from connectors.exchange.listing import Listing, decimal
from connectors.exchange.market import Market, MarketEvent
from connectors.exchange.message import NOT_FOUND, Answer, Message
from operators.records.base import Side
from operators.records.time import MS

_WINDOW_NS: Final = 100 * MS
_SLOW: Final = 10
"""Every tenth window, the slow stream is pushed as well."""

_DEFAULT_LEVELS: Final = 100
_MOST_LEVELS: Final = 5_000
_LIMIT_DIGITS: Final = 20


class _Diff:
    """The changes of one book since they were last pushed."""

    def __init__(self, listing: Listing, stream: str, sequence: int) -> None:
        self._listing = listing
        self._stream = stream
        self._pushed = sequence
        self._sequence = sequence
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}

    def add(self, changes: tuple[Change, ...], sequence: int) -> None:
        for side, ticks, lots in changes:
            (self._bids if side is Side.BUY else self._asks)[ticks] = lots
        self._sequence = sequence

    def push(self, now_ns: int) -> Iterator[Message]:
        """Yield the frame, where there is anything to say."""
        if self._sequence == self._pushed:
            return
        bids = _levels(self._listing, sorted(self._bids.items(), reverse=True))
        asks = _levels(self._listing, sorted(self._asks.items()))
        symbol = _name(self._listing)
        yield _message(
            symbol.lower(),
            self._stream,
            f'{{"e":"depthUpdate","E":{now_ns // MS},"s":"{symbol}",'
            f'"U":{self._pushed + 1},"u":{self._sequence},"b":{bids},"a":{asks}}}',
        )
        self._pushed = self._sequence
        self._bids.clear()
        self._asks.clear()


class BinanceFeed:
    """All streams of all symbols, and the REST end-points beside them.

    Attributes:
        market: What it speaks of.
    """

    def __init__(self, market: Market) -> None:
        self.market = market
        self._now_ns = market.start_ns
        self._listings = {_name(x): x for x in market.listings}
        self._fast = [self._diff(x, "depth@100ms") for x in market.listings]
        self._slow = [self._diff(x, "depth") for x in market.listings]
        self._diffs = {
            listing.symbol: (fast, slow)
            for listing, fast, slow in zip(
                market.listings, self._fast, self._slow, strict=True
            )
        }
        self._turn = 0

    def _diff(self, listing: Listing, stream: str) -> _Diff:
        return _Diff(listing, stream, self.market.books[listing.symbol].sequence)

    def until(self, now_ns: int) -> Iterator[Message]:
        """Yield the frames up to a time, in order; the market moves on with them."""
        while True:
            push_ns = self._push_ns
            event_ns = self.market.upcoming_ns
            if min(push_ns, event_ns) > now_ns:
                self._now_ns = now_ns
                return
            self._now_ns = min(push_ns, event_ns)
            if event_ns < push_ns:
                yield from self._happen(self.market.advance())
            else:
                yield from self._push(push_ns)

    @property
    def _push_ns(self) -> int:
        turns = self._turn + 1
        return self.market.start_ns + turns * _WINDOW_NS // len(self._fast)

    def _push(self, now_ns: int) -> Iterator[Message]:
        window, which = divmod(self._turn, len(self._fast))
        self._turn += 1
        yield from self._fast[which].push(now_ns)
        if window % _SLOW == _SLOW - 1:
            yield from self._slow[which].push(now_ns)

    def _happen(self, event: MarketEvent) -> Iterator[Message]:
        listing = event.listing
        for diff in self._diffs[listing.symbol]:
            diff.add(event.changes, event.sequence)
        symbol, at_ms = _name(listing), event.event_ns // MS
        for fill in event.fills:
            maker = "true" if fill.aggressor is Side.SELL else "false"
            yield _message(
                symbol.lower(),
                "trade",
                f'{{"e":"trade","E":{at_ms},"s":"{symbol}","t":{fill.trade_id},'
                f'"p":"{decimal(fill.ticks * listing.tick)}",'
                f'"q":"{decimal(fill.lots * listing.lot)}",'
                f'"T":{at_ms},"m":{maker},"M":true}}',
            )
        if event.top is not None:
            bid, bid_lots, ask, ask_lots = event.top
            yield _message(
                symbol.lower(),
                "bookTicker",
                f'{{"u":{event.sequence},"s":"{symbol}",'
                f'"b":"{decimal(bid * listing.tick)}",'
                f'"B":"{decimal(bid_lots * listing.lot)}",'
                f'"a":"{decimal(ask * listing.tick)}",'
                f'"A":"{decimal(ask_lots * listing.lot)}"}}',
            )

    def rest(self, path: str) -> Answer | None:
        """Return the answer to a REST request, None where the path is not REST."""
        url = urlsplit(path)
        if not url.path.startswith("/api/"):
            return None
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        match url.path:
            case "/api/v3/ping":
                return Answer(HTTPStatus.OK, "{}")
            case "/api/v3/time":
                return _json({"serverTime": self._now_ns // MS})
            case "/api/v3/exchangeInfo":
                return self._exchange_info(query)
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
        book = self.market.books[listing.symbol]
        bids = _levels(listing, list(book.bids)[:most])
        asks = _levels(listing, list(book.asks)[:most])
        body = f'{{"lastUpdateId":{book.sequence},"bids":{bids},"asks":{asks}}}'
        return Answer(HTTPStatus.OK, body)

    def _exchange_info(self, query: dict[str, str]) -> Answer:
        names = list(self._listings)
        if "symbol" in query:
            names = [query["symbol"]]
        elif "symbols" in query:
            try:
                names = msgspec.json.decode(query["symbols"], type=list[str])
            except msgspec.DecodeError:
                text = "Illegal characters found in parameter 'symbols'."
                return _refusal(-1100, text)
        if not set(names) <= set(self._listings):
            return _refusal(-1121, "Invalid symbol.")
        return _json(
            {
                "timezone": "UTC",
                "serverTime": self._now_ns // MS,
                "rateLimits": [],
                "exchangeFilters": [],
                "symbols": [_facts(self._listings[name]) for name in names],
            }
        )


def _name(listing: Listing) -> str:
    return listing.base + listing.quote


def _message(symbol: str, kind: str, raw: str) -> Message:
    stream = f"{symbol}@{kind}"
    return Message(kind, stream, raw, f'{{"stream":"{stream}","data":{raw}}}')


def _levels(listing: Listing, levels: list[tuple[int, int]]) -> str:
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
        "symbol": _name(listing),
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
