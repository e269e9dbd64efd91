"""Binance's spot protocol, the conversation: paths, subscriptions, answers, errors.

https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams

Errors have the flat form of that page. ``Invalid request: invalid stream`` is not on it
but is what the venue says (https://github.com/ccxt/ccxt/pull/19833). A stream that is
well spelt but not offered is acknowledged and silent, as on the venue.
"""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from connectors.exchange.message import Bare, Floor, Message, Payload, Session
from operators.records.base import UNREADABLE

DEPTH_PATH: Final = "/api/v3/depth"

_STREAM: Final = re.compile(r"[a-zA-Z0-9_.!-]+@[a-zA-Z0-9_@+:-]+")
_METHODS: Final = (
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "LIST_SUBSCRIPTIONS",
    "SET_PROPERTY",
    "GET_PROPERTY",
)

_ID_LENGTH: Final = 36

_BARE: Final = Bare()

_Id = int | str | None
_Json = dict[str, object] | list[object] | str | int | float | bool | None


class _RefusedError(Exception):
    """A request is answered with an error."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class BinanceSession:
    """One client's conversation with Binance.

    Attributes:
        streams: What it is subscribed to, in the order of subscription.
        combined: Whether each frame names its stream.
        floor: What it asks of the exchange: nothing.
    """

    def __init__(
        self, streams: list[str], *, combined: bool, floor: Floor = _BARE
    ) -> None:
        self.floor = floor
        self.streams = dict.fromkeys(streams)
        self.combined = combined

    def answer(self, request: str | bytes) -> Iterator[str]:
        """Do what the client asks; yield the acknowledgement or the error."""
        try:
            message = self._decode(request)
            request_id = self._id(message)
            result = self._obey(message)
        except _RefusedError as refused:
            error = {"code": refused.code, "msg": str(refused)}
            yield msgspec.json.encode(error).decode()
            return
        yield msgspec.json.encode({"result": result, "id": request_id}).decode()

    def hello(self) -> Iterator[str]:
        """Say nothing."""
        yield from ()

    def dress(self, message: Message) -> Payload:
        """Return what a message is on this connection."""
        return message.combined if self.combined else message.raw

    @staticmethod
    def _decode(request: str | bytes) -> dict[str, object]:
        try:
            message = msgspec.json.decode(request)
        except UNREADABLE as error:
            text = "Invalid JSON: expected value at line 1 column 1"
            raise _RefusedError(3, text) from error
        if not isinstance(message, dict) or "method" not in message:
            length = len(request)
            text = f"Invalid request: missing field `method` at line 1 column {length}"
            raise _RefusedError(2, text)
        return message

    @staticmethod
    def _id(message: dict[str, object]) -> _Id:
        request_id = message.get("id")
        if request_id is None or (
            isinstance(request_id, int) and not isinstance(request_id, bool)
        ):
            return request_id
        if isinstance(request_id, str) and len(request_id) <= _ID_LENGTH:
            return request_id
        text = "Invalid request: request ID must be an unsigned integer"
        raise _RefusedError(2, text)

    def _obey(self, message: dict[str, object]) -> _Json:
        match message["method"]:
            case "SUBSCRIBE":
                self.streams.update(dict.fromkeys(self._named(message)))
            case "UNSUBSCRIBE":
                for stream in self._named(message):
                    self.streams.pop(stream, None)
            case "LIST_SUBSCRIPTIONS":
                return list(self.streams)
            case "SET_PROPERTY" | "GET_PROPERTY":
                return self._property(message)
            case other:
                known = ", ".join(f"`{method}`" for method in _METHODS)
                text = f"unknown variant `{other}`, expected one of {known}"
                raise _RefusedError(2, f"Invalid request: {text}")
        return None

    @staticmethod
    def _named(message: dict[str, object]) -> list[str]:
        streams = message.get("params")
        if not isinstance(streams, list) or not streams:
            raise _RefusedError(2, "Invalid request: missing field `params`")
        for stream in streams:
            if not isinstance(stream, str) or not _STREAM.fullmatch(stream):
                raise _RefusedError(2, "Invalid request: invalid stream")
        return streams

    def _property(self, message: dict[str, object]) -> _Json:
        params = message.get("params")
        if not isinstance(params, list) or not params or not isinstance(params[0], str):
            text = "Invalid request: property name must be a string"
            raise _RefusedError(2, text)
        if params[0] != "combined":
            raise _RefusedError(0, "Unknown property")
        if message["method"] == "GET_PROPERTY":
            return self.combined
        if not isinstance(params[-1], bool):
            raise _RefusedError(1, "Invalid value type: expected Boolean")
        self.combined = params[-1]
        return None


def open_session(path: str, floor: Floor = _BARE) -> Session | None:
    """Return the session for ``/ws...`` or ``/stream...``; None for any other path."""
    url = urlsplit(path)
    if url.path.rstrip("/") == "/stream":
        named = parse_qs(url.query).get("streams", [""])[0]
        streams = [stream for stream in named.split("/") if stream]
        return BinanceSession(streams, combined=True, floor=floor)
    if url.path == "/ws" or url.path.startswith("/ws/"):
        named = unquote(url.path.removeprefix("/ws"))
        streams = [stream for stream in named.split("/") if stream]
        return BinanceSession(streams, combined=False, floor=floor)
    return None


class _Payload(msgspec.Struct):
    s: str = ""


class _Envelope(msgspec.Struct):
    stream: str | None = None
    data: _Payload | None = None
    s: str = ""


class _Snapshot(msgspec.Struct):
    lastUpdateId: int  # noqa: N815 - as the venue spells it


_envelope: Final = msgspec.json.Decoder(_Envelope)
_snapshot: Final = msgspec.json.Decoder(_Snapshot)


def about(frame: str | bytes) -> tuple[str | None, str]:
    """Return the stream that a frame names, or None, and its symbol, or nothing."""
    try:
        envelope = _envelope.decode(frame)
    except UNREADABLE:
        return None, ""
    return envelope.stream, envelope.data.s if envelope.data else envelope.s


def kind_of(stream: str) -> str:
    """Return what the frames of a stream count as."""
    return stream.partition("@")[2]


def asked(path: str) -> tuple[str, str]:
    """Return the end-point and the symbol (or nothing) that a REST path asks for."""
    url = urlsplit(path)
    return url.path, parse_qs(url.query).get("symbol", [""])[0]


def snapshot_path(body: str | bytes) -> str | None:
    """Return the end-point of a body of unknown origin, if it is a book's snapshot."""
    try:
        _snapshot.decode(body)
    except UNREADABLE:
        return None
    return DEPTH_PATH
