"""KuCoin's spot market on the wire.

https://www.kucoin.com/docs-new/3470068w0 (orderbook, increment)
https://www.kucoin.com/docs-new/3470063w0 (ticker)
https://www.kucoin.com/docs-new/3470072w0 (trade)
https://www.kucoin.com/docs-new/rest/spot-trading/market-data/get-full-orderbook

| channel          | role                    | yields       | dated by                |
|------------------|-------------------------|--------------|-------------------------|
| `/market/match`  | every trade             | Trade        | `time`, of the match    |
| `/market/ticker` | best bid and ask        | Top          | `time`; if long ago,    |
|                  |                         |              | the line's clock        |
| `/market/level2` | changes of the book     | BookDelta    | `time`, else the line's |
|                  |                         |              | clock                   |
| REST `level2`,   | the book, or its best   | BookSnapshot | `time`                  |
| `level2_100`     | 100 levels              |              |                         |
| others, replies  | not used                | nothing      |                         |

`sequence` counts what happens to a symbol's book: a change follows on the one whose
`sequenceEnd` is just below its `sequenceStart`. A level at price 0 changes nothing but
the count; size 0 removes one. A trade's `sequence` does not count trades, so that it
cannot tell whether one is missing: it is none of theirs here. The documentation calls a
ticker's `time` that of the last match; in captures it is that of the quote. Before 2022
changes were not dated.
"""

from typing import Annotated, Final, Literal

import msgspec

from connectors.venues.kraken import dated
from connectors.venues.kucoin_books import (
    Canonical,
    Id,
    Millis,
    Number,
    Origin,
    Quantity,
    changed,
    fetched,
)
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError, Side
from operators.records.frame import Frame, FrameKind
from operators.records.market import Top, Trade
from operators.records.time import MS

# As the venue spells them.
# ruff: noqa: N815

_TOPIC: Final = '"topic":"'
_NEAR: Final = 100
_UNUSED: Final = frozenset(
    {
        *("/market/candles", "/market/snapshot", "/market/level3", "/indicator/index"),
        *("/spotMarket/level2Depth5", "/spotMarket/level2Depth50", "/callauction"),
        *("/spotMarket/level1", "/indicator/markPrice", "/margin/fundingBook"),
        *("/callauction/level2Depth50", "/callauction/callauctionData"),
    }
)
_REPLIES: Final = {
    "welcome": "welcome",
    "ack": "acknowledgement",
    "pong": "pong",
    "error": "error reply",
}
# An enumeration's members are slow to look up, and this is done for every frame.
_REST: Final = FrameKind.REST
_BUY: Final = Side.BUY
_SELL: Final = Side.SELL

_Name = Annotated[str, msgspec.Meta(max_length=64)]


class _Envelope(msgspec.Struct, gc=False):
    type: str = ""
    topic: str = ""


class _Ticker(msgspec.Struct, gc=False):
    sequence: Id
    time: Millis
    bestBid: Number | None = None
    bestBidSize: Quantity | None = None
    bestAsk: Number | None = None
    bestAskSize: Quantity | None = None


class _Match(msgspec.Struct, gc=False):
    symbol: str
    side: Literal["buy", "sell"]
    price: Number
    size: Quantity
    tradeId: _Name
    time: Id


class _TickerPush(msgspec.Struct):
    topic: str
    data: _Ticker
    subject: str = ""


class _MatchPush(msgspec.Struct):
    topic: str
    data: _Match


_envelope = msgspec.json.Decoder(_Envelope)
_ticker = msgspec.json.Decoder(_TickerPush, strict=False)
_match = msgspec.json.Decoder(_MatchPush, strict=False)


def parse(frame: Frame, line: Line, venue: str, canonical: Canonical) -> Parsed:
    """Return what a frame says.

    Raises:
        NotARecordError: If the frame is not what the venue documents; likewise any of
            ``UNREADABLE``.
    """
    if frame.kind is _REST:
        return fetched(frame, venue, canonical)
    text = frame.data
    if text is None:
        text = (frame.b64 or b"").decode()
    topic = _topic(text)
    read = _READERS.get(topic.partition(":")[0])
    if read is None:
        envelope = _envelope.decode(text)
        topic = envelope.topic
        read = _READERS.get(topic.partition(":")[0])
        if envelope.type != "message" or read is None:
            return Parsed(ignored=_reason(envelope))
    return read(text, Origin(frame, line, venue, topic, canonical))


def _topic(text: str) -> str:
    """Return the topic that a frame seems to be of: its place in it is not fixed.

    It is near one of the ends, and is checked when all is decoded.
    """
    start = text.find(_TOPIC, 0, _NEAR)
    if start < 0:
        start = text.rfind(_TOPIC, -_NEAR if len(text) > _NEAR else 0)
    if start < 0:
        return ""
    start += len(_TOPIC)
    return text[start : text.find('"', start)]


def _reason(envelope: _Envelope) -> str:
    """Return why a frame is ignored."""
    if envelope.type != "message":
        reason = _REPLIES.get(envelope.type)
        if reason is None:
            name = envelope.type[:40]
            raise NotARecordError(f"unknown type `{name}` - at `$.type`")
        return reason
    channel = envelope.topic.partition(":")[0]
    if channel in _UNUSED:
        return channel
    raise NotARecordError(f"unknown channel `{channel[:40]}` - at `$.topic`")


def _traded(text: str, origin: Origin) -> Parsed:
    wire = _match.decode(text)
    match = wire.data
    trade = Trade(
        venue=origin.venue,
        symbol=origin.symbol(wire.topic, match.symbol),
        event_ns=match.time,
        received_ns=origin.frame.received_ns,
        trade_id=match.tradeId,
        price=match.price,
        quantity=match.size,
        side=_BUY if match.side == "buy" else _SELL,
    )
    return Parsed((trade,), match.time)


def _topped(text: str, origin: Origin) -> Parsed:
    wire = _ticker.decode(text)
    ticker = wire.data
    name = wire.topic.partition(":")[2]
    symbol = origin.symbol(wire.topic, wire.subject if name == "all" else name)
    event_ns, venue_ns = dated(ticker.time * MS, origin.frame, origin.line)
    bid, bid_quantity = ticker.bestBid, ticker.bestBidSize
    ask, ask_quantity = ticker.bestAsk, ticker.bestAskSize
    if not (bid and bid_quantity and ask and ask_quantity):
        return Parsed((), venue_ns, "one-sided ticker")
    top = Top(
        venue=origin.venue,
        symbol=symbol,
        event_ns=event_ns,
        received_ns=origin.frame.received_ns,
        sequence=ticker.sequence,
        bid=bid,
        bid_quantity=bid_quantity,
        ask=ask,
        ask_quantity=ask_quantity,
    )
    return Parsed((top,), venue_ns)


_READERS: Final = {
    "/market/match": _traded,
    "/market/ticker": _topped,
    "/market/level2": changed,
}
