"""Frames of a connection -> what they say, or why they say nothing.

Every frame becomes market records, or one :class:`Ignored`, or one
:class:`DeadLetter`: nothing is dropped in silence.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Final, Protocol

import msgspec

from operators.market.redriven import is_redriven
from operators.records.base import UNREADABLE, NotARecordError
from operators.records.connection import ConnectionEvent
from operators.records.dead import DeadLetter
from operators.records.frame import Frame, FrameKind, Ignored
from operators.records.market import Gap, Heartbeat, MarketEvent
from operators.records.time import SECOND
from operators.records.topics import FRAMES

Decoded = MarketEvent | Ignored | DeadLetter

# An error may quote what the venue sent, all of it.
_LONGEST_REASON = 500
_WS: Final = FrameKind.WS
_REST: Final = FrameKind.REST
_status: Final = msgspec.json.Decoder(ConnectionEvent)


class DecodeParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`Decode`.

    Attributes:
        max_frame_bytes: A longer frame is not parsed [bytes].
        max_skew_s: A record whose event lies further than this from its arrival,
            either way, is not believed [s].
        max_symbols: How many symbols a line may bring; a frame of one more is not
            believed, for each of them is remembered, and told of time.
    """

    max_frame_bytes: Annotated[int, msgspec.Meta(ge=1_000)] = 8_000_000
    max_skew_s: Annotated[int, msgspec.Meta(ge=1)] = 86_400
    max_symbols: Annotated[int, msgspec.Meta(ge=1)] = 10_000


class Line(msgspec.Struct):
    """What is known of one line of a connection.

    Attributes:
        venue_ns: The venue's clock: the latest time it has stated [ns UTC], or None.
        symbols: Every symbol seen, in order of first sight.
        sequence: The line's own counter, where the venue has one, since it was opened.
    """

    venue_ns: int | None = None
    symbols: dict[str, None] = msgspec.field(default_factory=dict)
    sequence: int | None = None

    def now_ns(self, received_ns: int) -> int:
        """Estimate the venue's clock at an arrival, for what the venue does not date.

        The latest time it has stated; our own arrival until it has stated one.
        """
        return received_ns if self.venue_ns is None else self.venue_ns


class Parsed(msgspec.Struct, frozen=True, gc=False):
    """What a received frame says.

    Attributes:
        events: Its records, in order.
        venue_ns: The time that the venue states in it, if any [ns UTC].
        ignored: Where it deliberately yields no record, why, in a word or two.
        sequence: The line's own counter, where the venue has one that rises by one
            with every message of the connection.
    """

    events: Sequence[MarketEvent] = ()
    venue_ns: int | None = None
    ignored: str = ""
    sequence: int | None = None


Held = Parsed | ConnectionEvent | None
"""What a frame was found to hold; None where that is nothing, or cannot be read."""


class Parser(Protocol):
    """A venue's pure parser."""

    def __call__(self, frame: Frame, line: Line) -> Parsed:
        """Return what a received frame says; the line is there to be read only.

        Raises:
            NotARecordError: If the frame is not what the venue documents; likewise any
                of ``UNREADABLE``.
        """
        ...


