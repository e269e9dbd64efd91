"""A file of messages: each framed by its length and checksum, so that a torn one shows.

A frame: length and CRC-32 of what follows, the lengths of topic and key, topic, key and
value.
"""

import os
import zlib
from contextlib import suppress
from pathlib import Path
from struct import Struct
from typing import Final, NamedTuple

_FRAME: Final = Struct("<II")
_NAMES: Final = Struct("<HH")
_SUFFIX: Final = ".spool"


class Entry(NamedTuple):
    """A message for Kafka."""

    topic: str
    key: str
    value: bytes


class Segment:
    """A file of entries that follow on one another.

    Attributes:
        path: The file, named by the number of its first entry.
        first: That number.
        size: How much of the file counts; what is behind it was never taken in.
    """

    def __init__(self, folder: Path, first: int, size: int = 0) -> None:
        self.path = folder / f"{first:019d}{_SUFFIX}"
        self.first = first
        self.size = size

    def read(self, offset: int, most: int) -> bytes:
        """Return a part of it, up to so many bytes.

        Raises:
            OSError: If the disk refuses.
        """
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(min(most, self.size - offset))

    def cut(self) -> tuple[int, int]:
        """Cut off what is not whole; return how many entries and bytes are left.

        Raises:
            OSError: If the disk refuses.
        """
        entries, self.size = unframed(self.read(0, self.size))
        os.truncate(self.path, self.size)
        return len(entries), self.size


class Tail:
    """The segment that is written to.

    Attributes:
        segment: Which it is.
    """

    def __init__(self, folder: Path, first: int) -> None:
        """Begin it.

        Raises:
            OSError: If the disk refuses.
        """
        self.segment = Segment(folder, first)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        self._file = os.open(self.segment.path, flags, 0o644)
        self._is_dirty = True

    def write(self, raw: bytes) -> None:
        """Write bytes whole, or leave the segment as it was.

        Raises:
            OSError: If the disk refuses.
        """
        at, done = self.segment.size, 0
        try:
            while done < len(raw):
                done += os.pwrite(self._file, memoryview(raw)[done:], at + done)
        except OSError:
            with suppress(OSError):  # else it is written over, or cut at the next start
                os.ftruncate(self._file, at)
            raise
        self.segment.size += len(raw)
        self._is_dirty = True

    def sync(self) -> None:
        """Have what was written survive a loss of power.

        Raises:
            OSError: If the disk refuses.
        """
        if self._is_dirty:
            self._is_dirty = False
            os.fsync(self._file)
            sync_folder(self.segment.path.parent)

    def close(self) -> None:
        """Write no more to it."""
        os.close(self._file)


def segments(folder: Path) -> list[Segment]:
    """Return the segments in a folder, oldest first."""
    found = sorted(folder.glob(f"*{_SUFFIX}"))
    return [Segment(folder, int(path.stem), path.stat().st_size) for path in found]


def written(folder: Path, first: int, raw: bytes) -> Segment:
    """Return a new segment: on the disk whole, or not at all.

    Raises:
        OSError: If the disk refuses.
    """
    segment = Segment(folder, first, len(raw))
    beside = segment.path.with_suffix(".new")
    with beside.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(segment.path)
    sync_folder(folder)
    return segment


def around(found: list[Segment], number: int, end: int) -> tuple[Segment, int]:
    """Return the segment of an entry, and the number that follows on its last one.

    Args:
        found: All segments, oldest first.
        number: The entry's.
        end: The number that follows on the last of all.
    """
    for segment in reversed(found):
        if segment.first <= number:
            return segment, end
        end = segment.first
    raise AssertionError(number)


def framed(entry: Entry) -> bytes:
    """Return an entry as it is written."""
    topic, key = entry.topic.encode(), entry.key.encode()
    body = b"".join((_NAMES.pack(len(topic), len(key)), topic, key, entry.value))
    return _FRAME.pack(len(body), zlib.crc32(body)) + body


def unframed(raw: bytes) -> tuple[list[Entry], int]:
    """Return the entries at the beginning of bytes, and where the last of them ends."""
    entries: list[Entry] = []
    at, view = 0, memoryview(raw)
    while at + _FRAME.size + _NAMES.size <= len(raw):
        length, checksum = _FRAME.unpack_from(raw, at)
        begin = at + _FRAME.size
        body = view[begin : begin + length]
        whole = _NAMES.size <= length == len(body)
        if not whole or zlib.crc32(body) != checksum:
            break
        names = begin + _NAMES.size
        topic, key = _NAMES.unpack_from(body)
        value = names + topic + key
        entries.append(
            Entry(
                raw[names : names + topic].decode(),
                raw[names + topic : value].decode(),
                raw[value : begin + length],
            )
        )
        at = begin + length
    return entries, at


def sync_folder(folder: Path) -> None:
    """Have a file's coming or going survive a loss of power.

    Raises:
        OSError: If the disk refuses.
    """
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
