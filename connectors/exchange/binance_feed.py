"""Binance's spot protocol, the data: streams made from a market.

https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams

A frame is a pure function of the market and the simulated time. Depth is pushed per
symbol every 100 ms and every second of simulated time, spread evenly over the symbols.
"""

from collections.abc import Iterable, Iterator
from copy import copy, deepcopy
from typing import Final

from connectors.exchange.binance import DEPTH_PATH, asked
from connectors.exchange.binance_rest import BinanceRest, levels_text, native
from connectors.exchange.book import Change
from connectors.exchange.listing import Listing, decimal
from connectors.exchange.market import Market, MarketEvent
from connectors.exchange.message import Answer, Feed, Message
from operators.records.base import Side
from operators.records.time import MS

_WINDOW_NS: Final = 100 * MS
_SLOW: Final = 10
"""Every tenth window, the slow stream is pushed as well."""


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
        bids = levels_text(self._listing, sorted(self._bids.items(), reverse=True))
        asks = levels_text(self._listing, sorted(self._asks.items()))
        symbol = native(self._listing)
        yield _message(
            symbol.lower(),
            self._stream,
            f'{{"e":"depthUpdate","E":{now_ns // MS},"s":"{symbol}",'
            f'"U":{self._pushed + 1},"u":{self._sequence},"b":{bids},"a":{asks}}}',
        )._replace(
            symbol=self._listing.symbol, update=(self._pushed + 1, self._sequence)
        )
        self._pushed = self._sequence
        self._bids.clear()
        self._asks.clear()


class BinanceFeed:
    """All streams of all symbols, and the REST end-points beside them.

    Attributes:
        market: What it speaks of.
        now_ns: How far it has come [ns UTC, simulated].
    """

    def __init__(self, market: Market) -> None:
        self.market = market
        self.now_ns = market.start_ns
        self._rest = BinanceRest(market.listings, market.books)
        self._listings = {native(x): x for x in market.listings}
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
                self.now_ns = now_ns
                return
            self.now_ns = min(push_ns, event_ns)
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
        symbol, at_ms = native(listing), event.event_ns // MS
        for fill in event.fills:
            maker = "true" if fill.aggressor is Side.SELL else "false"
            yield _message(
                symbol.lower(),
                "trade",
                f'{{"e":"trade","E":{at_ms},"s":"{symbol}","t":{fill.trade_id},'
                f'"p":"{decimal(fill.ticks * listing.tick)}",'
                f'"q":"{decimal(fill.lots * listing.lot)}",'
                f'"T":{at_ms},"m":{maker},"M":true}}',
            )._replace(symbol=listing.symbol, trades=(str(fill.trade_id),))
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
            )._replace(symbol=listing.symbol)

    def symbol_of(self, native: str) -> str | None:
        """Return the canonical name of a listed symbol, None of any other."""
        listing = self._listings.get(native.upper())
        return listing.symbol if listing else None

    def greet(self, stream: str) -> Iterable[Message]:
        """Return nothing: books are fetched."""
        return ()

    def rest(self, path: str) -> Answer | None:
        """Return the answer to a REST request, None where the path is not REST."""
        return self._rest.answer(path, self.now_ns)

    def snapshot_symbol(self, path: str) -> str | None:
        """Return whose book a REST request is for, None of any other."""
        end_point, symbol = asked(path)
        return self.symbol_of(symbol) if end_point == DEPTH_PATH else None

    def frozen(self) -> Feed:
        """Return a copy that goes on to answer as of now."""
        still = copy(self)
        still._rest = BinanceRest(self.market.listings, deepcopy(self.market.books))
        return still


def _message(symbol: str, kind: str, raw: str) -> Message:
    stream = f"{symbol}@{kind}"
    return Message(kind, stream, raw, f'{{"stream":"{stream}","data":{raw}}}')
