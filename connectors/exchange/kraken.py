"""Kraken's v2 protocol, the conversation: channels, answers, errors.

https://docs.kraken.com/exchange/api-reference/spot-websocket-v2/book (ticker, trade)
https://docs.kraken.com/exchange/api-reference/spot-websocket-v2/ping

Each symbol is answered by itself. A book is a stream with its depth, ``book-100``; a
ticker that trades trigger is another one than that of the best bid and ask.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import msgspec

from connectors.exchange.message import Floor, Message, Payload, Session
from connectors.exchange.spelling import iso
from operators.records.base import UNREADABLE

DEPTHS: Final = (10, 25, 100, 500, 1000)
HEARTBEAT: Final = "@heartbeat"
INSTRUMENT: Final = "@instrument"
BY_TRADES: Final = "ticker-trades"
_STATUS: Final = (
    '{"channel":"status","type":"update","data":[{"version":"2.0.10","system":"online",'
    '"api_version":"v2","connection_id":10393728482919466752}]}'
)


class _Params(msgspec.Struct):
    channel: str
    symbol: list[str] = []
    depth: int = 10
    event_trigger: str = "trades"
    snapshot: bool = True


class _Request(msgspec.Struct):
    method: str
    params: _Params | None = None
    req_id: int | None = None


_request: Final = msgspec.json.Decoder(_Request)


class KrakenSession:
    """One client's conversation with Kraken.

    Attributes:
        streams: What it is subscribed to, in the order of subscription.
        floor: What it asks of the exchange.
    """

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.streams: dict[str, None] = {}

    def hello(self) -> Iterator[str]:
        """Say that trading goes on."""
        yield _STATUS

    def dress(self, message: Message) -> Payload:
        """Return a message as it is."""
        return message.raw

    def answer(self, request: str | bytes) -> Iterator[str | Message]:
        """Do what the client asks; yield the answers, and what it is sent first."""
        try:
            wish = _request.decode(request)
        except UNREADABLE:
            yield self._said({"error": "Malformed request", "success": False}, None)
            return
        params, verb = wish.params, wish.method
        if verb == "ping":
            yield self._said({"method": "pong"}, wish.req_id)
        elif verb not in {"subscribe", "unsubscribe"} or params is None:
            text = "Unsupported method" if params else "Missing field(s): params"
            refusal = {"error": text, "method": verb, "success": False}
            yield self._said(refusal, wish.req_id)
        else:
            yield from self._obey(verb, params, wish.req_id)

    def _obey(
        self, verb: str, params: _Params, req_id: int | None
    ) -> Iterator[str | Message]:
        for symbol in params.symbol or [""]:
            error, stream = self._error(params, symbol), self._stream(params, symbol)
            reply: dict[str, object] = {"method": verb, "success": not error}
            if error:
                reply = {"error": error, **reply, "symbol": symbol}
                yield self._said(reply, req_id)
                continue
            yield self._said({**reply, "result": _echo(params, symbol)}, req_id)
            if verb == "unsubscribe":
                self.streams.pop(stream, None)
                continue
            self.streams.update({stream: None, HEARTBEAT: None})
            if params.snapshot:
                yield from self.floor.greet(stream)

    @staticmethod
    def _stream(params: _Params, symbol: str) -> str:
        channel = params.channel
        if channel == "book":
            channel = f"book-{params.depth}"
        elif channel == "ticker" and params.event_trigger == "trades":
            channel = BY_TRADES
        return f"{symbol}@{channel}"

    def _error(self, params: _Params, symbol: str) -> str:
        if params.channel == INSTRUMENT[1:]:
            return "Symbol not allowed" if symbol else ""
        if params.channel not in {"book", "ticker", "trade"}:
            return f"Channel not supported {params.channel}"
        if not symbol:
            return "Symbol(s) not found"
        if params.channel == "book" and params.depth not in DEPTHS:
            return "Subscription depth not supported"
        if self.floor.symbol_of(symbol) is None:
            return f"Currency pair not supported {symbol}"
        return ""

    def _said(self, reply: dict[str, object], req_id: int | None) -> str:
        now = iso(self.floor.now_ns, 6)
        timed = {**reply, "time_in": now, "time_out": now}
        if req_id is not None:
            timed["req_id"] = req_id
        return msgspec.json.encode(timed).decode()


def _echo(params: _Params, symbol: str) -> dict[str, object]:
    echo: dict[str, object] = {"channel": params.channel, "snapshot": params.snapshot}
    if symbol:
        echo["symbol"] = symbol
    if params.channel == "book":
        echo["depth"] = params.depth
    if params.channel == "ticker":
        echo["event_trigger"] = params.event_trigger
    return echo


def open_session(path: str, floor: Floor) -> Session | None:
    """Return the session for ``/v2``; None for any other path."""
    return KrakenSession(floor) if urlsplit(path).path == "/v2" else None


class _Thing(msgspec.Struct):
    symbol: str = ""


class _Recorded(msgspec.Struct):
    channel: str = ""
    data: list[_Thing] | dict[str, object] = []


_recorded: Final = msgspec.json.Decoder(_Recorded)


def about(frame: str | bytes) -> tuple[str | None, str]:
    """Return the stream that a frame names, or None, and its symbol, or nothing.

    A frame of a book does not tell its depth: it names no stream.
    """
    try:
        recorded = _recorded.decode(frame)
    except UNREADABLE:
        return None, ""
    if not isinstance(recorded.data, list):
        return None, ""
    symbols = {thing.symbol for thing in recorded.data if thing.symbol}
    if len(symbols) != 1:
        return None, ""
    symbol = symbols.pop()
    is_named = recorded.channel in {"trade", "ticker"}
    return f"{symbol}@{recorded.channel}" if is_named else None, symbol
