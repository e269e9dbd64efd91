"""Coinbase's older feed, of its Exchange; once Coinbase Pro.

https://docs.cdp.coinbase.com/exchange/websocket-feed/channels

| type           | role                    | yields        | dated by              |
|----------------|-------------------------|---------------|-----------------------|
| `match`        | every trade             | Trade         | `time`                |
| `last_match`   | the last one before     | nothing       |                       |
| `ticker`       | best bid and ask        | Top           | `time`, if not stale  |
| `snapshot`     | the book                | BookSnapshot  | the line's clock      |
| `l2update`     | change of the book      | BookDelta     | `time`, if stated     |
| `heartbeat`    | once a second           | nothing       | `time`                |
| others, acks   | not used                | nothing       |                       |

It serves `wss://ws-feed.exchange.coinbase.com`, once `wss://ws-feed.pro.coinbase.com`.
The market is that of the newer feed in ``coinbase``, which reads these frames where a
recording holds them; nothing subscribes to them any more.

The side of a match is that of the maker, the aggressor's is the other one; the side of
a ticker is the taker's. A ticker that answers the subscription bears the time of the
last trade, which may be days ago. Tickers before 2022 state no quantities.
``sequence`` counts all of a product's messages, most of which these channels leave out.
"""

import re
from functools import lru_cache
from typing import Annotated, Final, Literal

import msgspec

from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError, Side
from operators.records.frame import Frame
from operators.records.market import BookDelta, BookSnapshot, Top, Trade
from operators.records.rfc3339 import ns_of

VENUE: Final = "coinbase"

_SYMBOL: Final = re.compile(r"[A-Z0-9]{1,20}-[A-Z0-9]{1,20}", re.ASCII)
_IGNORED: Final = {
    "subscriptions": "acknowledgement",
    "error": "error reply",
    "last_match": "old trade",
    **{
        kind: kind
        for kind in (
            *("status", "auction", "received", "open", "done", "change", "activate"),
            "rfq_match",
        )
    },
}

_Number = Annotated[float, msgspec.Meta(ge=-1e150, le=1e150)]
_Quantity = Annotated[float, msgspec.Meta(ge=0, le=1e150)]
_Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Level = tuple[_Number, _Quantity]
_Side = Literal["buy", "sell"]


class _Match(msgspec.Struct, gc=False):
    product_id: str
    trade_id: _Id
    side: _Side
    size: _Quantity
    price: _Number
    time: str


class _Ticker(msgspec.Struct, gc=False):
    product_id: str
    sequence: _Id | None = None
    best_bid: _Number | None = None
    best_bid_size: _Quantity | None = None
    best_ask: _Number | None = None
    best_ask_size: _Quantity | None = None
    time: str = ""


class _Snapshot(msgspec.Struct):
    product_id: str
    bids: tuple[_Level, ...]
    asks: tuple[_Level, ...]


class _L2Update(msgspec.Struct):
    product_id: str
    changes: tuple[tuple[_Side, _Number, _Quantity], ...]
    time: str = ""


class _Heartbeat(msgspec.Struct, gc=False):
    time: str


_match = msgspec.json.Decoder(_Match, strict=False)
_ticker = msgspec.json.Decoder(_Ticker, strict=False)
_snapshot = msgspec.json.Decoder(_Snapshot, strict=False)
_l2update = msgspec.json.Decoder(_L2Update, strict=False)
_heartbeat = msgspec.json.Decoder(_Heartbeat)


@lru_cache(maxsize=10_000)
def canonical(symbol: str) -> str:
    """Return the canonical name of the venue's symbol, which is the same.

    Raises:
        NotARecordError: If it is not of the form ``BTC-USD``.
    """
    if _SYMBOL.fullmatch(symbol) is None:
        raise NotARecordError(f"unknown symbol `{symbol[:40]}`")
    return symbol


def parse(frame: Frame, line: Line, kind: str) -> Parsed:
    """Return what a frame of a type says.

    Raises:
        NotARecordError: If the frame is not what the venue documents.
    """
    if kind == "l2update":
        return _changed(frame, line)
    if kind == "match":
        return _traded(frame)
    if kind == "ticker":
        return _topped(frame, line)
    if kind == "snapshot":
        return _whole(frame, line)
    if kind == "heartbeat":
        time_ns = ns_of(_heartbeat.decode(frame.payload).time)
        return Parsed(venue_ns=time_ns, ignored="heartbeat")
    reason = _IGNORED.get(kind)
    if reason is None:
        raise NotARecordError(f"unknown channel `{kind[:40]}` - at `$.type`")
    return Parsed(ignored=reason)


def _traded(frame: Frame) -> Parsed:
    wire = _match.decode(frame.payload)
    time_ns = ns_of(wire.time)
    trade = Trade(
        venue=VENUE,
        symbol=canonical(wire.product_id),
        event_ns=time_ns,
        received_ns=frame.received_ns,
        trade_id=str(wire.trade_id),
        sequence=wire.trade_id,
        price=wire.price,
        quantity=wire.size,
        side=Side.SELL if wire.side == "buy" else Side.BUY,
    )
    return Parsed((trade,), time_ns)


def _topped(frame: Frame, line: Line) -> Parsed:
    wire = _ticker.decode(frame.payload)
    bid, bid_quantity = wire.best_bid, wire.best_bid_size
    ask, ask_quantity = wire.best_ask, wire.best_ask_size
    symbol = canonical(wire.product_id)
    if bid is None or bid_quantity is None or ask is None or ask_quantity is None:
        return Parsed(ignored="ticker without quantities")
    now_ns = line.now_ns(frame.received_ns)
    top = Top(
        venue=VENUE,
        symbol=symbol,
        event_ns=max(now_ns, ns_of(wire.time)) if wire.time else now_ns,
        received_ns=frame.received_ns,
        sequence=wire.sequence,
        bid=bid,
        bid_quantity=bid_quantity,
        ask=ask,
        ask_quantity=ask_quantity,
    )
    return Parsed((top,))


def _whole(frame: Frame, line: Line) -> Parsed:
    wire = _snapshot.decode(frame.payload)
    snapshot = BookSnapshot(
        venue=VENUE,
        symbol=canonical(wire.product_id),
        event_ns=line.now_ns(frame.received_ns),
        received_ns=frame.received_ns,
        bids=tuple(sorted(wire.bids, reverse=True)),
        asks=tuple(sorted(wire.asks)),
    )
    return Parsed((snapshot,))


def _changed(frame: Frame, line: Line) -> Parsed:
    wire = _l2update.decode(frame.payload)
    time_ns = ns_of(wire.time) if wire.time else None
    changes = wire.changes
    delta = BookDelta(
        venue=VENUE,
        symbol=canonical(wire.product_id),
        event_ns=line.now_ns(frame.received_ns) if time_ns is None else time_ns,
        received_ns=frame.received_ns,
        bids=tuple([(price, size) for side, price, size in changes if side == "buy"]),
        asks=tuple([(price, size) for side, price, size in changes if side == "sell"]),
    )
    return Parsed((delta,), time_ns)
