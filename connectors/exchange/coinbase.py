"""Coinbase's Advanced Trade protocol, the conversation: channels, answers, errors.

https://docs.cdp.coinbase.com/coinbase-app/advanced-trade-apis/websocket/websocket-channels
https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/advanced-trade-asyncapi.json

``sequence_num`` counts all messages of a connection from 0; errors have none. A feed's
frames hold 0 in its place.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import msgspec

from connectors.exchange.message import Floor, Message, Payload, Session
from connectors.exchange.spelling import iso
from operators.records.base import UNREADABLE

CHANNELS: Final = ("market_trades", "level2", "ticker")
HEARTBEATS: Final = "@heartbeats"
_PLACE: Final = '"sequence_num":0'


class _Request(msgspec.Struct):
    type: str
    channel: str
    product_ids: list[str] = []


_request: Final = msgspec.json.Decoder(_Request)


class CoinbaseSession:
    """One client's conversation with Coinbase.

    Attributes:
        streams: What it is subscribed to, in the order of subscription.
        floor: What it asks of the exchange.
    """

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.streams: dict[str, None] = {}
        self._sequence = 0

    def hello(self) -> Iterator[str]:
        """Say nothing of itself."""
        yield from ()

    def dress(self, message: Message) -> Payload:
        """Return a message with the connection's counter in it."""
        raw = message.raw
        return self._numbered(raw) if isinstance(raw, str) else raw

    def answer(self, request: str | bytes) -> Iterator[str | Message]:
        """Do what the client asks; yield the answer, and what it is sent first."""
        try:
            wish = _request.decode(request)
        except UNREADABLE:
            yield _error("failure to parse message")
            return
        if wish.type not in {"subscribe", "unsubscribe"}:
            yield _error(f"unknown message type {wish.type}")
            return
        streams = [f"{product}@{wish.channel}" for product in wish.product_ids]
        if wish.channel == HEARTBEATS[1:]:
            streams = [HEARTBEATS]
        elif wish.channel not in CHANNELS:
            yield _error(f"channel {wish.channel} is not supported")
            return
        elif not streams or None in map(self.floor.symbol_of, wish.product_ids):
            yield _error("failed to find product ids")
            return
        if wish.type == "unsubscribe":
            for stream in streams:
                self.streams.pop(stream, None)
            yield self._subscriptions()
            return
        self.streams.update(dict.fromkeys(streams))
        yield self._subscriptions()
        for stream in streams:
            yield from self.floor.greet(stream)

    def _subscriptions(self) -> str:
        named: dict[str, list[str]] = defaultdict(list)
        for stream in self.streams:
            product, _, channel = stream.partition("@")
            named[channel].append(product or channel)
        events = msgspec.json.encode([{"subscriptions": named}]).decode()
        return self._numbered(
            envelope("subscriptions", self.floor.now_ns, events),
        )

    def _numbered(self, text: str) -> str:
        number, self._sequence = self._sequence, self._sequence + 1
        return text.replace(_PLACE, f"{_PLACE[:-1]}{number}", 1)


def envelope(channel: str, now_ns: int, events: str) -> str:
    """Return a frame with these events."""
    return (
        f'{{"channel":"{channel}","client_id":"","timestamp":"{iso(now_ns)}",'
        f'{_PLACE},"events":{events}}}'
    )


def open_session(path: str, floor: Floor) -> Session | None:
    """Return the session for the root; None for any other path."""
    return CoinbaseSession(floor) if urlsplit(path).path in {"", "/"} else None


def _error(text: str) -> str:
    return msgspec.json.encode({"type": "error", "message": text}).decode()


class _Thing(msgspec.Struct):
    product_id: str = ""


class _Event(_Thing):
    trades: tuple[_Thing, ...] = ()
    tickers: tuple[_Thing, ...] = ()


class _Recorded(msgspec.Struct):
    channel: str = ""
    events: tuple[_Event, ...] = ()


_recorded: Final = msgspec.json.Decoder(_Recorded)
_SPOKEN: Final = {"l2_data": "level2"}


def about(frame: str | bytes) -> tuple[str | None, str]:
    """Return the stream that a frame names, or None, and its symbol, or nothing."""
    try:
        recorded = _recorded.decode(frame)
    except UNREADABLE:
        return None, ""
    products = {
        thing.product_id
        for event in recorded.events
        for thing in (event, *event.trades, *event.tickers)
        if thing.product_id
    }
    channel = _SPOKEN.get(recorded.channel, recorded.channel)
    if len(products) != 1 or channel not in CHANNELS:
        return None, ""
    product = products.pop()
    return f"{product}@{channel}", product
