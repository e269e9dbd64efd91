"""Tells one target, in order and each alert once, in a thread of its own."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition, Thread
from typing import Final, NamedTuple, Protocol

from config.alerts import DEADMAN_RULE, Alerts, Target
from operators.records.alerts import Alert, Delivery, Outcome
from operators.records.quality import Severity
from operators.records.time import MS
from sinks.alerts import Message, Verdict
from sinks.message import message
from sinks.told import Told

MOST: Final = 10_000
_MINUTE_S: Final = 60.0


class Tellable(Protocol):
    """The way to a target."""

    def tell(self, message: Message) -> Verdict:
        """Tell it once; return what became of that."""
        ...


class Recorder(Protocol):
    """Where deliveries are kept."""

    def write(self, deliveries: Sequence[Delivery]) -> None:
        """Write them, and wait until that is certain."""
        ...

    def write_soon(self, deliveries: Sequence[Delivery]) -> None:
        """Write them, if that can be done soon."""
        ...


class Waiting(NamedTuple):
    """An alert that waits to be told.

    Attributes:
        alert: It.
        appended_ms: When it was written to Kafka, by the broker's clock [ms UTC].
    """

    alert: Alert
    appended_ms: int


class Courier:
    """Tells one target.

    What it is about to do is certain to be in Kafka before it does it, and what became
    of it before it does anything else. Whoever finds the first without the second does
    not tell again.

    Attributes:
        failure: What ended it before it was told to end, if anything did.
    """

    def __init__(
        self,
        target: Target,
        settings: Alerts,
        *,
        door: Tellable,
        ledger: Recorder,
        told: Told,
        say: Callable[[str], None],
    ) -> None:
        """Take what it works with; it begins with :meth:`start`."""
        self.failure: BaseException | None = None
        self._target, self._settings = target, settings
        self._door, self._ledger, self._told, self._say = door, ledger, told, say
        self._order = list(Severity)
        self._least = self._order.index(target.min_severity)
        self._queue: deque[Waiting] = deque()
        self._seen: set[str] = set()
        self._ends: deque[float] = deque(maxlen=settings.per_minute)
        self._gathers = self._stopped = self._is_busy = False
        self._changed = Condition()
        self._thread = Thread(target=self._run, name=target.name, daemon=True)

    @property
    def waiting(self) -> int:
        """How many alerts wait."""
        return len(self._queue)

    @property
    def is_done(self) -> bool:
        """Whether nothing waits, and nothing is under way."""
        with self._changed:
            return not self._queue and not self._is_busy

    def start(self) -> None:
        """Settle what a process before us left open, and begin."""
        left = [
            self._delivery(alert_id, attempt, Verdict(Outcome.UNKNOWN, "cut off"))
            for alert_id, attempt in self._told.hanging.items()
        ]
        if left:
            self._write(left)
        self._thread.start()

    def stop(self) -> None:
        """Have it end; what is under way is brought to its end, within its time."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join(3 * self._settings.timeout_s)

    def offer(self, waiting: Waiting) -> None:
        """Take an alert, if it is for this target and has not been told."""
        alert, target = waiting.alert, self._target
        if self._order.index(alert.severity) < self._least:
            return
        if target.rules and alert.rule not in target.rules:
            return
        with self._changed:
            alert_id = alert.alert_id
            if alert_id in self._seen or alert_id in self._told.settled:
                return
            self._seen.add(alert_id)
            if _is_own(alert):  # what it says is more urgent than what waits
                self._queue.appendleft(waiting)
            else:
                self._queue.append(waiting)
            self._changed.notify()

    def _run(self) -> None:
        try:
            while batch := self._next():
                self._deliver(batch)
        except BaseException as error:  # the loop raises it in the main thread
            self.failure = error

    def _next(self) -> list[Alert]:
        """Return what to tell next, together; nothing when it is to end."""
        while True:
            with self._changed:
                self._is_busy = False
                self._changed.wait_for(lambda: self._stopped or self._queue)
                if self._stopped:
                    return []
                self._wait_for_room()
                if self._stopped:
                    return []
                taken = self._take()
                self._is_busy = True
            if batch := self._fresh(taken):
                return batch

    def _wait_for_room(self) -> None:
        """Wait while there have been too many messages within a minute."""
        while len(self._ends) == self._ends.maxlen and not self._stopped:
            if _is_own(self._queue[0].alert):
                return
            left_s = self._ends[0] + _MINUTE_S - time.monotonic()
            if left_s <= 0:
                return
            self._gathers = True
            self._changed.wait(left_s)

    def _take(self) -> list[Waiting]:
        taken = [self._queue.popleft()]
        if _is_own(taken[0].alert):
            return taken
        gathers = self._gathers or len(self._queue) > MOST
        while gathers and self._queue and not _is_own(self._queue[0].alert):
            taken.append(self._queue.popleft())
        self._gathers = False
        return taken

    def _fresh(self, taken: Sequence[Waiting]) -> list[Alert]:
        """Return those that are not too old; record the others."""
        since_ms = time.time_ns() // MS - round(self._settings.max_age_s * 1_000)
        old = [each.alert for each in taken if each.appended_ms < since_ms]
        if old:
            reason = f"older than {self._settings.max_age_s:g} s"
            self._record(old, 0, Verdict(Outcome.GIVEN_UP, reason))
        return [each.alert for each in taken if each.appended_ms >= since_ms]

    def _deliver(self, batch: Sequence[Alert]) -> None:
        """Tell a target until it has taken it, or perhaps, or too often in vain."""
        tried = max(self._told.attempts.get(each.alert_id, 0) for each in batch)
        wait_s = self._settings.backoff_first_s
        while tried < self._settings.attempts:
            tried += 1
            self._record(batch, tried, Verdict(Outcome.SENDING))
            outcome = self._door.tell(message(batch, self._told.doubtful))
            self._ends.append(time.monotonic())
            self._record(batch, tried, outcome)
            if outcome.outcome is not Outcome.FAILED:
                return
            if tried < self._settings.attempts and self._pause(wait_s):
                return
            wait_s = min(2 * wait_s, self._settings.backoff_cap_s)
        self._gathers = True  # it was away for a while: what waits is told at once
        reason = f"{self._settings.attempts} attempts"
        self._record(batch, tried, Verdict(Outcome.GIVEN_UP, reason))

    def _pause(self, wait_s: float) -> bool:
        """Wait; return whether it is to end instead."""
        with self._changed:
            return self._changed.wait_for(lambda: self._stopped, wait_s)

    def _record(self, batch: Sequence[Alert], attempt: int, what: Verdict) -> None:
        found = [self._delivery(each.alert_id, attempt, what) for each in batch]
        self._write(found, soon=_is_own(batch[0]))

    def _write(self, deliveries: Sequence[Delivery], *, soon: bool = False) -> None:
        (self._ledger.write_soon if soon else self._ledger.write)(deliveries)
        with self._changed:
            for each in deliveries:
                self._told.take(each)
        first = deliveries[0]
        if first.outcome not in {Outcome.SENDING, Outcome.SENT}:
            many = f" and {len(deliveries) - 1} more" if deliveries[1:] else ""
            text = f"{first.target}: {first.outcome}: {first.reason}"
            self._say(f"{text} (attempt {first.attempt}): {first.alert_id}{many}")

    def _delivery(self, alert_id: str, attempt: int, what: Verdict) -> Delivery:
        return Delivery(
            alert_id=alert_id,
            target=self._target.name,
            attempt=attempt,
            outcome=what.outcome,
            received_ns=time.time_ns(),
            reason=what.reason,
        )


def _is_own(alert: Alert) -> bool:
    """Return whether it says that the system shows no life: Kafka may be away."""
    return alert.rule == DEADMAN_RULE
