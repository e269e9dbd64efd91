"""The sign of life: told on while the system shows one, missed when it does not."""

from collections.abc import Callable
from threading import Condition, Thread
from typing import Final

from apprise import NotifyType

from config.alerts import DEADMAN_RULE, Deadman, Target
from operators.alerts.wording import told_time
from operators.records.alerts import Alert, AlertPhase, Outcome
from operators.records.health import SystemHealth
from operators.records.quality import Severity
from sinks.alerts import Message
from sinks.courier import Tellable

TRIES: Final = 3
_SUBJECT: Final = "system"


class Life:
    """Whether system health still comes, and its time moves on.

    Attributes:
        event_ns: The newest time that it stated [ns UTC].
        fires: Whether it has been said that there is none.
    """

    def __init__(self, params: Deadman, now_s: float) -> None:
        """Begin to wait for it."""
        self.event_ns = 0
        self.fires = False
        self._params = params
        self._moved_s = now_s
        self._beat_s: float | None = None
        self._alive = False

    def remember(self, health: SystemHealth) -> None:
        """Take in what was said before we looked: it is no sign of life."""
        if not health.venue:
            self.event_ns = max(self.event_ns, health.event_ns)

    def recall(self, alert: Alert) -> None:
        """Take in what has been said before of the system's life."""
        if alert.rule == DEADMAN_RULE:
            self.fires = alert.phase is AlertPhase.FIRING

    def take(self, health: SystemHealth, now_s: float) -> Alert | None:
        """Take in a sign of life; return that all is well again, if it was not."""
        if health.venue or health.event_ns <= self.event_ns:
            return None
        self.event_ns, self._moved_s, self._alive = health.event_ns, now_s, True
        if not self.fires:
            return None
        self.fires = False
        title = "system health comes again"
        return self._alert(AlertPhase.RESOLVED, title, health.event_ns)

    def missed(self, now_s: float, now_ns: int) -> Alert | None:
        """Return, once, that there has been none for too long."""
        silence_s = self._params.silence_s
        if now_s - self._moved_s < silence_s:
            return None
        self._alive = False
        if self.fires:
            return None
        self.fires = True
        since = told_time(self.event_ns) if self.event_ns else "the start"
        title = f"no system health for {silence_s:g} s"
        at_ns = self.event_ns or now_ns
        return self._alert(AlertPhase.FIRING, title, at_ns, f"The last was of {since}.")

    def is_due(self, now_s: float) -> bool:
        """Return whether a beat is due, and take it for given."""
        if not self._alive:
            return False
        if self._beat_s is not None and now_s - self._beat_s < self._params.every_s:
            return False
        self._beat_s = now_s
        return True

    def _alert(
        self, phase: AlertPhase, title: str, at_ns: int, body: str = ""
    ) -> Alert:
        return Alert(
            rule=DEADMAN_RULE,
            subject=_SUBJECT,
            event_ns=at_ns,
            severity=Severity.CRITICAL,
            phase=phase,
            opened_ns=at_ns,
            title=title,
            body=body,
        )


class Beater:
    """Tells one target that the system lives, in a thread of its own.

    A beat is no alert: it may be told twice, and is not recorded.
    """

    def __init__(
        self,
        target: Target,
        door: Tellable,
        say: Callable[[str], None],
        pause_s: float = 5.0,
    ) -> None:
        """Take whom to tell."""
        self._target, self._door, self._say = target, door, say
        self._pause_s = pause_s
        self._due: SystemHealth | None = None
        self._stopped = False
        self._changed = Condition()
        self._thread = Thread(target=self._run, name=target.name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def beat(self, health: SystemHealth) -> None:
        """Have it tell; a beat that still waits gives way."""
        with self._changed:
            self._due = health
            self._changed.notify()

    def stop(self) -> None:
        """Have it end."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join(self._pause_s)

    def _run(self) -> None:
        while (health := self._next()) is not None:
            at = told_time(health.event_ns)
            title = f"Tapewatch lives: {health.level}, {health.score:.0f} of 100"
            told = Message(title, f"System health of {at}.", NotifyType.INFO)
            for number in range(TRIES):
                verdict = self._door.tell(told)
                if verdict.outcome is Outcome.SENT:
                    break
                self._say(f"{self._target.name}: beat {at}: {verdict.reason}")
                if number + 1 < TRIES and self._waits():
                    break

    def _next(self) -> SystemHealth | None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._due is not None)
            health, self._due = self._due, None
            return None if self._stopped else health

    def _waits(self) -> bool:
        """Wait; return whether there is something newer, or it is to end."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self._stopped or self._due is not None, self._pause_s
            )
