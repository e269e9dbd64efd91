"""Frames of a connection -> what its lines bring of each symbol, and how they do."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from operators.market.decode import Decode, DecodeParams, Line, Parser
from operators.market.heard import Heard, Moved
from operators.market.reading import Readings, Since
from operators.records.dead import DeadLetter
from operators.records.frame import Frame, FrameKind, Ignored
from operators.records.health import Reading

_WS: Final = FrameKind.WS
_UNHEARD: Final = (Ignored, DeadLetter)

Listened = Heard | Moved | Ignored | DeadLetter | Reading


class ListenState(msgspec.Struct):
    """What :class:`Listen` remembers of one connection, by ``connection/line``.

    Attributes:
        lines: What is known of each line.
        since: What has come of each since its last reading.
    """

    lines: dict[str, Line]
    since: dict[str, Since]


class Listen:
    """Decode the frames of one connection, and say which line brought what.

    When a line opens or closes, every symbol that it has brought is told. What is said
    of a line's second is said before what the first frame of a later one holds.

    In:  Frame, one connection, each line in order of arrival.
    Out: Heard, Moved, Ignored, DeadLetter, Reading.
    """

    def __init__(self, params: DecodeParams, parsers: Mapping[str, Parser]) -> None:
        self._decode = Decode(params, parsers)
        self._readings = Readings()
        self._keys: dict[tuple[str, str], str] = {}

    @property
    def state(self) -> ListenState:
        """What is remembered."""
        return ListenState(self._decode.state, self._readings.state)

    @state.setter
    def state(self, state: ListenState) -> None:
        self._decode.state, self._readings.state = state.lines, state.since

    def update(self, frames: Iterable[Frame]) -> Iterator[Listened]:
        """Take in frames; yield what each line brings."""
        decode, take = self._decode.decode, self._readings.take
        keys = self._keys
        for frame in frames:
            line = f"{frame.connection}/{frame.line}"
            said = decode(frame, line)
            due = take(line, frame, self._decode.held)
            if due:
                yield from due
            if frame.kind is not _WS:
                yield from self._moved(frame, line)
            for each in said:
                if isinstance(each, _UNHEARD):
                    yield each
                    continue
                place = (each.venue, each.symbol)
                key = keys.get(place)
                if key is None:
                    key = keys.setdefault(place, each.key)
                yield Heard(key, line, each)

    def close(self) -> Iterator[Listened]:
        """Say what has come of each line in its unfinished second."""
        yield from self._readings.close()

    def _moved(self, frame: Frame, line: str) -> Iterator[Moved]:
        if frame.kind is not FrameKind.OPEN and frame.kind is not FrameKind.CLOSE:
            return
        known = self._decode.state.get(line)
        for symbol in known.symbols if known else ():
            key = f"{frame.venue}:{symbol}"
            is_open = frame.kind is FrameKind.OPEN
            yield Moved(key, line, is_open, frame.received_ns)