class Decode:
    """Parse the frames of one connection, and let time pass for its symbols.

    The venue's clock is read off its own events, never off ours, so a recorder whose
    clock is wrong does no harm. Whenever it reaches a new second, each symbol of the
    line gets a :class:`Heartbeat` on that second. Where the venue counts all messages
    of a connection, a hole in that count is a :class:`Gap` of each of its symbols.
    A frame that is driven again is parsed aside: it moves no clock and no counter.

    In:  Frame, one connection, each line in order of arrival.
    Out: MarketEvent, Ignored or DeadLetter, at least one a frame.

    Attributes:
        state: What is known of each line.
        held: What the newest frame held.
    """

    def __init__(self, params: DecodeParams, parsers: Mapping[str, Parser]) -> None:
        self.held: Held = None
        self._params = params
        self._parsers = parsers
        self.state: dict[str, Line] = {}

    def update(self, frames: Iterable[Frame]) -> Iterator[Decoded]:
        """Take in frames; yield what each of them says."""
        for frame in frames:
            yield from self.decode(frame, f"{frame.connection}/{frame.line}")

    def decode(self, frame: Frame, name: str) -> Sequence[Decoded]:
        """Take in a frame of the line ``connection/line``; return what it says."""
        line = self.state.get(name)
        if line is None:
            line = Line()
            if not is_redriven(name):
                self.state[name] = line
        self.held = None
        if frame.kind is not _WS and frame.kind is not _REST:
            return (self._aside(frame, line),)
        try:
            self.held = parsed = self._parse(frame, line)
        except UNREADABLE as error:
            return (_dead(frame, str(error)),)
        said: Sequence[Decoded] = parsed.events
        if parsed.ignored:
            said = (Ignored(**frame.place, reason=parsed.ignored),)
        if parsed.sequence is not None:
            said = [*_missed(frame, line, parsed.sequence), *said]
        if parsed.venue_ns is not None and parsed.venue_ns != line.venue_ns:
            return [*said, *_pass_time(frame, line, parsed.venue_ns)]
        return said

    def close(self) -> Iterable[Decoded]:
        """Nothing is left to say at the end."""
        return ()

    def _aside(self, frame: Frame, line: Line) -> Ignored | DeadLetter:
        """Take in what the venue did not say."""
        if frame.kind is FrameKind.OPEN or frame.kind is FrameKind.CLOSE:
            line.sequence = None
        elif frame.kind is FrameKind.STATUS:
            try:
                self.held = _status.decode(frame.payload)
            except UNREADABLE as error:
                return _dead(frame, str(error))
        return Ignored(**frame.place, reason=frame.kind.value)

    def _parse(self, frame: Frame, line: Line) -> Parsed:
        octets, limit = size(frame.payload), self._params.max_frame_bytes
        if octets > limit:
            text = f"frame of {octets} bytes exceeds the limit of {limit}"
            raise NotARecordError(text)
        parser = self._parsers.get(frame.venue)
        if parser is None:
            raise NotARecordError(f"unknown venue `{frame.venue}`")
        parsed = parser(frame, line)
        if not parsed.events and not parsed.ignored:
            raise NotARecordError("the frame holds no record at all")
        self._check_times(parsed, frame.received_ns)
        symbols = line.symbols
        for event in parsed.events:
            if event.symbol not in symbols:
                self._meet(event.symbol, symbols)
        return parsed

    def _meet(self, symbol: str, symbols: dict[str, None]) -> None:
        if len(symbols) >= self._params.max_symbols:
            raise NotARecordError(f"one symbol too many on the line: `{symbol}`")
        symbols[symbol] = None

    def _check_times(self, parsed: Parsed, received_ns: int) -> None:
        bound_ns = self._params.max_skew_s * SECOND
        low_ns, high_ns = received_ns - bound_ns, received_ns + bound_ns
        for event in parsed.events:
            if not low_ns <= event.event_ns <= high_ns:
                raise NotARecordError(_skewed("event", event.event_ns, received_ns))
        venue_ns = parsed.venue_ns
        if venue_ns is not None and not low_ns <= venue_ns <= high_ns:
            raise NotARecordError(_skewed("venue", venue_ns, received_ns))


def size(payload: str | bytes) -> int:
    """Return how long a payload is on the wire [bytes]."""
    if isinstance(payload, str) and not payload.isascii():
        return len(payload.encode())
    return len(payload)


def _skewed(what: str, stated_ns: int, received_ns: int) -> str:
    apart_s = abs(stated_ns - received_ns) // SECOND
    return f"{what} time {stated_ns} ns is {apart_s} s from arrival, {received_ns} ns"


def _missed(frame: Frame, line: Line, number: int) -> Iterator[Gap]:
    """Yield a gap a symbol where the line's own counter has a hole."""
    last = line.sequence
    line.sequence = number if last is None else max(last, number)
    if last is None or number <= last + 1:
        return
    for symbol in line.symbols:
        yield Gap(
            venue=frame.venue,
            symbol=symbol,
            event_ns=line.now_ns(frame.received_ns),
            received_ns=frame.received_ns,
            last=last,
            next=number,
            reason="line",
        )


def _pass_time(frame: Frame, line: Line, venue_ns: int) -> Iterator[Heartbeat]:
    """Move the line's clock; yield a heartbeat a symbol on each new second."""
    before_ns = line.venue_ns
    if before_ns is not None and venue_ns <= before_ns:
        return
    line.venue_ns = venue_ns
    second = venue_ns // SECOND
    if before_ns is None or second == before_ns // SECOND:
        return
    for symbol in line.symbols:
        yield Heartbeat(
            venue=frame.venue,
            symbol=symbol,
            event_ns=second * SECOND,
            received_ns=frame.received_ns,
        )


def _dead(frame: Frame, reason: str) -> DeadLetter:
    raw = frame.payload
    data = raw.encode() if isinstance(raw, str) else raw
    return DeadLetter(
        **frame.place,
        topic=FRAMES.name,
        url=frame.url,
        reason=reason[:_LONGEST_REASON],
        raw=data,
        size=len(data),
    )
