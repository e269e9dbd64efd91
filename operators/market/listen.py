"""Frames of a connection -> what its lines bring of each symbol."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from operators.market.decode import Decode, Decoded, DecodeParams, Line, Parser
from operators.market.heard import Heard, Moved
from operators.records.dead import DeadLetter
from operators.records.frame import Frame, FrameKind, Ignored

Listened = Heard | Moved | Ignored | DeadLetter


class Listen:
    """Decode the frames of one connection, and say which line brought what.

    When a line opens or closes, every symbol that it has brought is told.

    In:  Frame, one connection, each line in order of arrival.
    Out: Heard, Moved, Ignored, DeadLetter.
    """

    def __init__(self, params: DecodeParams, parsers: Mapping[str, Parser]) -> None:
        self._decode = Decode(params, parsers)
        self._keys: dict[tuple[str, str], str] = {}

    @property
    def state(self) -> dict[str, Line]:
        """What is known of each line."""
        return self._decode.state

    @state.setter
    def state(self, state: dict[str, Line]) -> None:
        self._decode.state = state

    def update(self, frames: Iterable[Frame]) -> Iterator[Listened]:
        """Take in frames; yield what each line brings."""
        decode = self._decode.decode
        for frame in frames:
            line = f"{frame.connection}/{frame.line}"
            if frame.kind is FrameKind.OPEN or frame.kind is FrameKind.CLOSE:
                yield from self._moved(frame, line)
            yield from self._heard(line, decode(frame))

    def close(self) -> Iterable[Listened]:
        """Nothing is left to say at the end."""
        return ()

    def _heard(self, line: str, said: Sequence[Decoded]) -> Iterator[Listened]:
        keys = self._keys
        for each in said:
            if isinstance(each, (Ignored, DeadLetter)):
                yield each
                continue
            place = (each.venue, each.symbol)
            key = keys.get(place)
            if key is None:
                key = keys.setdefault(place, each.key)
            yield Heard(key, line, each)

    def _moved(self, frame: Frame, line: str) -> Iterator[Moved]:
        known = self.state.get(line)
        for symbol in known.symbols if known else ():
            key = f"{frame.venue}:{symbol}"
            is_open = frame.kind is FrameKind.OPEN
            yield Moved(key, line, is_open, frame.received_ns)
