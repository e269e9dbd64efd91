"""An issue opens once, says that it is still there, and closes once."""

from itertools import chain, groupby
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.quality.finding import Finding
from operators.quality.issues import AT_ONCE, MOMENTARY, Issues, IssuesParams, Moment
from operators.records.quality import IssueKind, Phase, QualityIssue, Severity
from operators.records.time import SECOND

PARAMS = IssuesParams()
WIDE, GAP, JUMP = IssueKind.WIDE_SPREAD, IssueKind.SEQUENCE_GAP, IssueKind.PRICE_JUMP
LOW, MEDIUM, HIGH = Severity.LOW, Severity.MEDIUM, Severity.HIGH

Step = tuple[float, Any]


def moment(at_s: float) -> Moment:
    at_ns = int(at_s * SECOND)
    return Moment("okx", "BTC-USDT", at_ns, at_ns, at_ns + 7)


def run(*steps: Step, issues: Issues | None = None) -> list[QualityIssue]:
    """Pass time to each step, and show its finding, if it has one."""
    issues, said = issues or Issues(), []
    for at_s, found in steps:
        said += issues.pass_time(moment(at_s), PARAMS)
        if found is not None:
            finding = found if isinstance(found, Finding) else Finding(*found)
            said += issues.take(finding, moment(at_s), PARAMS)
    return said


def life(said: list[QualityIssue]) -> list[tuple[str, float]]:
    return [(each.phase.value, each.event_ns / SECOND) for each in said]


def beats(start: int, end: int) -> list[Step]:
    return [(at_s, None) for at_s in range(start, end)]


def test_it_opens_at_once_and_closes_after_a_calm():
    said = run((1, (WIDE, LOW)), (1.5, (WIDE, None)), (2, None), (2.5, None), (3, None))

    assert life(said) == [("open", 1.0), ("close", 2.5)]
    assert said[1].duration_ns == 1.5 * SECOND
    assert said[0].duration_ns is None
    assert said[0].opened_ns == said[1].opened_ns == SECOND


def test_what_comes_back_within_the_calm_is_the_same_issue():
    steps = [(at / 2, (WIDE, LOW if at % 2 else None)) for at in range(1, 21)]
    said = run(*steps, (11.0, None))

    assert life(said) == [("open", 0.5), ("update", 5.5), ("close", 11.0)]
    assert said[-1].count == 10


def test_a_book_that_is_right_again_closes_its_issue_at_once():
    said = run((1.0, (GAP, HIGH)), (1.04, (GAP, None)))

    assert life(said) == [("open", 1.0), ("close", 1.04)]


def test_a_book_that_flaps_is_one_issue_and_not_a_storm():
    flapping = [
        (1 + at / 1000, (GAP, HIGH if at % 2 == 0 else None)) for at in range(200)
    ]
    said = run(*flapping, *beats(2, 5))

    assert [each.phase for each in said] == [Phase.OPEN, Phase.CLOSE] * 2
    assert [each.count for each in said] == [1, 1, 1, 99]


def test_two_issues_of_one_moment_are_told_apart():
    said = run((1, (GAP, HIGH)), (1, (GAP, None)), (1, (GAP, HIGH)))

    assert [each.opened_ns - SECOND for each in said] == [0, 0, 1]
    assert said[2].event_ns == said[2].opened_ns


def test_an_update_comes_every_five_seconds_while_only_time_passes():
    said = run((0, (WIDE, LOW)), *beats(1, 21))

    assert life(said) == [("open", 0), *[("update", at) for at in (5, 10, 15, 20)]]
    assert len({(each.event_ns, each.phase, each.count) for each in said}) == 5


def test_a_storm_is_one_issue_with_a_count():
    said = run(*[(at / 1000, (WIDE, LOW)) for at in range(12_000)])

    assert life(said) == [("open", 0), ("update", 5), ("update", 10)]
    assert [each.count for each in said] == [1, 5_000, 10_000]


