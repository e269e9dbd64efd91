"""What is wrong with a symbol is mended at once, then ever more rarely."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.healing.heal_symbols import REMEDIES, HealSymbols
from operators.healing.params import HealParams
from operators.records.book import Action, Command
from operators.records.healing import Decision, Healing
from operators.records.quality import IssueKind, Phase, QualityIssue, Severity
from operators.records.time import SECOND

T0_NS = 1_700_000_000 * SECOND
GAP, CHECKSUM = IssueKind.SEQUENCE_GAP, IssueKind.CHECKSUM
OPEN, UPDATE, CLOSE = Phase.OPEN, Phase.UPDATE, Phase.CLOSE


def issue(
    at_s: float,
    phase: Phase,
    kind: IssueKind = GAP,
    opened_s: float = 0.0,
    symbol: str | None = "BTC-USDT",
) -> QualityIssue:
    return QualityIssue(
        venue="binance",
        symbol=symbol,
        connection=None if symbol else "binance-0",
        event_ns=T0_NS + int(at_s * SECOND),
        received_ns=T0_NS + int(at_s * SECOND) + 1_000,
        kind=kind,
        severity=Severity.HIGH,
        phase=phase,
        opened_ns=T0_NS + int(opened_s * SECOND),
        evidence="it showed",
    )


def run(*issues: QualityIssue, params: HealParams | None = None) -> list[object]:
    return list(HealSymbols(params or HealParams()).update(issues))


def lasting(kind: IssueKind, until_s: int) -> list[QualityIssue]:
    """An issue with an update every five seconds."""
    updates = [issue(at_s, UPDATE, kind) for at_s in range(5, until_s, 5)]
    return [issue(0, OPEN, kind), *updates]


def seconds(said: list[object], decision: Decision = Decision.ORDERED) -> list[float]:
    return [
        (each.event_ns - T0_NS) // SECOND
        for each in said
        if isinstance(each, Healing) and each.decision is decision
    ]


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        (GAP, Action.RESYNC),
        (CHECKSUM, Action.RESYNC),
        (IssueKind.CROSSED_BOOK, Action.RESYNC),
        (IssueKind.STALE, Action.RESUBSCRIBE),
    ],
)
def test_an_issue_is_mended_the_moment_that_it_opens(kind, action):
    command, healing = run(issue(0, OPEN, kind))

    assert isinstance(command, Command)
    assert (command.key, command.action) == ("binance:BTC-USDT", action)
    assert command.event_ns == T0_NS
    assert command.reason == f"{kind}: it showed"
    assert isinstance(healing, Healing)
    assert (healing.decision, healing.attempt) == (Decision.ORDERED, 1)
    assert healing.received_ns == T0_NS + 1_000


@pytest.mark.parametrize("kind", [each for each in IssueKind if each not in REMEDIES])
def test_of_all_other_issues_we_only_know(kind):
    assert run(*lasting(kind, 60)) == []


def test_an_issue_of_a_line_is_no_business_of_a_symbol():
    assert run(issue(0, OPEN, symbol=None)) == []


def test_it_is_ordered_again_after_a_pause_that_doubles():
    said = run(*lasting(GAP, 200))

    assert seconds(said) == [0, 5, 15, 35, 75, 135, 195]
    commands = [each.event_ns for each in said if isinstance(each, Command)]
    assert len(commands) == 7


def test_it_is_said_once_a_pause_that_it_is_waited():
    said = run(*lasting(GAP, 80))

    assert seconds(said, Decision.COOLING) == [10, 20, 40]


def test_it_is_healed_when_the_last_issue_closes_and_says_how_long_that_took():
    said = run(
        issue(0, OPEN),
        issue(0, OPEN, CHECKSUM),
        issue(0.5, CLOSE),
        issue(0.75, CLOSE, CHECKSUM),
    )

    assert [type(each).__name__ for each in said] == ["Command", "Healing", "Healing"]
    healed = said[-1]
    assert isinstance(healed, Healing)
    assert (healed.decision, healed.attempt) == (Decision.HEALED, 1)
    assert healed.duration_ns == 750_000_000


def test_what_opens_anew_is_mended_at_once_and_no_two_orders_bear_one_date():
    """The venue's clock may stand still between two losses of a book."""
    flapping = [issue(0, phase) for _ in range(4) for phase in (OPEN, CLOSE)]
    commands = [each for each in run(*flapping) if isinstance(each, Command)]

    assert [each.event_ns - T0_NS for each in commands] == [0, 2, 4, 6]


def test_beyond_its_limit_an_hour_a_person_is_called_once_and_nothing_is_repeated():
    limit = HealParams().resync.per_hour
    flaps = range(limit + 40)
    flapping = [
        issue(10 * number + later_s, phase, opened_s=10 * number)
        for number in flaps
        for later_s, phase in ((0, OPEN), (1, CLOSE))
    ]
    said = run(*flapping)
    decisions = Counter(each.decision for each in said if isinstance(each, Healing))

    assert decisions[Decision.ORDERED] == limit
    assert decisions[Decision.ESCALATED] == 1
    assert seconds(said, Decision.ESCALATED) == [10 * limit]


def test_what_lasts_is_tried_again_as_the_hour_allows():
    said = run(*lasting(GAP, 7_200))
    orders = seconds(said)
    limit = HealParams().resync.per_hour

    assert all(
        sum(at_s <= each < at_s + 3_600 for each in orders) <= limit for at_s in orders
    )
    assert orders[-1] > 7_000
    assert len(seconds(said, Decision.ESCALATED)) <= 1


def test_an_issue_whose_beginning_was_missed_is_mended_at_its_next_update():
    assert seconds(run(issue(7, UPDATE))) == [7]


def test_an_opening_without_a_close_between_is_a_new_case():
    """Quality that lost its state never closes what it had opened."""
    said = run(issue(0, OPEN), issue(7, OPEN, opened_s=7), issue(8, CLOSE, opened_s=7))

    assert seconds(said) == [0, 7]
    healed = said[-1]
    assert isinstance(healed, Healing)
    assert healed.duration_ns == SECOND


@given(
    st.lists(
        st.tuples(
            st.integers(0, 30_000),
            st.sampled_from([GAP, CHECKSUM, IssueKind.STALE]),
            st.sampled_from(Phase),
        ),
        max_size=60,
    )
)
def test_dates_rise_and_every_order_is_a_command(drawn):
    at_ms, issues = 0, []
    for later_ms, kind, phase in drawn:
        at_ms += later_ms
        issues.append(issue(at_ms / 1_000, phase, kind))
    said = run(*issues)

    healings = [each for each in said if isinstance(each, Healing)]
    dates = [each.event_ns for each in healings]
    assert dates == sorted(set(dates))
    commands = [(c.event_ns, c.action) for c in said if isinstance(c, Command)]
    ordered = [each for each in healings if each.decision is Decision.ORDERED]
    assert commands == [(each.event_ns, each.action) for each in ordered]
