"""Who is receiving what: by the exchange's journal, and by what is in ``frames.v1``."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

import msgspec
from confluent_kafka import OFFSET_BEGINNING, KafkaError, TopicPartition

from config.settings import Settings
from connectors.reader import Reader, partitions
from operators.records import topics
from operators.records.frame import Frame, FrameKind
from operators.records.time import MS
from tests.crash import plan

_MARGIN_NS: Final = 500 * MS
_BATCH: Final = 1_000
_WAIT_S: Final = 0.05
_PASSING: Final = (
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TRANSPORT,
    KafkaError._TIMED_OUT,
    KafkaError._RESOLVE,
)
_READING: Final = {
    "group.id": "tapewatch-crash",
    "enable.auto.commit": False,
    "auto.offset.reset": "error",
    "log_level": 0,  # that the broker is away now and then is no news here
}


class Seat(NamedTuple):
    """A line of a connection."""

    connection: str
    line: str


class Journal:
    """The exchange's journal, read as it is written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the whole lines that have come since the last time."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            raw = file.read()
        whole = raw[: raw.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            yield msgspec.json.decode(line)


class Watch:
    """Says when a line may be killed so that no message can truly reach nobody.

    A killed ingest takes with it what Kafka has not confirmed yet, and misses what
    comes until it is back. So the other line must have been receiving without a break,
    on every connection, since before the newest frame of the victim that is in Kafka.
    What that other line has not yet brought to Kafka itself is then safe as long as it
    lives, and it may not be killed in turn before the same is true of the victim.
    """

    def __init__(self, settings: Settings) -> None:
        self.start_ns = 0
        self._script = settings.exchange.script
        self._journal = Journal(Path(settings.exchange.journal))
        names = [each.name for each in settings.ingest.connections]
        self._seats = [Seat(name, line) for name in names for line in plan.LINES]
        self._since_ns: dict[Seat, int | None] = dict.fromkeys(self._seats)
        self._newest_ns = dict.fromkeys(self._seats, 0)
        self._broken_ns = dict.fromkeys(self._seats, 0)
        self._clients: dict[Seat, set[int]] = {seat: set() for seat in self._seats}
        name = topics.FRAMES.name
        self._reader = Reader(settings.kafka, _READING)
        here = partitions(self._reader, name)
        self._reader.assign([TopicPartition(name, x, OFFSET_BEGINNING) for x in here])

    def look(self, seconds: float) -> None:
        """Take in what comes for so long."""
        ends_s = time.monotonic() + seconds
        while (left_s := ends_s - time.monotonic()) > 0:
            for message in self._reader.consume(_BATCH, min(_WAIT_S, left_s)):
                if error := message.error():
                    assert error.code() in _PASSING, error
                    continue
                self._take(topics.FRAMES.decode(message.value() or b""))
        for line in self._journal:
            if line["what"] == "begin":
                self.start_ns = line["event_ns"]
            elif line["what"] == "client":
                self._meet(line)

    def killed(self, line: str) -> None:
        """Take note that a line's process was killed just now."""
        for seat in self._of(line):
            self._break(seat, time.time_ns())

    def may_kill(self, line: str) -> bool:
        """Return whether the other line has, and will have, what this one loses."""
        other = next(each for each in plan.LINES if each != line)
        return plan.is_calm(self._script, self.start_ns, time.time_ns()) and all(
            self._receives(theirs)
            and (self._since_ns[theirs] or 0) + _MARGIN_NS <= self._newest_ns[mine]
            for theirs, mine in zip(self._of(other), self._of(line), strict=True)
        )

    @property
    def settled_ns(self) -> int | None:
        """Since when every line has been receiving without a break, if it has."""
        if not all(map(self._receives, self._seats)):
            return None
        return max(each or 0 for each in self._since_ns.values())

    @property
    def newest_ns(self) -> int:
        """When the newest frame arrived that is in Kafka, on the slowest line."""
        return min(self._newest_ns.values())

    def close(self) -> None:
        """Let go of the broker."""
        self._reader.close()

    def _of(self, line: str) -> list[Seat]:
        return [seat for seat in self._seats if seat.line == line]

    def _receives(self, seat: Seat) -> bool:
        return self._since_ns[seat] is not None and bool(self._clients[seat])

    def _take(self, frame: Frame) -> None:
        seat = Seat(frame.connection, frame.line)
        if frame.kind is FrameKind.CLOSE:
            self._break(seat, frame.received_ns)
        elif frame.kind is FrameKind.WS and '"stream"' in (frame.data or ""):
            self._newest_ns[seat] = max(self._newest_ns[seat], frame.received_ns)
            is_whole = frame.received_ns > self._broken_ns[seat]
            if is_whole and self._since_ns[seat] is None:
                self._since_ns[seat] = frame.received_ns

    def _meet(self, line: dict[str, Any]) -> None:
        asked = parse_qs(urlsplit(line["path"]).query)
        seat = Seat(asked["of"][0], asked["line"][0])
        if line["is"] == "open":
            self._clients[seat].add(line["client"])
            return
        self._clients[seat].discard(line["client"])
        if not self._clients[seat]:  # else its successor was there before it had left
            self._break(seat, line["wall_ns"])

    def _break(self, seat: Seat, at_ns: int) -> None:
        self._broken_ns[seat] = max(self._broken_ns[seat], at_ns)
        since_ns = self._since_ns[seat]
        if since_ns is not None and since_ns <= at_ns:
            self._since_ns[seat] = None


def alone(settings: Settings, since_ns: int) -> Iterable[str]:
    """Yield the times at which no client of a connection was there [by its journal]."""
    there: dict[str, set[int]] = {}
    left_ns: dict[str, int] = {}
    for line in Journal(Path(settings.exchange.journal)):
        if line["what"] != "client":
            continue
        name = parse_qs(urlsplit(line["path"]).query)["of"][0]
        clients = there.setdefault(name, set())
        if line["is"] == "open":
            if not clients and left_ns.get(name, 0) > since_ns:
                lasted_ms = (line["wall_ns"] - left_ns[name]) // MS
                yield f"{name}: {lasted_ms} ms from {left_ns[name]}"
            clients.add(line["client"])
        else:
            clients.discard(line["client"])
            if not clients:
                left_ns[name] = line["wall_ns"]
