"""Flaws of a line are LOW, and MEDIUM in a storm."""

from operators.quality.flaws import Flaws, FlawsParams
from operators.records.market import FlawKind
from operators.records.quality import IssueKind, Severity
from tests.operators.quality.scene import flaw, found, said


def check() -> Flaws:
    return Flaws(FlawsParams(storm=100.0, memory_s=60.0))


def test_a_flaw_names_its_kind_and_its_line():
    records = [flaw(0, FlawKind.DUPLICATE), flaw(1, FlawKind.OUT_OF_ORDER, line="x/b")]
    what = [each for _, each in found(check(), records)]

    assert [(each.kind, each.severity, each.line) for each in what] == [
        (IssueKind.DUPLICATE, Severity.LOW, "x/a"),
        (IssueKind.OUT_OF_ORDER, Severity.LOW, "x/b"),
    ]


def test_many_in_a_short_time_are_a_storm_and_few_in_a_long_one_are_not():
    storm = [flaw(at_s, FlawKind.DUPLICATE, 10) for at_s in range(20)]
    drizzle = [flaw(at_s * 60, FlawKind.DUPLICATE, 10) for at_s in range(50)]

    assert said(check(), storm)[-1] == (19, Severity.MEDIUM)
    assert {severity for _, severity in said(check(), drizzle)} == {Severity.LOW}


def test_lines_and_kinds_are_counted_apart():
    records = [
        flaw(at_s, kind, 30, line)
        for at_s in range(3)
        for kind in FlawKind
        for line in ("x/a", "x/b")
    ]

    assert {severity for _, severity in said(check(), records)} == {Severity.LOW}
