"""Dead letters -> what they are by the code of today, driven again where that helps.

A message that was no record goes to its topic again, if it is one now. A frame that its
venue's parser refused goes to the frames again, on a line of its own (see
``operators/market/redriven.py``), of which the flow ``market`` takes the trades that
are missing, and nothing else. States are not driven again: an old quote, book or
command among newer ones would be believed.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from config.settings import Settings
from flows.dead import Letter, shape
from flows.reread import TOPICS, Verdict, judge
from flows.scan import Progress, scan
from operators.records import topics
from operators.records.base import UNREADABLE, Record
from operators.records.market import Trade
from operators.records.time import MS
from sinks.kafka import Publisher, TooLargeError

Fact = tuple[type[Record], tuple[Any, ...]]

_THERE: Final = "already there, or on its way"
_AGAIN: Final = "driven again before"
_NAMED: Final = 20
"""How many reasons a line names."""


class Ready(msgspec.Struct, frozen=True):
    """A letter that can be driven again.

    Attributes:
        letter: The letter, its bytes left out.
        verdict: What to publish, and what it brings.
    """

    letter: Letter
    verdict: Verdict


class Plan(msgspec.Struct):
    """What is to become of each letter.

    Attributes:
        ready: What is to be driven again, in order.
        refused: How many are still refused, by reason.
        impossible: How many cannot be driven again, by reason.
    """

    ready: list[Ready] = msgspec.field(default_factory=list)
    refused: Counter[str] = msgspec.field(default_factory=Counter)
    impossible: Counter[str] = msgspec.field(default_factory=Counter)

    def line(self, verb: str = "redriven") -> str:
        """Return what has become of all, in a line whose numbers add up."""
        parts = (
            (len(self.ready), verb, Counter[str]()),
            (self.refused.total(), "still refused", self.refused),
            (self.impossible.total(), "not possible", self.impossible),
        )
        told = [f"{sum(count for count, _, _ in parts)} read"]
        for count, what, reasons in parts:
            ranked = sorted((-n, each) for each, n in reasons.items())
            named = [(each, -n) for n, each in ranked[:_NAMED]]
            if others := reasons.total() - sum(n for _, n in named):
                named.append(("for other reasons", others))
            why = "; ".join(f"{n} {each}" for each, n in named)
            told.append(f"{count} {what}" + (f" ({why})" if why else ""))
        return ", ".join(told)


def judged(found: Iterable[Letter], settings: Settings) -> Plan:
    """Return what can be driven again; of copies of a letter the newest counts."""
    verdicts: dict[str, Ready] = {}
    for letter in found:
        bare = msgspec.structs.replace(letter.dead, raw=b"")
        light = msgspec.structs.replace(letter, dead=bare)
        verdicts[letter.id] = Ready(light, judge(letter.dead, settings))
    made = Plan()
    for each in verdicts.values():
        if each.verdict.refused:
            made.refused[shape(each.verdict.refused)] += 1
        elif each.verdict.impossible:
            made.impossible[each.verdict.impossible] += 1
        else:
            made.ready.append(each)
    made.ready.sort(key=lambda each: (each.letter.at_ns, each.letter.dead.repeat or 0))
    return made


def leave_out(made: Plan, settings: Settings, progress: Progress) -> None:
    """Take out of a plan what would bring nothing.

    What has been driven again, or has come by another line, is found by reading the
    topics that it would go to, from when the letters arrived. A frame that was driven
    again and refused once more has a letter that is newer than itself.

    Raises:
        KafkaError: If the broker does not answer, or has no such topic.
    """
    present = _present(settings, made.ready, progress)
    newest: dict[Fact, int] = {}
    for each in made.ready:
        goal, buried_ns = _goal(each), each.letter.buried_ns
        newest[goal] = max(buried_ns, newest.get(goal, buried_ns))
    driven = {goal for goal, at_ns in newest.items() if present.get(goal, -1) > at_ns}
    seen, ready = set(present), []
    for each in made.ready:
        if _goal(each) in driven:
            seen |= _brings(each)
    for each in made.ready:
        goal, brings = _goal(each), _brings(each) or {_goal(each)}
        if goal in driven or each.letter.buried_ns < newest[goal]:
            made.impossible[_AGAIN] += 1
        elif brings <= seen:
            made.impossible[_THERE] += 1
        else:
            seen |= brings
            ready.append(each)
    made.ready = ready


def drive(settings: Settings, made: Plan) -> None:
    """Publish what is ready, and wait until all of it is confirmed.

    Raises:
        DeliveryError: If the broker did not confirm everything.
    """
    publisher = Publisher(settings.kafka, topics.ALL)
    driven = []
    for each in made.ready:
        try:
            publisher.send([each.verdict.record] if each.verdict.record else [])
        except TooLargeError:
            made.impossible["too large for a message: `kafka.max_message_bytes`"] += 1
        else:
            driven.append(each)
    publisher.flush()
    made.ready = driven


def _present(
    settings: Settings, ready: list[Ready], progress: Progress
) -> dict[Fact, int]:
    """Return which of the facts at stake are on the broker, and since when [ns UTC]."""
    wanted = {fact for each in ready for fact in (_goal(each), *_brings(each))}
    records = [record for each in ready for record in _all_of(each)]
    if not records:
        return {}
    keys = {record.key.encode() for record in records}
    names = {
        topic.name
        for topic in topics.ALL
        for record in records
        if type(record) in topic.records
    }
    since_ns = min(min(each.letter.at_ns, each.letter.buried_ns) for each in ready)
    present: dict[Fact, int] = {}
    for message in scan(settings.kafka, sorted(names), since_ns, progress):
        if message.key() not in keys:
            continue
        try:
            record = TOPICS[message.topic() or ""].decode(message.value() or b"")
        except UNREADABLE:
            continue
        fact = _fact(record)
        if fact in wanted:
            present[fact] = message.timestamp()[1] * MS
    return present


def _all_of(ready: Ready) -> list[Record]:
    record, said = ready.verdict.record, ready.verdict.said
    trades = [each for each in said if isinstance(each, Trade)]
    return [*trades, *([record] if record is not None else [])]


def _goal(ready: Ready) -> Fact:
    """Return the fact that is to be published."""
    return _fact(_all_of(ready)[-1])


def _brings(ready: Ready) -> set[Fact]:
    """Return the facts that a frame brings to the market."""
    return {_fact(each) for each in ready.verdict.said if isinstance(each, Trade)}


def _fact(record: Record) -> Fact:
    """Return what makes two records the same fact."""
    kind = type(record)
    return kind, tuple(getattr(record, name) for name in kind.natural_key)
