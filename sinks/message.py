"""What a target is told, in words."""

from collections.abc import Mapping, Sequence
from typing import Final

from apprise import NotifyType

from operators.alerts.wording import told_time
from operators.records.alerts import Alert, AlertPhase, Outcome
from operators.records.quality import Severity
from sinks.alerts import TYPES, Message

LISTED: Final = 30
_DOUBTS: Final = 5
_WORDS: Final = {
    AlertPhase.FIRING: "",
    AlertPhase.REPEATED: "still: ",
    AlertPhase.ESCALATED: "escalated: ",
    AlertPhase.RESOLVED: "over: ",
    AlertPhase.DIGEST: "",
}


def line(alert: Alert) -> str:
    """Return an alert as one line for a log; what cannot be printed is left out."""
    text = f"{alert.severity} {alert.phase} {alert.rule}: {alert.title}"
    body = f" - {alert.body}" if alert.body else ""
    whole = f"{told_time(alert.event_ns)} {text}{body}".replace("\n", " | ")
    return "".join(each if each.isprintable() else " " for each in whole)


def message(alerts: Sequence[Alert], doubtful: Mapping[str, Outcome]) -> Message:
    """Return what to tell of these alerts, and of earlier ones that are in doubt."""
    alert = alerts[0]
    worst = max(alerts, key=lambda each: list(Severity).index(each.severity)).severity
    if len(alerts) == 1:
        title = f"[{worst}] {_WORDS[alert.phase]}{alert.title}"
        about = f"{alert.rule}, {told_time(alert.event_ns)}, {alert.alert_id}"
        parts = [alert.body, about]
    else:
        title = f"[{worst}] {len(alerts)} alerts"
        shown = [
            f"{told_time(each.event_ns)} [{each.severity}] "
            f"{_WORDS[each.phase]}{each.title} ({each.alert_id})"
            for each in alerts[:LISTED]
        ]
        parts = [*shown, _more(len(alerts) - LISTED)]
    over = all(each.phase is AlertPhase.RESOLVED for each in alerts)
    kind = NotifyType.SUCCESS if over else TYPES[worst]
    body = "\n".join(filter(None, [*parts, doubts(doubtful)]))
    return Message(title, body, kind)


def doubts(doubtful: Mapping[str, Outcome]) -> str:
    """Return what to say of alerts that did not arrive, or perhaps not."""
    lost = [name for name, what in doubtful.items() if what is Outcome.GIVEN_UP]
    unknown = [name for name in doubtful if name not in set(lost)]
    said = []
    if unknown:
        said.append(f"Not known whether these arrived: {_named(unknown)}.")
    if lost:
        said.append(f"These could not be told: {_named(lost)}.")
    return "\n".join(said)


def _named(names: Sequence[str]) -> str:
    more = _more(len(names) - _DOUBTS)
    return ", ".join(filter(None, [*names[:_DOUBTS], more]))


def _more(count: int) -> str:
    return f"and {count} more" if count > 0 else ""
