"""Coinbase: the Advanced Trade feed; frames of the older one go to its own file.

https://docs.cdp.coinbase.com/coinbase-app/advanced-trade-apis/websocket/websocket-channels
https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/advanced-trade-asyncapi.json

| channel         | role                        | yields        | dated by            |
|-----------------|-----------------------------|---------------|---------------------|
| `market_trades` | trades of the last 250 ms   | Trade         | `time`              |
| - `snapshot`    | old trades                  | nothing       |                     |
| `level2`        | the book, as `l2_data`      |               |                     |
| - `snapshot`    | all of it                   | BookSnapshot  | `timestamp`         |
| - `update`      | change of it                | BookDelta     | newest `event_time` |
| `ticker`        | best bid and ask, at trades | Top           | `timestamp`         |
| `heartbeats`    | keeps quiet lines open      | nothing       | `timestamp`         |
| others, acks    | not used                    | nothing       |                     |

``sequence_num`` starts at 0 and rises by one with every message of a connection,
whatever its channel; an error reply has none, nor a channel, but a type. The venue
closes a connection that is silent for 60 to 90 s: every subscription therefore takes in
``heartbeats``. A market that is also priced in USDC is named by its USD product in all
frames. The side of a market trade is the maker's, the aggressor's is the other one.

A perpetual ``BTC-PERP-INTX`` is priced and settled in USDC: ``BTC-USDC-PERP``. The name
of a dated future (``BIT-24APR26-CDE``) does not tell its currencies: it has none here.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import msgspec

from connectors.venues import coinbase_exchange
from connectors.venues.venue import Limits
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError, Side
from operators.records.frame import Frame, FrameKind
from operators.records.instrument import Instrument, Status
from operators.records.market import BookDelta, BookSnapshot, MarketEvent, Top, Trade
from operators.records.rfc3339 import ns_of

VENUE: Final = "coinbase"
URL: Final = "wss://advanced-trade-ws.coinbase.com"
REST_URL: Final = "https://api.coinbase.com"
CHANNELS: Final = ("market_trades", "ticker", "level2")
# 8 connections and 8 messages a second, of an address: .../websocket-rate-limits. The
# venue does not document that it refuses a connection's "too many L2 streams", of which
# 16 pass and 32 do not (github.com/JKorf/Coinbase.Net/issues/19): 16 symbols of the
# channels above make 48 streams.
LIMITS: Final = Limits(streams=48, messages_per_s=8, connects_per_minute=480)
PING: Final = None
IDLE: Final = ('"channel":"heartbeats"',)
PRODUCTS_PER_MESSAGE: Final = 100

_HEARTBEATS: Final = "heartbeats"
_PERPETUAL: Final = re.compile(r"([A-Z0-9]{1,20})-PERP-INTX", re.ASCII)
_IGNORED: Final = {
    "subscriptions": "acknowledgement",
    _HEARTBEATS: "heartbeat",
    **{
        channel: channel
        for channel in (
            *("candles", "status", "ticker_batch", "user"),
            "futures_balance_summary",
        )
    },
}

_Number = Annotated[float, msgspec.Meta(ge=-1e150, le=1e150)]
_Quantity = Annotated[float, msgspec.Meta(ge=0, le=1e150)]
_Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Name = Annotated[str, msgspec.Meta(max_length=64)]
_Kind = Literal["snapshot", "update"]
_ABSENT: Final = msgspec.Raw()


class _Envelope(msgspec.Struct, gc=False):
    channel: str = ""
    timestamp: str = ""
    sequence_num: _Id | None = None
    events: msgspec.Raw = _ABSENT
    type: str = ""


class _Trade(msgspec.Struct, gc=False):
    trade_id: _Name
    product_id: str
    price: _Number
    size: _Quantity
    side: Literal["BUY", "SELL"]
    time: str


class _Trades(msgspec.Struct):
    type: _Kind
    trades: tuple[_Trade, ...]


class _Change(msgspec.Struct, gc=False):
    side: Literal["bid", "offer"]
    event_time: str
    price_level: _Number
    new_quantity: _Quantity


class _Book(msgspec.Struct):
    type: _Kind
    product_id: str
    updates: tuple[_Change, ...]


class _Ticker(msgspec.Struct, gc=False):
    product_id: str
    best_bid: _Number
    best_bid_quantity: _Quantity
    best_ask: _Number
    best_ask_quantity: _Quantity


class _Tickers(msgspec.Struct):
    tickers: tuple[_Ticker, ...]


class _Future(msgspec.Struct):
    contract_size: str = ""


class _Product(msgspec.Struct):
    product_id: str
    price_increment: str = ""
    quote_increment: str = ""
    base_increment: str = ""
    base_min_size: str = ""
    quote_min_size: str = ""
    status: str = ""
    is_disabled: bool = False
    trading_disabled: bool = False
    cancel_only: bool = False
    future_product_details: _Future | None = None


class _Products(msgspec.Struct):
    products: tuple[_Product, ...]


_envelope = msgspec.json.Decoder(_Envelope)
_trades = msgspec.json.Decoder(tuple[_Trades, ...], strict=False)
_books = msgspec.json.Decoder(tuple[_Book, ...], strict=False)
_tickers = msgspec.json.Decoder(tuple[_Tickers, ...], strict=False)
_products = msgspec.json.Decoder(_Products)


@lru_cache(maxsize=10_000)
def canonical(symbol: str) -> str:
    """Return the canonical name of the venue's symbol: ``BTC-USD`` is ``BTC-USD``.

    Raises:
        NotARecordError: If it is neither a spot market nor a perpetual.
    """
    match = _PERPETUAL.fullmatch(symbol)
    return f"{match[1]}-USDC-PERP" if match else coinbase_exchange.canonical(symbol)


def native(symbol: str) -> str:
    """Return the venue's name: ``BTC-USDC-PERP`` is ``BTC-PERP-INTX``."""
    base = symbol.removesuffix("-USDC-PERP")
    return symbol if base == symbol else f"{base}-PERP-INTX"


