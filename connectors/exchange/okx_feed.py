"""OKX's v5 protocol, the data: streams made from a market.

https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-order-book-channel
https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-trades-channel
https://www.okx.com/docs-v5/en/#public-data-websocket-mark-price-channel

The venue has deprecated its checksum, and sends 0. Here it is what it was before, and
what ``operators/market/checksum.py`` checks: of the best 25 levels' texts. A contract
stands for one unit of the base.
"""

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import ClassVar, Final
from urllib.parse import parse_qs, urlsplit
from zlib import crc32

from connectors.exchange.listing import Listing
from connectors.exchange.market import Market, MarketEvent
from connectors.exchange.message import Message
from connectors.exchange.pushed import PushedFeed
from connectors.exchange.spelling import plain
from connectors.exchange.view import Levels, View
from operators.records.time import MINUTE, MS

_CHECKED: Final = 25
_FUNDING_MS: Final = 8 * 3_600_000


class OkxFeed(PushedFeed):
    """Streams of spot markets and perpetuals."""

    window_ns = 100 * MS
    depths: ClassVar = {"books": 400}
    prefix = "/api/v5/"

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self._told = {
            symbol: (market.start_ns, view.sequence)
            for (symbol, _), view in self.views.items()
        }

    def native(self, listing: Listing) -> str:
        """Return ``BTC-USDT``; a perpetual is ``BTC-USDT-SWAP``."""
        pair = f"{listing.base}-{listing.quote}"
        return f"{pair}-SWAP" if listing.term else pair

    def happen(self, event: MarketEvent) -> Iterator[Message]:
        """Yield the trades and the best levels of an event, one frame each."""
        listing, at_ms = event.listing, event.event_ns // MS
        name = self.native(listing)
        for fill in event.fills:
            row = (
                f'{{"instId":"{name}","tradeId":"{fill.trade_id}",'
                f'"px":"{plain(fill.ticks * listing.tick)}",'
                f'"sz":"{plain(fill.lots * listing.lot)}",'
                f'"side":"{fill.aggressor.value}","ts":"{at_ms}","count":"1",'
                f'"source":"0","seqId":{event.sequence}}}'
            )
            message = self._message(listing, "trades", row)
            yield message._replace(trades=(str(fill.trade_id),))
        if event.top is not None:
            yield self._best(listing)

    def push(self, listing: Listing) -> Iterator[Message]:
        """Yield what has changed of a book; that it has not, once a minute."""
        view = self.views[listing.symbol, "books"]
        changes = view.push()
        told_ns, before = self._told[listing.symbol]
        if changes or self.now_ns - told_ns >= MINUTE:
            self._told[listing.symbol] = self.now_ns, view.sequence
            yield self._book(listing, view, changes or ([], []), before)

    def second(self) -> Iterator[Message]:
        """Yield the marks of perpetuals."""
        for listing in self.market.listings:
            if listing.term:
                yield self._mark(listing)

    def greet(self, stream: str) -> Iterable[Message]:
        """Return the book as last pushed, or what else is known."""
        name, _, channel = stream.partition("@")
        listing = self.names[name]
        if channel == "books":
            return (self._book(listing, self.views[listing.symbol, channel]),)
        if channel == "bbo-tbt":
            return (self._best(listing),)
        if channel == "mark-price":
            return (self._mark(listing),)
        if channel == "funding-rate":
            due_ms = (self.now_ns // MS // _FUNDING_MS + 1) * _FUNDING_MS
            row = (
                f'{{"formulaType":"noRate","fundingRate":"0.0001",'
                f'"fundingTime":"{due_ms}","instId":"{name}","instType":"SWAP",'
                f'"nextFundingRate":"","nextFundingTime":"{due_ms + _FUNDING_MS}",'
                f'"ts":"{self.now_ns // MS}"}}'
            )
            return (self._message(listing, channel, row),)
        return ()

    def _book(
        self,
        listing: Listing,
        view: View,
        changes: tuple[Levels, Levels] | None = None,
        before: int = -1,
    ) -> Message:
        """Return a snapshot of a view, or a change of it."""
        bids, asks = changes or (view.bids, view.asks)
        row = (
            f'{{"asks":{_levels(listing, asks)},"bids":{_levels(listing, bids)},'
            f'"ts":"{self.now_ns // MS}","checksum":{_checksum(listing, view)},'
            f'"seqId":{view.sequence},"prevSeqId":{before}}}'
        )
        action = "snapshot" if changes is None else "update"
        message = self._message(listing, "books", row, f'"action":"{action}",')
        return message._replace(update=(view.sequence, view.sequence))

    def _best(self, listing: Listing) -> Message:
        book = self.market.books[listing.symbol]
        row = (
            f'{{"asks":{_levels(listing, book.asks.best_levels(1))},'
            f'"bids":{_levels(listing, book.bids.best_levels(1))},'
            f'"ts":"{self.now_ns // MS}","seqId":{book.sequence}}}'
        )
        return self._message(listing, "bbo-tbt", row)

    def _mark(self, listing: Listing) -> Message:
        top = self.market.books[listing.symbol].top
        row = (
            f'{{"instType":"SWAP","instId":"{self.native(listing)}",'
            f'"markPx":"{plain((top.bid + top.ask) * listing.tick // 2)}",'
            f'"ts":"{self.now_ns // MS}"}}'
        )
        return self._message(listing, "mark-price", row)

    def _message(
        self, listing: Listing, channel: str, row: str, action: str = ""
    ) -> Message:
        arg = f'{{"channel":"{channel}","instId":"{self.native(listing)}"}}'
        return self.message(listing, channel, f'{{"arg":{arg},{action}"data":[{row}]}}')

    def asked(self, path: str) -> object:
        """Return the list of instruments."""
        url = urlsplit(path)
        if url.path != "/api/v5/public/instruments":
            return None
        kind = parse_qs(url.query).get("instType", [""])[0]
        rows = [
            _facts(name, listing)
            for name, listing in self.names.items()
            if kind == ("SWAP" if listing.term else "SPOT")
        ]
        return {"code": "0", "msg": "", "data": rows}


def _texts(listing: Listing, levels: Levels) -> list[str]:
    return [
        f"{plain(ticks * listing.tick)}:{plain(lots * listing.lot)}"
        for ticks, lots in levels[:_CHECKED]
    ]


def _checksum(listing: Listing, view: View) -> int:
    """Return the signed CRC-32 of bids and asks in turn."""
    turns = zip_longest(_texts(listing, view.bids), _texts(listing, view.asks))
    text = ":".join(each for turn in turns for each in turn if each is not None)
    value = crc32(text.encode())
    return value - 2**32 if value >= 2**31 else value


def _levels(listing: Listing, levels: Levels) -> str:
    rows = [
        f'["{plain(ticks * listing.tick)}","{plain(lots * listing.lot)}",'
        f'"0","{min(lots, 1)}"]'
        for ticks, lots in levels
    ]
    return f"[{','.join(rows)}]"


def _facts(name: str, listing: Listing) -> dict[str, str]:
    swap = bool(listing.term)
    return {
        "instType": "SWAP" if swap else "SPOT",
        "instId": name,
        "baseCcy": "" if swap else listing.base,
        "quoteCcy": "" if swap else listing.quote,
        "settleCcy": listing.quote if swap else "",
        "uly": f"{listing.base}-{listing.quote}" if swap else "",
        "ctType": "linear" if swap else "",
        "ctVal": "1" if swap else "",
        "ctMult": "1" if swap else "",
        "ctValCcy": listing.base if swap else "",
        "tickSz": plain(listing.tick),
        "lotSz": plain(listing.lot),
        "minSz": plain(listing.lot),
        "state": "live",
    }
