"""OKX's v5 protocol, the conversation: channels, answers, errors.

https://www.okx.com/docs-v5/en/#overview-websocket-subscribe

Each argument is answered by itself. ``ping`` as bare text is answered with ``pong``.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import msgspec

from connectors.exchange.message import Floor, Message, Payload, Session
from operators.records.base import UNREADABLE

CHANNELS: Final = ("trades", "books", "bbo-tbt", "mark-price", "funding-rate")
_OF_CONTRACTS: Final = ("mark-price", "funding-rate")
_CONNECTION: Final = "a4d3ae55"


class _Arg(msgspec.Struct):
    channel: str
    instId: str  # noqa: N815 - as the venue spells it


class _Request(msgspec.Struct):
    op: str
    args: list[_Arg]


_request: Final = msgspec.json.Decoder(_Request)


class OkxSession:
    """One client's conversation with OKX.

    Attributes:
        streams: What it is subscribed to, in the order of subscription.
        floor: What it asks of the exchange.
    """

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.streams: dict[str, None] = {}

    def hello(self) -> Iterator[str]:
        """Say nothing of itself."""
        yield from ()

    def dress(self, message: Message) -> Payload:
        """Return a message as it is."""
        return message.raw

    def answer(self, request: str | bytes) -> Iterator[str | Message]:
        """Do what the client asks; yield the answers, and what it is sent first."""
        if request in {"ping", b"ping"}:
            yield "pong"
            return
        try:
            wish = _request.decode(request)
        except UNREADABLE:
            text = request if isinstance(request, str) else request.decode("latin-1")
            yield _error("60012", f"Invalid request: {text}")
            return
        if wish.op not in {"subscribe", "unsubscribe"}:
            yield _error("60012", f"Invalid request: unknown op {wish.op}")
            return
        for arg in wish.args:
            yield from self._obey(wish.op, arg)

    def _obey(self, verb: str, arg: _Arg) -> Iterator[str | Message]:
        stream = f"{arg.instId}@{arg.channel}"
        symbol = self.floor.symbol_of(arg.instId)
        spot = arg.channel in _OF_CONTRACTS and not arg.instId.endswith("-SWAP")
        if symbol is None or arg.channel not in CHANNELS or spot:
            yield _error(
                "60018",
                f"Wrong URL or channel:{arg.channel},instId:{arg.instId} doesn't "
                "exist. Please use the correct URL, channel and parameters referring "
                "to API document.",
            )
            return
        yield _said({"event": verb, "arg": arg, "connId": _CONNECTION})
        if verb == "subscribe":
            self.streams[stream] = None
            yield from self.floor.greet(stream)
        else:
            self.streams.pop(stream, None)


def open_session(path: str, floor: Floor) -> Session | None:
    """Return the session for the public path; None for any other."""
    return OkxSession(floor) if urlsplit(path).path == "/ws/v5/public" else None


def _error(code: str, text: str) -> str:
    return _said({"event": "error", "code": code, "msg": text, "connId": _CONNECTION})


def _said(reply: dict[str, object]) -> str:
    return msgspec.json.encode(reply).decode()


class _Recorded(msgspec.Struct):
    arg: _Arg | None = None
    event: str = ""


_recorded: Final = msgspec.json.Decoder(_Recorded)


def about(frame: str | bytes) -> tuple[str | None, str]:
    """Return the stream that a frame names, or None, and its symbol, or nothing."""
    try:
        recorded = _recorded.decode(frame)
    except UNREADABLE:
        return None, ""
    arg = recorded.arg
    if arg is None:
        return None, ""
    return None if recorded.event else f"{arg.instId}@{arg.channel}", arg.instId
