"""What a recording holds, found out before it is played."""

from collections import defaultdict
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

from connectors.exchange.message import NOT_FOUND, Answer, Bare, Session
from connectors.exchange.protocols import Protocol
from connectors.recording import Recording
from operators.records.frame import Frame, FrameKind


class _Body(NamedTuple):
    received_ns: int
    text: str


class Programme:
    """One venue's part of a recording: its streams, and its REST answers.

    A snapshot without a URL is of the symbol that its connection's frames are of, where
    that is one. Asked again, a snapshot that is still to come is preferred: it is the
    one that the frames to come continue. In memory are the REST bodies only.

    Attributes:
        frames: Number of frames to play.
        dead: Lines that are no frames, and are not played.
        streams: Names of the streams among them.
        position_ns: How far it has been played [ns, received time].
    """

    def __init__(self, path: Path, venue: str, protocol: Protocol) -> None:
        """Read the recording once.

        Raises:
            RecordingError: If it cannot be read.
        """
        self.frames = 0
        self.dead = 0
        self.streams: set[str] = set()
        self.position_ns = 0
        self._protocol = protocol
        self._bodies: dict[tuple[str, str], list[_Body]] = defaultdict(list)
        self._symbols: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._homeless: list[Frame] = []
        with Recording(path) as recording:
            for frame in recording:
                if not isinstance(frame, Frame):
                    self.dead += 1
                elif frame.venue == venue:
                    self._note(frame)
        for frame in self._homeless:
            self._house(frame)

    def _note(self, frame: Frame) -> None:
        if frame.kind is FrameKind.WS:
            self.frames += 1
            stream, symbol = self._protocol.about(frame.payload)
            if stream is not None:
                self.streams.add(stream)
            if symbol:
                self._symbols[frame.connection, frame.line].add(symbol)
        elif frame.kind is FrameKind.REST and frame.url:
            self._keep(self._protocol.asked(frame.url), frame)
        elif frame.kind is FrameKind.REST:
            self._homeless.append(frame)

    def _house(self, frame: Frame) -> None:
        path = self._protocol.snapshot_path(frame.payload)
        symbols = self._symbols[frame.connection, frame.line]
        if path is not None and len(symbols) == 1:
            self._keep((path, min(symbols)), frame)

    def _keep(self, question: tuple[str, str], frame: Frame) -> None:
        text = frame.payload
        body = text if isinstance(text, str) else text.decode(errors="replace")
        self._bodies[question].append(_Body(frame.received_ns, body))

    def open_session(self, path: str) -> Session | None:
        """Return the session for the path of a WebSocket; None of another path."""
        return self._protocol.open_session(path, Bare(self.position_ns))

    def rest(self, path: str) -> Answer | None:
        """Return the recorded answer; None for the path of a WebSocket."""
        if self.open_session(path) is not None:
            return None
        bodies = self._bodies.get(self._protocol.asked(path), [])
        for body in bodies:
            if body.received_ns >= self.position_ns:
                return Answer(HTTPStatus.OK, body.text)
        return Answer(HTTPStatus.OK, bodies[-1].text) if bodies else NOT_FOUND
