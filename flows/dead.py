"""Dead letters of topic ``dead.v1``: which there are, and what each of them holds."""

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final

import msgspec

from config.load import ConfigError
from config.settings import Kafka
from connectors.kafka import dead_letter
from flows.scan import Progress, scan
from operators.records import topics
from operators.records.base import UNREADABLE
from operators.records.dead import DeadLetter
from operators.records.time import MS

_ID: Final = 12
_DIGITS: Final = re.compile(r"\d+")


class Letter(msgspec.Struct, frozen=True):
    """A dead letter as it lies on the broker.

    Attributes:
        id: The same for every copy of the letter, on every broker.
        buried_ns: When the broker got it [ns UTC].
        dead: What it says.
    """

    id: str
    buried_ns: int
    dead: DeadLetter

    @property
    def at_ns(self) -> int:
        """When its bytes arrived, else when it was buried [ns UTC]."""
        received_ns = self.dead.received_ns
        return self.buried_ns if received_ns is None else received_ns

    @property
    def place(self) -> str:
        """Where its bytes were, for a person."""
        dead = self.dead
        if dead.venue is None:
            return f"{dead.topic}[{dead.partition}]@{dead.offset}"
        repeat = f"+{dead.repeat}" if dead.repeat else ""
        return f"{dead.venue} {dead.connection}/{dead.line} {dead.received_ns}{repeat}"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which letters are meant: those of which everything holds that is given.

    Attributes:
        since_ns: They arrived then or later [ns UTC].
        until_ns: They arrived before [ns UTC].
        topic: What they were read from.
        venue: Whose frames they are.
        reason: A part of their reason, capital or small, numbers as they are or ``#``.
        ids: How their ids begin; all if empty.
    """

    since_ns: int | None = None
    until_ns: int | None = None
    topic: str | None = None
    venue: str | None = None
    reason: str | None = None
    ids: tuple[str, ...] = ()

    def takes(self, letter: Letter) -> bool:
        """Return whether a letter is meant."""
        dead, reason = letter.dead, (self.reason or "").lower()
        return (
            (self.since_ns is None or letter.at_ns >= self.since_ns)
            and (self.until_ns is None or letter.at_ns < self.until_ns)
            and self.topic in {None, dead.topic}
            and self.venue in {None, dead.venue}
            and (reason in dead.reason.lower() or reason in shape(dead.reason).lower())
            and (not self.ids or letter.id.startswith(self.ids))
        )


class Group(msgspec.Struct):
    """Letters of one topic, venue and reason: how many, and when they arrived."""

    topic: str
    venue: str
    reason: str
    count: int
    first_ns: int
    last_ns: int


def shape(reason: str) -> str:
    """Return a reason without its numbers, so that like reasons are alike."""
    return _DIGITS.sub("#", reason)


def letters(kafka: Kafka, wanted: Wanted, progress: Progress) -> Iterator[Letter]:
    """Yield the letters that are meant, oldest first within a partition.

    A letter that several flows have buried, or one flow twice, comes as often.

    Raises:
        KafkaError: If the broker does not answer, or has no such topic.
    """
    for message in scan(kafka, [topics.DEAD.name], wanted.since_ns, progress):
        try:
            dead = topics.DEAD.decode(message.value() or b"")
        except UNREADABLE as error:
            dead = dead_letter(message, str(error))
        letter = Letter(_id(dead), message.timestamp()[1] * MS, dead)
        if wanted.takes(letter):
            yield letter


def once(found: Iterable[Letter]) -> Iterator[Letter]:
    """Yield each letter once."""
    seen: set[str] = set()
    for letter in found:
        if letter.id not in seen:
            seen.add(letter.id)
            yield letter


def grouped(found: Iterable[Letter]) -> list[Group]:
    """Return letters by reason, venue and topic, the most frequent first."""
    groups: dict[tuple[str, str, str], Group] = {}
    for letter in found:
        dead, at_ns = letter.dead, letter.at_ns
        about = (dead.topic, dead.venue or "", shape(dead.reason))
        group = groups.setdefault(about, Group(*about, 0, at_ns, at_ns))
        group.count += 1
        group.first_ns = min(group.first_ns, at_ns)
        group.last_ns = max(group.last_ns, at_ns)
    return sorted(
        groups.values(),
        key=lambda group: (-group.count, group.topic, group.venue, group.reason),
    )


def named(kafka: Kafka, ids: tuple[str, ...], progress: Progress) -> list[Letter]:
    """Return the newest copy of each letter that is named by how its id begins.

    Raises:
        ConfigError: If there is no such letter, or several.
        KafkaError: If the broker does not answer, or has no such topic.
    """
    copies = letters(kafka, Wanted(ids=ids), progress)
    found = {letter.id: letter for letter in copies}
    for name in ids:
        meant = [each for each in found if each.startswith(name)]
        if not meant:
            hint = "`tapewatch dead list --each` lists them"
            raise ConfigError(f"ID: no dead letter begins with `{name}`; {hint}")
        if len(meant) > 1:
            several = ", ".join(meant[:5])
            raise ConfigError(
                f"ID: {len(meant)} letters begin with `{name}`: {several}"
            )
    return list(found.values())


def _id(dead: DeadLetter) -> str:
    key = [getattr(dead, name) for name in DeadLetter.natural_key]
    return sha256(msgspec.json.encode(key)).hexdigest()[:_ID]
