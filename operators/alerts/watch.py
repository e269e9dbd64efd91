"""What is remembered of one subject of one rule."""

from collections.abc import Iterator
from typing import Any

import msgspec

from operators.alerts.rule import Judge, ns
from operators.records.alerts import Alert, AlertPhase
from operators.records.quality import Severity


class Watch(msgspec.Struct):
    """One subject of one rule.

    Attributes:
        opened_ns: Since when the condition holds; None while it does not [ns UTC].
        record: What met it last.
        seen_ns: When that was [ns UTC].
        count: Records that have met it since.
        times: When the last of them came, where several are needed [ns UTC].
        fired_ns: When it was last said to fire, now or before [ns UTC].
        said_ns: When it was last said at all [ns UTC].
        fires: Whether it has been said to fire, and not that it is over.
        escalated: Whether it has been escalated since.
        untold: Firings since the last that was told, for want of a pause.
    """

    opened_ns: int | None = None
    record: Any = None
    seen_ns: int = 0
    count: int = 0
    times: tuple[int, ...] = ()
    fired_ns: int | None = None
    said_ns: int = 0
    fires: bool = False
    escalated: bool = False
    untold: int = 0

    def match(self, judge: Judge, record: Any, now_ns: int) -> None:
        """Take in a record that meets the condition."""
        rule = judge.rule
        if self.opened_ns is None:
            since_ns = now_ns - ns(rule.within_s)
            times = (*(at for at in self.times if at >= since_ns), now_ns)
            self.times = times[-rule.at_least :]
            if len(self.times) < rule.at_least:
                return
            self.opened_ns, self.count = self.times[0], len(self.times)
            self.times = ()
        else:
            self.count += 1
        self.record, self.seen_ns = record, now_ns

    @property
    def holds(self) -> bool:
        """Whether the condition holds."""
        return self.opened_ns is not None

    def is_over(self, judge: Judge, now_ns: int) -> bool:
        """Return whether it has ended because nothing has met it for so long."""
        return self.opened_ns is not None and now_ns > self._lapses_ns(judge)

    def pass_time(self, judge: Judge, subject: str, now_ns: int) -> Iterator[Alert]:
        """Yield what has come due."""
        rule = judge.rule
        if self.opened_ns is None or now_ns < self.opened_ns + ns(rule.for_s):
            return
        if not self.fires:
            if self.fired_ns is None or now_ns >= self.fired_ns + ns(rule.cooldown_s):
                self.fires, self.fired_ns = True, now_ns
                yield self._say(AlertPhase.FIRING, judge, subject, now_ns)
                self.untold = 0
        elif not self.escalated and now_ns >= (self.fired_ns or 0) + ns(
            rule.escalate_after_s
        ):
            self.escalated = True
            yield self._say(AlertPhase.ESCALATED, judge, subject, now_ns)
        elif now_ns >= self.said_ns + ns(rule.repeat_s):
            yield self._say(AlertPhase.REPEATED, judge, subject, now_ns)

    def end(self, judge: Judge, subject: str, now_ns: int) -> Iterator[Alert]:
        """Let it be over; yield that, where it had been said to fire."""
        rule = judge.rule
        ended_ns = min(now_ns, self._lapses_ns(judge))
        if self.fires:
            yield self._say(AlertPhase.RESOLVED, judge, subject, ended_ns)
        elif self.opened_ns is not None and ended_ns >= self.opened_ns + ns(rule.for_s):
            self.untold += 1
        self.opened_ns, self.record, self.count = None, None, 0
        self.fires = self.escalated = False

    def is_idle(self, judge: Judge, now_ns: int) -> bool:
        """Return whether it may be forgotten."""
        rule = judge.rule
        return (
            self.opened_ns is None
            and not self.untold
            and (not self.times or now_ns > self.times[-1] + ns(rule.within_s))
            and (self.fired_ns is None or now_ns >= self.fired_ns + ns(rule.cooldown_s))
        )

    def _lapses_ns(self, judge: Judge) -> int:
        return self.seen_ns + ns(judge.rule.lapse_s)

    def _severity(self, judge: Judge) -> Severity:
        return judge.raised if self.escalated else judge.rule.severity

    def _say(self, phase: AlertPhase, judge: Judge, subject: str, at_ns: int) -> Alert:
        self.said_ns = at_ns
        title, body = judge.said(self.record, subject)
        if self.untold:
            body = f"{body} It also fired {self.untold} times untold.".strip()
        return Alert(
            rule=judge.rule.name,
            subject=subject,
            venue=getattr(self.record, "venue", None) or None,
            symbol=getattr(self.record, "symbol", None),
            event_ns=at_ns,
            severity=self._severity(judge),
            phase=phase,
            opened_ns=at_ns if self.opened_ns is None else self.opened_ns,
            count=self.count,
            title=title,
            body=body,
        )
