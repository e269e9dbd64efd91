"""Bybit's v5 protocol, the conversation: topics, answers, errors.

https://bybit-exchange.github.io/docs/v5/ws/connect

A request with one bad topic is refused as a whole, as by the venue. A topic
``orderbook.50.BTCUSDT`` is the stream ``BTCUSDT@orderbook.50``.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import msgspec

from connectors.exchange.message import Floor, Message, Payload, Session
from operators.records.base import UNREADABLE

CHANNELS: Final = (
    *("publicTrade", "tickers", "orderbook.1", "orderbook.50", "orderbook.200"),
)
_MOST_OF_SPOT: Final = 10
_CONNECTION: Final = "2324d924-aa4d-45b0-a858-7b8be29ab52b"


class _Request(msgspec.Struct):
    op: str
    args: list[str] = []
    req_id: str = ""


_request: Final = msgspec.json.Decoder(_Request)


def stream_of(topic: str) -> str:
    """Return the stream of a topic."""
    channel, _, native = topic.rpartition(".")
    return f"{native}@{channel}"


class BybitSession:
    """One client's conversation with one of Bybit's markets.

    Attributes:
        streams: What it is subscribed to, in the order of subscription.
        floor: What it asks of the exchange.
    """

    def __init__(self, floor: Floor, *, spot: bool) -> None:
        self.floor = floor
        self.streams: dict[str, None] = {}
        self._spot = spot

    def hello(self) -> Iterator[str]:
        """Say nothing of itself."""
        yield from ()

    def dress(self, message: Message) -> Payload:
        """Return a message as it is."""
        return message.raw

    def answer(self, request: str | bytes) -> Iterator[str | Message]:
        """Do what the client asks; yield the answer, and what it is sent first."""
        try:
            wish = _request.decode(request)
        except UNREADABLE:
            yield self._reply("", "", "error:request is no valid JSON")
            return
        if wish.op == "ping":
            yield self._reply("ping", wish.req_id, "pong", success=True)
        elif wish.op in {"subscribe", "unsubscribe"}:
            error = self._error(wish)
            text = error or ("subscribe" if self._spot else "")
            yield self._reply(wish.op, wish.req_id, text, success=not error)
            if not error:
                yield from self._obey(wish)
        else:
            text = f"error:unknown op {wish.op}"
            yield self._reply(wish.op, wish.req_id, text)

    def _error(self, wish: _Request) -> str:
        if not wish.args:
            return "error:args is empty"
        if self._spot and len(wish.args) > _MOST_OF_SPOT:
            return f"error:args size >{_MOST_OF_SPOT}"
        for topic in wish.args:
            stream = stream_of(topic)
            native, _, channel = stream.partition("@")
            if channel not in CHANNELS or self.floor.symbol_of(native) is None:
                return f"error:handler not found,topic:{topic}"
            if wish.op == "subscribe" and stream in self.streams:
                return f"error:already subscribed,topic:{topic}"
        return ""

    def _obey(self, wish: _Request) -> Iterator[Message]:
        for stream in map(stream_of, wish.args):
            if wish.op == "subscribe":
                self.streams[stream] = None
                yield from self.floor.greet(stream)
            else:
                self.streams.pop(stream, None)

    @staticmethod
    def _reply(op: str, req_id: str, text: str, *, success: bool = False) -> str:
        reply = {"success": success, "ret_msg": text, "conn_id": _CONNECTION}
        return msgspec.json.encode({**reply, "req_id": req_id, "op": op}).decode()


def open_spot(path: str, floor: Floor) -> Session | None:
    """Return the session for the path of the spot market."""
    is_ours = urlsplit(path).path == "/v5/public/spot"
    return BybitSession(floor, spot=True) if is_ours else None


def open_linear(path: str, floor: Floor) -> Session | None:
    """Return the session for the path of linear contracts."""
    is_ours = urlsplit(path).path == "/v5/public/linear"
    return BybitSession(floor, spot=False) if is_ours else None


class _Recorded(msgspec.Struct):
    topic: str = ""


_recorded: Final = msgspec.json.Decoder(_Recorded)


def about(frame: str | bytes) -> tuple[str | None, str]:
    """Return the stream that a frame names, or None, and its symbol, or nothing."""
    try:
        topic = _recorded.decode(frame).topic
    except UNREADABLE:
        return None, ""
    stream = stream_of(topic)
    return (stream, stream.partition("@")[0]) if topic else (None, "")
