"""Records of a topic -> alerts, by the rules over it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from operators.alerts.rule import Judge, ns
from operators.alerts.watch import Watch
from operators.records.alerts import Alert, AlertPhase
from operators.records.base import Record
from operators.records.span import dated_ns

LISTED: Final = 20
"""How many subjects a digest names."""


class Digest(msgspec.Struct):
    """Firings of one rule that will be told together.

    Attributes:
        start_ns: The beginning of the window that they are of [ns UTC].
        count: How many there are.
        titles: Those of the first, each once, with how many.
        last: The last of them; the digest is under its subject.
    """

    start_ns: int
    count: int = 0
    titles: dict[str, int] = msgspec.field(default_factory=dict)
    last: Alert | None = None


class AlertsState(msgspec.Struct):
    """What :class:`Alerts` remembers of one key.

    Attributes:
        now_ns: The newest time that a record has stated [ns UTC].
        watches: By rule and subject; those of which nothing is to be known are absent.
        digests: By rule.
    """

    now_ns: int = 0
    watches: dict[tuple[str, str], Watch] = msgspec.field(default_factory=dict)
    digests: dict[str, Digest] = msgspec.field(default_factory=dict)


class Alerts:
    """Say what a person must know, once, and when it is over.

    A subject fires when its condition has held for ``for_s``, is over with the first
    record that clears it, and is not said to fire again within ``cooldown_s``. What is
    cleared by the very record that would have let it fire is not said. What has come
    due is dated by the record of the same key that let time pass so far.

    In:  Records of one topic, one key, in order.
    Out: Alert; of a rule with a digest only that, dated by the end of its window.
    """

    def __init__(self, judges: Sequence[Judge]) -> None:
        """Take the rules over the topic."""
        self._judges = {judge.rule.name: judge for judge in judges}
        self.state = AlertsState()

    def update(self, records: Iterable[Record]) -> Iterator[Alert]:
        """Take in records; yield what a person must know."""
        state = self.state
        for record in records:
            state.now_ns = max(state.now_ns, dated_ns(record) or 0)
            yield from self._digested(self._end(record))
            if state.watches:
                yield from self._digested(self._pass_time())
            if state.digests:
                yield from self._tell_digests()

    def close(self) -> Iterator[Alert]:
        """Tell the digests that are open: the input has come to its true end."""
        for name in list(self.state.digests):
            yield self._summed(name, self.state.digests.pop(name))

    def _end(self, record: Record) -> Iterator[Alert]:
        """Let a record begin, go on, or end what it is about."""
        watches, now_ns = self.state.watches, self.state.now_ns
        for name, judge in self._judges.items():
            matched = judge.when(record)
            if not matched and not watches:
                continue
            subject = judge.subject(record)
            watch = watches.get((name, subject))
            if watch is not None and watch.is_over(judge, now_ns):
                yield from watch.end(judge, subject, now_ns)
            if matched:
                watch = watch or watches.setdefault((name, subject), Watch())
                watch.match(judge, record, now_ns)
            elif watch is not None and watch.holds and judge.cleared(record):
                yield from watch.end(judge, subject, now_ns)

    def _pass_time(self) -> Iterator[Alert]:
        watches, now_ns = self.state.watches, self.state.now_ns
        for (name, subject), watch in list(watches.items()):
            judge = self._judges.get(name)
            if judge is None:  # the rule is gone from the settings
                del watches[name, subject]
                continue
            if watch.is_over(judge, now_ns):
                yield from watch.end(judge, subject, now_ns)
            yield from watch.pass_time(judge, subject, now_ns)
            if watch.is_idle(judge, now_ns):
                del watches[name, subject]

    def _digested(self, alerts: Iterable[Alert]) -> Iterator[Alert]:
        """Yield alerts; put aside those that are told together."""
        for alert in alerts:
            every_s = self._judges[alert.rule].rule.digest_s
            if every_s is None:
                yield alert
            elif alert.phase is AlertPhase.FIRING:
                yield from self._put_aside(alert, ns(every_s))

    def _put_aside(self, alert: Alert, every_ns: int) -> Iterator[Alert]:
        digests, at_ns = self.state.digests, alert.event_ns
        start_ns = at_ns - at_ns % every_ns
        digest = digests.get(alert.rule)
        if digest is not None and digest.start_ns != start_ns:
            yield self._summed(alert.rule, digests.pop(alert.rule))
        digest = digests.setdefault(alert.rule, Digest(start_ns))
        digest.count += 1
        digest.last = alert
        if alert.title in digest.titles or len(digest.titles) < LISTED:
            digest.titles[alert.title] = digest.titles.get(alert.title, 0) + 1

    def _tell_digests(self) -> Iterator[Alert]:
        digests = self.state.digests
        for name in list(digests):
            judge = self._judges.get(name)
            every_s = judge.rule.digest_s if judge else None
            if every_s is None:
                del digests[name]
            elif self.state.now_ns >= digests[name].start_ns + ns(every_s):
                yield self._summed(name, digests.pop(name))

    def _summed(self, name: str, digest: Digest) -> Alert:
        every_s = self._judges[name].rule.digest_s or 0.0
        lines = [
            f"{count} times: {title}" if count > 1 else title
            for title, count in digest.titles.items()
        ]
        last = digest.last
        assert last is not None
        return msgspec.structs.replace(
            last,
            event_ns=digest.start_ns + ns(every_s),
            phase=AlertPhase.DIGEST,
            opened_ns=digest.start_ns,
            count=digest.count,
            title=f"{name}: {digest.count} in {every_s:g} s",
            body="\n".join(lines),
        )
