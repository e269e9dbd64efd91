"""A rule: which records a person must know of, and how they are told."""

from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec

from operators.alerts.condition import compiled
from operators.alerts.fields import TEXT, fields
from operators.alerts.wording import named, worded
from operators.records import topics
from operators.records.quality import Severity
from operators.records.time import SECOND
from operators.records.topics import Topic

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]*\Z", max_length=60)]
Some = Annotated[float, msgspec.Meta(gt=0, le=1e8)]
NEVER: Final = 2**63

_PLACES: Final = ("venue", "symbol", "connection", "line", "kind")
_APART: Final = ("venue", "symbol", "connection")
"""What a subject must name, where records have it: keys are never mixed."""

_UNFIT: Final = {
    topics.ALERTS.name: "an alert cannot follow from alerts",
    topics.DELIVERIES.name: "no flow makes them",
    topics.PROCESSES.name: "no flow makes them: a replay could not repeat the alert",
    topics.CONNECTIONS.name: "readings.v1 says the same, and is there in a replay too",
}


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When to tell whom of what.

    All times are those of the records, and pass by records of the topic that have the
    same Kafka key: nothing comes due while a key is silent. (By anything else, what is
    said would depend on the order in which keys happen to be read.)

    Attributes:
        name: Unique among the rules.
        topic: Whose records it looks at.
        when: A condition; see :mod:`operators.alerts.condition`. It begins to hold with
            the first record of a subject that meets it.
        clear: It ends with a record that meets this and not ``when``; with any that
            does not meet ``when``, if not given.
        severity: How urgent.
        subject: What it is about, by fields of the record, e.g. ``{venue} {symbol}``;
            each subject fires by itself, and only its own records end it. If not given:
            venue, symbol, connection, line and kind, as far as the records have them.
        title: A line for a person; fields in braces, and ``{subject}``.
        body: The rest, likewise.
        for_s: How long it must have held before it fires [s].
        at_least: How many records must meet it within ``within_s`` to begin with.
        within_s: In how long a time [s].
        lapse_s: It also ends where so long none has met it, for records that say only
            that something happened [s].
        cooldown_s: Shortest time between two firings of a subject; what fires in
            between is counted, and told with the next [s].
        repeat_s: How often it says that it fires still; never if not given [s].
        escalate_after_s: How long after it fired it is escalated [s].
        escalate_to: Its severity from then on; the next higher one if not given.
        digest_s: Its firings are told together, so often, and nothing else is [s].
    """

    name: Name
    topic: str
    when: Text
    clear: Text | None = None
    severity: Severity
    subject: Text | None = None
    title: Text = "{subject}"
    body: str = ""
    for_s: Annotated[float, msgspec.Meta(ge=0, le=1e8)] = 0.0
    at_least: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 1
    within_s: Some = 60.0
    lapse_s: Some | None = None
    cooldown_s: Some = 300.0
    repeat_s: Some | None = None
    escalate_after_s: Some | None = None
    escalate_to: Severity | None = None
    digest_s: Some | None = None

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        Judge(self)


class Judge:
    """A rule, ready to look at records.

    Attributes:
        rule: The rule.
        when: Whether a record meets it.
        subject: What a record is about.
        title: What to say of it in a line.
        body: The rest.
    """

    def __init__(self, rule: Rule) -> None:
        """Read the rule's condition and texts.

        Raises:
            ValueError: If one of them cannot be used.
        """
        topic = _topic(rule.topic)
        known = fields(topic.records)
        self.rule = rule
        self.when = _part("when", rule.when, known, compiled)
        self._clear = rule.clear and _part("clear", rule.clear, known, compiled)
        text = rule.subject or " ".join(f"{{{n}}}" for n in _PLACES if n in known)
        self.subject: Callable[[Any], str] = _part("subject", text, known, worded)
        missing = [n for n in _APART if n in known and n not in named(text)]
        if missing:
            text = f"Expected it to name {', '.join(missing)} in `subject`"
            raise ValueError(f"{text}: {rule.subject}")
        more = known | {"subject": TEXT, "rule": TEXT}
        self._title = _part("title", rule.title, more, worded)
        self._body = _part("body", rule.body, more, worded)

    def cleared(self, record: Any) -> bool:
        """Return whether a record that does not meet the condition ends it."""
        return not self._clear or self._clear(record)

    def said(self, record: Any, subject: str) -> tuple[str, str]:
        """Return the title and the body for a record."""
        seen = _Seen(record, subject, self.rule.name)
        return self._title(seen), self._body(seen)

    @property
    def raised(self) -> Severity:
        """What it is escalated to."""
        order = list(Severity)
        above = min(order.index(self.rule.severity) + 1, len(order) - 1)
        return self.rule.escalate_to or order[above]


class _Seen:
    """A record that also answers for its subject and rule."""

    def __init__(self, record: Any, subject: str, rule: str) -> None:
        self._record, self.subject, self.rule = record, subject, rule

    def __getattr__(self, name: str) -> Any:
        return getattr(self._record, name, None)


def ns(seconds: float | None) -> int:
    """Return a time in nanoseconds; none is never over."""
    return NEVER if seconds is None else round(seconds * SECOND)


def _topic(name: str) -> Topic[Any]:
    if name in _UNFIT:
        raise ValueError(f"Expected another `topic` than {name}: {_UNFIT[name]}")
    for topic in topics.ALL:
        if topic.name == name:
            return topic
    fit = ", ".join(each.name for each in topics.ALL if each.name not in _UNFIT)
    raise ValueError(f"Expected a `topic` ({fit}), not `{name}`")


def _part(where: str, text: str, known: Any, read: Callable[[str, Any], Any]) -> Any:
    try:
        return read(text, known)
    except ValueError as error:
        raise ValueError(f"{error} in `{where}`") from error