def address(channel: str) -> str:
    """Return the WebSocket address that a channel comes on: there is one."""
    return URL


def subscribe(symbols: Iterable[str], channels: Sequence[str]) -> list[str]:
    """Return the messages that subscribe to channels of symbols, and to heartbeats."""
    products = [native(symbol) for symbol in symbols]
    if not products:
        return []
    return [
        msgspec.json.encode({"type": "subscribe", "channel": _HEARTBEATS}).decode(),
        *(
            _message("subscribe", products[start : start + PRODUCTS_PER_MESSAGE], each)
            for each in channels
            if each != _HEARTBEATS
            for start in range(0, len(products), PRODUCTS_PER_MESSAGE)
        ),
    ]


def resync(symbol: str) -> list[str]:
    """Return the messages after which the venue sends the symbol's book anew."""
    products = [native(symbol)]
    return [_message(verb, products, "level2") for verb in ("unsubscribe", "subscribe")]


def snapshot_path(symbol: str) -> str | None:
    """Return None: the book comes on the socket."""
    return None


def instruments_path() -> str:
    """Return the path, below the REST address, of the list of instruments."""
    return "/api/v3/brokerage/market/products"


def instruments(body: bytes) -> list[Instrument]:
    """Return the instruments in an answer.

    Raises:
        NotARecordError: If it is not the documented list.
    """
    return [
        _instrument(each, symbol)
        for each in _products.decode(body).products
        if (symbol := _named(each.product_id))
    ]


def parse(frame: Frame, line: Line) -> Parsed:
    """Return what a frame says.

    Raises:
        NotARecordError: If the frame is not what the venue documents.
    """
    if frame.kind is FrameKind.REST:
        return _fetched(frame)
    envelope = _envelope.decode(frame.payload)
    channel = envelope.channel
    if not channel:
        return coinbase_exchange.parse(frame, line, envelope.type)
    venue_ns = ns_of(envelope.timestamp)
    events: list[MarketEvent] = []
    reason = ""
    if channel == "l2_data":
        for book in _books.decode(envelope.events):
            events.append(_book(frame, book, venue_ns))
        reason = "no books"
    elif channel == "market_trades":
        events.extend(_traded(frame, _trades.decode(envelope.events)))
        reason = "old trades"
    elif channel == "ticker":
        for group in _tickers.decode(envelope.events):
            events.extend(_top(frame, each, venue_ns) for each in group.tickers)
        reason = "no tickers"
    elif channel in _IGNORED:
        reason = _IGNORED[channel]
    else:
        raise NotARecordError(f"unknown channel `{channel[:40]}` - at `$.channel`")
    ignored = "" if events else reason
    return Parsed(tuple(events), venue_ns, ignored, envelope.sequence_num)