def test_a_worse_severity_is_said_at_once_and_kept():
    said = run((1, (WIDE, LOW)), (2, (WIDE, HIGH)), (3, (WIDE, MEDIUM)), *beats(4, 8))

    assert [each.severity for each in said] == [LOW, HIGH, HIGH]
    assert life(said) == [("open", 1), ("update", 2), ("update", 7)]


@pytest.mark.parametrize("kind", sorted(MOMENTARY))
def test_what_has_no_end_closes_when_it_has_not_happened_for_a_while(kind):
    said = run((0, (kind, LOW)), (20, (kind, LOW)), *beats(21, 60))

    assert life(said)[-1] == ("close", 50)
    assert said[-1].count == 2


@pytest.mark.parametrize("kind", sorted(set(IssueKind) - MOMENTARY))
def test_what_has_an_end_stays_open_until_it_is_well(kind):
    said = run((0, (kind, LOW)), *beats(1, 1_000))

    assert Phase.CLOSE not in {each.phase for each in said}


def test_lines_have_issues_of_their_own():
    findings = [Finding(JUMP, LOW, line=line) for line in ("x-0/a", "x-0.1/b", None)]
    said = run(*[(1, finding) for finding in findings])

    places = [(each.connection, each.line) for each in said]
    assert places == [("x-0", "a"), ("x-0.1", "b"), (None, None)]


def test_well_without_an_issue_is_nothing():
    assert run((1, (WIDE, None)), (2, (GAP, None))) == []


def test_the_latest_evidence_is_told():
    steps = [Finding(WIDE, LOW, at, 5.0, "bps", f"{at} bps") for at in (6.0, 9.0)]
    said = run((1, steps[0]), (2, steps[1]), *beats(3, 8))

    assert [each.value for each in said] == [6.0, 9.0]
    assert said[-1].evidence == "9.0 bps"


def test_waits_before_there_was_a_clock_begin_with_it():
    issues = Issues()
    said = run((3_600, (WIDE, LOW)), (3_600, (JUMP, LOW)), issues=issues)
    issues.set_clock(10 * SECOND)
    said += run(*beats(10, 16), issues=issues)

    assert [each.phase for each in said] == [Phase.OPEN] * 2 + [Phase.UPDATE] * 2
    assert all(each.event_ns == 3_600 * SECOND for each in said)


KINDS = st.sampled_from([WIDE, GAP, JUMP, IssueKind.CROSSED_BOOK])
FOUND = st.tuples(KINDS, st.sampled_from([None, *Severity]))
STEPS = st.lists(
    st.tuples(st.integers(0, 8_000), st.none() | FOUND, st.integers(0, 999)),
    max_size=60,
)


@given(STEPS)
def test_every_life_is_open_updates_close_and_never_goes_back_in_time(steps):
    issues, at_ms, said = Issues(), 1, []
    for gap_ms, found, late_ms in steps:
        at_ms += gap_ms
        now = moment(at_ms / 1000)._replace(event_ns=(at_ms - late_ms) * 1_000_000)
        said += issues.pass_time(now, PARAMS)
        if found:
            said += issues.take(Finding(*found), now, PARAMS)
    keys = {tuple(getattr(r, name) for name in r.natural_key) for r in said}
    assert len(keys) == len(said)
    still_open = {kind for kind, _ in issues.open}
    by_kind = attrgetter("kind")
    for kind, group in groupby(sorted(said, key=by_kind), by_kind):
        told = list(group)
        starts = [at for at, each in enumerate(told) if each.phase is Phase.OPEN]
        lives = [told[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True)]
        assert list(chain(*lives)) == told
        for one, each in enumerate(lives):
            ends = [record.phase is Phase.CLOSE for record in each]
            assert not any(ends[:-1])
            assert ends[-1] or (one == len(lives) - 1 and kind in still_open)
            assert [r.event_ns for r in each] == sorted(r.event_ns for r in each)
            assert len({record.opened_ns for record in each}) == 1
            worst = [list(Severity).index(record.severity) for record in each]
            assert worst == sorted(worst)


def test_kinds_are_momentary_or_have_an_end_at_once_but_not_both():
    assert not MOMENTARY & AT_ONCE
