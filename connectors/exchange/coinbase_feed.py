"""Coinbase's Advanced Trade protocol, the data: streams made from a market.

https://docs.cdp.coinbase.com/coinbase-app/advanced-trade-apis/websocket/websocket-channels

Trades are gathered for 250 ms, the side of each is its maker's, the newest come first.
Changes of a book are pushed every 50 ms. A ticker follows each batch of trades. The
truth's id of a change of a book is the exchange's own: the venue states none.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import ClassVar, Final
from urllib.parse import urlsplit

import msgspec

from connectors.exchange.book import Fill
from connectors.exchange.coinbase import HEARTBEATS, envelope
from connectors.exchange.listing import Listing
from connectors.exchange.market import Market, MarketEvent
from connectors.exchange.message import Message
from connectors.exchange.pushed import PushedFeed
from connectors.exchange.spelling import fixed, iso, places, plain
from connectors.exchange.view import Levels
from operators.records.base import Side
from operators.records.time import MS, SECOND

_BATCH: Final = 5
"""Trades are told with every fifth push of a book."""

_OLD_TRADES: Final = 50
_BEGINNING: Final = "1970-01-01T00:00:00Z"


class CoinbaseFeed(PushedFeed):
    """Streams of all products."""

    window_ns = 50 * MS
    depths: ClassVar = {"level2": 1_000}
    prefix = "/api/"

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self._gathered: dict[str, list[tuple[int, Fill]]] = defaultdict(list)
        self._old: dict[str, deque[tuple[int, Fill]]] = {
            x.symbol: deque(maxlen=_OLD_TRADES) for x in market.listings
        }
        self._pushes: dict[str, int] = defaultdict(int)

    def native(self, listing: Listing) -> str:
        """Return ``BTC-USD``."""
        return f"{listing.base}-{listing.quote}"

    def happen(self, event: MarketEvent) -> Iterable[Message]:
        """Gather the trades of an event."""
        trades = [(event.event_ns, fill) for fill in event.fills]
        self._gathered[event.listing.symbol].extend(trades)
        return ()

    def push(self, listing: Listing) -> Iterator[Message]:
        """Yield what has changed of a book, and now and then trades and ticker."""
        view = self.views[listing.symbol, "level2"]
        changes = view.push()
        if changes:
            rows = self._updates(listing, *changes, at=iso(self.now_ns, 6))
            events = self._event("update", listing, rows)
            message = self._told(listing, "level2", "l2_data", events)
            yield message._replace(update=(view.sequence, view.sequence))
        self._pushes[listing.symbol] += 1
        trades = self._gathered[listing.symbol]
        if trades and self._pushes[listing.symbol] % _BATCH == 0:
            del self._gathered[listing.symbol]
            self._old[listing.symbol].extend(trades)
            yield self._traded(listing, "update", trades)._replace(
                trades=tuple(str(fill.trade_id) for _, fill in trades)
            )
            yield self._ticker(listing, "update")

    def second(self) -> Iterator[Message]:
        """Yield the heartbeat."""
        now = datetime.fromtimestamp(self.now_ns // SECOND, UTC)
        beat = (
            f'[{{"current_time":"{now:%Y-%m-%d %H:%M:%S}.{self.now_ns % SECOND:09d} '
            f'+0000 UTC m=+{self._seconds}.000000000",'
            f'"heartbeat_counter":{self._seconds}}}]'
        )
        raw = envelope("heartbeats", self.now_ns, beat)
        yield Message("heartbeats", HEARTBEATS, raw, raw)

    def greet(self, stream: str) -> Iterable[Message]:
        """Return the book as last pushed, the latest trades, or the ticker."""
        name, _, channel = stream.partition("@")
        if channel == "heartbeats":
            return ()
        listing = self.names[name]
        if channel == "market_trades":
            return (self._traded(listing, "snapshot", list(self._old[listing.symbol])),)
        if channel == "ticker":
            return (self._ticker(listing, "snapshot"),)
        view = self.views[listing.symbol, channel]
        rows = self._updates(listing, view.bids, view.asks, at=_BEGINNING)
        events = self._event("snapshot", listing, rows)
        message = self._told(listing, channel, "l2_data", events)
        return (message._replace(update=(view.sequence, view.sequence)),)

    def _told(
        self, listing: Listing, channel: str, spoken: str, events: str
    ) -> Message:
        return self.message(listing, channel, envelope(spoken, self.now_ns, events))

    def _event(self, kind: str, listing: Listing, rows: str) -> str:
        name = self.native(listing)
        return f'[{{"type":"{kind}","product_id":"{name}","updates":[{rows}]}}]'

    @staticmethod
    def _updates(listing: Listing, bids: Levels, asks: Levels, *, at: str) -> str:
        scale = places(listing.tick)
        return ",".join(
            f'{{"side":"{side}","event_time":"{at}",'
            f'"price_level":"{fixed(ticks * listing.tick, scale)}",'
            f'"new_quantity":"{plain(lots * listing.lot)}"}}'
            for side, levels in (("bid", bids), ("offer", asks))
            for ticks, lots in levels
        )

    def _traded(
        self, listing: Listing, kind: str, trades: list[tuple[int, Fill]]
    ) -> Message:
        scale = places(listing.tick)
        rows = ",".join(
            f'{{"trade_id":"{fill.trade_id}","product_id":"{self.native(listing)}",'
            f'"price":"{fixed(fill.ticks * listing.tick, scale)}",'
            f'"size":"{plain(fill.lots * listing.lot)}",'
            f'"side":"{"SELL" if fill.aggressor is Side.BUY else "BUY"}",'
            f'"time":"{iso(at_ns, 6)}"}}'
            for at_ns, fill in reversed(trades)
        )
        events = f'[{{"type":"{kind}","trades":[{rows}]}}]'
        return self._told(listing, "market_trades", "market_trades", events)

    def _ticker(self, listing: Listing, kind: str) -> Message:
        top = self.market.books[listing.symbol].top
        scale = places(listing.tick)
        old = self._old[listing.symbol]
        last = fixed((old[-1][1].ticks if old else top.bid) * listing.tick, scale)
        ticker = {
            "type": "ticker",
            "product_id": self.native(listing),
            "price": last,
            "volume_24_h": "16038.28770938",
            "low_24_h": last,
            "high_24_h": last,
            "low_52_w": last,
            "high_52_w": last,
            "price_percent_chg_24_h": "0",
            "best_bid": fixed(top.bid * listing.tick, scale),
            "best_bid_quantity": plain(top.bid_lots * listing.lot),
            "best_ask": fixed(top.ask * listing.tick, scale),
            "best_ask_quantity": plain(top.ask_lots * listing.lot),
        }
        events = msgspec.json.encode([{"type": kind, "tickers": [ticker]}]).decode()
        return self._told(listing, "ticker", "ticker", events)

    def asked(self, path: str) -> object:
        """Return the list of products."""
        if urlsplit(path).path != "/api/v3/brokerage/market/products":
            return None
        rows = [_facts(name, listing) for name, listing in self.names.items()]
        return {"products": rows, "num_products": len(rows)}


def _facts(name: str, listing: Listing) -> dict[str, object]:
    return {
        "product_id": name,
        "base_increment": plain(listing.lot),
        "quote_increment": plain(listing.tick),
        "price_increment": plain(listing.tick),
        "base_min_size": plain(listing.lot),
        "quote_min_size": "1",
        "status": "online",
        "is_disabled": False,
        "trading_disabled": False,
        "cancel_only": False,
        "product_type": "SPOT",
        "base_currency_id": listing.base,
        "quote_currency_id": listing.quote,
    }
