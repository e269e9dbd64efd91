"""What a run said -> the signs by which a fault can be told, each with its moment.

A sign is something new: an issue that opens, or is counted again; a concern that the
health of a line did not have before; an event. What was said already, and is only still
so, is none, but for ``still down``.
"""

from collections.abc import Iterator
from typing import NamedTuple

from flows.rehearsal import Run, Said
from operators.records.connection import LineEvent
from operators.records.dead import DeadLetter
from operators.records.health import ConnectionHealth, Reading
from operators.records.market import Flaw, Gap
from operators.records.quality import IssueKind, Phase, QualityIssue

_CONCERNS = ("down", "silent", "feed latency", "rate", "clock step", "slow")
_AGAIN = frozenset({IssueKind.DUPLICATE, IssueKind.OUT_OF_ORDER, IssueKind.MALFORMED})
"""Issues that a later fault makes worse, rather than open another."""


class Sign(NamedTuple):
    """Something that was said of a line, or of a symbol.

    Attributes:
        at_ns: When it was said, by our clock [ns UTC].
        word: What: ``event`` of a line, ``health`` of it, ``issue``, or a record.
        line: Of which line, where it names one.
        symbol: Of which symbol, where it names one.
    """

    at_ns: int
    word: str
    line: str | None
    symbol: str | None

    @property
    def is_judgement(self) -> bool:
        """Whether health or quality said it, and not what they are told themselves."""
        return self.word.startswith(("health ", "issue "))


def signs(done: Run) -> list[Sign]:
    """Return the signs of a run, from when all lines flowed to when they were ended."""
    return [
        sign
        for sign in _Watch().look(done.said)
        if done.settled_ns <= sign.at_ns < done.ended_ns
    ]


class _Watch:
    """Tells what is new."""

    def __init__(self) -> None:
        self._concerns: dict[str, set[str]] = {}
        self._counts: dict[tuple[object, ...], int] = {}

    def look(self, said: list[tuple[int, Said]]) -> Iterator[Sign]:
        for at_ns, record in said:
            if isinstance(record, QualityIssue):
                yield from self._issue(at_ns, record)
            elif isinstance(record, ConnectionHealth):
                yield from self._health(at_ns, record)
            elif isinstance(record, Reading):
                if record.event not in {None, LineEvent.HEARTBEAT}:
                    name = _base(record.line)
                    yield Sign(at_ns, f"event {record.event}", name, None)
            elif isinstance(record, DeadLetter):
                yield Sign(at_ns, "dead letter", _base(record.line), None)
            elif isinstance(record, Gap):
                yield Sign(at_ns, f"gap {record.reason}", None, record.symbol)
            elif isinstance(record, Flaw):
                line = _base(record.line.partition("/")[2])
                yield Sign(at_ns, f"flaw {record.kind}", line, record.symbol)

    def _issue(self, at_ns: int, issue: QualityIssue) -> Iterator[Sign]:
        key = (issue.symbol, issue.line, issue.kind, issue.opened_ns)
        before = self._counts.get(key)
        self._counts[key] = issue.count
        again = before is not None and issue.count > before
        if issue.phase is Phase.OPEN or (again and issue.kind in _AGAIN):
            line = _base(issue.line)
            yield Sign(at_ns, f"issue {issue.kind}", line, issue.symbol)

    def _health(self, at_ns: int, health: ConnectionHealth) -> Iterator[Sign]:
        if not health.line:
            return
        line = _base(health.line)
        now = {each for each in _CONCERNS if each in health.issues}
        before = self._concerns.get(health.line, set())
        self._concerns[health.line] = now
        for each in sorted(now - before):
            yield Sign(at_ns, f"health {each}", line, None)
        if not health.is_up:
            yield Sign(at_ns, "health still down", line, None)


def _base(line: str | None) -> str | None:
    """Return a line's name, whichever of its two sockets is meant."""
    return None if line is None else line.rstrip("~")
