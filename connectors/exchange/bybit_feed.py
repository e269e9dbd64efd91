"""Bybit's v5 protocol, the data: streams made from a market.

https://bybit-exchange.github.io/docs/v5/websocket/public/orderbook (trade, ticker)
https://bybit-exchange.github.io/docs/v5/market/instrument

``u`` counts the frames of a depth of a book; ``seq`` is the exchange's own counter of
changes. ``orderbook.1`` is snapshots only, sent again after 3 s without one.
"""

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import msgspec

from connectors.exchange.bybit import CHANNELS
from connectors.exchange.listing import Listing
from connectors.exchange.market import Market, MarketEvent
from connectors.exchange.message import Message
from connectors.exchange.pushed import PushedFeed
from connectors.exchange.spelling import fixed, places, plain
from connectors.exchange.view import Levels, View
from operators.records.base import Side
from operators.records.time import MS, SECOND

_AGAIN_NS: Final = 3 * SECOND
_FUNDING_MS: Final = 8 * 3_600_000
_BEST: Final = CHANNELS[2]
_APART: Final = 10**12
"""Between the counters of two depths, so that none has a number of the other."""


class BybitFeed(PushedFeed):
    """Streams of spot, or of linear contracts."""

    window_ns = 20 * MS
    depths: ClassVar = {"orderbook.1": 1, "orderbook.50": 50, "orderbook.200": 200}
    prefix = "/v5/market/"
    linear = False

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self._told_ns = {x.symbol: market.start_ns for x in market.listings}
        self._last = {x.symbol: x.price for x in market.listings}
        self._tickers: dict[str, dict[str, str]] = {}

    def native(self, listing: Listing) -> str:
        """Return ``BTCUSDT``; a perpetual in USDC is ``BTCPERP``."""
        if listing.term and listing.quote == "USDC":
            return f"{listing.base}PERP"
        return listing.base + listing.quote

    def happen(self, event: MarketEvent) -> Iterator[Message]:
        """Yield one frame with all trades of an event."""
        if not event.fills:
            return
        listing, at_ms = event.listing, event.event_ns // MS
        name, rows, ids = self.native(listing), [], []
        for fill in event.fills:
            number = fill.trade_id
            ids.append(str(UUID(int=number)) if self.linear else str(number))
            price = fixed(fill.ticks * listing.tick, places(listing.tick))
            side = "Buy" if fill.aggressor is Side.BUY else "Sell"
            direction = '"L":"PlusTick",' if self.linear else ""
            rows.append(
                f'{{"T":{at_ms},"s":"{name}","S":"{side}",'
                f'"v":"{plain(fill.lots * listing.lot)}","p":"{price}",{direction}'
                f'"i":"{ids[-1]}","BT":false,"RPI":false,"seq":{event.sequence}}}'
            )
            self._last[listing.symbol] = float(price)
        raw = (
            f'{{"topic":"publicTrade.{name}","type":"snapshot","ts":{at_ms},'
            f'"data":[{",".join(rows)}]}}'
        )
        yield self.message(listing, "publicTrade", raw)._replace(trades=tuple(ids))

    def push(self, listing: Listing) -> Iterator[Message]:
        """Yield what has changed of a book, at every depth."""
        for channel in self.depths:
            view = self.views[listing.symbol, channel]
            changes = view.push()
            if channel == _BEST:
                late = self.now_ns - self._told_ns[listing.symbol] >= _AGAIN_NS
                if changes or late:
                    self._told_ns[listing.symbol] = self.now_ns
                    yield self._book(listing, channel, view)
            elif changes:
                yield self._book(listing, channel, view, changes)

    def second(self) -> Iterator[Message]:
        """Yield what has changed of each ticker."""
        for listing in self.market.listings:
            before = self._tickers.get(listing.symbol, {})
            now = self._tickers[listing.symbol] = self._ticker(listing)
            if not self.linear:
                yield self._told(listing, "snapshot", now)
                continue
            changed = {key: now[key] for key in now if now[key] != before.get(key)}
            yield self._told(listing, "delta", changed)

    def greet(self, stream: str) -> Iterable[Message]:
        """Return the book, or the ticker, as last pushed."""
        name, _, channel = stream.partition("@")
        listing = self.names[name]
        if channel in self.depths:
            view = self.views[listing.symbol, channel]
            return (self._book(listing, channel, view),)
        if channel == "tickers":
            now = self._tickers.get(listing.symbol) or self._ticker(listing)
            return (self._told(listing, "snapshot", now),)
        return ()

    def _book(
        self,
        listing: Listing,
        channel: str,
        view: View,
        changes: tuple[Levels, Levels] | None = None,
    ) -> Message:
        """Return a snapshot of a view, or a delta."""
        bids, asks = changes or (view.bids, view.asks)
        name, at_ms = self.native(listing), self.now_ns // MS
        first = self.market.start_ns // MS + self.depths[channel] * _APART
        number = first + view.pushes
        kind = "delta" if changes else "snapshot"
        raw = (
            f'{{"topic":"{channel}.{name}","type":"{kind}",'
            f'"ts":{at_ms},"data":{{"s":"{name}","b":{_levels(listing, bids)},'
            f'"a":{_levels(listing, asks)},"u":{number},"seq":{view.sequence}}},'
            f'"cts":{at_ms}}}'
        )
        update = None if channel == _BEST else (number, number)
        return self.message(listing, channel, raw)._replace(update=update)

    def _ticker(self, listing: Listing) -> dict[str, str]:
        top = self.market.books[listing.symbol].top
        scale = places(listing.tick)
        last = f"{self._last[listing.symbol]:.{scale}f}"
        ticker = {"symbol": self.native(listing), "lastPrice": last}
        if not self.linear:
            return {**ticker, "highPrice24h": last, "lowPrice24h": last}
        middle = fixed((top.bid + top.ask) * listing.tick // 2, scale + 1)
        funds_ms = (self.now_ns // MS // _FUNDING_MS + 1) * _FUNDING_MS
        return {
            **ticker,
            "markPrice": middle,
            "indexPrice": middle,
            "openInterest": "68744.761",
            "nextFundingTime": str(funds_ms),
            "fundingRate": "0.0001",
            "bid1Price": fixed(top.bid * listing.tick, scale),
            "bid1Size": plain(top.bid_lots * listing.lot),
            "ask1Price": fixed(top.ask * listing.tick, scale),
            "ask1Size": plain(top.ask_lots * listing.lot),
        }

    def _told(self, listing: Listing, kind: str, ticker: dict[str, str]) -> Message:
        frame = {
            "topic": f"tickers.{self.native(listing)}",
            "type": kind,
            "data": {"symbol": self.native(listing), **ticker},
            "cs": self.market.books[listing.symbol].sequence,
            "ts": self.now_ns // MS,
        }
        return self.message(listing, "tickers", msgspec.json.encode(frame).decode())

    def asked(self, path: str) -> object:
        """Return the list of instruments."""
        url = urlsplit(path)
        category = "linear" if self.linear else "spot"
        if url.path != "/v5/market/instruments-info":
            return None
        if parse_qs(url.query).get("category") != [category]:
            return {"retCode": 10001, "retMsg": "params error: Category is invalid"}
        rows = [_facts(name, listing) for name, listing in self.names.items()]
        result = {"category": category, "list": rows, "nextPageCursor": ""}
        return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}}


class BybitLinearFeed(BybitFeed):
    """Streams of linear contracts."""

    linear = True


def _levels(listing: Listing, levels: Levels) -> str:
    scale = places(listing.tick)
    rows = [
        f'["{fixed(ticks * listing.tick, scale)}","{plain(lots * listing.lot)}"]'
        for ticks, lots in levels
    ]
    return f"[{','.join(rows)}]"


def _facts(name: str, listing: Listing) -> dict[str, object]:
    lot = plain(listing.lot)
    sizes = {"basePrecision": lot, "minOrderQty": lot, "minOrderAmt": "5"}
    if listing.term:
        sizes = {"qtyStep": lot, "minOrderQty": lot, "minNotionalValue": "5"}
    return {
        "symbol": name,
        "status": "Trading",
        "baseCoin": listing.base,
        "quoteCoin": listing.quote,
        "priceFilter": {"tickSize": plain(listing.tick)},
        "lotSizeFilter": sizes,
    }
