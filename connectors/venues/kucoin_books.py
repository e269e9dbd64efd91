"""The books of KuCoin's spot market, and what all its frames have in common.

https://www.kucoin.com/docs-new/3470068w0 (orderbook, increment)
https://www.kucoin.com/docs-new/rest/spot-trading/market-data/get-full-orderbook
"""

from collections.abc import Callable
from typing import Annotated, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

import msgspec

from operators.market.decode import Line, Parsed
from operators.records.base import NotARecordError
from operators.records.frame import Frame
from operators.records.market import BookDelta, BookSnapshot, Level
from operators.records.time import MS

# As the venue spells them.
# ruff: noqa: N815

_ENDS: Final = ("/market/orderbook/level2", "/market/orderbook/level2_100")
_ANSWERED: Final = "200000"

# A number that a float or a 64-bit column can hold: no NaN, no infinity, no overflow,
# neither of it nor of a price times a quantity.
Number = Annotated[float, msgspec.Meta(ge=-1e150, le=1e150)]
Quantity = Annotated[float, msgspec.Meta(ge=0, le=1e150)]
Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Millis = Annotated[int, msgspec.Meta(ge=0, le=9 * 10**12)]
Canonical = Callable[[str], str]


class Origin(NamedTuple):
    """What is known of a frame besides its text.

    Attributes:
        frame: The frame.
        line: What is known of its line.
        venue: The venue's name.
        topic: The topic that it seemed to be of.
        canonical: The names of its symbols.
    """

    frame: Frame
    line: Line
    venue: str
    topic: str
    canonical: Canonical

    def symbol(self, topic: str, name: str) -> str:
        """Return whose frame it is.

        Raises:
            NotARecordError: If it is of another topic than it seemed, or of another
                symbol than its topic, or of none of ours.
        """
        if topic != self.topic:
            raise NotARecordError(f"topic stated twice, also `{topic[:40]}`")
        named = topic.partition(":")[2]
        if named not in {name, "all"}:
            raise NotARecordError(f"`{name[:40]}` on the topic of `{named[:40]}`")
        return self.canonical(name)


class _Change(msgspec.Struct, array_like=True, gc=False):
    price: Number
    size: Quantity


class _Changes(msgspec.Struct):
    asks: tuple[_Change, ...]
    bids: tuple[_Change, ...]


class _Delta(msgspec.Struct):
    changes: _Changes
    sequenceStart: Id
    sequenceEnd: Id
    symbol: str
    time: Millis | None = None


class _DeltaPush(msgspec.Struct):
    topic: str
    data: _Delta


class _Book(msgspec.Struct):
    time: Millis
    sequence: Id
    bids: tuple[tuple[Number, Quantity], ...]
    asks: tuple[tuple[Number, Quantity], ...]


class _Answer(msgspec.Struct):
    code: str
    data: msgspec.Raw = msgspec.Raw()


_delta = msgspec.json.Decoder(_DeltaPush, strict=False)
_answer = msgspec.json.Decoder(_Answer)
_book = msgspec.json.Decoder(_Book, strict=False)


def changed(text: str, origin: Origin) -> Parsed:
    """Return the change of a book that a frame tells.

    Raises:
        NotARecordError: If it is not what the venue documents; likewise any of
            ``UNREADABLE``.
    """
    wire = _delta.decode(text)
    delta, frame = wire.data, origin.frame
    if delta.sequenceEnd < delta.sequenceStart:
        raise NotARecordError("`sequenceEnd` before `sequenceStart` - at `$.data`")
    stated_ns = None if delta.time is None else delta.time * MS
    event = BookDelta(
        venue=origin.venue,
        symbol=origin.symbol(wire.topic, delta.symbol),
        event_ns=stated_ns or origin.line.now_ns(frame.received_ns),
        received_ns=frame.received_ns,
        first_sequence=delta.sequenceStart,
        sequence=delta.sequenceEnd,
        previous=delta.sequenceStart - 1,
        bids=_levels(delta.changes.bids),
        asks=_levels(delta.changes.asks),
    )
    return Parsed((event,), stated_ns)


def _levels(changes: tuple[_Change, ...]) -> tuple[Level, ...]:
    """Return the levels that change: at price 0 there is none."""
    return tuple([(each.price, each.size) for each in changes if each.price])


def fetched(frame: Frame, venue: str, canonical: Canonical) -> Parsed:
    """Return the book that was fetched, if one was.

    Raises:
        NotARecordError: As :func:`changed`.
    """
    try:
        address = urlsplit(frame.url)
        query = parse_qs(address.query)
    except ValueError as error:
        raise NotARecordError(f"{error} - at `url`") from error
    if not address.path.endswith(_ENDS):
        return Parsed(ignored="fetched")
    answer = _answer.decode(frame.payload)
    if answer.code != _ANSWERED:
        return Parsed(ignored="error reply")
    book = _book.decode(answer.data)
    snapshot = BookSnapshot(
        venue=venue,
        symbol=canonical(query.get("symbol", [""])[0]),
        event_ns=book.time * MS,
        received_ns=frame.received_ns,
        sequence=book.sequence,
        bids=book.bids,
        asks=book.asks,
        fetched=True,
    )
    return Parsed((snapshot,))
