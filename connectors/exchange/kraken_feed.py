"""Kraken's v2 protocol, the data: streams made from a market.

https://docs.kraken.com/exchange/api-reference/spot-websocket-v2/book (ticker, trade,
instrument, heartbeat)
https://docs.kraken.com/exchange/guides/websockets/book-checksum-v2

Numbers have all decimals of the pair. Books are pushed every 50 ms; a level that is
only too deep now is not said to be removed. The truth's id of a change of a book is the
exchange's own: the venue states none.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final
from urllib.parse import urlsplit
from zlib import crc32

from connectors.exchange.kraken import BY_TRADES, DEPTHS, HEARTBEAT, INSTRUMENT
from connectors.exchange.listing import Listing
from connectors.exchange.market import Market, MarketEvent
from connectors.exchange.message import Message
from connectors.exchange.pushed import PushedFeed
from connectors.exchange.spelling import fixed, iso, places, plain
from connectors.exchange.view import Levels, View
from operators.records.time import MS

_CHECKED: Final = 10
_WHOLE: Final = "book-100"
_DEEPER: Final = tuple(f"book-{depth}" for depth in DEPTHS if depth > 100)
"""No book has more than 100 levels a side: what is deeper is the same."""

_OLD_TRADES: Final = 50
_OLD_NAMES: Final = {"BTC": "XBT", "DOGE": "XDG"}


class KrakenFeed(PushedFeed):
    """Streams of all pairs."""

    window_ns = 50 * MS
    depths: ClassVar = {"book-10": 10, "book-25": 25, _WHOLE: 100}
    says_fallen = False
    prefix = "/0/public/"

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self._old: dict[str, deque[str]] = {
            x.symbol: deque(maxlen=_OLD_TRADES) for x in market.listings
        }
        self._last = {x.symbol: market.books[x.symbol].top.bid for x in market.listings}

    def native(self, listing: Listing) -> str:
        """Return ``BTC/USD``."""
        return f"{listing.base}/{listing.quote}"

    def happen(self, event: MarketEvent) -> Iterator[Message]:
        """Yield the trades of an event in one frame, and what it does to tickers."""
        listing, rows = event.listing, []
        for fill in event.fills:
            rows.append(
                f'{{"symbol":"{self.native(listing)}","side":"{fill.aggressor.value}",'
                f'"price":{_price(listing, fill.ticks)},'
                f'"qty":{_quantity(listing, fill.lots)},"ord_type":"market",'
                f'"trade_id":{fill.trade_id},"timestamp":"{iso(event.event_ns, 6)}"}}'
            )
            self._last[listing.symbol] = fill.ticks
        if rows:
            self._old[listing.symbol].extend(rows)
            message = self._told(listing, "trade", "trade", "update", ",".join(rows))
            yield message._replace(trades=tuple(str(x.trade_id) for x in event.fills))
            yield self._ticker(listing, BY_TRADES, "update")
        if event.top is not None:
            yield self._ticker(listing, "ticker", "update")

    def push(self, listing: Listing) -> Iterator[Message]:
        """Yield what has changed of a book, at every depth."""
        for channel in self.depths:
            view = self.views[listing.symbol, channel]
            changes = view.push()
            if not changes:
                continue
            message = self._book(listing, channel, view, changes)
            yield message
            for deeper in _DEEPER if channel == _WHOLE else ():
                stream = f"{self.native(listing)}@{deeper}"
                yield message._replace(kind=deeper, stream=stream)

    def second(self) -> Iterator[Message]:
        """Yield the heartbeat."""
        raw = '{"channel":"heartbeat"}'
        yield Message("heartbeat", HEARTBEAT, raw, raw)

    def greet(self, stream: str) -> Iterable[Message]:
        """Return the book as last pushed, the latest trades, the ticker or the list."""
        if stream == INSTRUMENT:
            return (self._instruments(),)
        if stream == HEARTBEAT:
            return ()
        name, _, channel = stream.partition("@")
        listing = self.names[name]
        if channel == "trade":
            rows = ",".join(self._old[listing.symbol])
            return (self._told(listing, channel, channel, "snapshot", rows),)
        if channel.startswith("book-"):
            seen = _WHOLE if channel in _DEEPER else channel
            view = self.views[listing.symbol, seen]
            return (self._book(listing, channel, view),)
        return (self._ticker(listing, channel, "snapshot"),)

    def _book(
        self,
        listing: Listing,
        channel: str,
        view: View,
        changes: tuple[Levels, Levels] | None = None,
    ) -> Message:
        """Return a snapshot of a view, or a change of it."""
        bids, asks = changes or (view.bids, view.asks)
        row = (
            f'{{"symbol":"{self.native(listing)}","bids":{_levels(listing, bids)},'
            f'"asks":{_levels(listing, asks)},"checksum":{_checksum(listing, view)},'
            f'"timestamp":"{iso(self.now_ns, 6)}"}}'
        )
        kind = "snapshot" if changes is None else "update"
        message = self._told(listing, channel, "book", kind, row)
        return message._replace(update=(view.sequence, view.sequence))

    def _ticker(self, listing: Listing, channel: str, kind: str) -> Message:
        top = self.market.books[listing.symbol].top
        last = _price(listing, self._last[listing.symbol])
        row = (
            f'{{"symbol":"{self.native(listing)}","bid":{_price(listing, top.bid)},'
            f'"bid_qty":{_quantity(listing, top.bid_lots)},'
            f'"ask":{_price(listing, top.ask)},'
            f'"ask_qty":{_quantity(listing, top.ask_lots)},"last":{last},'
            f'"volume":997038.98383185,"vwap":{last},"low":{last},"high":{last},'
            f'"change":0.0,"change_pct":0.0,"timestamp":"{iso(self.now_ns, 6)}"}}'
        )
        return self._told(listing, channel, "ticker", kind, row)

    def _told(
        self, listing: Listing, channel: str, spoken: str, kind: str, rows: str
    ) -> Message:
        raw = f'{{"channel":"{spoken}","type":"{kind}","data":[{rows}]}}'
        return self.message(listing, channel, raw)

    def _instruments(self) -> Message:
        assets = sorted({x for y in self.names.values() for x in (y.base, y.quote)})
        listed = ",".join(
            f'{{"id":"{asset}","status":"enabled","precision":8,'
            f'"precision_display":8,"borrowable":false,"collateral_value":1.0}}'
            for asset in assets
        )
        pairs = ",".join(_pair(name, each) for name, each in self.names.items())
        raw = (
            f'{{"channel":"instrument","type":"snapshot","data":{{"assets":[{listed}],'
            f'"pairs":[{pairs}]}}}}'
        )
        return Message("instrument", INSTRUMENT, raw, raw)

    def asked(self, path: str) -> object:
        """Return the list of pairs, under the names of the older version."""
        if urlsplit(path).path != "/0/public/AssetPairs":
            return None
        pairs = map(_facts, self.names.values())
        return {"error": [], "result": {str(pair["altname"]): pair for pair in pairs}}


def _price(listing: Listing, ticks: int) -> str:
    return fixed(ticks * listing.tick, places(listing.tick))


def _quantity(listing: Listing, lots: int) -> str:
    return fixed(lots * listing.lot, places(listing.lot))


def _levels(listing: Listing, levels: Levels) -> str:
    rows = [
        f'{{"price":{_price(listing, ticks)},"qty":{_quantity(listing, lots)}}}'
        for ticks, lots in levels
    ]
    return f"[{','.join(rows)}]"


def _checksum(listing: Listing, view: View) -> int:
    """Return the CRC-32 of the best asks, then bids: digits without leading zeros."""
    levels = [*view.asks[:_CHECKED], *view.bids[:_CHECKED]]
    text = "".join(
        number.replace(".", "").lstrip("0")
        for ticks, lots in levels
        for number in (_price(listing, ticks), _quantity(listing, lots))
    )
    return crc32(text.encode())


def _pair(name: str, listing: Listing) -> str:
    return (
        f'{{"symbol":"{name}","base":"{listing.base}","quote":"{listing.quote}",'
        f'"status":"online","qty_precision":{places(listing.lot)},'
        f'"qty_increment":{plain(listing.lot)},'
        f'"price_precision":{places(listing.tick)},"cost_precision":5,'
        f'"marginable":false,"has_index":true,"cost_min":0.5,'
        f'"price_increment":{plain(listing.tick)},"qty_min":{plain(listing.lot)}}}'
    )


def _facts(listing: Listing) -> dict[str, object]:
    base = _OLD_NAMES.get(listing.base, listing.base)
    return {
        "altname": base + listing.quote,
        "wsname": f"{base}/{listing.quote}",
        "base": base,
        "quote": listing.quote,
        "pair_decimals": places(listing.tick),
        "lot_decimals": places(listing.lot),
        "ordermin": plain(listing.lot),
        "costmin": "0.5",
        "tick_size": plain(listing.tick),
        "status": "online",
    }