def _message(verb: str, products: list[str], channel: str) -> str:
    return msgspec.json.encode(
        {"type": verb, "product_ids": products, "channel": channel}
    ).decode()


def _fetched(frame: Frame) -> Parsed:
    try:
        return Parsed(ignored=urlsplit(frame.url).path[:80] or "fetched")
    except ValueError as error:
        raise NotARecordError(f"{error} - at `url`") from error


def _traded(frame: Frame, wire: tuple[_Trades, ...]) -> list[Trade]:
    """Return the new trades, oldest first, in whatever order the venue has them."""
    trades = [
        _trade(frame, each)
        for group in wire
        if group.type == "update"
        for each in group.trades
    ]
    return sorted(trades, key=lambda trade: (trade.event_ns, trade.sequence or 0))


def _trade(frame: Frame, wire: _Trade) -> Trade:
    digits = wire.trade_id
    counted = digits.isascii() and digits.isdigit() and len(digits) <= 18
    return Trade(
        venue=VENUE,
        symbol=canonical(wire.product_id),
        event_ns=ns_of(wire.time),
        received_ns=frame.received_ns,
        trade_id=digits,
        sequence=int(digits) if counted else None,
        price=wire.price,
        quantity=wire.size,
        side=Side.SELL if wire.side == "BUY" else Side.BUY,
    )


def _top(frame: Frame, wire: _Ticker, venue_ns: int) -> Top:
    return Top(
        venue=VENUE,
        symbol=canonical(wire.product_id),
        event_ns=venue_ns,
        received_ns=frame.received_ns,
        bid=wire.best_bid,
        bid_quantity=wire.best_bid_quantity,
        ask=wire.best_ask,
        ask_quantity=wire.best_ask_quantity,
    )


def _book(frame: Frame, wire: _Book, venue_ns: int) -> BookDelta | BookSnapshot:
    bids: list[tuple[float, float]] = []
    asks: list[tuple[float, float]] = []
    for each in wire.updates:
        levels = bids if each.side == "bid" else asks
        levels.append((each.price_level, each.new_quantity))
    symbol = canonical(wire.product_id)
    if wire.type == "snapshot":
        bids.sort(reverse=True)
        asks.sort()
        return BookSnapshot(
            venue=VENUE,
            symbol=symbol,
            event_ns=venue_ns,
            received_ns=frame.received_ns,
            bids=tuple(bids),
            asks=tuple(asks),
        )
    times = {each.event_time for each in wire.updates}
    return BookDelta(
        venue=VENUE,
        symbol=symbol,
        event_ns=max(map(ns_of, times), default=venue_ns),
        received_ns=frame.received_ns,
        bids=tuple(bids),
        asks=tuple(asks),
    )


def _named(product_id: str) -> str:
    try:
        return canonical(product_id)
    except NotARecordError:
        return ""


def _instrument(wire: _Product, symbol: str) -> Instrument:
    base, quote = symbol.split("-")[:2]
    future = wire.future_product_details
    halted = wire.is_disabled or wire.trading_disabled or wire.cancel_only
    status = Status.HALTED if halted else Status.TRADING
    return Instrument(
        venue=VENUE,
        symbol=symbol,
        native=wire.product_id,
        base=base,
        quote=quote,
        tick_size=_exact(wire.price_increment) or _exact(wire.quote_increment),
        lot_size=_exact(wire.base_increment),
        min_quantity=_exact(wire.base_min_size),
        min_notional=_exact(wire.quote_min_size),
        multiplier=(future and _exact(future.contract_size)) or Decimal(1),
        status=Status.CLOSED if wire.status == "delisted" else status,
    )


def _exact(text: str) -> Decimal | None:
    """Return a size, or None where the venue leaves it empty or has none."""
    try:
        size = Decimal(text or "0")
    except InvalidOperation as error:
        raise NotARecordError(f"no number `{text[:40]}`") from error
    if not size.is_finite():
        raise NotARecordError(f"no number `{text[:40]}`")
    if size < 0:
        raise NotARecordError(f"Expected a size >= 0, not `{text[:40]}`")
    return size or None
