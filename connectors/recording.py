"""The recording format: JSON lines, one frame a line, in order of arrival.

    {"venue": "binance", "connection": "binance-0", "line": "a", "kind": "ws",
     "received_ns": 1723161253937085768, "url": "", "data": "<text>"}

``kind`` is ``ws`` (received), ``sent``, ``rest`` (with ``url``), ``open``, ``close`` or
``status`` (``data`` is what happened to the line, as a message of ``connections.v1``).
A binary frame has ``"b64"`` instead of ``"data"``. The file may end in ``.gz`` or
``.zst``. It is the same JSON object as a message of topic ``frames.v1``.
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Final, Self, cast

import msgspec
import zstandard

from operators.records import topics
from operators.records.base import UNREADABLE
from operators.records.dead import DeadLetter
from operators.records.frame import Frame

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


_CHUNK: Final = 64 * 1024
_PACKED: Final = 1024
"""Bytes that are unpacked at a time: they may hold 32,000 times as many."""

_LONGEST_LINE: Final = 128 * 1024 * 1024
"""More than any message of Kafka's holds [bytes]."""

_KEPT_OF_TOO_LONG: Final = 65_536
_LONGEST_REASON: Final = 500


class RecordingError(Exception):
    """A file that cannot be read or written as a recording."""


def _open_to_read(path: Path, raw: BinaryIO) -> BinaryIO:
    if path.suffix == ".gz":
        return cast("BinaryIO", gzip.GzipFile(fileobj=raw))
    if path.suffix == ".zst":
        return cast("BinaryIO", io.BufferedReader(_Zstd(raw)))
    return raw


class _Zstd(io.RawIOBase):
    """What is in a zstd file, all of its frames; one that is cut off is an error."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._packed = self._plain = memoryview(b"")
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._inside = False

    def readable(self) -> bool:
        return True

    def readinto(self, into: "WriteableBuffer") -> int:
        while not self._plain:
            if not self._packed:
                self._packed = memoryview(self._raw.read(_CHUNK))
            if not self._packed:
                if self._inside:
                    raise EOFError("compressed file ended in the middle of a frame")
                return 0
            packed = self._packed[:_PACKED]
            self._plain = memoryview(self._frame.decompress(packed))
            used = len(packed) - len(self._frame.unused_data)
            self._packed, self._inside = self._packed[used:], not self._frame.eof
            if self._frame.eof:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
        view = memoryview(into)
        size = min(len(view), len(self._plain))
        view[:size], self._plain = self._plain[:size], self._plain[size:]
        return size


class Recording:
    """Read a recording, from the start or from a line of it.

    A line that is no frame becomes a :class:`DeadLetter` with its number; a blank line
    is passed over. Of one that is longer than any frame, only the beginning is kept.

    Attributes:
        path: The file.
        size: Its size as stored [bytes].
        lines: How many lines have been read.
    """

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            RecordingError: If it cannot be opened.
        """
        self.path = path
        try:
            self._file = path.open("rb")
        except OSError as error:
            text = f"{path}: {error.strerror}; expected a recording (JSON lines)"
            raise RecordingError(text) from error
        self.size = path.stat().st_size
        self.lines = 0
        self._stream = _open_to_read(path, self._file)
        self._latest: dict[tuple[str, str, str], tuple[int, int]] = {}

    @property
    def position(self) -> int:
        """How far the file has been read, as stored [bytes]."""
        return self._file.tell()

    def __iter__(self) -> Iterator[Frame | DeadLetter]:
        """Yield each line's frame or dead letter.

        Raises:
            RecordingError: If the file is cut off or not compressed as its name says.
        """
        try:
            while line := self._stream.readline(_LONGEST_LINE):
                self.lines += 1
                if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
                    yield self._too_long(line[:_KEPT_OF_TOO_LONG])
                elif line := line.strip():
                    yield self._frame(line)
        except (EOFError, OSError, zlib.error, zstandard.ZstdError) as error:
            text = f"{self.path}, after line {self.lines}: {error}"
            raise RecordingError(text) from error

    def _frame(self, line: bytes) -> Frame | DeadLetter:
        try:
            frame = topics.FRAMES.decode(line)
        except UNREADABLE as error:
            return self._dead(str(error), line, len(line))
        name = (frame.venue, frame.connection, frame.line)
        latest_ns, repeat = self._latest.get(name, (-1, 0))
        repeat = repeat + 1 if frame.received_ns == latest_ns else 0
        self._latest[name] = (frame.received_ns, repeat)
        return msgspec.structs.replace(frame, repeat=repeat) if repeat else frame

    def _too_long(self, beginning: bytes) -> DeadLetter:
        """Pass over the rest of a line; return its dead letter."""
        size = _LONGEST_LINE
        while rest := self._stream.readline(_CHUNK):
            size += len(rest)
            if rest.endswith(b"\n"):
                break
        return self._dead(f"a line of {size} bytes is no frame", beginning, size)

    def _dead(self, reason: str, raw: bytes, size: int) -> DeadLetter:
        return DeadLetter(
            topic="recording",
            url=self.path.name,
            offset=self.lines,
            reason=reason[:_LONGEST_REASON],
            raw=raw,
            size=size,
        )

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_to_write(path: Path) -> BinaryIO:
    """Open a new recording; what it compresses with follows from its name.

    Raises:
        RecordingError: If the file exists, or cannot be made.
    """
    try:
        if path.suffix == ".gz":
            return cast("BinaryIO", gzip.open(path, "xb"))
        raw = path.open("xb")
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}") from error
    if path.suffix == ".zst":
        writer = zstandard.ZstdCompressor().stream_writer(raw, closefd=True)
        return cast("BinaryIO", writer)
    return raw
