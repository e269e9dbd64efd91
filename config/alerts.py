"""Settings of alerts: which rules there are, and whom to tell."""

from typing import Annotated, Final

import msgspec

from config.section import Section, check_unique
from operators.alerts.rule import Name, Rule, Some
from operators.records.quality import Severity

Variable = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*\Z")]
Times = Annotated[int, msgspec.Meta(ge=1, le=1_000)]

RULES: Final = (
    Rule(
        name="critical-issue",
        topic="quality_issues.v1",
        when="severity == 'critical' and phase != 'close'",
        severity=Severity.CRITICAL,
        subject="{venue} {symbol} {connection} {line} {kind}",
        title="{kind}: {venue} {symbol} {connection} {line}",
        body="{evidence} (seen {count} times since {opened_ns:time})",
        repeat_s=3_600.0,
    ),
    Rule(
        name="high-issue",
        topic="quality_issues.v1",
        when="severity == 'high' and phase != 'close'",
        severity=Severity.HIGH,
        subject="{venue} {symbol} {connection} {line} {kind}",
        title="{kind}: {venue} {symbol} {connection} {line}",
        body="{evidence} (seen {count} times since {opened_ns:time})",
        for_s=60.0,
        cooldown_s=900.0,
    ),
    Rule(
        name="connection-red",
        topic="connection_health.v1",
        when="level == 'red' and line == ''",
        severity=Severity.HIGH,
        title="connection {venue} {connection} is red",
        body="{issues}; {lines_up} of {lines} lines are up",
        for_s=10.0,
        repeat_s=3_600.0,
        escalate_after_s=600.0,
    ),
    Rule(
        name="system-red",
        topic="system_health.v1",
        when="level == 'red' and venue == ''",
        severity=Severity.CRITICAL,
        title="the system is red",
        body="score {score:.0f} of 100: {issues}",
        subject="{venue} system",
        for_s=15.0,
        repeat_s=3_600.0,
    ),
    Rule(
        name="healing-escalated",
        topic="healings.v1",
        when="decision == 'escalated'",
        clear="decision == 'healed'",
        severity=Severity.HIGH,
        subject="{venue} {symbol} {connection} {line} {action}",
        title="cannot be healed: {venue} {symbol} {connection} {line}",
        body="{action} was ordered {within_hour} times within an hour, for: {cause}",
        cooldown_s=3_600.0,
    ),
    Rule(
        name="dead-letters",
        topic="dead.v1",
        when="size >= 0",
        severity=Severity.HIGH,
        subject="{venue} {connection} {topic}",
        title="many dead letters: {venue} {connection} {topic}",
        body="the last: {reason}",
        at_least=20,
        within_s=60.0,
        lapse_s=600.0,
    ),
)
"""The rules of the house; those of the settings take their place, or come beside."""


class Target(Section, frozen=True, kw_only=True):
    """Whom to tell, and of what.

    Attributes:
        name: Unique; what deliveries are kept under. The same name is the same target.
        url_env: The environment variable with the apprise address, which is a secret:
            https://github.com/caronc/apprise/wiki lists them.
        min_severity: Nothing less is told.
        rules: Only of these rules; of all if empty.
        deadman: It gets the dead-man beats, and nothing else: whoever waits for them
            (Healthchecks, Dead Man's Snitch, ...) would take an alert for a beat.
    """

    name: Name
    url_env: Variable
    min_severity: Severity = Severity.LOW
    rules: tuple[Name, ...] = ()
    deadman: bool = False


class Deadman(Section, frozen=True, kw_only=True):
    """A sign of life, and what is said when the system shows none.

    Attributes:
        every_s: How often ``deadman`` targets get a beat, while system health comes
            and its time moves on [s].
        silence_s: After how long without one that is an alert of its own [s].
    """

    every_s: Some = 300.0
    silence_s: Some = 60.0


class Alerts(Section, frozen=True, kw_only=True):
    """What a person must know, and how they are told. By default: log and lake only.

    Attributes:
        rules: The rules of the house, or others in their place.
        more: Rules beside these.
        targets: Whom to tell.
        deadman: The sign of life.
        max_age_s: What is older when it could be told is not told, but recorded [s].
        attempts: How often one is told before that is given up.
        backoff_first_s: The first wait between attempts; each is twice as long [s].
        backoff_cap_s: The longest of them [s].
        timeout_s: How long a target may take [s].
        per_minute: Most messages a minute to a target; beyond, they are gathered.
    """

    rules: tuple[Rule, ...] = RULES
    more: tuple[Rule, ...] = ()
    targets: tuple[Target, ...] = ()
    deadman: Deadman = Deadman()
    max_age_s: Annotated[float, msgspec.Meta(gt=0, le=7 * 86_400)] = 3_600.0
    attempts: Times = 10
    backoff_first_s: Some = 1.0
    backoff_cap_s: Some = 60.0
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=300)] = 10.0
    per_minute: Times = 20

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        names = [rule.name for rule in self.all_rules]
        check_unique(names, DEADMAN_RULE)
        check_unique((target.name for target in self.targets), DEADMAN_RULE)
        known = {*names, DEADMAN_RULE}
        for target in self.targets:
            for name in target.rules:
                if name not in known:
                    text = f"Expected one of {', '.join(sorted(known))}"
                    raise ValueError(f"{text}, not `{name}` - at `targets`")

    @property
    def all_rules(self) -> tuple[Rule, ...]:
        """Every rule."""
        return self.rules + self.more

    @property
    def topics(self) -> tuple[str, ...]:
        """What the rules look at; without any rule, the health of the system."""
        found = {rule.topic for rule in self.all_rules}
        return tuple(sorted(found)) or ("system_health.v1",)


DEADMAN_RULE: Final = "no-system-health"
"""The rule of what `tapewatch tell` itself says: the system shows no sign of life."""
