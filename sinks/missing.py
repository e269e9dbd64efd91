"""What could not be kept: counted by line, told at once, and published later."""

import time
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from operators.records import topics
from operators.records.connection import ConnectionEvent, LineEvent
from operators.records.frame import FrameKind
from operators.records.topics import Topic
from sinks.segment import Entry
from sinks.spool import Say

_TELL_S: Final = 10.0

Line = tuple[str, str, str]


class Missing:
    """Messages of which nothing is left but their number.

    Attributes:
        count: How many, since the start.
        lines: How many frames, and how many other records, of each line: those that
            have not been published.
    """

    def __init__(self, kinds: Iterable[Topic[Any]], say: Say) -> None:
        self.count = 0
        self.lines: dict[Line, Counter[str]] = {}
        self._kinds = {topic.name: topic for topic in kinds}
        self._say = say
        self._why = ""
        self._told_s = -_TELL_S
        self._told = 0
        self._taken: dict[bytes, tuple[Line, Counter[str]]] = {}

    def note(self, entries: Iterable[Entry], why: str) -> None:
        """Count messages that were refused; tell the user, but not each time."""
        for entry in entries:
            if entry.value in self._taken:
                line, counts = self._taken.pop(entry.value)
            else:
                record = self._kinds[entry.topic].decode(entry.value)
                line = (record.venue, record.connection, record.line)
                told = getattr(record, "kind", FrameKind.STATUS) is FrameKind.STATUS
                kind = "other records" if told else "frames"
                counts = Counter({kind: 1})
                self.count += 1
            self.lines.setdefault(line, Counter()).update(counts)
            self._why = why
        if time.monotonic() - self._told_s >= _TELL_S:
            self.tell()

    def tell(self) -> None:
        """Tell the user what is not told yet."""
        if new := self.count - self._told:
            text = f"{new:,} messages could not be kept: {self._why}"
            self._say(f"{text}; {self.count:,} since the start")
            self._told_s, self._told = time.monotonic(), self.count

    def taken(self) -> list[Entry]:
        """Return an event for each line, to be published, and count anew.

        One that is refused in its turn is undone by :meth:`note`.
        """
        encode, name = topics.CONNECTIONS.encode, topics.CONNECTIONS.name
        entries = []
        self._taken = {}
        for line, counts in self.lines.items():
            event = self._event(line, counts)
            entries.append(Entry(name, event.key, encode(event)))
            self._taken[entries[-1].value] = (line, counts)
        self.lines = {}
        return entries

    def _event(self, line: Line, counts: Counter[str]) -> ConnectionEvent:
        venue, connection, name = line
        what = " and ".join(f"{count:,} {kind}" for kind, count in counts.items())
        return ConnectionEvent(
            venue=venue,
            connection=connection,
            line=name,
            received_ns=time.time_ns(),
            event=LineEvent.SPOOL_FULL,
            url="",
            reason=f"{what} not kept: {self._why}",
        )
