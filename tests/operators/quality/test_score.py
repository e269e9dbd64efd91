"""The score is the time average that its docstring says, however time is cut."""

from itertools import pairwise
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.quality.score import Score, ScoreParams
from operators.records.quality import Severity
from operators.records.time import SECOND

PARAMS = ScoreParams()
NONE = dict.fromkeys(Severity, 0)
WEIGHTS = {"critical": 1.0, "high": 0.5, "medium": 0.1, "low": 0.01}

seconds = st.lists(st.integers(0, 900), min_size=1, max_size=20).map(sorted)


def open_for(severity: Severity, length_s: float, count: int = 1) -> float:
    score = Score()
    score.pass_time(0, PARAMS)
    score.weigh(NONE | {severity: count}, PARAMS)
    score.pass_time(int(length_s * SECOND), PARAMS)
    return score.points


@pytest.mark.parametrize("severity", list(Severity))
@pytest.mark.parametrize("length_s", [0.001, 10, 300, 86_400])
def test_one_open_issue_costs_its_weight_as_far_as_time_has_passed(severity, length_s):
    cost = 100 * WEIGHTS[severity.value] * (1 - exp(-length_s / 300))
    assert open_for(severity, length_s) == pytest.approx(100 - cost)


def test_many_issues_cost_no_more_than_all():
    assert open_for(Severity.HIGH, 1e6, count=9) == pytest.approx(0.0, abs=1e-9)


def test_a_symbol_with_one_low_issue_for_ever_still_meets_the_target():
    assert open_for(Severity.LOW, 1e9) > 98


@given(seconds, st.sampled_from(list(Severity)))
def test_how_time_is_cut_changes_nothing(times_s, severity):
    whole, cut = Score(), Score()
    for score in (whole, cut):
        score.pass_time(0, PARAMS)
        score.weigh(NONE | {severity: 1}, PARAMS)
    for at_s in times_s:
        cut.pass_time(at_s * SECOND, PARAMS)
    whole.pass_time(times_s[-1] * SECOND, PARAMS)
    assert cut.points == pytest.approx(whole.points)


@given(st.lists(st.tuples(st.integers(0, 99), st.sampled_from(list(Severity)))))
def test_it_is_the_weighted_integral_of_what_was_open(steps):
    score, at_s, spans = Score(), 0, []
    score.pass_time(0, PARAMS)
    for length_s, severity in steps:
        score.weigh(NONE | {severity: 1}, PARAMS)
        at_s += length_s
        score.pass_time(at_s * SECOND, PARAMS)
        spans.append((at_s, WEIGHTS[severity.value]))
    ends = [(0, 0.0), *spans]
    past = sum(
        weight * (exp(-(at_s - end) / 300) - exp(-(at_s - start) / 300))
        for (start, _), (end, weight) in pairwise(ends)
    )
    assert score.points == pytest.approx(100 * (1 - past))


def test_time_that_lies_behind_changes_nothing():
    score = Score()
    score.pass_time(9 * SECOND, PARAMS)
    score.weigh(NONE | {Severity.CRITICAL: 1}, PARAMS)
    score.pass_time(3 * SECOND, PARAMS)
    assert (score.points, score.at_ns) == (100.0, 9 * SECOND)
