"""The books of OKX, and what all its frames have in common.

https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-order-book-channel
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Final, Generic, Literal, TypeVar

import msgspec

from operators.market.decode import Parsed
from operators.records.base import NotARecordError
from operators.records.frame import Frame
from operators.records.market import BookDelta, BookSnapshot, Level
from operators.records.time import MS

# As the venue spells them.
# ruff: noqa: N815

# A number that a float or a 64-bit column can hold: no NaN, no infinity, no overflow,
# neither of it nor of a price times a quantity.
Number = Annotated[float, msgspec.Meta(ge=-1e150, le=1e150)]
Quantity = Annotated[float, msgspec.Meta(ge=0, le=1e150)]
Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Previous = Annotated[int, msgspec.Meta(ge=-1, le=2**63 - 1)]
Millis = Annotated[int, msgspec.Meta(ge=0, le=9 * 10**12)]
_Digits = Annotated[str, msgspec.Meta(max_length=64)]
_Checksum = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]

DEPTHS: Final = {"books": 400, "books-l2-tbt": 400, "books50-l2-tbt": 50}
"""The channels that keep up a book, and how many levels a side of it."""

_NO_TEXTS: Final[tuple[str, ...]] = ()
_T_co = TypeVar("_T_co", covariant=True)
Canonical = Callable[[str], str]


class Arg(msgspec.Struct, gc=False):
    """What was subscribed to."""

    channel: str = ""
    instId: str = ""


class Push(msgspec.Struct, Generic[_T_co]):
    """What a channel brings."""

    arg: Arg
    data: tuple[_T_co, ...]


class PriceLevel(msgspec.Struct, array_like=True, gc=False):
    """A price, the quantity there, and more that is not used."""

    price: Number
    size: Quantity


class _Text(msgspec.Struct, array_like=True, gc=False):
    price: _Digits
    size: _Digits


class _Book(msgspec.Struct):
    asks: tuple[PriceLevel, ...]
    bids: tuple[PriceLevel, ...]
    ts: Millis
    checksum: _Checksum = 0
    seqId: Id | None = None
    prevSeqId: _Previous | None = None


class _Texts(msgspec.Struct):
    asks: tuple[_Text, ...]
    bids: tuple[_Text, ...]


class _Books(Push[_Book], kw_only=True):
    action: Literal["snapshot", "update"]


_books = msgspec.json.Decoder(_Books, strict=False)
_texts = msgspec.json.Decoder(Push[_Texts])


def symbol_of(arg: Arg, channel: str, canonical: Canonical) -> str:
    """Return whose frame it is, if of the channel that it began with.

    Raises:
        NotARecordError: If it is of another channel, or of no symbol of ours.
    """
    if arg.channel != channel:
        raise NotARecordError(f"channel stated twice, also `{arg.channel[:40]}`")
    return canonical(arg.instId)


def booked(
    frame: Frame, text: str, channel: str, venue: str, canonical: Canonical
) -> Parsed:
    """Return what a frame of a book says.

    Raises:
        NotARecordError: If it is of another channel, or of no symbol of ours;
            likewise any of ``UNREADABLE``.
    """
    wire = _books.decode(text)
    symbol = symbol_of(wire.arg, channel, canonical)
    texts: Sequence[_Texts] = ()
    if any(book.checksum for book in wire.data):
        texts = _texts.decode(text).data
    events: list[BookSnapshot | BookDelta] = []
    for number, book in enumerate(wire.data):
        of_bids = of_asks = _NO_TEXTS
        if book.checksum:
            of_bids, of_asks = (
                _joined(texts[number].bids),
                _joined(texts[number].asks),
            )
        if wire.action == "snapshot":
            event: BookSnapshot | BookDelta = BookSnapshot(
                venue=venue,
                symbol=symbol,
                event_ns=book.ts * MS,
                received_ns=frame.received_ns,
                sequence=book.seqId,
                bids=_levels(book.bids),
                asks=_levels(book.asks),
                depth=DEPTHS[channel],
                checksum=book.checksum or None,
                bid_texts=of_bids,
                ask_texts=of_asks,
            )
        else:
            event = BookDelta(
                venue=venue,
                symbol=symbol,
                event_ns=book.ts * MS,
                received_ns=frame.received_ns,
                sequence=book.seqId,
                previous=book.prevSeqId,
                bids=_levels(book.bids),
                asks=_levels(book.asks),
                checksum=book.checksum or None,
                bid_texts=of_bids,
                ask_texts=of_asks,
            )
        events.append(event)
    stated_ms = max([book.ts for book in wire.data], default=0)
    reason = "" if events else f"empty {channel}"
    return Parsed(events, stated_ms * MS or None, reason)


def _levels(levels: tuple[PriceLevel, ...]) -> tuple[Level, ...]:
    return tuple([(level.price, level.size) for level in levels])


def _joined(texts: tuple[_Text, ...]) -> tuple[str, ...]:
    """Return what each level contributes to the checksum, in the venue's own digits."""
    return tuple([f"{text.price}:{text.size}" for text in texts])
