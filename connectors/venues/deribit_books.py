"""The books of Deribit, and what all its frames have in common.

https://docs.deribit.com/subscriptions/orderbook/bookinstrument_nameinterval
"""

from collections.abc import Callable
from typing import Annotated, Generic, Literal, NamedTuple, TypeVar

import msgspec

from connectors.venues.kraken import dated
from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError
from operators.records.frame import Frame
from operators.records.market import BookDelta, BookSnapshot, Level
from operators.records.time import MS

# A number that a float or a 64-bit column can hold: no overflow, neither of it nor of a
# price times a quantity.
Number = Annotated[float, msgspec.Meta(ge=-1e150, le=1e150)]
Quantity = Annotated[float, msgspec.Meta(ge=0, le=1e150)]
Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Millis = Annotated[int, msgspec.Meta(ge=0, le=9 * 10**12)]
_T_co = TypeVar("_T_co", covariant=True)


class Params(msgspec.Struct, Generic[_T_co]):
    """What a channel brings."""

    channel: str
    data: _T_co


class Push(msgspec.Struct, Generic[_T_co]):
    """A notification."""

    params: Params[_T_co]


class Origin(NamedTuple):
    """What is known of a frame besides its text.

    Attributes:
        frame: The frame.
        line: What is known of its line.
        venue: The venue's name.
        channel: The channel that it began with.
        canonical: The names of its symbols.
    """

    frame: Frame
    line: Line
    venue: str
    channel: str
    canonical: Callable[[str], str]

    def symbol(self, channel: str, name: str) -> str:
        """Return whose frame it is.

        Raises:
            NotARecordError: If it is of another channel than it began with, or of
                another instrument than its channel, or of none that has a name.
        """
        self.check(channel)
        named = channel.partition(".")[2].partition(".")[0]
        if named != name:
            raise NotARecordError(f"`{name[:40]}` on the channel of `{named[:40]}`")
        return self.canonical(name)

    def check(self, channel: str) -> None:
        """Refuse a frame that goes on to state another channel than it began with.

        Raises:
            NotARecordError: If it does.
        """
        if channel != self.channel:
            raise NotARecordError(f"channel stated twice, also `{channel[:40]}`")


class _Change(msgspec.Struct, array_like=True, gc=False):
    action: Literal["new", "change", "delete"]
    price: Number
    amount: Quantity


class _Book(msgspec.Struct):
    instrument_name: str
    timestamp: Millis
    change_id: Id
    bids: tuple[_Change, ...]
    asks: tuple[_Change, ...]
    type: Literal["snapshot", "change"]
    prev_change_id: Id | None = None


_push = msgspec.json.Decoder(Push[_Book])


def booked(text: str, origin: Origin) -> Parsed:
    """Return what a frame of a book says.

    Raises:
        NotARecordError: If the frame is not what the venue documents; likewise any of
            ``UNREADABLE``.
    """
    wire = _push.decode(text).params
    book, frame = wire.data, origin.frame
    symbol = origin.symbol(wire.channel, book.instrument_name)
    event_ns, venue_ns = dated(book.timestamp * MS, frame, origin.line)
    bids, asks = _levels(book.bids), _levels(book.asks)
    if book.type == "snapshot":
        snapshot = BookSnapshot(
            venue=origin.venue,
            symbol=symbol,
            event_ns=event_ns,
            received_ns=frame.received_ns,
            sequence=book.change_id,
            bids=bids,
            asks=asks,
        )
        return Parsed((snapshot,), venue_ns)
    if book.prev_change_id is None:
        raise NotARecordError("a change without `prev_change_id` - at `$.params.data`")
    delta = BookDelta(
        venue=origin.venue,
        symbol=symbol,
        event_ns=event_ns,
        received_ns=frame.received_ns,
        sequence=book.change_id,
        previous=book.prev_change_id,
        bids=bids,
        asks=asks,
    )
    return Parsed((delta,), venue_ns)


def _levels(changes: tuple[_Change, ...]) -> tuple[Level, ...]:
    return tuple(
        [
            (each.price, 0.0 if each.action == "delete" else each.amount)
            for each in changes
        ]
    )
