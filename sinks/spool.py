"""A bounded queue of messages on disk: first in, first out.

A spool is a folder of segments. ``position`` says up to where Kafka has confirmed; it
may be older than the truth and never newer, so that after a crash some entries come
again and none is left out.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from config.load import ConfigError
from sinks.place import Place, forget_place, keep_place, kept_place, locked, resumed
from sinks.segment import (
    Entry,
    Segment,
    Tail,
    around,
    framed,
    segments,
    unframed,
    written,
)

Say = Callable[[str], None]

_FIRST: Final = 10**15  # leaves numbers for what is put back before the first
_CHUNK: Final = 256 * 1024
_LARGEST_SEGMENT: Final = 64 * 1024 * 1024


class Spool:
    """Messages on disk, for one thread at a time.

    Attributes:
        folder: Where it is.
        max_bytes: The most that it may take [bytes].
        damaged: Bytes that could not be read since it was opened [bytes].
        lost: Entries that were in them.
        trouble: Why the latest was refused; empty if it was not.
    """

    def __init__(self, folder: Path, max_bytes: int, say: Say) -> None:
        """Open a folder, made if missing, with what an earlier process left in it.

        Raises:
            ConfigError: If it cannot be used, or another process is using it.
        """
        self.folder = folder
        self.max_bytes = max_bytes
        self.damaged = self.lost = 0
        self.trouble = ""
        self._say = say
        self._segment_bytes = min(max_bytes // 16, _LARGEST_SEGMENT)
        self._tail: Tail | None = None
        try:
            self._lock = locked(folder)
            self._segments = segments(folder)
            self._next = self._mend()
            self._confirmed = self._read = resumed(folder, self._segments, self._next)
            self._next = max(self._next, self._read.number)
            self._forget()
        except OSError as error:
            text = f"{folder}: {error.strerror}; `ingest.spool.path` names another"
            raise ConfigError(text) from error

    @property
    def size(self) -> int:
        """What it takes on disk [bytes]."""
        return sum(segment.size for segment in self._segments)

    @property
    def entries(self) -> int:
        """How many entries are not confirmed."""
        return self._next - self._confirmed.number

    @property
    def is_read(self) -> bool:
        """Whether there is nothing more to read."""
        return self._read.number == self._next

    def append(self, entries: Iterable[Entry]) -> list[Entry]:
        """Take entries in, and return those that were refused."""
        refused: list[Entry] = []
        chunk: list[tuple[Entry, bytes]] = []
        size, room = 0, self.max_bytes - self.size
        self.trouble = ""
        for entry in entries:
            frame = framed(entry)
            if size + len(frame) > room:
                self.trouble = f"the spool is full ({self.max_bytes:,} bytes)"
                refused.append(entry)
                continue
            chunk.append((entry, frame))
            size += len(frame)
            if size >= _CHUNK:
                refused += self._write(chunk)
                chunk, size, room = [], 0, self.max_bytes - self.size
        return refused + self._write(chunk)

    def read(self, most: int) -> list[Entry]:
        """Return the next entries: about so many bytes of them, at least one entry.

        What is damaged is passed over, counted, and told of.

        Raises:
            OSError: If the disk refuses.
        """
        found: list[Entry] = []
        place, left = self._read, most
        while left > 0 and place.number < self._next:
            entries, beyond = self._after(place, left)
            found += entries
            left -= beyond.offset - (place.offset if beyond.first == place.first else 0)
            place = beyond
        self._read = place
        return found

    def confirm(self) -> None:
        """Forget what was read: Kafka has it.

        Raises:
            OSError: If the disk refuses; it may then be read again after a crash.
        """
        self._confirmed = self._read
        self._forget()
        keep_place(self.folder, self._confirmed)

    def rewind(self) -> None:
        """Read again what is not confirmed."""
        self._read = self._confirmed

    def put_back(self, entries: list[Entry]) -> None:
        """Take in entries that are older than all that is here, whatever the bound.

        Raises:
            ValueError: If some of a segment has been confirmed.
            OSError: If the disk refuses; then none is taken in.
        """
        if not entries:
            return
        head = self._confirmed
        if self._segments and head.number != self._segments[0].first:
            raise ValueError("what is older than a part cannot be put before it")
        forget_place(self.folder)  # from now the first is the next
        raw = b"".join(map(framed, entries))
        segment = written(self.folder, head.number - len(entries), raw)
        self._segments.insert(0, segment)
        self._confirmed = self._read = Place(segment.first, segment.first, 0)

    def sync(self) -> None:
        """Have what was taken in survive a loss of power.

        Raises:
            OSError: If the disk refuses.
        """
        if self._tail is not None:
            self._tail.sync()

    def close(self) -> None:
        """Sync, and let another process have the folder.

        Raises:
            OSError: If the disk refuses.
        """
        try:
            self.sync()
        finally:
            self._end_tail()
            os.close(self._lock)

    def _write(self, chunk: list[tuple[Entry, bytes]]) -> list[Entry]:
        """Write a chunk whole; return its entries if the disk refuses."""
        if not chunk:
            return []
        try:
            tail = self._tail
            if tail is None or tail.segment.size >= self._segment_bytes:
                tail = self._begin_tail()
            tail.write(b"".join(frame for _, frame in chunk))
        except OSError as error:
            self.trouble = f"the disk refuses: {error.strerror}"
            return [entry for entry, _ in chunk]
        self._next += len(chunk)
        return []

    def _begin_tail(self) -> Tail:
        self.sync()
        self._end_tail()
        tail = self._tail = Tail(self.folder, self._next)
        self._segments.append(tail.segment)
        return tail

    def _end_tail(self) -> None:
        if self._tail is not None:
            self._tail.close()
            self._tail = None

    def _after(self, place: Place, most: int) -> tuple[list[Entry], Place]:
        """Return the entries at a place, of one segment, and the place after them."""
        segment, end = around(self._segments, place.number, self._next)
        number, first, offset = place
        if first != segment.first:
            first, offset = segment.first, 0
        while True:
            entries, size = unframed(segment.read(offset, most))
            if entries:
                return entries, Place(number + len(entries), first, offset + size)
            if most >= segment.size - offset:
                break
            most *= 4  # the next is larger than that
        self.lost += end - number
        where = f"after entry {number - 1}, with {end - number} entries in them,"
        self._note_damage(segment, segment.size - offset, where)
        return [], Place(end, first, segment.size)

    def _forget(self) -> None:
        """Remove the segments that are confirmed to their end."""
        number = self._confirmed.number
        if number == self._next:
            gone, self._segments = self._segments, []
            self._end_tail()
        else:
            begun = sum(segment.first <= number for segment in self._segments)
            gone = self._segments[: begun - 1]
            del self._segments[: begun - 1]
        for segment in gone:
            segment.path.unlink(missing_ok=True)

    def _mend(self) -> int:
        """Cut what a crash has torn; return the number of the next entry."""
        if not self._segments:
            place = kept_place(self.folder)
            return place.number if place else _FIRST
        last = self._segments[-1]
        before = last.size
        count, _ = last.cut()
        if before > last.size:
            self._note_damage(last, before - last.size, "at its end")
        if not count:
            self._segments.pop().path.unlink()
        return last.first + count

    def _note_damage(self, segment: Segment, size: int, where: str) -> None:
        self.damaged += size
        self._say(
            f"{segment.path}: {size:,} bytes {where} were damaged, and are left out"
        )
