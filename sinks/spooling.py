"""Records -> Kafka; while Kafka does not answer -> disk, and from there to Kafka.

record ─┬─ straight ──────────────────────────────────────► producer ──► Kafka
        └─ Kafka is away ──► held ──► spool ── the oldest ──────┘

The producer holds what came straight, or a part of the spool, never both: a part is
confirmed when the producer is empty, and the order of no key changes. Nothing that has
waited is passed by what is newer.

A ``kill -9`` while Kafka is away loses what the producer held when that began, which is
about ``after_ms`` of records, and the last moments that were not written yet; a loss of
power loses the last second. A process that is told to end loses nothing: what the
producer holds goes to the front of the spool.

What is at the front of a spool that another process has left may have been sent by it,
and not been confirmed. It is looked for in Kafka before it is sent.
"""

import asyncio
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

import msgspec
from confluent_kafka import KafkaException

from config.settings import Kafka
from operators.records.base import Record
from operators.records.time import MS
from operators.records.topics import Topic
from sinks.kafka import TooLargeError
from sinks.missing import Missing
from sinks.place import left_behind
from sinks.post import Post
from sinks.segment import Entry
from sinks.sent import Already, Sent, SentError, listed, take
from sinks.spool import Spool

_LOOK_S: Final = 0.02
_SOON_S: Final = 0.005
_SYNC_S: Final = 1.0
_TELL_S: Final = 10.0
_LAST_FLUSH_S: Final = 4.0
_PART: Final = 2 * 1024 * 1024
_SLICE: Final = 200
_MOST_HELD: Final = 64 * 1024 * 1024
_FRONT: Final = 64 * 1024 * 1024  # more than can be under way at once
_APART_MS: Final = 60_000  # how far the broker's clock may be from ours


class _Dated(msgspec.Struct):
    """A record's arrival: no record is in Kafka before it."""

    received_ns: int | None = None


_DATED: Final = msgspec.json.Decoder(_Dated)


def say(text: str) -> None:
    """Tell the user, at once."""
    print(f"ingest: {text}", file=sys.stderr, flush=True)


