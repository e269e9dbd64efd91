"""What Binance's markets have in common on the wire: one reader, three venues.

Almost every frame is read in one pass: the decoder finds the event's type in its tag
``e`` and its numbers in place. Spot's book ticker alone has no tag, and is known by its
stream's name. What one pass cannot read, for whatever reason, goes through
:meth:`Reader._look`, which names what is ignored and what is wrong.
"""

from collections.abc import Callable
from typing import Final, Generic, TypeVar
from urllib.parse import parse_qs, urlsplit

import msgspec

from connectors.venues.binance_events import (
    AggTradeEvent,
    DatedTicker,
    DepthUpdate,
    Id,
    LinkedUpdate,
    Market,
    MarkPrice,
    Millis,
    Ticker,
    TradeEvent,
    Wire,
    WireLevel,
)
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError
from operators.records.frame import Frame, FrameKind
from operators.records.market import BookSnapshot
from operators.records.time import MS

# Documented, and deliberately not used.
_IGNORED: Final = frozenset(
    (
        *("kline", "continuous_kline", "24hrTicker", "24hrMiniTicker", "1hTicker"),
        *("4hTicker", "1dTicker", "avgPrice", "serverShutdown", "forceOrder"),
        *("contractInfo", "compositeIndex", "assetIndexUpdate", "indexPriceUpdate"),
        *("indexPrice_kline", "markPrice_kline"),
    )
)
# An enumeration's members are slow to look up.
_REST: Final = FrameKind.REST
_ABSENT: Final = msgspec.Raw()
_T = TypeVar("_T")


class _Depth(msgspec.Struct):
    lastUpdateId: Id  # noqa: N815 - as the venue spells it
    bids: tuple[WireLevel, ...]
    asks: tuple[WireLevel, ...]
    T: Millis | None = None
    symbol: str = ""


class _Combined(msgspec.Struct, Generic[_T], gc=False):
    data: _T


class _Envelope(msgspec.Struct, gc=False):
    data: msgspec.Raw = _ABSENT
    e: str = ""
    b: msgspec.Raw = _ABSENT
    error: msgspec.Raw = _ABSENT
    result: msgspec.Raw = _ABSENT


_Spot = TradeEvent | AggTradeEvent | DepthUpdate
_Futures = TradeEvent | AggTradeEvent | LinkedUpdate | MarkPrice | DatedTicker
_SPOT: Final = ("trade", "aggTrade", "depthUpdate")
_FUTURES: Final = (*_SPOT, "markPriceUpdate", "bookTicker")

_Decoder = msgspec.json.Decoder
_envelope = _Decoder(_Envelope)
_depth = _Decoder(_Depth, strict=False)
_ticker = _Decoder(Ticker, strict=False)
_combined_ticker = _Decoder(_Combined[Ticker], strict=False)


class Reader:
    """The parser of one market; it keeps nothing but what it was made with."""

    def __init__(
        self, venue: str, canonical: Callable[[str], str], *, futures: bool
    ) -> None:
        """Take the venue, its names, and whether futures are traded there."""
        self._market = Market(venue, canonical)
        self._tickers = not futures
        self._tags = _FUTURES if futures else _SPOT
        self._event: _Decoder[Wire]
        self._combined: _Decoder[_Combined[Wire]]
        if futures:
            self._event = _Decoder(_Futures, strict=False)
            self._combined = _Decoder(_Combined[_Futures], strict=False)
        else:
            self._event = _Decoder(_Spot, strict=False)
            self._combined = _Decoder(_Combined[_Spot], strict=False)

    def parse(self, frame: Frame, line: Line) -> Parsed:
        """Return what a frame says.

        Raises:
            NotARecordError: If the frame is not what the venue documents; likewise any
                of ``UNREADABLE``.
        """
        text = frame.data
        if text is None:
            text = (frame.b64 or b"").decode()
        if frame.kind is _REST:
            return self._snapshot(frame, text, line)
        wire: Wire | str
        try:
            if text.startswith('{"stream":"'):
                if self._tickers and '@bookTicker"' in text[:60]:
                    wire = _combined_ticker.decode(text).data
                else:
                    wire = self._combined.decode(text).data
            elif self._tickers and text.startswith('{"u":'):
                wire = _ticker.decode(text)
            else:
                wire = self._event.decode(text)
        except msgspec.DecodeError:
            wire = self._look(text)
        if isinstance(wire, str):
            return Parsed(ignored=wire)
        return wire.says(self._market, frame, line)

    def _look(self, text: str) -> Wire | str:
        """Return what a frame is, or why it is ignored, whatever its keys' order."""
        raw: str | msgspec.Raw = text
        envelope = _envelope.decode(raw)
        if envelope.data:
            raw = envelope.data
            envelope = _envelope.decode(raw)
        kind = envelope.e
        if kind in self._tags:
            return self._event.decode(raw)
        if kind in _IGNORED:
            return kind
        if kind:
            raise NotARecordError(f"unknown channel `{kind[:40]}` - at `$.e`")
        if envelope.b and self._tickers:
            return _ticker.decode(raw)
        if envelope.error:
            return "error reply"
        if envelope.result:
            return "acknowledgement"
        raise NotARecordError(
            "neither an event (`$.e`), nor a book ticker, nor a reply"
        )

    def _snapshot(self, frame: Frame, text: str, line: Line) -> Parsed:
        """Read a fetched book.

        What clock it states is not the line's: it came by another way, and may have
        overtaken frames that are older.
        """
        try:
            address = urlsplit(frame.url)
        except ValueError as error:
            raise NotARecordError(f"{error} - at `url`") from error
        if address.path and not address.path.endswith("/depth"):
            return Parsed(ignored=address.path[:80])
        wire = _depth.decode(text)
        now_ns = line.now_ns(frame.received_ns)
        snapshot = BookSnapshot(
            venue=self._market.venue,
            symbol=self._symbol_of(address.query, wire.symbol, line),
            event_ns=now_ns if wire.T is None else wire.T * MS,
            received_ns=frame.received_ns,
            sequence=wire.lastUpdateId,
            bids=wire.bids,
            asks=wire.asks,
            fetched=True,
        )
        return Parsed((snapshot,))

    def _symbol_of(self, query: str, stated: str, line: Line) -> str:
        """Return whose book was asked for, else stated, else the line's only symbol."""
        named = parse_qs(query).get("symbol", [stated])[0]
        if named:
            return self._market.canonical(named)
        if len(line.symbols) == 1:
            return next(iter(line.symbols))
        count = len(line.symbols)
        raise NotARecordError(f"a snapshot without a URL on a line of {count} symbols")
