"""What a person is told of, once, and when it is over."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.alerts import RULES
from operators.alerts.alerts import Alerts
from operators.alerts.rule import Judge, Rule
from operators.records.alerts import Alert
from operators.records.dead import DeadLetter
from operators.records.quality import IssueKind, Phase, QualityIssue, Severity
from operators.records.time import SECOND

BASE: dict[str, Any] = {
    "name": "stale",
    "topic": "quality_issues.v1",
    "when": "kind == 'stale' and phase != 'close'",
    "severity": "high",
    "cooldown_s": 100.0,
}


def rule(**changed: Any) -> Rule:
    return msgspec.convert(BASE | changed, Rule)


def issue(
    at_s: float, phase: str = "open", symbol: str = "BTC-USDT", **changed: Any
) -> QualityIssue:
    known: dict[str, Any] = {"kind": IssueKind.STALE, "value": None} | changed
    return QualityIssue(
        venue="okx",
        symbol=symbol,
        event_ns=round(at_s * SECOND),
        received_ns=0,
        severity=Severity.HIGH,
        phase=Phase(phase),
        opened_ns=0,
        **known,
    )


def alerts(given_rule: Rule, *records: Any) -> list[Alert]:
    return list(Alerts([Judge(given_rule)]).update(records))


def said(given_rule: Rule, *records: Any) -> list[tuple[str, float]]:
    return [
        (each.phase.value, each.event_ns / SECOND)
        for each in alerts(given_rule, *records)
    ]


def test_it_fires_once_and_is_over_once() -> None:
    records = issue(1), issue(2, "update"), issue(3, "close"), issue(4, "close")
    fired, over = alerts(rule(title="{kind} of {symbol}"), *records)
    assert (fired.phase, fired.event_ns, fired.count) == ("firing", SECOND, 1)
    assert (over.phase, over.event_ns, over.count) == ("resolved", 3 * SECOND, 2)
    assert fired.opened_ns == over.opened_ns == SECOND
    assert (fired.title, fired.subject) == ("stale of BTC-USDT", "okx BTC-USDT stale")
    assert (fired.venue, fired.symbol) == ("okx", "BTC-USDT")


def test_each_subject_fires_by_itself() -> None:
    lines = [issue(at, line=line) for at, line in ((1, "a"), (2, "b"), (3, "a"))]
    assert [each.subject for each in alerts(rule(), *lines)] == [
        "okx BTC-USDT a stale",
        "okx BTC-USDT b stale",
    ]


def test_what_ends_before_its_time_is_not_said() -> None:
    late = rule(for_s=60.0)
    assert said(late, issue(0), issue(59, "update"), issue(70, "close")) == []
    assert said(late, issue(0), issue(59, "update"), issue(60, "update")) == [
        ("firing", 60)
    ]


def test_time_passes_by_any_record_of_the_key() -> None:
    other = issue(61, "update", kind=IssueKind.LATE)
    assert said(rule(for_s=60.0), issue(0), other) == [("firing", 61)]


def test_a_record_of_the_past_does_not_turn_time_back() -> None:
    records = issue(50), issue(10, "update"), issue(109, "update"), issue(110, "close")
    assert said(rule(for_s=60.0), *records) == []
    assert said(rule(), issue(50), issue(10, "close")) == [
        ("firing", 50),
        ("resolved", 50),
    ]


def test_between_entering_and_leaving_nothing_flaps() -> None:
    wide = rule(when="value > 10", clear="value < 5")
    values = enumerate([9.0, 11.0, 9.0, 11.0, 6.0, None, 4.0, 6.0])
    records = [issue(at, "update", value=value) for at, value in values]
    assert said(wide, *records) == [("firing", 1), ("resolved", 6)]


def test_a_second_firing_waits_for_the_pause_and_tells_how_many_were_missed() -> None:
    records = [
        issue(at, phase)
        for at, phase in (
            *((0, "open"), (1, "close"), (2, "open"), (3, "close")),
            *((50, "open"), (51, "close"), (99, "open"), (101, "update")),
        )
    ]
    found = alerts(rule(), *records)
    assert [(each.phase.value, each.event_ns // SECOND) for each in found] == [
        ("firing", 0),
        ("resolved", 1),
        ("firing", 101),
    ]
    assert found[-1].body == "It also fired 2 times untold."
    assert found[-1].opened_ns == 99 * SECOND


def test_what_stays_is_repeated_and_escalated_once() -> None:
    stays = rule(repeat_s=30.0, escalate_after_s=45.0)
    found = alerts(stays, *(issue(at, "update") for at in range(0, 121, 10)))
    assert [(each.phase.value, each.event_ns // SECOND) for each in found] == [
        ("firing", 0),
        ("repeated", 30),
        ("escalated", 50),
        ("repeated", 80),
        ("repeated", 110),
    ]
    assert [each.severity.value for each in found] == ["high"] * 2 + ["critical"] * 3


def test_its_end_is_as_urgent_as_what_it_was_escalated_to() -> None:
    raised = rule(severity="low", escalate_after_s=5.0, escalate_to="critical")
    *_, over = alerts(raised, issue(0), issue(9, "update"), issue(10, "close"))
    assert (over.phase, over.severity) == ("resolved", Severity.CRITICAL)


def test_low_ones_are_gathered_into_one_record_a_window() -> None:
    gathered = rule(digest_s=60.0, cooldown_s=1.0, title="{symbol} {line}")
    records = []
    for at in range(0, 50, 10):
        records += [issue(at, line="a"), issue(at + 5, "close", line="a")]
    (digest,) = alerts(gathered, *records, issue(61, "close"))
    assert (digest.phase, digest.event_ns, digest.count) == ("digest", 60 * SECOND, 5)
    assert digest.title == "stale: 5 in 60 s"
    assert digest.body == "5 times: BTC-USDT a"


def test_an_open_digest_is_told_at_the_true_end_only() -> None:
    operator = Alerts([Judge(rule(digest_s=60.0))])
    assert list(operator.update([issue(1)])) == []
    assert [each.event_ns for each in operator.close()] == [60 * SECOND]
    assert list(operator.close()) == []


def dead(at_s: float) -> DeadLetter:
    return DeadLetter(
        topic="frames.v1",
        reason="no JSON",
        raw=b"{",
        size=1,
        venue="okx",
        connection="okx-0",
        line="a",
        received_ns=round(at_s * SECOND),
    )


def test_a_storm_is_so_many_within_a_time_and_ends_by_itself() -> None:
    (storm,) = [each for each in RULES if each.name == "dead-letters"]
    seldom = [dead(at * 10) for at in range(40)]
    assert said(storm, *seldom) == []
    many = [dead(at) for at in range(30)]
    assert said(storm, *many, dead(700)) == [("firing", 19), ("resolved", 629)]


def test_a_rule_that_is_gone_is_forgotten() -> None:
    before = Alerts([Judge(rule()), Judge(rule(name="other", digest_s=60.0))])
    list(before.update([issue(0)]))
    after = Alerts([])
    after.state = before.state
    assert list(after.update([issue(999, "close")])) == []
    assert (after.state.watches, after.state.digests) == ({}, {})


def test_a_subject_of_which_nothing_is_to_be_known_is_forgotten() -> None:
    operator = Alerts([Judge(rule())])
    list(operator.update([issue(0), issue(1, "close"), issue(100, "close")]))
    assert operator.state.watches == {}


steps = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.sampled_from(["open", "update", "close"]),
        st.sampled_from(["a", "b"]),
    ),
    max_size=40,
)
RULED = st.fixed_dictionaries(
    {
        "for_s": st.sampled_from([0.0, 30.0]),
        "cooldown_s": st.sampled_from([0.001, 60.0]),
        "repeat_s": st.sampled_from([None, 20.0]),
        "escalate_after_s": st.sampled_from([None, 25.0]),
        "lapse_s": st.sampled_from([None, 35.0]),
        "at_least": st.sampled_from([1, 2]),
    }
)


@given(steps, RULED)
def test_what_is_said_of_a_subject_is_a_life(
    drawn: list[tuple[int, str, str]], how: dict[str, Any]
) -> None:
    at, records = 0, []
    for gap, phase, line in drawn:
        at += gap
        records.append(issue(at, phase, line=line))
    found = alerts(rule(**how), *records)
    assert len({each.alert_id for each in found}) == len(found)
    for line in "ab":
        mine = [each for each in found if f" {line} " in each.subject]
        phases = "".join(each.phase.value[0] for each in mine)  # f, r(epeated), e, r
        assert phases[:1] in {"", "f"}
        for before, after in pairwise(mine):
            assert before.event_ns <= after.event_ns
            is_new = after.phase == "firing"
            assert is_new is (before.phase == "resolved")
            assert is_new or after.opened_ns == before.opened_ns
        fired = [each.event_ns for each in mine if each.phase == "firing"]
        pause_ns = how["cooldown_s"] * SECOND
        assert all(late - early >= pause_ns for early, late in pairwise(fired))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"topic": "bras.v1"}, r"Expected a `topic` \(frames\.v1.*not `bras\.v1`"),
        ({"topic": "alerts.v1"}, "another `topic`.* cannot follow from alerts"),
        ({"topic": "connections.v1"}, "readings.v1 says the same"),
        ({"when": "count > 'a'"}, "Expected a number.*in `when`"),
        ({"clear": "sevrity == 'low'"}, "Expected a field.*in `clear`"),
        ({"subject": "{venue}"}, "Expected it to name symbol, connection"),
        ({"title": "{nobody}"}, "Expected a field .*`nobody`.*in `title`"),
        ({"body": "{count!r}"}, "Expected a form such as"),
        ({"body": "{count:99999}"}, "Expected a form such as"),
        ({"body": "{count.real}"}, "Expected a field"),
        ({"body": "{"}, "Expected a text with {fields}"),
        ({"cooldown_s": 0}, "Expected `float` > 0"),
        ({"repeats": 1}, "unknown field `repeats`"),
    ],
)
def test_a_mistake_in_a_rule_is_named(changed: dict[str, Any], expected: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=expected):
        rule(**changed)


def test_texts_are_filled_in_as_asked() -> None:
    text = "{value:.1f}|{count:,}|{event_ns:time}|{connection}|{rule}|{subject}"
    record = issue(1, value=2.25, count=12_345)
    (fired,) = alerts(rule(title=text), record)
    assert fired.title == "2.2|12,345|1970-01-01T00:00:01Z||stale|okx BTC-USDT stale"