class SpoolingPublisher:
    """Send records from one event loop, which never waits for Kafka or for the disk.

    Attributes:
        is_straight: Whether records go to Kafka without the spool.
        spool: What is on disk.
        missing: What could not be kept.
        replayed: How many messages have come to Kafka through the spool.
    """

    def __init__(
        self, kafka: Kafka, topics: Iterable[Topic[Any]], spool: Spool, after_ms: int
    ) -> None:
        """Open a producer for these topics; what is in the spool goes first.

        Args:
            kafka: Where the broker is.
            topics: The topics of all records that will come.
            spool: An open spool; :meth:`close` closes it.
            after_ms: How long a message may wait until Kafka counts as away [ms].
        """
        topics = tuple(topics)
        self.spool = spool
        self.missing = Missing(topics, say)
        self.replayed = 0
        self.is_straight = not spool.entries
        self._routes: Mapping[type[Record], Topic[Any]] = {
            record: topic for topic in topics for record in topic.records
        }
        self._largest = kafka.max_message_bytes
        self._post = Post(kafka, after_ms)
        self._held: list[Entry] = []
        self._held_bytes = 0
        self._part = 0
        self._kafka = kafka
        self._is_unsure = bool(spool.entries)
        self._already: Already = {}
        self._since_s = self._synced_s = time.monotonic()
        self._told_s = {"away": self._since_s}
        if spool.entries:
            text = f"{spool.entries:,} messages of an earlier run go to Kafka first"
            say(f"{text}: {self._state()}")
        for other in left_behind(spool.folder):
            say(f"{other} has messages of a process with other lines: start it again")

    @property
    def waiting(self) -> int:
        """How many messages Kafka has not confirmed, wherever they are."""
        in_producer = 0 if self._part else len(self._post)
        return in_producer + self.spool.entries + len(self._held)

    def send(self, record: Record) -> None:
        """Take a record, to be sent as soon as Kafka takes it.

        Raises:
            TooLargeError: If it exceeds the limit of a message.
        """
        topic = self._routes[record.__class__]
        entry = Entry(topic.name, record.key, topic.encode(record))
        size = len(entry.value) + len(entry.key)
        if size > self._largest:
            raise TooLargeError(f"{len(entry.value)} bytes for {topic.name}")
        if self.is_straight:
            if self._post.put(entry):
                return
            self._take_over(f"{len(self._post):,} messages wait for Kafka")
        if self._held_bytes + size > _MOST_HELD:
            self.missing.note([entry], "the disk is slower than the lines")
            return
        self._held.append(entry)
        self._held_bytes += size

    async def run(self) -> None:
        """Look after what waits, until cancelled.

        Raises:
            AccessError: If the broker does not let us in, or not write.
            DeliveryError: If it refuses a message for good.
        """
        while True:
            is_free = self._post.poll()
            self._check()
            if not self.is_straight:
                turn = asyncio.create_task(self._turn(is_free))
                try:
                    await asyncio.shield(turn)
                except asyncio.CancelledError:
                    await turn  # a thread may be at the spool
                    raise
            elif self._post.is_away:
                self._take_over(f"no answer from Kafka for {self._post.waited_s:.1f} s")
            await asyncio.sleep(_SOON_S if self._part else _LOOK_S)

    async def close(self) -> None:
        """Have everything confirmed, or leave it in the spool; in bounded time.

        Raises:
            AccessError: As :meth:`run`; what could not be sent is in the spool.
            DeliveryError: Likewise.
        """
        if not self._post.is_away:
            await asyncio.to_thread(self._post.flush, _LAST_FLUSH_S)
        await asyncio.to_thread(self._leave)
        self._check()

    def _check(self) -> None:
        if self._post.failure is not None:
            raise self._post.failure

    def _take_over(self, why: str) -> None:
        self.is_straight = False
        self.replayed = 0
        self._since_s = self._told_s["away"] = time.monotonic()
        say(f"{why} at {self._post.where}: frames go to {self._state()}")

    def _state(self) -> str:
        spool = self.spool
        return f"{spool.folder} ({spool.size:,} of {spool.max_bytes:,} bytes)"

    def _tell(self, what: str, text: str) -> None:
        """Tell the user now and then."""
        now_s = time.monotonic()
        if now_s - self._told_s.get(what, -_TELL_S) >= _TELL_S:
            self._told_s[what] = now_s
            say(text)

    async def _turn(self, is_free: bool) -> None:
        """Do one round of work on the spool; go straight again if it is done.

        Args:
            is_free: Whether the producer is empty.
        """
        try:
            if is_free and self._part:
                self.replayed, self._part = self.replayed + self._part, 0
                await asyncio.to_thread(self.spool.confirm)
            if is_free and not self.spool.entries:
                self._straighten()
                return
            is_last = self._part and self.spool.is_read
            if not is_last or self._post.is_away:
                await self._store()
            if is_free:
                await self._replay()
        except OSError as error:
            self._tell("disk", f"{self.spool.folder}: {error.strerror}")
        self._tell("away", f"{self.waiting:,} messages wait for Kafka: {self._state()}")

    def _straighten(self) -> None:
        """Send what is held; from then on nothing is held."""
        self._held += self.missing.taken()
        for number, entry in enumerate(self._held):
            if not self._post.put(entry):
                del self._held[:number]
                return
        self._held, self._held_bytes = [], 0
        self.is_straight = True
        self.missing.tell()
        away_s = time.monotonic() - self._since_s
        text = f"{self.replayed:,} messages went through {self.spool.folder}"
        say(f"Kafka at {self._post.where} has all after {away_s:.1f} s: {text}")

    async def _store(self) -> None:
        """Write what is held to the spool."""
        held, self._held, self._held_bytes = self._held, [], 0
        refused = await asyncio.to_thread(self.spool.append, held)
        if refused:
            self.missing.note(refused, self.spool.trouble)
        else:
            self._held += self.missing.taken()
        if time.monotonic() - self._synced_s >= _SYNC_S:
            self._synced_s = time.monotonic()
            await asyncio.to_thread(self.spool.sync)

    async def _replay(self) -> None:
        """Hand the next part of the spool to the producer, which is empty."""
        if self._is_unsure:
            try:
                self._already = await asyncio.to_thread(self._sent_before)
            except (SentError, KafkaException) as error:
                self._tell(
                    "unsure", f"what was sent before cannot be seen yet: {error}"
                )
                return
            self._is_unsure = False
        part = await asyncio.to_thread(self.spool.read, _PART)
        self._part = len(part)
        for start in range(0, len(part), _SLICE):
            for entry in part[start : start + _SLICE]:
                if not (self._already and take(self._already, *entry)):
                    self._post.put(entry)
            await asyncio.sleep(0)

    def _sent_before(self) -> Already:
        """Return what of the spool's front an earlier process has sent already."""
        front = self.spool.read(_FRONT)
        self.spool.rewind()
        dated = (_DATED.decode(entry.value).received_ns for entry in front)
        oldest_ns = min((at_ns for at_ns in dated if at_ns is not None), default=0)
        since_ms = max(oldest_ns // MS - _APART_MS, 0)
        sent = Sent(self._kafka, {entry.topic for entry in front})
        return sent.among(listed(front), since_ms)

    def _leave(self) -> None:
        """Move what is not confirmed to the spool, before what is there; close it."""
        is_free = not len(self._post)
        older = self._post.purge()
        try:
            if not self._part:
                self.spool.put_back(older)
            elif is_free and not older:
                self.spool.confirm()
            else:
                self.spool.rewind()
        except OSError as error:
            self.missing.note([] if self._part else older, str(error.strerror))
        if refused := self.spool.append(self._held + self.missing.taken()):
            self.missing.note(refused, self.spool.trouble)
        self.missing.tell()
        if count := self.spool.entries:
            say(f"{count:,} messages are left for the next start: {self._state()}")
        with suppress(OSError):
            self.spool.close()
