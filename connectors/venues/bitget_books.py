"""The books of Bitget, and what all its frames have in common.

https://www.bitget.com/api-doc/spot/websocket/public/Depth-Channel
"""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar

import msgspec

from connectors.venues.kraken import dated
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError
from operators.records.frame import Frame
from operators.records.market import BookDelta, BookSnapshot, Top
from operators.records.time import MS

# As the venue spells them.
# ruff: noqa: N815

# A number that a float or a 64-bit column can hold: no NaN, no infinity, no overflow,
# neither of it nor of a price times a quantity.
Number = Annotated[float, msgspec.Meta(ge=-1e150, le=1e150)]
Quantity = Annotated[float, msgspec.Meta(ge=0, le=1e150)]
Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Millis = Annotated[int, msgspec.Meta(ge=0, le=9 * 10**12)]
Digits = Annotated[str, msgspec.Meta(max_length=64)]
_Checksum = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
_T_co = TypeVar("_T_co", covariant=True)


class Arg(msgspec.Struct, gc=False):
    """What was subscribed to."""

    channel: str = ""
    instType: str = ""
    instId: str = ""


class Push(msgspec.Struct, Generic[_T_co]):
    """What a channel brings; v1 does not say when it was sent."""

    arg: Arg
    action: Literal["snapshot", "update"]
    data: tuple[_T_co, ...]
    ts: Millis = 0


class Origin(NamedTuple):
    """What is known of a frame besides its text.

    Attributes:
        frame: The frame.
        line: What is known of its line.
        venue: The venue's name.
        channel: The channel that it seemed to be of.
        canonical: The names of its symbols.
    """

    frame: Frame
    line: Line
    venue: str
    channel: str
    canonical: Callable[[str], str]

    def symbol(self, arg: Arg) -> str:
        """Return whose frame it is.

        Raises:
            NotARecordError: If it is of another channel, or of no symbol of ours.
        """
        if arg.channel != self.channel:
            raise NotARecordError(f"channel stated twice, also `{arg.channel[:40]}`")
        return self.canonical(f"{arg.instType}/{arg.instId}")

    def event_ns(self, stated_ms: int) -> int:
        """Return when something happened: what was long ago is true now."""
        return dated(stated_ms * MS, self.frame, self.line)[0]

    def venue_ns(self, sent_ms: int, told_ms: Iterable[int]) -> int | None:
        """Return the venue's clock: in v1, the newest time that is told."""
        stated_ms = sent_ms or max(told_ms, default=0)
        return dated(stated_ms * MS, self.frame, self.line)[1]


_Level = tuple[Number, Quantity]
_Text = tuple[Digits, Digits]


class _Book(msgspec.Struct):
    asks: tuple[_Level, ...]
    bids: tuple[_Level, ...]
    ts: Millis
    checksum: _Checksum = 0
    seq: Id | None = None
    pseq: Id | None = None


class _Texts(msgspec.Struct):
    asks: tuple[_Text, ...]
    bids: tuple[_Text, ...]


_books = msgspec.json.Decoder(Push[_Book], strict=False)
_texts = msgspec.json.Decoder(Push[_Texts], strict=False)


def topped(text: str, origin: Origin) -> Parsed:
    """Return the best bid and ask that a frame tells.

    Raises:
        NotARecordError: As :func:`booked`.
    """
    wire = _books.decode(text)
    symbol = origin.symbol(wire.arg)
    tops = [
        Top(
            venue=origin.venue,
            symbol=symbol,
            event_ns=origin.event_ns(book.ts),
            received_ns=origin.frame.received_ns,
            bid=book.bids[0][0],
            bid_quantity=book.bids[0][1],
            ask=book.asks[0][0],
            ask_quantity=book.asks[0][1],
        )
        for book in wire.data
        if book.bids and book.asks
    ]
    venue_ns = origin.venue_ns(wire.ts, [book.ts for book in wire.data])
    return Parsed(tops, venue_ns, "" if tops else "one-sided top")


def booked(text: str, origin: Origin) -> Parsed:
    """Return what a frame of a book says.

    Raises:
        NotARecordError: If it is of another channel, or of no symbol of ours;
            likewise any of ``UNREADABLE``.
    """
    wire = _books.decode(text)
    symbol = origin.symbol(wire.arg)
    has_texts = any(book.checksum for book in wire.data)
    texts = _texts.decode(text).data if has_texts else ()
    events: list[BookSnapshot | BookDelta] = []
    for number, book in enumerate(wire.data):
        said: dict[str, Any] = {
            "venue": origin.venue,
            "symbol": symbol,
            "event_ns": origin.event_ns(book.ts),
            "received_ns": origin.frame.received_ns,
            "sequence": None if book.pseq is None else book.seq,
            "bids": book.bids,
            "asks": book.asks,
        }
        if book.checksum:
            said["checksum"] = book.checksum
            said["bid_texts"] = _joined(texts[number].bids)
            said["ask_texts"] = _joined(texts[number].asks)
        if wire.action == "snapshot":
            events.append(BookSnapshot(**said))
        else:
            events.append(BookDelta(**said, previous=book.pseq))
    venue_ns = origin.venue_ns(wire.ts, [book.ts for book in wire.data])
    return Parsed(events, venue_ns, "" if events else "empty books")


def _joined(texts: tuple[_Text, ...]) -> tuple[str, ...]:
    """Return what each level contributes to the checksum, in the venue's own digits."""
    return tuple([f"{price}:{size}" for price, size in texts])
